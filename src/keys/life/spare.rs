//! Caches new keys, so that they are made once even if a change of the store has to be tried several times.

use std::sync::Arc;

use crate::{Error, KeyPair, Purpose, RsaSize, SigningAlgorithm, State};

/// The new keys of a change that may have to be tried several times.
#[derive(Debug, Default)]
pub(crate) struct Spare(Vec<(Purpose, Arc<KeyPair>)>);

impl Spare {
    /// Returns the key for a purpose. Makes it at the first call, and again only for another algorithm.
    pub(crate) fn key(
        &mut self,
        purpose: Purpose,
        algorithm: SigningAlgorithm,
        size: RsaSize,
    ) -> Result<Arc<KeyPair>, Error> {
        let fits = |(of, pair): &&(Purpose, Arc<KeyPair>)| *of == purpose && pair.algorithm() == algorithm;
        if let Some((_, pair)) = self.0.iter().find(fits) {
            return Ok(Arc::clone(pair));
        }
        let pair = Arc::new(KeyPair::generate(algorithm, size)?);
        self.0.push((purpose, Arc::clone(&pair)));
        Ok(pair)
    }

    /// Returns the state with a successor in each signing ring.
    pub(crate) fn succeed(&mut self, mut state: State, now: u64) -> Result<State, Error> {
        for purpose in Purpose::ALL {
            let ring = state.ring_for(purpose).filter(|ring| ring.staged().is_none());
            if let Some((algorithm, Some(signer))) = ring.map(|ring| (ring.algorithm(), ring.signer())) {
                let pair = self.key(purpose, algorithm, signer.pair.rsa_size())?;
                state = state.stage_for(purpose, pair, now)?;
            }
        }
        Ok(state)
    }
}
