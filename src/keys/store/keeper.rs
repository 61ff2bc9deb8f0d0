//! A store enters, states leave: the one place where bytes in a store and states in memory meet.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::{Document, DocumentError, Error, KekError, KekSource, Keks, State, Store, Version};

/// Reads and changes the state in a store.
#[derive(Clone, Debug)]
pub struct Keeper {
    store: Arc<dyn Store>,
    source: KekSource,
    keks: Arc<ArcSwap<Keks>>,
}

/// Each lost attempt means that somebody else got on; more in a row than this is no accident.
const ATTEMPTS: u32 = 100;

impl Keeper {
    /// A keeper of that store, which is encrypted with the keys of that source.
    ///
    /// # Errors
    /// Those of [`KekSource::read`].
    pub fn new(store: Arc<dyn Store>, source: KekSource) -> Result<Self, Error> {
        let keks = Arc::new(ArcSwap::new(source.read()?));
        Ok(Self { store, source, keks })
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    /// Where the key-encryption keys come from.
    #[must_use]
    pub const fn source(&self) -> &KekSource {
        &self.source
    }

    /// Reads the key-encryption keys again.
    ///
    /// # Errors
    /// Those of [`KekSource::read`].
    pub fn refresh(&self) -> Result<(), Error> {
        self.keks.store(self.source.read()?);
        Ok(())
    }

    /// The version now, cheaply.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn version(&self) -> Result<Version, Error> {
        Ok(self.store.version()?)
    }

    /// The state and its version, every key in it parsed and checked.
    ///
    /// # Errors
    /// [`Error::Store`], [`Error::Document`].
    pub fn load(&self) -> Result<(Version, State), Error> {
        let (version, document) = self.store.load()?;
        match document.to_state(&self.keks.load(), version) {
            // Another process has encrypted the store anew.
            Err(DocumentError::Kek(KekError::Other { .. })) => self.refresh()?,
            other => return Ok((version, other?)),
        }
        Ok((version, document.to_state(&self.keks.load(), version)?))
    }

    /// Changes the state by compare-and-swap: `decide` sees the state as it is now, and is asked again whenever somebody
    /// else came first. `Ok(None)` from it changes nothing. Gives the state that stands at the end.
    ///
    /// # Errors
    /// Those of `decide`, [`Error::Store`], [`Error::Document`], [`Error::Contended`].
    pub fn change(
        &self,
        mut decide: impl FnMut(&State) -> Result<Option<State>, Error>,
    ) -> Result<State, Error> {
        for _ in 0..ATTEMPTS {
            let (version, state) = self.load()?;
            let Some(next) = decide(&state)? else { return Ok(state) };
            let document = Document::from_state(&next, &self.keks.load(), version.saturating_add(1))?;
            match self.store.replace(version, &document) {
                Ok(_) => return Ok(next),
                Err(crate::StoreError::Conflict { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Contended { attempts: ATTEMPTS })
    }
}
