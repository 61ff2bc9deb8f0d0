//! The bounds that a caller sets for a [`super::KeyCache`].

use crate::refusal::Refusal;

/// The bounds of a [`super::KeyCache`]. Every field is in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyCacheSettings {
    /// The longest that an answer is fresh, whatever its headers say. Also the `max-age` of an answer without one.
    pub cache_max_age: f64,
    /// The shortest that an answer is fresh, whatever its headers say: an issuer that sends `no-store` is not asked each
    /// second. Also how old a set must be before a bad signature causes a fetch.
    pub cache_min_age: f64,
    /// The longest that a set outlives its freshness when the issuer fails.
    pub max_stale: f64,
    /// How long after a fetch for an unknown `kid` there is no other one; counted apart, the same for bad signatures.
    pub cooldown_duration: f64,
    /// Whether the cool-down also follows every other fetch that was answered, as jose's does.
    pub cooldown_after_any: bool,
    /// After how long a fetch is given up.
    pub timeout_duration: f64,
}

impl Default for KeyCacheSettings {
    fn default() -> Self {
        Self {
            cache_max_age: 600.0,
            cache_min_age: 30.0,
            max_stale: 3_600.0,
            cooldown_duration: 30.0,
            cooldown_after_any: false,
            timeout_duration: 5.0,
        }
    }
}

impl KeyCacheSettings {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let fields = [
            ("cacheMaxAge", self.cache_max_age),
            ("cacheMinAge", self.cache_min_age),
            ("maxStale", self.max_stale),
            ("cooldownDuration", self.cooldown_duration),
            ("timeoutDuration", self.timeout_duration),
        ];
        let sound = |value: f64| value.is_finite() && value >= 0.0;
        if let Some((name, _)) = fields.into_iter().find(|(_, value)| !sound(*value)) {
            return Err(Refusal::Option { name, problem: "must be a finite duration, not below zero" });
        }
        if self.timeout_duration == 0.0 {
            return Err(Refusal::Option { name: "timeoutDuration", problem: "must be above zero" });
        }
        if self.cache_min_age > self.cache_max_age {
            return Err(Refusal::Option { name: "cacheMinAge", problem: "must not be above cacheMaxAge" });
        }
        Ok(())
    }
}
