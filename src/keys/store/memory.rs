//! A store in memory, for a process whose keys are not kept.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Document, Store, StoreError, Version};

/// Stores one document in memory until it is dropped.
#[derive(Debug)]
pub struct MemoryStore(Mutex<(Version, Document)>);

impl MemoryStore {
    /// Makes a store with `first` as version 1.
    #[must_use]
    pub const fn new(first: Document) -> Self {
        Self(Mutex::new((1, first)))
    }

    fn current(&self) -> MutexGuard<'_, (Version, Document)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn version(&self) -> Result<Version, StoreError> {
        Ok(self.current().0)
    }

    fn load(&self) -> Result<(Version, Document), StoreError> {
        Ok(self.current().clone())
    }

    fn replace_as(&self, expected: Version, next: Version, document: &Document) -> Result<(), StoreError> {
        let mut current = self.current();
        if current.0 != expected {
            return Err(StoreError::Conflict { expected, found: current.0 });
        }
        *current = (next, document.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, OnceLock};

    use super::*;
    use crate::store::store_suite::{self, Subject};

    #[derive(Debug)]
    struct Handle(Arc<MemoryStore>);

    impl Store for Handle {
        fn version(&self) -> Result<Version, StoreError> {
            self.0.version()
        }

        fn load(&self) -> Result<(Version, Document), StoreError> {
            self.0.load()
        }

        fn replace_as(
            &self,
            expected: Version,
            next: Version,
            document: &Document,
        ) -> Result<(), StoreError> {
            self.0.replace_as(expected, next, document)
        }
    }

    impl Subject for OnceLock<Arc<MemoryStore>> {
        fn create(&self, first: &Document) {
            self.set(Arc::new(MemoryStore::new(first.clone()))).unwrap();
        }

        fn open(&self) -> Box<dyn Store> {
            Box::new(Handle(Arc::clone(self.get().unwrap())))
        }
    }

    #[test]
    fn it_does_what_every_store_must() {
        store_suite::run(OnceLock::new);
    }
}
