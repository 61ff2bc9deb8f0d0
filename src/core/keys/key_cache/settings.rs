//! The bounds that a caller sets for a [`super::KeyCache`].

use crate::refusal::Refusal;

/// The bounds of a [`super::KeyCache`]. Every field is in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeyCacheSettings {
    /// The longest time that a response is fresh, whatever its headers. Also the `max-age` of a response without one.
    pub cache_max_age: f64,
    /// The shortest time that a response is fresh, whatever its headers, so that an issuer that sends `no-store` does not get a request
    /// each second. Also the age of a set from which a bad signature causes a fetch.
    pub cache_min_age: f64,
    /// The longest time that a set stays in use after its freshness, while the issuer fails.
    pub max_stale: f64,
    /// The pause between two fetches for an unknown `kid`, and separately between two fetches for a bad signature.
    pub cooldown_duration: f64,
    /// Whether the cool-down also follows every other fetch with a response, as in jose.
    pub cooldown_after_any: bool,
    /// The time limit of a fetch.
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
