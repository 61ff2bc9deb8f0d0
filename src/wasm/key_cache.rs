//! The life of one remote key set, as the host's loader drives it: it fetches, the core decides.

use jotgate_core::{self as core, Decision, Found, Freshness, Purpose, Renewal};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{
    handles::made,
    public::{Public, public},
};

/// When to use, refresh, fetch or give up a remote key set. Times are seconds since 1970-01-01T00:00:00Z.
#[wasm_bindgen]
#[derive(Debug)]
pub struct KeyCache {
    cache: Public<core::KeyCache>,
}

#[wasm_bindgen]
impl KeyCache {
    /// Checks the settings, those of [`core::KeyCacheSettings`], in seconds, from JSON text.
    #[wasm_bindgen(js_name = fromSettings)]
    #[must_use]
    pub fn from_settings(text: &str) -> Option<Self> {
        let cache = public(|| core::KeyCacheSettings::read(text).and_then(core::KeyCache::new));
        made(cache).map(|cache| Self { cache })
    }

    /// What a request is to do; `no_key` says that the set in hand has no key for its token. By its place among `use`, `refresh`
    /// (use, and fetch behind it), `fetch`, `fetch_key`, `wait`, `wait_key`, `refuse_key` and `unavailable`: a text would be allocated
    /// while the cache is borrowed, and a call that is broken off for want of memory would leave it so.
    #[must_use]
    pub fn lookup(&self, now: f64, no_key: bool) -> u32 {
        match self.decide(now, no_key) {
            Decision::Use => 0,
            Decision::UseAndRefresh => 1,
            Decision::Fetch(Purpose::Scheduled) => 2,
            Decision::Fetch(Purpose::UnknownKey) => 3,
            Decision::Wait(Purpose::Scheduled) => 4,
            Decision::Wait(Purpose::UnknownKey) => 5,
            Decision::RefuseKey => 6,
            Decision::Unavailable { .. } => 7,
        }
    }

    /// After how many seconds an `unavailable` set is worth asking for again; 0 for every other decision.
    #[wasm_bindgen(js_name = retryAfter)]
    #[must_use]
    pub fn retry_after(&self, now: f64, no_key: bool) -> f64 {
        match self.decide(now, no_key) {
            Decision::Unavailable { retry_after } => retry_after,
            _ => 0.0,
        }
    }

    /// A fetch begins; `for_key` says that it is one for an unknown key.
    pub fn started(&mut self, now: f64, for_key: bool) {
        self.cache.started(now, purpose(for_key));
    }

    /// A set arrived that holds keys; `age` is what its `Age` header says, in seconds, `cache_control` its header. The place of what
    /// became of it among `taken`, `older` (the set in hand is newer and stays) and `stale` (it is too old to be trusted).
    pub fn renewed(
        &mut self,
        now: f64,
        for_key: bool,
        age: f64,
        cache_control: &str,
        etag: Option<String>,
    ) -> u32 {
        place(self.cache.renewed(now, purpose(for_key), age, Freshness::read(cache_control), etag))
    }

    /// The set in hand is still the one: 304. Without a `cache_control` what was said before goes on.
    pub fn confirmed(&mut self, now: f64, for_key: bool, age: f64, cache_control: Option<String>) -> u32 {
        let freshness = cache_control.as_deref().map(Freshness::read);
        place(self.cache.confirmed(now, purpose(for_key), age, freshness))
    }

    /// A set that was fetched elsewhere or earlier; whether it is the set in hand from now on.
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

    /// The fetch failed, or brought what is no key set.
    pub fn failed(&mut self, now: f64, for_key: bool) {
        self.cache.failed(now, purpose(for_key));
    }

    /// Whether the set in hand may be used.
    #[wasm_bindgen(js_name = isTrusted)]
    #[must_use]
    pub fn is_trusted(&self, now: f64) -> bool {
        self.cache.is_trusted(now)
    }

    /// Whether the set in hand is fresh.
    #[wasm_bindgen(js_name = isFresh)]
    #[must_use]
    pub fn is_fresh(&self, now: f64) -> bool {
        self.cache.is_fresh(now)
    }

    /// Whether there is no other fetch for an unknown key now.
    #[wasm_bindgen(js_name = isCoolingDown)]
    #[must_use]
    pub fn is_cooling_down(&self, now: f64) -> bool {
        self.cache.is_cooling_down(now)
    }

    /// The entity tag of the set in hand.
    #[must_use]
    pub fn etag(&self) -> Option<String> {
        self.cache.etag().map(str::to_owned)
    }

    /// When the origin sent the set in hand.
    #[must_use]
    pub fn sent(&self) -> Option<f64> {
        self.cache.sent()
    }

    /// When the set in hand arrived at whoever fetched it.
    #[must_use]
    pub fn arrived(&self) -> Option<f64> {
        self.cache.arrived()
    }

    /// When the trust in the set in hand ends, unless it is renewed.
    #[wasm_bindgen(js_name = trustedTo)]
    #[must_use]
    pub fn trusted_to(&self) -> Option<f64> {
        self.cache.trusted_to()
    }

    fn decide(&self, now: f64, no_key: bool) -> Decision {
        self.cache.lookup(now, if no_key { Found::NoKey } else { Found::Nothing })
    }
}

fn place(renewal: Renewal) -> u32 {
    match renewal {
        Renewal::Taken => 0,
        Renewal::Older => 1,
        Renewal::Stale => 2,
    }
}

fn purpose(for_key: bool) -> Purpose {
    if for_key { Purpose::UnknownKey } else { Purpose::Scheduled }
}
