//! Stores proofs and assertions that may be used only once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// The most values that are stored.
const MAX_VALUES: usize = 100_000;

/// The used values, in the bounded memory of one process.
#[derive(Debug)]
pub(crate) struct ReplayMemory {
    /// Each value, and the time until which it must be stored, in Unix seconds.
    used: Mutex<HashMap<[u8; 32], u64>>,
    most: usize,
}

impl Default for ReplayMemory {
    fn default() -> Self {
        Self { used: Mutex::default(), most: MAX_VALUES }
    }
}

impl ReplayMemory {
    /// Stores a value that was used. Returns `false` if it was used before, or if the memory is full, because a second use could then not be
    /// detected.
    pub(crate) fn use_once(&self, value: [u8; 32], until: u64, now: u64) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= self.most {
            used.retain(|_, until| *until >= now);
        }
        if used.len() >= self.most || used.get(&value).is_some_and(|until| *until >= now) {
            return false;
        }
        used.insert(value, until);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_accepted_once_until_it_is_too_old_anyway() {
        let memory = ReplayMemory::default();
        assert!(memory.use_once([1; 32], 10, 5) && memory.use_once([2; 32], 10, 5));
        assert!(!memory.use_once([1; 32], 10, 5) && !memory.use_once([1; 32], 20, 10));
        assert!(memory.use_once([1; 32], 20, 11));
    }

    #[test]
    fn a_full_memory_refuses_until_values_are_too_old() {
        let memory = ReplayMemory { used: Mutex::default(), most: 2 };
        assert!(memory.use_once([1; 32], 10, 5) && memory.use_once([2; 32], 12, 5));
        assert!(!memory.use_once([3; 32], 12, 5));
        assert!(memory.use_once([3; 32], 20, 11), "the first is forgotten");
        assert!(!memory.use_once([2; 32], 20, 11), "the second is not");
    }
}
