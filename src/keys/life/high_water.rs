//! Detects an older copy of a store, or another store, by the state that was seen before. Pure: no clock, no file.

use serde::{Deserialize, Serialize};

use crate::{Document, RolledBack, State, StoreId, Version};

/// The facts about a store that are remembered: its identifier, its version, and the digest of its document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreStamp {
    /// The identifier of the store; `None` for format 3.
    pub store_id: Option<StoreId>,
    /// Its version.
    pub version: Version,
    /// The digest of its document, in hexadecimal.
    pub digest: String,
}

impl StoreStamp {
    /// Returns the stamp of a state that is stored as `document` with `version`.
    #[must_use]
    pub fn new(state: &State, version: Version, document: &Document) -> Self {
        Self { store_id: state.store_id(), version, digest: document.digest().to_owned() }
    }

    /// Whether this is a later version of `seen`: `Ok(true)` if it is later, `Ok(false)` if it is the same.
    ///
    /// # Errors
    /// [`RolledBack`] if it is older or another store.
    pub fn follows(&self, seen: &Self) -> Result<bool, RolledBack> {
        // A store of format 3 gets its identifier by `upgrade`.
        if self.store_id != seen.store_id && seen.store_id.is_some() {
            return Err(RolledBack::OtherStore);
        }
        match self.version.cmp(&seen.version) {
            std::cmp::Ordering::Less => Err(RolledBack::Older),
            std::cmp::Ordering::Equal if self.digest != seen.digest => Err(RolledBack::Forked),
            std::cmp::Ordering::Equal => Ok(false),
            std::cmp::Ordering::Greater => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{NOW, key, state, written};

    #[test]
    fn k2_a_store_follows_itself_and_no_older_forked_or_other_one_does() {
        let old = state();
        let new = old.upgrade(StoreId::generate().unwrap()).unwrap();
        let stamp = |state: &State, version| StoreStamp::new(state, version, &written(state, version));
        let seen = stamp(&new, 7);
        assert_eq!((seen.follows(&seen), stamp(&new, 8).follows(&seen)), (Ok(false), Ok(true)));
        assert_eq!(stamp(&new, 6).follows(&seen), Err(RolledBack::Older));
        assert_eq!(stamp(&new.stage(key(), NOW).unwrap(), 7).follows(&seen), Err(RolledBack::Forked));
        let other = old.upgrade(StoreId::generate().unwrap()).unwrap();
        for another in [stamp(&other, 8), stamp(&old, 8)] {
            assert_eq!(another.follows(&seen), Err(RolledBack::OtherStore));
        }
    }
}
