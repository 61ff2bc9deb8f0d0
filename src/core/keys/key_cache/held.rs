//! The current set, and how long it may be used.

use alloc::string::String;

use super::settings::KeyCacheSettings;
use crate::keys::freshness::Freshness;

/// How long a set that was fresh when it arrived is trusted at least, in seconds: the request that fetched it may use it.
const AT_LEAST: f64 = 1.0;

/// The times of the current set, and the freshness in its headers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Held {
    pub(super) sent: f64,
    pub(super) arrived: f64,
    /// The time at which it stops being trusted.
    pub(super) until: f64,
    pub(super) freshness: Freshness,
    pub(super) etag: Option<String>,
}

impl Held {
    /// Makes the current set. `aged`: the response was no longer fresh when it arrived ([`KeyCacheSettings::is_aged`]).
    pub(super) fn new(
        settings: &KeyCacheSettings,
        (sent, arrived): (f64, f64),
        freshness: Freshness,
        etag: Option<String>,
        aged: bool,
    ) -> Self {
        let mut held = Self { sent, arrived, until: 0.0, freshness, etag };
        let patience = settings.patience(freshness);
        held.until = if aged {
            sent + settings.max_age(freshness) + patience
        } else {
            let stale = freshness.stale_if_error.unwrap_or(f64::INFINITY).min(settings.max_stale);
            (held.fresh_until(settings) + stale.max(patience)).max(arrived + AT_LEAST)
        };
        held
    }

    /// Returns the end of its freshness. The issuer's time counts from its response, the caller's bound from the arrival.
    pub(super) fn fresh_until(&self, settings: &KeyCacheSettings) -> f64 {
        (self.sent + settings.max_age(self.freshness)).min(self.arrived + settings.cache_max_age)
    }
}

impl KeyCacheSettings {
    /// Whether caches have stored a response for longer than it is fresh. At exactly that age it is not aged, because `Age` may be
    /// rounded up.
    pub(super) fn is_aged(&self, kept: f64, freshness: Freshness) -> bool {
        kept > self.max_age(freshness)
    }

    /// Returns the time that a response is fresh, counted from when the issuer sent it.
    pub(super) fn max_age(&self, freshness: Freshness) -> f64 {
        freshness.max_age.unwrap_or(self.cache_max_age).max(self.cache_min_age)
    }

    /// Returns the time after that for which it may be used while a newer one is fetched.
    pub(super) fn patience(&self, freshness: Freshness) -> f64 {
        freshness.stale_while_revalidate.min(self.max_stale)
    }
}
