//! Checks the invariant of a state.

use super::State;
use crate::{Phase, Purpose, StateError};

impl State {
    /// Checks the invariant of [`State`].
    pub(super) fn hold(&self) -> Result<(), StateError> {
        if self.ring_for(Purpose::Access).is_none() {
            return Err(StateError::NoRing);
        }
        for (place, ring) in self.rings.iter().enumerate() {
            let (purpose, algorithm) = (ring.purpose, ring.algorithm);
            let mut earlier = self.rings.iter().take(place).filter(|earlier| earlier.purpose == purpose);
            let is_first = earlier.clone().next().is_none();
            if earlier.any(|earlier| earlier.algorithm == algorithm) {
                return Err(StateError::RingTwice { algorithm });
            }
            if purpose == Purpose::Id {
                self.require_format_5("keys for ID tokens")?;
            }
            if purpose.only_algorithm().is_some_and(|only| only != algorithm) {
                return Err(StateError::PurposeAlgorithm { purpose, algorithm });
            }
            if ring.keys.is_empty() {
                return Err(StateError::EmptyRing { algorithm });
            }
            if let Some(key) = ring.keys.iter().find(|key| key.pair.algorithm() != algorithm) {
                return Err(StateError::ForeignKey { kid: key.kid().to_owned() });
            }
            let signing = ring.keys.iter().filter(|key| matches!(key.phase, Phase::Signing { .. })).count();
            // A ring for ID tokens begins with a key that may not sign yet.
            let opened = purpose == Purpose::Id && ring.keys.iter().all(|key| key.phase == Phase::Staged);
            if signing != usize::from(is_first && !opened) {
                return Err(StateError::NotOneSigner { algorithm, signing });
            }
            if ring.keys.iter().filter(|key| key.phase == Phase::Staged).count() > 1 {
                return Err(StateError::StagedTwice { algorithm });
            }
        }
        if !self.past_keys.is_empty() {
            self.require_format_5("keys for ID tokens")?;
        }
        if self.ledger.is_some() {
            self.require_format_4("people who log in")?;
        }
        for (place, client) in self.clients.iter().enumerate() {
            if self.clients.iter().take(place).any(|earlier| earlier.id == client.id) {
                return Err(StateError::ClientTwice { id: client.id.clone() });
            }
            if let Some(what) = client.beyond_format_4() {
                self.require_format_5(what)?;
            }
            if let Some(what) = client.beyond_format_3() {
                self.require_format_4(what)?;
            }
        }
        for (place, key) in self.keys().enumerate() {
            if self.keys().take(place).any(|earlier| earlier.kid() == key.kid()) {
                return Err(StateError::KidTwice { kid: key.kid().to_owned() });
            }
        }
        Ok(())
    }
}
