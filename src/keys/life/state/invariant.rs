//! What every state keeps.

use super::State;
use crate::{Phase, StateError};

impl State {
    /// The invariant of the type.
    pub(super) fn hold(&self) -> Result<(), StateError> {
        if self.rings.is_empty() {
            return Err(StateError::NoRing);
        }
        for (place, ring) in self.rings.iter().enumerate() {
            let algorithm = ring.algorithm;
            if self.rings.iter().take(place).any(|earlier| earlier.algorithm == algorithm) {
                return Err(StateError::RingTwice { algorithm });
            }
            if ring.keys.is_empty() {
                return Err(StateError::EmptyRing { algorithm });
            }
            if let Some(key) = ring.keys.iter().find(|key| key.pair.algorithm() != algorithm) {
                return Err(StateError::ForeignKey { kid: key.kid().to_owned() });
            }
            let signing = ring.keys.iter().filter(|key| matches!(key.phase, Phase::Signing { .. })).count();
            if signing != usize::from(place == 0) {
                return Err(StateError::NotOneSigner { algorithm, signing });
            }
            if ring.keys.iter().filter(|key| key.phase == Phase::Staged).count() > 1 {
                return Err(StateError::StagedTwice { algorithm });
            }
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
