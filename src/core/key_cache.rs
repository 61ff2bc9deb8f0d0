//! When to trust a remote key set, when to ask for it again, and when to stop: events and the time enter, decisions
//! leave (RFC 9111 §4, RFC 5861). No network, no clock, no promise: who fetches, and how requests wait, is the loader's.
//!
//! ```text
//! age of the set      0 ───────────────▶ M·¾ ────────▶ M + W ───────────▶ M + S ──────▶
//! a lookup says       use                use, refresh  fetch, else use    fetch, else refuse
//! ```
//!
//! M is how long the answer is fresh, W its `stale-while-revalidate`, S the longest that the set outlives M when the
//! issuer can't be reached. The age counts from the origin's answer, not from its arrival here. Times are seconds.

use alloc::string::String;

use crate::refusal::Refusal;

/// What bounds a [`KeyCache`]. Every field in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "camelCase", deny_unknown_fields, default))]
pub struct KeyCacheSettings {
    /// The longest that an answer is fresh, whatever it says; and how long one is that says nothing.
    pub cache_max_age: f64,
    /// The shortest that an answer is fresh, whatever it says: an issuer that sends `no-store` is not asked each second.
    pub cache_min_age: f64,
    /// The longest that a set outlives its freshness when the issuer fails.
    pub max_stale: f64,
    /// How long after a fetch for an unknown `kid` there is no other one.
    pub cooldown_duration: f64,
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
            timeout_duration: 5.0,
        }
    }
}

impl KeyCacheSettings {
    fn check(&self) -> Result<(), Refusal> {
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

/// What a request found in the set in hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing was looked for yet.
    Nothing,
    /// The set has no key for the token ([`Refusal::NoMatchingKey`]).
    NoKey,
}

/// Why a fetch is made; the loader hands it back with the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// There is no set, or the one in hand has aged: caches on the way may answer.
    Scheduled,
    /// A token names a key that the set lacks: only the origin's own answer can tell.
    UnknownKey,
}

/// What a lookup decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// The set in hand is good: use it.
    Use,
    /// The set in hand is good: use it, and fetch behind the request's back.
    UseAndRefresh,
    /// Fetch now and wait; should that fail, look up again.
    Fetch(Purpose),
    /// A fetch of this isolate is under way: wait for it where promises can be shared, else fetch alone if there is
    /// no set, or refuse as unavailable.
    Wait(Purpose),
    /// The set in hand is good, and a fetch was just made: the key does not exist.
    RefuseKey,
    /// There is no set to trust and asking again is too early.
    Unavailable {
        /// After how many seconds it is worth asking again.
        retry_after: f64,
    },
}

/// What an answer's headers say, as far as they matter here.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Freshness {
    /// `max-age`; `None` when nothing is said, zero for `no-store` and `no-cache`.
    pub max_age: Option<f64>,
    /// `stale-while-revalidate` (RFC 5861 §3).
    pub stale_while_revalidate: f64,
    /// `stale-if-error` (RFC 5861 §4).
    pub stale_if_error: Option<f64>,
}

impl Freshness {
    /// Reads a `Cache-Control` value (RFC 9111 §5.2). What can't be understood says nothing; of a directive that
    /// stands twice the more careful one counts.
    #[must_use]
    pub fn read(cache_control: &str) -> Self {
        let mut read = Self::default();
        for directive in cache_control.split(',') {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("no-store") || name.eq_ignore_ascii_case("no-cache") {
                read.max_age = Some(0.0);
            }
            let Some(seconds) = delta_seconds(value) else { continue };
            if name.eq_ignore_ascii_case("max-age") {
                read.max_age = Some(read.max_age.map_or(seconds, |earlier: f64| earlier.min(seconds)));
            } else if name.eq_ignore_ascii_case("stale-while-revalidate") {
                read.stale_while_revalidate = seconds;
            } else if name.eq_ignore_ascii_case("stale-if-error") {
                read.stale_if_error = Some(seconds);
            }
        }
        read
    }
}

/// RFC 9111 §1.2.2: digits alone; what overflows is as good as for ever, and bounded by the settings.
fn delta_seconds(value: &str) -> Option<f64> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    value.parse::<u32>().map_or(Some(f64::from(u32::MAX)), |seconds| Some(f64::from(seconds)))
}

/// The set in hand: when the origin sent it, and what it said of its freshness.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    sent: f64,
    freshness: Freshness,
    etag: Option<String>,
}

/// A fetch under way.
#[derive(Clone, Copy, Debug, PartialEq)]
struct UnderWay {
    purpose: Purpose,
    since: f64,
}

/// A fetch for an unknown key: when it began, and whether it brought a set.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Asked {
    since: f64,
    answered: bool,
}

/// The life of one remote key set.
#[derive(Clone, Debug)]
pub struct KeyCache {
    settings: KeyCacheSettings,
    held: Option<Held>,
    under_way: Option<UnderWay>,
    /// The last fetch for an unknown key.
    asked_for_key: Option<Asked>,
    /// When the last fetch failed, and how many have in a row.
    failed: Option<(f64, u32)>,
}

/// How long a fetch's mark outlives the fetch's own time-out: a request that was cancelled takes its fetch with it, and
/// nobody tells.
const GRACE: f64 = 1.0;
/// The part of the freshness after which a refresh begins.
const REFRESH_AT: f64 = 0.75;
/// The first and the longest wait after failures in a row, in seconds.
const RETRY: (f64, f64) = (1.0, 30.0);

impl KeyCache {
    /// A cache that holds nothing yet.
    ///
    /// # Errors
    /// [`Refusal::Option`] names the setting that makes no sense.
    pub fn new(settings: KeyCacheSettings) -> Result<Self, Refusal> {
        settings.check()?;
        Ok(Self { settings, held: None, under_way: None, asked_for_key: None, failed: None })
    }

    /// What a request that arrives now, and found this in the set in hand, is to do.
    #[must_use]
    pub fn lookup(&self, now: f64, found: Found) -> Decision {
        let Some(held) = self.trusted(now) else { return self.without_a_set(now) };
        match found {
            Found::Nothing => self.with_a_set(held, now),
            Found::NoKey => self.without_the_key(now),
        }
    }

    /// A fetch begins.
    pub fn started(&mut self, now: f64, purpose: Purpose) {
        self.under_way = Some(UnderWay { purpose, since: now });
        if purpose == Purpose::UnknownKey {
            self.asked_for_key = Some(Asked { since: now, answered: false });
        }
    }

    /// The origin, or a cache before it, sent a set that was read and holds keys: 200. `age` is what the answer's
    /// `Age` header, or the second-level cache, says it is already old.
    pub fn renewed(
        &mut self,
        now: f64,
        purpose: Purpose,
        age: f64,
        freshness: Freshness,
        etag: Option<String>,
    ) {
        let sent = now - if age.is_finite() { age.max(0.0) } else { 0.0 };
        // An answer that is older than the one in hand (two caches on the way) does not turn the clock back.
        let sent = self.held.as_ref().map_or(sent, |held| held.sent.max(sent));
        self.held = Some(Held { sent, freshness, etag });
        self.failed = None;
        if let (Purpose::UnknownKey, Some(asked)) = (purpose, &mut self.asked_for_key) {
            asked.answered = true;
        }
        self.ended(purpose);
    }

    /// The origin says that the set in hand is still the one: 304 (RFC 9110 §15.4.5).
    pub fn confirmed(&mut self, now: f64, purpose: Purpose, age: f64, freshness: Freshness) {
        let etag = self.held.as_ref().and_then(|held| held.etag.clone());
        self.renewed(now, purpose, age, freshness, etag);
    }

    /// The fetch failed, or brought what can't be a key set. The set in hand stays as it was.
    pub fn failed(&mut self, now: f64, purpose: Purpose) {
        let row = self.failed.map_or(0, |(_, row)| row);
        self.failed = Some((now, row.saturating_add(1)));
        self.ended(purpose);
    }

    fn ended(&mut self, purpose: Purpose) {
        self.under_way = self.under_way.filter(|fetch| fetch.purpose != purpose);
    }

    /// Whether the set in hand may be used now.
    #[must_use]
    pub fn is_trusted(&self, now: f64) -> bool {
        self.trusted(now).is_some()
    }

    /// Whether the set in hand is fresh now.
    #[must_use]
    pub fn is_fresh(&self, now: f64) -> bool {
        self.held.as_ref().is_some_and(|held| now - held.sent < self.fresh_for(held))
    }

    /// Whether a fetch for an unknown key was made so lately that there is no other one now.
    #[must_use]
    pub fn is_cooling_down(&self, now: f64) -> bool {
        self.cooling_down(now).is_some()
    }

    /// The entity tag of the set in hand, for a conditional request (RFC 9110 §13.1.2).
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.held.as_ref()?.etag.as_deref()
    }

    /// When the origin sent the set in hand.
    #[must_use]
    pub fn sent(&self) -> Option<f64> {
        self.held.as_ref().map(|held| held.sent)
    }

    fn with_a_set(&self, held: &Held, now: f64) -> Decision {
        let (age, fresh) = (now - held.sent, self.fresh_for(held));
        let patience = held.freshness.stale_while_revalidate.min(self.settings.max_stale);
        if age < fresh * REFRESH_AT {
            Decision::Use
        } else if self.fetching(now).is_some() || self.backing_off(now).is_some() {
            // Somebody is at it, or the issuer just failed: no request stalls for what it does not need.
            Decision::Use
        } else if age < fresh + patience {
            Decision::UseAndRefresh
        } else {
            Decision::Fetch(Purpose::Scheduled)
        }
    }

    /// The cool-down counts fetches for keys alone: a scheduled refresh is never delayed by it, and never counts as one
    /// (a cache on the way may have answered that).
    fn without_the_key(&self, now: f64) -> Decision {
        match self.cooling_down(now) {
            None => Decision::Fetch(Purpose::UnknownKey),
            Some(_) if self.fetching(now) == Some(Purpose::UnknownKey) => Decision::Wait(Purpose::UnknownKey),
            Some((asked, _)) if asked.answered => Decision::RefuseKey,
            // The question was asked and not answered: that the key does not exist is not known.
            Some((_, retry_after)) => Decision::Unavailable { retry_after },
        }
    }

    /// The last fetch for an unknown key, and how long there is no other one.
    fn cooling_down(&self, now: f64) -> Option<(Asked, f64)> {
        let asked = self.asked_for_key?;
        let span = self.settings.cooldown_duration;
        recent(now, asked.since, span).then_some((asked, span - (now - asked.since)))
    }

    fn without_a_set(&self, now: f64) -> Decision {
        match (self.fetching(now), self.backing_off(now)) {
            (Some(purpose), _) => Decision::Wait(purpose),
            (None, Some(retry_after)) => Decision::Unavailable { retry_after },
            (None, None) => Decision::Fetch(Purpose::Scheduled),
        }
    }

    fn trusted(&self, now: f64) -> Option<&Held> {
        self.held.as_ref().filter(|held| {
            let stale = held.freshness.stale_if_error.unwrap_or(f64::INFINITY).min(self.settings.max_stale);
            let patience = held.freshness.stale_while_revalidate.min(self.settings.max_stale);
            // A clock that ran backwards makes no set younger than new: trust ends as if it had just been sent.
            (now - held.sent).max(0.0) < self.fresh_for(held) + stale.max(patience)
        })
    }

    fn fresh_for(&self, held: &Held) -> f64 {
        let said = held.freshness.max_age.unwrap_or(self.settings.cache_max_age);
        said.clamp(self.settings.cache_min_age, self.settings.cache_max_age)
    }

    fn fetching(&self, now: f64) -> Option<Purpose> {
        let bound = self.settings.timeout_duration + GRACE;
        self.under_way.filter(|fetch| recent(now, fetch.since, bound)).map(|fetch| fetch.purpose)
    }

    /// For how many seconds the issuer is left alone after failures in a row: 1, 2, 4 … 30.
    fn backing_off(&self, now: f64) -> Option<f64> {
        let (at, row) = self.failed?;
        let doublings = i32::try_from(row.saturating_sub(1).min(8)).unwrap_or(8);
        let wait = (1..=doublings).fold(RETRY.0, |wait, _| wait * 2.0).min(RETRY.1);
        recent(now, at, wait).then(|| wait - (now - at).max(0.0))
    }
}

/// Whether `then` lies less than `span` before `now`; a clock that ran backwards past it ends the span.
fn recent(now: f64, then: f64, span: f64) -> bool {
    (0.0..span).contains(&(now - then))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: KeyCacheSettings = KeyCacheSettings {
        cache_max_age: 600.0,
        cache_min_age: 30.0,
        max_stale: 3_600.0,
        cooldown_duration: 30.0,
        timeout_duration: 5.0,
    };
    const SCHEDULED: Purpose = Purpose::Scheduled;
    const UNKNOWN: Purpose = Purpose::UnknownKey;

    /// A cache that got its set at 0 with these headers.
    fn cache(cache_control: &str) -> KeyCache {
        let mut cache = KeyCache::new(SETTINGS).unwrap();
        cache.started(0.0, SCHEDULED);
        cache.renewed(0.0, SCHEDULED, 0.0, Freshness::read(cache_control), None);
        cache
    }

    #[track_caller]
    fn decides(cache: &KeyCache, rows: &[(f64, Decision)]) {
        for (now, decision) in rows {
            assert_eq!(cache.lookup(*now, Found::Nothing), *decision, "at {now}");
        }
    }

    #[test]
    fn a_cold_cache_fetches_and_a_second_request_waits() {
        let mut cache = KeyCache::new(SETTINGS).unwrap();
        assert_eq!(cache.lookup(0.0, Found::Nothing), Decision::Fetch(SCHEDULED));
        cache.started(0.0, SCHEDULED);
        assert_eq!(cache.lookup(1.0, Found::Nothing), Decision::Wait(SCHEDULED));
    }

    #[test]
    fn the_mark_of_a_fetch_whose_request_vanished_expires() {
        let mut cache = KeyCache::new(SETTINGS).unwrap();
        cache.started(0.0, SCHEDULED);
        assert_eq!(cache.lookup(5.9, Found::Nothing), Decision::Wait(SCHEDULED));
        assert_eq!(cache.lookup(6.0, Found::Nothing), Decision::Fetch(SCHEDULED));
    }

    #[test]
    fn a_set_is_used_then_refreshed_then_fetched_for_then_dropped() {
        decides(
            &cache("max-age=100, stale-while-revalidate=50"),
            &[
                (0.0, Decision::Use),
                (74.9, Decision::Use),
                (75.0, Decision::UseAndRefresh),
                (149.9, Decision::UseAndRefresh),
                (150.0, Decision::Fetch(SCHEDULED)),
                (3_699.9, Decision::Fetch(SCHEDULED)),
                (3_700.0, Decision::Fetch(SCHEDULED)),
            ],
        );
        assert!(cache("max-age=100").is_trusted(3_699.9));
        assert!(!cache("max-age=100").is_trusted(3_700.0));
        assert!(cache("max-age=100").is_fresh(99.9) && !cache("max-age=100").is_fresh(100.0));
    }

    #[test]
    fn what_the_answer_says_counts_within_the_callers_bounds() {
        for (said, fresh) in [
            ("max-age=100", 100.0),
            ("max-age=5", 30.0),
            ("max-age=99999999999999999999", 600.0),
            ("no-store", 30.0),
            ("max-age=100, no-cache", 30.0),
            ("", 600.0),
            ("max-age=abc", 600.0),
            ("max-age=-5", 600.0),
            ("Max-Age=\"100\" , public", 100.0),
            ("max-age=100, max-age=200", 100.0),
        ] {
            let cache = cache(said);
            assert!(cache.is_fresh(fresh - 0.1) && !cache.is_fresh(fresh), "`{said}`");
        }
        assert!(!cache("max-age=100, stale-if-error=10").is_trusted(110.0));
        assert!(cache("max-age=100, stale-if-error=9999").is_trusted(3_699.0));
        assert!(!cache("max-age=100, stale-if-error=9999").is_trusted(3_700.0));
    }

    #[test]
    fn the_age_counts_from_the_origins_answer() {
        let mut cache = KeyCache::new(SETTINGS).unwrap();
        cache.renewed(0.0, SCHEDULED, 60.0, Freshness::read("max-age=100"), None);
        assert!(cache.is_fresh(39.9) && !cache.is_fresh(40.0));
        cache.renewed(50.0, SCHEDULED, 500.0, Freshness::read("max-age=100"), None);
        assert_eq!(cache.sent(), Some(-60.0), "an older answer does not turn the clock back");
        cache.confirmed(50.0, SCHEDULED, 0.0, Freshness::read("max-age=100"));
        assert!(cache.is_fresh(149.9));
    }

    #[test]
    fn a_failing_issuer_stalls_nobody_who_has_a_set() {
        let mut cache = cache("max-age=100");
        cache.started(200.0, SCHEDULED);
        cache.failed(205.0, SCHEDULED);
        decides(&cache, &[(205.5, Decision::Use), (206.0, Decision::Fetch(SCHEDULED))]);
        cache.failed(206.0, SCHEDULED);
        decides(&cache, &[(207.9, Decision::Use), (208.0, Decision::Fetch(SCHEDULED))]);
        for _ in 0..50 {
            cache.failed(300.0, SCHEDULED);
        }
        decides(&cache, &[(329.9, Decision::Use), (330.0, Decision::Fetch(SCHEDULED))]);
    }

    #[test]
    fn without_a_set_a_failing_issuer_is_asked_with_growing_pauses() {
        let mut cache = KeyCache::new(SETTINGS).unwrap();
        cache.failed(0.0, SCHEDULED);
        decides(
            &cache,
            &[(0.25, Decision::Unavailable { retry_after: 0.75 }), (1.0, Decision::Fetch(SCHEDULED))],
        );
        cache.renewed(1.0, SCHEDULED, 0.0, Freshness::default(), None);
        cache.failed(2.0, SCHEDULED);
        assert!(cache.is_trusted(2.0));
    }

    #[test]
    fn an_unknown_key_costs_one_fetch_a_cool_down_however_many_ask() {
        let mut cache = cache("max-age=600");
        let mut fetches = 0;
        for request in 0..100_000 {
            let now = 10.0 + f64::from(request) / 1_000.0;
            match cache.lookup(now, Found::NoKey) {
                Decision::Fetch(UNKNOWN) => {
                    cache.started(now, UNKNOWN);
                    cache.renewed(now, UNKNOWN, 0.0, Freshness::read("max-age=600"), None);
                    fetches += 1;
                }
                decision => assert_eq!(decision, Decision::RefuseKey),
            }
        }
        assert_eq!(fetches, 4, "100 seconds hold four cool-downs of 30");
    }

    #[test]
    fn the_cool_down_never_delays_a_scheduled_refresh() {
        let mut cache = cache("max-age=100");
        cache.started(74.0, UNKNOWN);
        cache.failed(74.0, UNKNOWN);
        assert_eq!(cache.lookup(76.0, Found::Nothing), Decision::UseAndRefresh);
        assert!(cache.is_cooling_down(76.0));
    }

    #[test]
    fn an_unknown_key_whose_fetch_failed_is_not_called_unknown() {
        let mut cache = cache("max-age=600");
        cache.started(10.0, UNKNOWN);
        assert_eq!(cache.lookup(11.0, Found::NoKey), Decision::Wait(UNKNOWN));
        cache.failed(12.0, UNKNOWN);
        assert_eq!(cache.lookup(30.0, Found::NoKey), Decision::Unavailable { retry_after: 10.0 });
        assert_eq!(cache.lookup(40.0, Found::NoKey), Decision::Fetch(UNKNOWN));
    }

    #[test]
    fn a_clock_that_runs_backwards_ends_pauses_and_keeps_the_set() {
        let mut cache = cache("max-age=100");
        cache.started(50.0, UNKNOWN);
        cache.failed(50.0, UNKNOWN);
        assert_eq!(cache.lookup(-1_000.0, Found::NoKey), Decision::Fetch(UNKNOWN));
        assert_eq!(cache.lookup(-1_000.0, Found::Nothing), Decision::Use);
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let name = |change: fn(&mut KeyCacheSettings)| {
            let mut settings = SETTINGS;
            change(&mut settings);
            match KeyCache::new(settings) {
                Err(Refusal::Option { name, .. }) => name,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(name(|settings| settings.max_stale = f64::NAN), "maxStale");
        assert_eq!(name(|settings| settings.cooldown_duration = -1.0), "cooldownDuration");
        assert_eq!(name(|settings| settings.timeout_duration = 0.0), "timeoutDuration");
        assert_eq!(name(|settings| settings.cache_min_age = 601.0), "cacheMinAge");
        assert_eq!(name(|settings| settings.cache_max_age = f64::INFINITY), "cacheMaxAge");
    }
}
