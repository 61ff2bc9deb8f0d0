//! Passwords as Argon2id hashes, checked by a few threads at a time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use super::password_check::normalize_password;

/// Checks passwords. Each check takes 19 MiB, so few run at once and few wait.
#[derive(Debug)]
pub struct Passwords {
    running: Arc<Semaphore>,
    /// How many run or wait.
    waiting: Arc<AtomicUsize>,
    /// What the password of an unknown person is compared to, so that its check takes as long.
    dummy: Arc<str>,
}

/// Why a password was not checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// Too many checks wait already: answer 503.
    Crowded,
    /// The library failed.
    NotHashed,
}

/// What a check found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Whether it is the password.
    pub(crate) right: bool,
    /// Another hash of the same password, where the stored one has other parameters.
    pub(crate) rehashed: Option<String>,
}

/// How many checks run at once.
const RUNNING: usize = 4;
/// How many more wait.
const WAITING: usize = 64;
/// The memory of a check in KiB, and its passes (OWASP: Password Storage Cheat Sheet).
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;

/// Hashes a password that [`check_password`](super::check_password) returned.
///
/// # Errors
/// [`PasswordError::NotHashed`].
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    let hashed = argon2()?.hash_password(password.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|_| PasswordError::NotHashed)
}

impl Passwords {
    /// Checks for one process.
    ///
    /// # Errors
    /// [`PasswordError::NotHashed`].
    pub fn new() -> Result<Self, PasswordError> {
        let dummy = hash_password("the password of nobody")?.into();
        Ok(Self { running: Arc::new(Semaphore::new(RUNNING)), waiting: Arc::default(), dummy })
    }

    /// Waits for a turn to check a password. Its memory is taken until the check has ended, whatever becomes of the request.
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
        Ok(Turn { dummy: Arc::clone(&self.dummy), _running: running, _counted: counted })
    }
}

/// The right to check one password now.
#[derive(Debug)]
pub(crate) struct Turn {
    dummy: Arc<str>,
    _running: OwnedSemaphorePermit,
    _counted: Counted,
}

impl Turn {
    /// Compares a password with a stored hash; without one, takes as long and finds it wrong.
    pub(crate) async fn check(self, password: &str, stored: Option<&str>) -> Result<Checked, PasswordError> {
        let password = normalize_password(password);
        let (hash, known) = match stored {
            Some(stored) => (Arc::from(stored), true),
            None => (Arc::clone(&self.dummy), false),
        };
        let checked = tokio::task::spawn_blocking(move || {
            // The turn ends with the work, also if the request was given up meanwhile.
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
        let passwords = Passwords::new().unwrap();
        let hash = hash_password("gr\u{fc}n-Kahn quartz 7").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let right = check(&passwords, "gru\u{308}n-Kahn quartz 7", Some(&hash)).await;
        assert_eq!(right, Checked { right: true, rehashed: None });
        for (password, stored) in [("wrong", Some(hash.as_str())), ("the password of nobody", None)] {
            assert!(!check(&passwords, password, stored).await.right);
        }
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_is_replaced_at_the_next_login() {
        let params = Params::new(8, 1, 1, None).unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let old = weak.hash_password(b"secret").unwrap().to_string();
        let passwords = Passwords::new().unwrap();
        let new = check(&passwords, "secret", Some(&old)).await.rehashed.unwrap();
        assert!(check(&passwords, "secret", Some(&new)).await.right);
        assert_eq!(check(&passwords, "wrong", Some(&old)).await.rehashed, None);
    }

    #[tokio::test]
    async fn one_check_more_than_may_wait_is_refused_and_a_turn_that_is_given_up_is_free_again() {
        let passwords = Passwords::new().unwrap();
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
