//! The public half of a removed key for ID tokens.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ring::{Key, Phase};

/// A removed key that still verifies ID tokens in requests, which may have expired long ago (OpenID Connect RP-Initiated Logout §4). Its
/// private half was deleted. Needs store format 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastKey {
    /// The JWK.
    pub(crate) public: Value,
    /// The time from which it is not used any more, in Unix seconds.
    pub(crate) until: u64,
}

/// The time after its last signature for which a key verifies its ID tokens, in seconds. No session is longer.
const HINT_LIFE: u64 = 30 * 86_400;

impl PastKey {
    /// Returns the part of a removed key that is kept. Returns `None` if it never signed, or only too long ago.
    pub(super) fn of(key: &Key, now: u64) -> Option<Self> {
        let Phase::Retiring { until, .. } = key.phase else { return None };
        let until = until.saturating_add(HINT_LIFE);
        let public = serde_json::to_value(key.pair.public()).ok()?;
        (now < until).then_some(Self { public, until })
    }
}
