//! The public half of a key for ID tokens that is not published any more.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ring::{Key, Phase};

/// A key that still recognises ID tokens that come back as hints: those may have expired long ago (OpenID Connect
/// RP-Initiated Logout §4). Its private half is gone. Needs store format 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastKey {
    /// The JWK.
    pub(crate) public: Value,
    /// From then on it recognises nothing, in Unix seconds.
    pub(crate) until: u64,
}

/// How long after its last signature a key recognises its ID tokens, in seconds: no session lives longer.
const HINT_LIFE: u64 = 30 * 86_400;

impl PastKey {
    /// What stays of a key that goes; `None` if it never signed, or too long ago.
    pub(super) fn of(key: &Key, now: u64) -> Option<Self> {
        let Phase::Retiring { until, .. } = key.phase else { return None };
        let until = until.saturating_add(HINT_LIFE);
        let public = serde_json::to_value(key.pair.public()).ok()?;
        (now < until).then_some(Self { public, until })
    }
}
