//! When to trust a remote key set, when to ask for it again, and when to stop: events and the time enter, decisions
//! leave (RFC 9111 §4, RFC 5861). No network, no clock, no promise: who fetches, and how requests wait, is the loader's.
//!
//! ```text
//! age of the set      0 ───────────────▶ M·¾ ────────▶ M + W ───────────▶ M + S ──────▶
//! a lookup says       use                use, refresh  fetch, else use    fetch, else refuse
//! ```
//!
//! M is how long the answer is fresh, W its `stale-while-revalidate`, S the longest that the set outlives M when the
//! issuer can't be reached. The age counts from the origin's answer, not from its arrival here; what the caller's bounds
//! take off counts from the arrival, since a cache on the way may rightly hold an answer for longer. Times are seconds.

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
    /// The set in hand is fresh, and a fetch was just made: the key does not exist.
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
    /// `max-age`, or `s-maxage` where that is longer: caches before us rightly hold the answer for that long. `None` when
    /// nothing is said, zero for `no-store` and `no-cache`.
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
        let (mut shared, mut uncached) = (None, false);
        for directive in cache_control.as_bytes().split(|byte| *byte == b',') {
            let mut sides = directive.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
            let (name, value) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
            let name = name.to_ascii_lowercase();
            uncached |= matches!(&*name, b"no-store" | b"no-cache");
            let Some(seconds) = delta_seconds(value) else { continue };
            let sooner = |earlier: Option<f64>| Some(earlier.map_or(seconds, |earlier| earlier.min(seconds)));
            match &*name {
                b"max-age" => read.max_age = sooner(read.max_age),
                b"s-maxage" => shared = sooner(shared),
                b"stale-while-revalidate" => read.stale_while_revalidate = seconds,
                b"stale-if-error" => read.stale_if_error = Some(seconds),
                _ => {}
            }
        }
        read.max_age = if uncached {
            Some(0.0)
        } else {
            read.max_age.map_or(shared, |own| Some(shared.map_or(own, |shared| own.max(shared))))
        };
        read
    }
}

/// What became of an answer that holds keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It is the set in hand from now on.
    Taken,
    /// The set in hand is a newer one and stays.
    Older,
    /// A cache on the way kept it for so long that it can't be trusted: as good as a failure.
    Stale,
}

/// RFC 9111 §1.2.2: digits alone, or in quotes; what overflows is as good as for ever, and bounded by the settings.
fn delta_seconds(value: &[u8]) -> Option<f64> {
    let quoted = value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
    let digits = quoted.unwrap_or(value);
    let add = |seconds: u32, digit: &u8| seconds.saturating_mul(10).saturating_add(u32::from(digit - b'0'));
    (!digits.is_empty() && digits.iter().all(u8::is_ascii_digit))
        .then(|| f64::from(digits.iter().fold(0, add)))
}

/// The set in hand: when the origin sent it, and what it said of its freshness.
#[derive(Clone, Debug, PartialEq)]
struct Held {
    sent: f64,
    arrived: f64,
    freshness: Freshness,
    etag: Option<String>,
}

/// What became of a fetch for an unknown key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Pending,
    Brought,
    Failed,
}

/// The life of one remote key set.
#[derive(Clone, Debug)]
pub struct KeyCache {
    settings: KeyCacheSettings,
    held: Option<Held>,
    /// When the scheduled fetch under way began.
    under_way: Option<f64>,
    /// When the last fetch for an unknown key began, and what became of it.
    asked_for_key: Option<(f64, Answer)>,
    /// When a fetch last brought an answer, be it one that is not newer.
    answered: Option<f64>,
    /// When the last scheduled fetch failed, and how many have in a row.
    failed: Option<(f64, u32)>,
}

/// How long a fetch's mark outlives the fetch's own time-out: a request that was cancelled takes its fetch with it, and
/// nobody tells.
const GRACE: f64 = 1.0;
/// The part of the freshness after which a refresh begins.
const REFRESH_AT: f64 = 0.75;
/// The first and the longest wait after failures in a row, in seconds.
const RETRY: (f64, f64) = (1.0, 30.0);
/// `Age` counts whole seconds (RFC 9111 §5.1): of two answers that lie this close, neither is the older one.
const SAME_AGE: f64 = 2.0;

impl KeyCache {
    /// A cache that holds nothing yet.
    ///
    /// # Errors
    /// [`Refusal::Option`] names the setting that makes no sense.
    pub fn new(settings: KeyCacheSettings) -> Result<Self, Refusal> {
        settings.check()?;
        Ok(Self { settings, held: None, under_way: None, asked_for_key: None, answered: None, failed: None })
    }

    /// What a request that arrives now, and found this in the set in hand, is to do.
    #[must_use]
    pub fn lookup(&self, now: f64, found: Found) -> Decision {
        let Some(held) = self.trusted(now) else { return self.without_a_set(now) };
        match found {
            Found::Nothing => self.with_a_set(held, now),
            Found::NoKey => self.without_the_key(held, now),
        }
    }

    /// A fetch begins.
    pub fn started(&mut self, now: f64, purpose: Purpose) {
        match purpose {
            Purpose::Scheduled => self.under_way = Some(now),
            Purpose::UnknownKey => self.asked_for_key = Some((now, Answer::Pending)),
        }
    }

    /// The origin, or a cache before it, sent a set that was read and holds keys: 200. `age` is what the answer's
    /// `Age` header says it is already old.
    pub fn renewed(
        &mut self,
        now: f64,
        purpose: Purpose,
        age: f64,
        freshness: Freshness,
        etag: Option<String>,
    ) -> Renewal {
        let sent = now - if age.is_finite() { age.max(0.0) } else { 0.0 };
        let answer = Held { sent, arrived: now, freshness, etag };
        if now >= self.trusted_until(&answer) {
            self.failed(now, purpose);
            return Renewal::Stale;
        }
        self.answered = Some(now);
        self.failed = None;
        self.ended(purpose, Answer::Brought);
        // INVARIANT: `sent` never runs backwards while a set is trusted, whichever cache on the way answers.
        match self.in_hand(now).map(|held| held.sent) {
            Some(held) if sent < held - SAME_AGE => Renewal::Older,
            Some(held) => {
                self.held = Some(Held { sent: held.max(sent), ..answer });
                Renewal::Taken
            }
            None => {
                self.held = Some(answer);
                Renewal::Taken
            }
        }
    }

    /// The origin says that the set in hand is still the one: 304 (RFC 9110 §15.4.5). Where it says nothing of the
    /// freshness, what the set came with goes on (RFC 9111 §3.2).
    pub fn confirmed(
        &mut self,
        now: f64,
        purpose: Purpose,
        age: f64,
        freshness: Option<Freshness>,
    ) -> Renewal {
        let Some(held) = &self.held else {
            self.failed(now, purpose);
            return Renewal::Stale;
        };
        let (freshness, etag) = (freshness.unwrap_or(held.freshness), held.etag.clone());
        self.renewed(now, purpose, age, freshness, etag)
    }

    /// A set that was fetched elsewhere or earlier: the second-level cache, a build step, an export. It is taken where
    /// it can be trusted and the set in hand is no newer one; its age goes on counting.
    pub fn hydrated(
        &mut self,
        now: f64,
        sent: f64,
        arrived: f64,
        freshness: Freshness,
        etag: Option<String>,
    ) -> bool {
        // Another machine's clock may be ahead of ours: from the future nothing arrives.
        let arrived = arrived.min(now);
        let answer = Held { sent: sent.min(arrived), arrived, freshness, etag };
        let newer = self.in_hand(now).is_none_or(|held| answer.sent > held.sent);
        let taken = newer && answer.sent.is_finite() && now < self.trusted_until(&answer);
        if taken {
            self.held = Some(answer);
        }
        taken
    }

    /// The fetch failed, or brought what can't be a key set. The set in hand stays as it was.
    pub fn failed(&mut self, now: f64, purpose: Purpose) {
        // A fetch for an unknown key has its cool-down; it must not delay the scheduled ones.
        if purpose == Purpose::Scheduled {
            let row = self.failed.map_or(0, |(_, row)| row);
            self.failed = Some((now, row.saturating_add(1)));
        }
        self.ended(purpose, Answer::Failed);
    }

    fn ended(&mut self, purpose: Purpose, answer: Answer) {
        match purpose {
            Purpose::Scheduled => self.under_way = None,
            Purpose::UnknownKey => self.asked_for_key = self.asked_for_key.map(|(since, _)| (since, answer)),
        }
    }

    /// Whether the set in hand may be used now.
    #[must_use]
    pub fn is_trusted(&self, now: f64) -> bool {
        self.trusted(now).is_some()
    }

    /// Whether the set in hand is fresh now.
    #[must_use]
    pub fn is_fresh(&self, now: f64) -> bool {
        self.held.as_ref().is_some_and(|held| now < self.fresh_until(held))
    }

    /// Whether a fetch for an unknown key was made so lately that there is no other one now.
    #[must_use]
    pub fn is_cooling_down(&self, now: f64) -> bool {
        self.cooling_down(now).is_some() || self.cooling_down_after_any(now)
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

    /// When the set in hand arrived at whoever fetched it.
    #[must_use]
    pub fn arrived(&self) -> Option<f64> {
        self.held.as_ref().map(|held| held.arrived)
    }

    /// When the trust in the set in hand ends, unless it is renewed.
    #[must_use]
    pub fn trusted_to(&self) -> Option<f64> {
        self.held.as_ref().map(|held| self.trusted_until(held))
    }

    fn with_a_set(&self, held: &Held, now: f64) -> Decision {
        let fresh = self.fresh_until(held);
        let refresh_at = held.sent + (fresh - held.sent) * REFRESH_AT;
        let dated = held.arrived <= now;
        if (dated && now < refresh_at)
            || self.just_answered(now)
            || self.under_way.is_some_and(|since| self.is_under_way(now, since))
            || self.asking_for_key(now)
            || self.backing_off(now).is_some()
        {
            // Somebody is at it, or the issuer just answered or failed: no request stalls for what it does not need.
            Decision::Use
        } else if now < fresh + self.patience(held).max(self.pause()) || self.failed.is_some() {
            // Where the issuer is known to fail, waiting for it would only add its time-out.
            Decision::UseAndRefresh
        } else {
            Decision::Fetch(Purpose::Scheduled)
        }
    }

    /// The cool-down counts fetches for keys alone: a scheduled refresh is never delayed by it, and never counts as one
    /// (a cache on the way may have answered that), unless the settings say so.
    fn without_the_key(&self, held: &Held, now: f64) -> Decision {
        match self.cooling_down(now) {
            None if self.cooling_down_after_any(now) => self.refuse_key(held, now),
            None => Decision::Fetch(Purpose::UnknownKey),
            Some((Answer::Brought, _)) => self.refuse_key(held, now),
            // The question was asked and not answered: that the key does not exist is not known.
            Some((Answer::Failed, retry_after)) => Decision::Unavailable { retry_after },
            Some((Answer::Pending, _)) if self.asking_for_key(now) => Decision::Wait(Purpose::UnknownKey),
            // Whoever asked vanished with the question.
            Some((Answer::Pending, _)) => Decision::Fetch(Purpose::UnknownKey),
        }
    }

    /// The key does not exist, as far as the set in hand can tell: once that has aged, the key may have been published
    /// since, and the fetch that is due anyway has to be waited for. It has the pace of the scheduled ones.
    fn refuse_key(&self, held: &Held, now: f64) -> Decision {
        if now < self.fresh_until(held) {
            return Decision::RefuseKey;
        }
        match (self.under_way, self.backing_off(now)) {
            (Some(since), _) if self.is_under_way(now, since) => Decision::Wait(Purpose::Scheduled),
            (_, Some(retry_after)) => Decision::Unavailable { retry_after },
            _ if self.just_answered(now) => Decision::RefuseKey,
            _ => Decision::Fetch(Purpose::Scheduled),
        }
    }

    /// What became of the last fetch for an unknown key, and how long there is no other one.
    fn cooling_down(&self, now: f64) -> Option<(Answer, f64)> {
        let (since, answer) = self.asked_for_key?;
        // With a cool-down shorter than the fetch, those that come meanwhile still wait for it.
        let running = answer == Answer::Pending && self.is_under_way(now, since);
        let span = self.settings.cooldown_duration;
        (running || recent(now, since, span)).then_some((answer, span - (now - since)))
    }

    fn cooling_down_after_any(&self, now: f64) -> bool {
        let span = self.settings.cooldown_duration;
        self.settings.cooldown_after_any && self.answered.is_some_and(|at| recent(now, at, span))
    }

    fn without_a_set(&self, now: f64) -> Decision {
        match (self.under_way, self.backing_off(now)) {
            (Some(since), _) if self.is_under_way(now, since) => Decision::Wait(Purpose::Scheduled),
            (_, Some(retry_after)) => Decision::Unavailable { retry_after },
            (_, None) => Decision::Fetch(Purpose::Scheduled),
        }
    }

    fn trusted(&self, now: f64) -> Option<&Held> {
        self.held.as_ref().filter(|held| now < self.trusted_until(held))
    }

    /// The trusted set, unless a clock that ran backwards since makes its age unknown: whatever arrives then is newer.
    fn in_hand(&self, now: f64) -> Option<&Held> {
        self.trusted(now).filter(|held| held.arrived <= now)
    }

    fn patience(&self, held: &Held) -> f64 {
        held.freshness.stale_while_revalidate.min(self.settings.max_stale)
    }

    fn trusted_until(&self, held: &Held) -> f64 {
        let stale = held.freshness.stale_if_error.unwrap_or(f64::INFINITY).min(self.settings.max_stale);
        let fresh = match held.freshness.max_age {
            Some(_) => self.fresh_until(held),
            // An origin that says nothing leaves it to the caches on the way how long they keep its answer.
            None => held.arrived + self.settings.cache_max_age,
        };
        fresh + stale.max(self.patience(held))
    }

    /// What the issuer says counts from its answer, what the caller bounds from the arrival.
    fn fresh_until(&self, held: &Held) -> f64 {
        let KeyCacheSettings { cache_max_age, cache_min_age, .. } = self.settings;
        let said = held.freshness.max_age.unwrap_or(cache_max_age).max(cache_min_age);
        (held.sent + said).min(held.arrived + cache_max_age)
    }

    fn is_under_way(&self, now: f64, since: f64) -> bool {
        recent(now, since, self.settings.timeout_duration + GRACE)
    }

    fn asking_for_key(&self, now: f64) -> bool {
        self.asked_for_key
            .is_some_and(|(since, answer)| answer == Answer::Pending && self.is_under_way(now, since))
    }

    /// An answer that aged on the way must not make the issuer be asked with every request.
    fn just_answered(&self, now: f64) -> bool {
        self.answered.is_some_and(|at| recent(now, at, self.pause()))
    }

    fn pause(&self) -> f64 {
        self.settings.cache_min_age.max(RETRY.0)
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
        cooldown_after_any: false,
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
                (100.0, Decision::UseAndRefresh),
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
        let said = Freshness::read("max-age=100");
        assert_eq!(cache.renewed(0.0, SCHEDULED, 60.0, said, None), Renewal::Taken);
        assert!(cache.is_fresh(39.9) && !cache.is_fresh(40.0));
        assert_eq!(cache.renewed(50.0, SCHEDULED, 500.0, said, None), Renewal::Older);
        assert_eq!(cache.sent(), Some(-60.0), "an older answer does not turn the clock back");
        assert_eq!(cache.confirmed(50.0, SCHEDULED, 0.0, Some(said)), Renewal::Taken);
        assert!(cache.is_fresh(149.9) && !cache.is_fresh(150.0));
        assert_eq!(
            cache.confirmed(60.0, SCHEDULED, 0.0, None),
            Renewal::Taken,
            "what was said before goes on"
        );
        assert!(cache.is_fresh(159.9) && !cache.is_fresh(160.0));
    }

    #[test]
    fn an_answer_that_a_cache_kept_beyond_trust_is_a_failure() {
        let mut cache = KeyCache::new(SETTINGS).unwrap();
        cache.started(0.0, SCHEDULED);
        let old = cache.renewed(0.0, SCHEDULED, 3_701.0, Freshness::read("max-age=100"), None);
        assert_eq!((old, cache.is_trusted(0.0)), (Renewal::Stale, false));
        assert_eq!(cache.lookup(0.5, Found::Nothing), Decision::Unavailable { retry_after: 0.5 });
        let mut empty = KeyCache::new(SETTINGS).unwrap();
        assert_eq!(empty.confirmed(0.0, SCHEDULED, 0.0, None), Renewal::Stale, "there is nothing to confirm");
    }

    #[test]
    fn what_the_issuer_lets_caches_keep_for_long_is_no_reason_to_refuse_or_to_ask_without_end() {
        for said in ["max-age=86400", "max-age=60, s-maxage=86400", ""] {
            let mut cache = KeyCache::new(SETTINGS).unwrap();
            let read = Freshness::read(said);
            assert_eq!(cache.renewed(0.0, SCHEDULED, 50_000.0, read, None), Renewal::Taken, "`{said}`");
            assert_eq!(cache.lookup(29.9, Found::Nothing), Decision::Use, "`{said}`");
            assert!(cache.is_trusted(4_199.9) && !cache.is_trusted(4_200.0), "`{said}`");
        }
    }

    #[test]
    fn a_set_from_elsewhere_is_taken_while_it_is_trusted_and_newer_and_goes_on_ageing() {
        let said = Freshness::read("max-age=100");
        let mut cache = KeyCache::new(SETTINGS).unwrap();
        assert!(!cache.hydrated(5_000.0, 1_000.0, 1_000.0, said, None));
        assert!(!cache.hydrated(0.0, f64::NAN, f64::NEG_INFINITY, said, None));
        assert!(cache.hydrated(1_050.0, 1_000.0, 1_020.0, said, None));
        assert_eq!(
            (cache.sent(), cache.arrived(), cache.trusted_to()),
            (Some(1_000.0), Some(1_020.0), Some(4_700.0))
        );
        assert!(cache.is_fresh(1_099.9) && !cache.is_fresh(1_100.0));
        assert!(!cache.hydrated(1_060.0, 999.0, 999.0, said, None), "older");
        assert!(cache.hydrated(1_060.0, 2_000.0, 2_000.0, said, None), "another machine's clock");
        assert_eq!(cache.sent(), Some(1_060.0));
    }

    #[test]
    fn an_issuer_that_is_known_to_fail_is_asked_behind_the_requests() {
        let mut cache = cache("max-age=100");
        assert_eq!(cache.lookup(200.0, Found::Nothing), Decision::Fetch(SCHEDULED));
        cache.failed(200.0, SCHEDULED);
        assert_eq!(cache.lookup(201.0, Found::Nothing), Decision::UseAndRefresh);
        assert_eq!(
            cache.lookup(3_700.0, Found::Nothing),
            Decision::Fetch(SCHEDULED),
            "there is no set any more"
        );
    }

    #[test]
    fn jose_s_cool_down_follows_every_answer() {
        let mut cache = KeyCache::new(KeyCacheSettings { cooldown_after_any: true, ..SETTINGS }).unwrap();
        cache.renewed(0.0, SCHEDULED, 0.0, Freshness::default(), None);
        assert!(cache.is_cooling_down(29.9) && !cache.is_cooling_down(30.0));
        assert_eq!(cache.lookup(29.9, Found::NoKey), Decision::RefuseKey);
        assert_eq!(cache.lookup(30.0, Found::NoKey), Decision::Fetch(UNKNOWN));
    }

    #[test]
    fn a_failing_issuer_stalls_nobody_who_has_a_set() {
        let mut cache = cache("max-age=100");
        cache.started(200.0, SCHEDULED);
        cache.failed(205.0, SCHEDULED);
        decides(&cache, &[(205.5, Decision::Use), (206.0, Decision::UseAndRefresh)]);
        cache.failed(206.0, SCHEDULED);
        decides(&cache, &[(207.9, Decision::Use), (208.0, Decision::UseAndRefresh)]);
        for _ in 0..50 {
            cache.failed(300.0, SCHEDULED);
        }
        decides(&cache, &[(329.9, Decision::Use), (330.0, Decision::UseAndRefresh)]);
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
    fn a_set_that_has_aged_calls_no_key_unknown_however_long_the_cool_down_is() {
        let settings = KeyCacheSettings { cooldown_duration: 10_000.0, ..SETTINGS };
        let mut cache = KeyCache { settings, ..cache("max-age=100") };
        cache.started(10.0, UNKNOWN);
        cache.renewed(10.0, UNKNOWN, 0.0, Freshness::read("max-age=100"), None);
        assert_eq!(cache.lookup(109.9, Found::NoKey), Decision::RefuseKey);
        // Requests that miss nothing go on with it for a moment more; this one has to know.
        assert_eq!(cache.lookup(110.0, Found::Nothing), Decision::UseAndRefresh);
        assert_eq!(cache.lookup(110.0, Found::NoKey), Decision::Fetch(SCHEDULED));
        cache.started(110.0, SCHEDULED);
        assert_eq!(cache.lookup(111.0, Found::NoKey), Decision::Wait(SCHEDULED));
        cache.failed(112.0, SCHEDULED);
        assert_eq!(cache.lookup(112.5, Found::NoKey), Decision::Unavailable { retry_after: 0.5 });
        cache.started(113.0, SCHEDULED);
        // What a cache on the way held for too long is an answer all the same: the issuer is left alone for a while.
        cache.renewed(114.0, SCHEDULED, 150.0, Freshness::read("max-age=100"), None);
        assert_eq!(cache.lookup(115.0, Found::NoKey), Decision::RefuseKey);
        assert_eq!(cache.lookup(144.0, Found::NoKey), Decision::Fetch(SCHEDULED));
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
    fn a_fetch_for_a_key_whose_request_vanished_is_made_again() {
        let mut cache = cache("max-age=600");
        cache.started(10.0, UNKNOWN);
        assert_eq!(cache.lookup(15.9, Found::NoKey), Decision::Wait(UNKNOWN));
        cache.started(15.9, SCHEDULED);
        assert_eq!(cache.lookup(15.9, Found::NoKey), Decision::Wait(UNKNOWN), "the two are told apart");
        assert_eq!(cache.lookup(16.0, Found::NoKey), Decision::Fetch(UNKNOWN));
    }

    #[test]
    fn a_clock_that_runs_backwards_ends_pauses_and_keeps_the_set() {
        let mut cache = cache("max-age=100");
        cache.started(50.0, UNKNOWN);
        cache.failed(50.0, UNKNOWN);
        assert_eq!(cache.lookup(-1_000.0, Found::NoKey), Decision::Fetch(UNKNOWN));
        assert_eq!(cache.lookup(-1_000.0, Found::Nothing), Decision::UseAndRefresh);
        let renewed = cache.renewed(-1_000.0, SCHEDULED, 0.0, Freshness::read("max-age=100"), None);
        assert_eq!((renewed, cache.sent()), (Renewal::Taken, Some(-1_000.0)));
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
