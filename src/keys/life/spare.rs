//! A key that is made once, however often a change of the store has to be tried.

use std::sync::Arc;

use crate::{Error, KeyPair, RsaSize, SigningAlgorithm, State};

/// A key for a change that may have to be decided several times.
#[derive(Debug, Default)]
pub(crate) struct Spare(Option<Arc<KeyPair>>);

impl Spare {
    /// The key: made at the first call, and again only if another algorithm is asked for.
    pub(crate) fn key(&mut self, algorithm: SigningAlgorithm, size: RsaSize) -> Result<Arc<KeyPair>, Error> {
        let fits = |pair: &&Arc<KeyPair>| pair.algorithm() == algorithm;
        match self.0.as_ref().filter(fits) {
            Some(pair) => Ok(Arc::clone(pair)),
            None => Ok(Arc::clone(self.0.insert(Arc::new(KeyPair::generate(algorithm, size)?)))),
        }
    }

    /// The state with a successor in the ring that signs.
    pub(crate) fn succeed(&mut self, state: State, now: u64) -> Result<State, Error> {
        let ring = state.active()?;
        if ring.staged().is_some() {
            return Ok(state);
        }
        Ok(state.stage(self.key(ring.algorithm(), state.signer()?.pair.rsa_size())?, now)?)
    }
}
