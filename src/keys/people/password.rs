//! Passwords as Argon2id hashes, checked by a few threads at a time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::password_check::normalize_password;

/// Checks passwords. Each check takes 19 MiB, so few run at once and few wait.
#[derive(Debug)]
pub struct Passwords {
    running: Semaphore,
    waiting: AtomicUsize,
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
        Ok(Self { running: Semaphore::new(RUNNING), waiting: AtomicUsize::new(0), dummy })
    }

    /// Compares a password with a stored hash; without one, takes as long and finds it wrong.
    pub(crate) async fn check(&self, password: &str, stored: Option<&str>) -> Result<Checked, PasswordError> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING + RUNNING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(PasswordError::Crowded);
        }
        let counted = Counted(&self.waiting);
        let permit = self.running.acquire().await.map_err(|_| PasswordError::NotHashed)?;
        let password = normalize_password(password);
        let (hash, known) = match stored {
            Some(stored) => (Arc::from(stored), true),
            None => (Arc::clone(&self.dummy), false),
        };
        let checked = tokio::task::spawn_blocking(move || compare(&password, &hash)).await;
        drop((permit, counted));
        let Checked { right, rehashed } = checked.map_err(|_| PasswordError::NotHashed)??;
        Ok(Checked { right: right && known, rehashed: rehashed.filter(|_| right && known) })
    }
}

/// A check that runs or waits.
struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
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

    #[tokio::test]
    async fn a_password_is_found_right_or_wrong_and_an_unknown_person_has_none() {
        let passwords = Passwords::new().unwrap();
        let hash = hash_password("gr\u{fc}n-Kahn quartz 7").unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let right = passwords.check("gru\u{308}n-Kahn quartz 7", Some(&hash)).await.unwrap();
        assert_eq!(right, Checked { right: true, rehashed: None });
        for (password, stored) in [("wrong", Some(hash.as_str())), ("the password of nobody", None)] {
            assert!(!passwords.check(password, stored).await.unwrap().right);
        }
    }

    #[tokio::test]
    async fn a_hash_with_other_parameters_is_replaced_at_the_next_login() {
        let params = Params::new(8, 1, 1, None).unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let old = weak.hash_password(b"secret").unwrap().to_string();
        let passwords = Passwords::new().unwrap();
        let new = passwords.check("secret", Some(&old)).await.unwrap().rehashed.unwrap();
        assert!(passwords.check("secret", Some(&new)).await.unwrap().right);
        assert_eq!(passwords.check("wrong", Some(&old)).await.unwrap().rehashed, None);
    }

    #[tokio::test]
    async fn one_check_more_than_may_wait_is_refused() {
        let passwords = Passwords::new().unwrap();
        passwords.waiting.store(WAITING + RUNNING, Ordering::Relaxed);
        assert_eq!(passwords.check("x", None).await, Err(PasswordError::Crowded));
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), WAITING + RUNNING);
    }
}
