//! Hashes and checks passwords with Argon2id. Few checks run at a time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::password_check::normalize_password;

/// Checks passwords. Each check needs 19 MiB, so only few run at once and few wait.
#[derive(Debug)]
pub struct Passwords {
    running: Arc<Semaphore>,
    /// The number of checks that run or wait.
    waiting: Arc<AtomicUsize>,
}

/// The reason why a password was not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// Too many checks are waiting. The response is 503.
    Crowded,
    /// The library failed.
    NotHashed,
}

/// The result of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Whether the password is right.
    pub(crate) right: bool,
    /// A new hash of the same password, if the stored one has other parameters.
    pub(crate) rehashed: Option<String>,
}

/// The most concurrent checks.
const RUNNING: usize = 4;
/// The most waiting checks.
const WAITING: usize = 64;
/// The memory of a check in KiB, and its passes (OWASP: Password Storage Cheat Sheet).
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
/// The hash for unknown people, so that the check takes as long as for a known person. It is a constant, because making one at each start
/// would need the memory of a check.
const DUMMY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes a password that [`check_password`](super::check_password) returned.
///
/// # Errors
/// [`PasswordError::NotHashed`].
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    let hashed = argon2()?.hash_password(password.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|_| PasswordError::NotHashed)
}

impl Default for Passwords {
    fn default() -> Self {
        Self { running: Arc::new(Semaphore::new(RUNNING)), waiting: Arc::default() }
    }
}

impl Passwords {
    /// Waits for a turn to check a password. The turn is taken until the check has ended, even if the request is cancelled.
    ///
    /// # Errors
    /// [`PasswordError::Crowded`].
    pub(crate) async fn turn(&self) -> Result<Turn, PasswordError> {
        let counted = Counted(Arc::clone(&self.waiting));
        if counted.0.fetch_add(1, Ordering::Relaxed) >= WAITING + RUNNING {
            return Err(PasswordError::Crowded);
        }
        let running = Arc::clone(&self.running).acquire_owned().await;
        let running = running.map_err(|_| PasswordError::NotHashed)?;
        Ok(Turn { _running: running, _counted: counted })
    }
}

/// The right to check one password now.
#[derive(Debug)]
pub(crate) struct Turn {
    _running: OwnedSemaphorePermit,
    _counted: Counted,
}

impl Turn {
    /// Compares a password with a stored hash. Without a hash, takes as long and returns that it is wrong.
    pub(crate) async fn check(self, password: &str, stored: Option<&str>) -> Result<Checked, PasswordError> {
        let password = normalize_password(password);
        let known = stored.is_some();
        let hash = stored.unwrap_or(DUMMY).to_owned();
        let checked = tokio::task::spawn_blocking(move || {
            // The turn ends with the work, even if the request was cancelled meanwhile.
            let _turn = self;
            compare(&password, &hash)
        });
        let Checked { right, rehashed } = checked.await.map_err(|_| PasswordError::NotHashed)??;
        Ok(Checked { right: right && known, rehashed: rehashed.filter(|_| right && known) })
    }
}

/// A check that runs or waits.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn compare(password: &Zeroizing<String>, hash: &str) -> Result<Checked, PasswordError> {
    let stored = PasswordHash::new(hash).map_err(|_| PasswordError::NotHashed)?;
    let right = argon2()?.verify_password(password.as_bytes(), &stored).is_ok();
    let params = Params::try_from(&stored).map_err(|_| PasswordError::NotHashed)?;
    let usual = params.m_cost() == MEMORY && params.t_cost() == PASSES && params.p_cost() == 1;
    let rehashed = if right && !usual { Some(hash_password(password)?) } else { None };
    Ok(Checked { right, rehashed })
}

fn argon2() -> Result<Argon2<'static>, PasswordError> {
    let params = Params::new(MEMORY, PASSES, 1, None).map_err(|_| PasswordError::NotHashed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crowded => "too many passwords wait to be checked",
            Self::NotHashed => "the password could not be hashed",
        })
    }
}

impl std::error::Error for PasswordError {}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(passwords: &Passwords, password: &str, stored: Option<&str>) -> Checked {
        passwords.turn().await.unwrap().check(password, stored).await.unwrap()
    }

    #[tokio::test]
    async fn a_password_is_found_right_or_wrong_and_an_unknown_person_has_none() {
        let passwords = Passwords::default();
        let hash = hash_password("gr\u{fc}n-Kahn quartz 7").unwrap();
        let as_long = |text: &str| text.split('$').map(str::len).collect::<Vec<_>>();
        assert_eq!(as_long(DUMMY), as_long(&hash));
        for text in [DUMMY, &hash] {
            assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        }
        let right = check(&passwords, "gru\u{308}n-Kahn quartz 7", Some(&hash)).await;
        assert_eq!(right, Checked { right: true, rehashed: None });
        for stored in [Some(hash.as_str()), None] {
            let wrong = Checked { right: false, rehashed: None };
            assert_eq!(check(&passwords, "wrong", stored).await, wrong);
        }
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_is_replaced_at_the_next_login() {
        let params = Params::new(8, 1, 1, None).unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let old = weak.hash_password(b"secret").unwrap().to_string();
        let passwords = Passwords::default();
        let new = check(&passwords, "secret", Some(&old)).await.rehashed.unwrap();
        assert!(check(&passwords, "secret", Some(&new)).await.right);
        assert_eq!(check(&passwords, "wrong", Some(&old)).await.rehashed, None);
    }

    #[tokio::test]
    async fn one_check_more_than_may_wait_is_refused_and_a_turn_that_is_given_up_is_free_again() {
        let passwords = Passwords::default();
        passwords.waiting.store(WAITING + RUNNING, Ordering::Relaxed);
        assert_eq!(passwords.turn().await.unwrap_err(), PasswordError::Crowded);
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), WAITING + RUNNING);
        passwords.waiting.store(0, Ordering::Relaxed);
        let mut turns = vec![];
        for _ in 0..RUNNING {
            turns.push(passwords.turn().await.unwrap());
        }
        assert!(tokio::time::timeout(std::time::Duration::ZERO, passwords.turn()).await.is_err());
        drop(turns);
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0);
        assert!(passwords.turn().await.is_ok());
    }
}
