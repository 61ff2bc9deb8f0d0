//! Keys that are made once, however often a change of the store has to be tried.

use std::sync::Arc;

use crate::{Error, KeyPair, Purpose, RsaSize, SigningAlgorithm, State};

/// Keys for a change that may have to be decided several times.
#[derive(Debug, Default)]
pub(crate) struct Spare(Vec<(Purpose, Arc<KeyPair>)>);

impl Spare {
    /// The key for that purpose: made at the first call, and again only if another algorithm is asked for.
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

    /// The state with a successor in each ring that signs.
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
