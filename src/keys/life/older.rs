//! The times until which replaced settings still apply.

use serde::{Deserialize, Serialize};

use crate::Times;

/// The times until which previous settings still apply: caches have sets that were served by them, and servers may not know the new ones
/// yet. In Unix seconds; 0 without previous settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Older {
    /// The time before which no newly staged key signs, because a set without it may be cached until then (inequality 1).
    pub may_sign_from: u64,
    /// A retiring key is not removed before its longest lifetime after this time (inequality 2).
    pub retired_until: u64,
    /// The time until which some verifiers may trust a revoked key (inequality 4).
    pub distrusted_from: u64,
}

impl Older {
    /// Returns the latest of these times, in Unix seconds.
    pub(crate) fn last(&self) -> u64 {
        self.may_sign_from.max(self.distrusted_from).max(self.retired_until)
    }

    /// Adds the times that were in force until `now`.
    pub(super) fn and(self, times: &Times, now: u64) -> Self {
        let until = |seconds: u64| now.saturating_add(seconds);
        Self {
            may_sign_from: self.may_sign_from.max(until(times.pre_publication)),
            retired_until: self.retired_until.max(until(times.beyond_life())),
            distrusted_from: self.distrusted_from.max(until(times.revocation)),
        }
    }
}
