//! The part of the sealed document for the ledger: its epoch, and the keys that derive refresh tokens.

use std::fmt;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::StoreError;

/// The ledger's part of the document. Needs store format 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerSeal {
    /// Rows of the ledger from earlier epochs are invalid. The epoch increases when either file was rolled back.
    pub epoch: u64,
    /// The keys that derive refresh tokens: the first derives new ones.
    keys: Vec<RefreshKey>,
}

/// Derives the successor of a refresh token.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshKey {
    id: String,
    secret: Zeroizing<[u8; RefreshKey::BYTES]>,
    /// The time at which another key replaced it, in Unix seconds.
    retired: Option<u64>,
}

/// The time that a replaced key is still used to repeat responses, in seconds: as long as a repeat is possible.
const OVERLAP: u64 = 60;

impl RefreshKey {
    /// The length of a key in bytes.
    pub(crate) const BYTES: usize = 32;

    fn generate() -> Result<Self, StoreError> {
        let (mut id, mut secret) = ([0; 4], Zeroizing::new([0; Self::BYTES]));
        let failed = |error: getrandom::Error| StoreError::Unavailable { detail: error.to_string() };
        getrandom::fill(&mut id).map_err(failed)?;
        getrandom::fill(secret.as_mut_slice()).map_err(failed)?;
        Ok(Self { id: format!("{:08x}", u32::from_be_bytes(id)), secret, retired: None })
    }

    /// Returns a key that was stored.
    pub(crate) const fn from_parts(
        id: String,
        secret: Zeroizing<[u8; Self::BYTES]>,
        retired: Option<u64>,
    ) -> Self {
        Self { id, secret, retired }
    }

    /// Returns its identifier, which reveals nothing about the key.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn secret(&self) -> &[u8] {
        self.secret.as_slice()
    }

    pub(crate) const fn retired(&self) -> Option<u64> {
        self.retired
    }

    /// Returns the secret of the successor of `token`. It is always the same for the same token.
    pub(crate) fn successor(&self, token: &[u8]) -> Zeroizing<[u8; 32]> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret());
        let mut context = hmac::Context::with_key(&key);
        context.update(b"jotgate-keys refresh token\n");
        context.update(token);
        let mut next = Zeroizing::new([0; 32]);
        next.copy_from_slice(context.sign().as_ref());
        next
    }
}

impl LedgerSeal {
    /// Makes the first epoch, with a new key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the system has no randomness.
    pub fn generate() -> Result<Self, StoreError> {
        Ok(Self { epoch: 1, keys: vec![RefreshKey::generate()?] })
    }

    /// Returns a seal that was stored.
    pub(crate) const fn from_parts(epoch: u64, keys: Vec<RefreshKey>) -> Self {
        Self { epoch, keys }
    }

    pub(crate) fn keys(&self) -> &[RefreshKey] {
        &self.keys
    }

    /// Returns the key that derives new tokens.
    pub(crate) fn current(&self) -> Option<&RefreshKey> {
        self.keys.first()
    }

    /// Returns the key with that identifier, if it may still repeat responses at `now`.
    pub(crate) fn find(&self, id: &str, now: u64) -> Option<&RefreshKey> {
        let usable = |key: &&RefreshKey| key.retired.is_none_or(|at| now <= at.saturating_add(OVERLAP));
        self.keys.iter().filter(usable).find(|key| key.id == id)
    }

    /// Returns the seal with a new key for new tokens. Removes keys that were replaced long ago.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the system has no randomness.
    pub fn renew(&self, now: u64) -> Result<Self, StoreError> {
        let mut keys = vec![RefreshKey::generate()?];
        let kept = self.keys.iter().filter(|key| self.find(&key.id, now).is_some());
        keys.extend(kept.map(|key| RefreshKey { retired: key.retired.or(Some(now)), ..key.clone() }));
        Ok(Self { epoch: self.epoch, keys })
    }
}

impl fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshKey")
            .field("id", &self.id)
            .field("retired", &self.retired)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_is_the_same_for_the_same_token_and_key_and_no_other() {
        let seal = LedgerSeal::generate().unwrap();
        let key = seal.current().unwrap();
        assert_eq!(key.successor(b"one"), key.successor(b"one"));
        assert_ne!(key.successor(b"one"), key.successor(b"two"));
        let other = LedgerSeal::generate().unwrap();
        assert_ne!(key.successor(b"one"), other.current().unwrap().successor(b"one"));
        assert!(!format!("{seal:?}").contains("secret"));
    }

    #[test]
    fn a_key_that_was_replaced_repeats_answers_for_a_minute() {
        let first = LedgerSeal::generate().unwrap();
        let old = first.current().unwrap().id().to_owned();
        let second = first.renew(100).unwrap();
        assert_ne!(second.current().unwrap().id(), old);
        assert!(second.find(&old, 160).is_some() && second.find(&old, 161).is_none());
        assert_eq!(second.renew(161).unwrap().keys().len(), 2, "the first is forgotten");
    }
}
