//! How long replaced settings still bind.

use serde::{Deserialize, Serialize};

use crate::Times;

/// For how long settings of before still bind: sets that were served by them are in caches, and servers may not have heard
/// of others. Moments in Unix seconds, 0 where there were none before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Older {
    /// No key that is staged from now on signs before: a set without it may be cached until then (inequality 1).
    pub may_sign_from: u64,
    /// No key that retires is gone before its longest life has passed since (inequality 2).
    pub retired_until: u64,
    /// A key that is revoked may be trusted somewhere until then (inequality 4).
    pub distrusted_from: u64,
}

impl Older {
    /// When the last of them is over, in Unix seconds.
    pub(crate) fn last(&self) -> u64 {
        self.may_sign_from.max(self.distrusted_from).max(self.retired_until)
    }

    /// With the times that were in force until `now`.
    pub(super) fn and(self, times: &Times, now: u64) -> Self {
        let until = |seconds: u64| now.saturating_add(seconds);
        Self {
            may_sign_from: self.may_sign_from.max(until(times.pre_publication)),
            retired_until: self.retired_until.max(until(times.beyond_life())),
            distrusted_from: self.distrusted_from.max(until(times.revocation)),
        }
    }
}
