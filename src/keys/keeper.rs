//! A store enters, states leave: the one place where bytes in a store and states in memory meet.

use std::sync::Arc;

use crate::{Document, Error, State, Store, Version};

/// Reads and changes the state in a store.
#[derive(Clone, Debug)]
pub struct Keeper {
    store: Arc<dyn Store>,
}

/// Each lost attempt means that somebody else got on; more in a row than this is no accident.
const ATTEMPTS: u32 = 100;

impl Keeper {
    /// A keeper of that store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
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
        Ok((version, document.to_state()?))
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
            match self.store.replace(version, &Document::from_state(&next)?) {
                Ok(_) => return Ok(next),
                Err(crate::StoreError::Conflict { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Contended { attempts: ATTEMPTS })
    }
}
