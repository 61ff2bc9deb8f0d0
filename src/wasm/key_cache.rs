//! Exports the state of a remote key set to the loader in JavaScript. The loader fetches, and the core decides.

use jotgate_core::{self as core, Age, Decision, Found, Freshness, Purpose, Renewal};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::output::checked;

/// Decides when to use, refresh, fetch or give up a remote key set. Times are seconds since 1970-01-01T00:00:00Z.
///
/// The result of a lookup and the purpose of a fetch are numbers: 0 for no lookup yet and a scheduled fetch, 1 for an unknown key, 2 for a
/// bad signature.
#[wasm_bindgen]
#[derive(Debug)]
pub struct KeyCache {
    cache: core::KeyCache,
}

#[wasm_bindgen]
impl KeyCache {
    /// Checks the settings, those of [`core::KeyCacheSettings`], in seconds, from JSON text.
    #[wasm_bindgen(js_name = fromSettings)]
    #[must_use]
    pub fn from_settings(text: &str) -> Option<Self> {
        let cache = core::KeyCacheSettings::read(text).and_then(core::KeyCache::new);
        checked(cache).map(|cache| Self { cache })
    }

    /// Decides the action for a request. Returns the index among `use`, `refresh` (use, and fetch without waiting), `refuse`, `unavailable`, then
    /// `fetch` for each purpose, then `wait` for each. It does not return a string: if memory ran out while a string is allocated,
    /// the cache would stay borrowed.
    #[must_use]
    pub fn lookup(&self, now: f64, found: u32) -> u32 {
        match self.cache.lookup(now, self::found(found)) {
            Decision::Use => 0,
            Decision::UseAndRefresh => 1,
            Decision::Refuse => 2,
            Decision::Unavailable { .. } => 3,
            Decision::Fetch(purpose) => 4 + index(purpose),
            Decision::Wait(purpose) => 7 + index(purpose),
        }
    }

    /// Returns the number of seconds until an `unavailable` set can be requested again. Returns 0 for every other decision.
    #[wasm_bindgen(js_name = retryAfter)]
    #[must_use]
    pub fn retry_after(&self, now: f64, found: u32) -> f64 {
        match self.cache.lookup(now, self::found(found)) {
            Decision::Unavailable { retry_after } => retry_after,
            _ => 0.0,
        }
    }

    /// Records that a fetch begins.
    pub fn started(&mut self, now: f64, purpose: u32) {
        self.cache.started(now, self::purpose(purpose));
    }

    /// Whether the request must be repeated and bypass caches. `kept` is the value of the response's `Age` header, in seconds.
    #[wasm_bindgen(js_name = asksPastCaches)]
    #[must_use]
    pub fn asks_past_caches(&self, now: f64, kept: f64, cache_control: Option<String>) -> bool {
        let freshness = cache_control.as_deref().map(Freshness::read);
        self.cache.asks_past_caches(now, Age { kept, fetching: 0.0 }, freshness)
    }

    /// Records that a set with usable keys arrived. `kept` is the value of its `Age` header and `fetching` the duration of the fetch, in
    /// seconds. `cache_control` is its header. Returns the index of the result among `taken`, `older` (the current set is newer and stays)
    /// and `stale` (it is too old to be trusted).
    pub fn renewed(
        &mut self,
        now: f64,
        purpose: u32,
        kept: f64,
        fetching: f64,
        cache_control: &str,
        etag: Option<String>,
    ) -> u32 {
        let (purpose, age) = (self::purpose(purpose), Age { kept, fetching });
        outcome(self.cache.renewed(now, purpose, age, Freshness::read(cache_control), etag))
    }

    /// Records that the current set is still valid (304). Without `cache_control`, its former value still applies.
    pub fn confirmed(
        &mut self,
        now: f64,
        purpose: u32,
        kept: f64,
        fetching: f64,
        cache_control: Option<String>,
    ) -> u32 {
        let freshness = cache_control.as_deref().map(Freshness::read);
        outcome(self.cache.confirmed(now, self::purpose(purpose), Age { kept, fetching }, freshness))
    }

    /// Records a set that was fetched elsewhere or earlier. Returns whether it is now the current set.
    pub fn hydrated(
        &mut self,
        now: f64,
        sent: f64,
        arrived: f64,
        cache_control: &str,
        etag: Option<String>,
    ) -> bool {
        self.cache.hydrated(now, sent, arrived, Freshness::read(cache_control), etag)
    }

    /// Records that a fetch failed, or that its response is not a key set. `retry_after` is the response's `Retry-After` in seconds, or 0.
    pub fn failed(&mut self, now: f64, purpose: u32, retry_after: f64) {
        self.cache.failed(now, self::purpose(purpose), Some(retry_after));
    }

    /// Records a response that arrived after the response of a later fetch.
    pub fn superseded(&mut self, now: f64, purpose: u32) {
        self.cache.superseded(now, self::purpose(purpose));
    }

    /// Whether the current set may be used.
    #[wasm_bindgen(js_name = isTrusted)]
    #[must_use]
    pub fn is_trusted(&self, now: f64) -> bool {
        self.cache.is_trusted(now)
    }

    /// Whether the current set is fresh.
    #[wasm_bindgen(js_name = isFresh)]
    #[must_use]
    pub fn is_fresh(&self, now: f64) -> bool {
        self.cache.is_fresh(now)
    }

    /// Whether the cool-down forbids another fetch for an unknown key.
    #[wasm_bindgen(js_name = isCoolingDown)]
    #[must_use]
    pub fn is_cooling_down(&self, now: f64) -> bool {
        self.cache.is_cooling_down(now)
    }

    /// Returns the entity tag of the current set.
    #[must_use]
    pub fn etag(&self) -> Option<String> {
        self.cache.etag().map(str::to_owned)
    }

    /// Returns the time at which the issuer sent the current set.
    #[must_use]
    pub fn sent(&self) -> Option<f64> {
        self.cache.sent()
    }

    /// Returns the time at which the current set was received.
    #[must_use]
    pub fn arrived(&self) -> Option<f64> {
        self.cache.arrived()
    }

    /// Returns the time until which the current set is trusted.
    #[wasm_bindgen(js_name = trustedTo)]
    #[must_use]
    pub fn trusted_to(&self) -> Option<f64> {
        self.cache.trusted_to()
    }
}

fn outcome(renewal: Renewal) -> u32 {
    match renewal {
        Renewal::Taken => 0,
        Renewal::Older => 1,
        Renewal::Stale => 2,
    }
}

fn found(index: u32) -> Found {
    match index {
        0 => Found::Nothing,
        1 => Found::NoKey,
        _ => Found::BadSignature,
    }
}

fn purpose(index: u32) -> Purpose {
    match index {
        0 => Purpose::Scheduled,
        1 => Purpose::UnknownKey,
        _ => Purpose::BadSignature,
    }
}

fn index(purpose: Purpose) -> u32 {
    match purpose {
        Purpose::Scheduled => 0,
        Purpose::UnknownKey => 1,
        Purpose::BadSignature => 2,
    }
}
