//! Decides when a remote key set is used, fetched again, and given up (RFC 9111 §4, RFC 5861). Events and the time are
//! arguments, decisions are results. No network, no clock, no promise: the loader fetches and lets requests wait.
//!
//! ```text
//! age of the set        0 ───────────────▶ M·¾ ────────▶ M + W ───────────▶ M + S ──────▶
//! a lookup decides      use                use, refresh  fetch, else use    fetch, else refuse
//! ```
//!
//! M is how long the answer is fresh, W its `stale-while-revalidate`, S the longest that the set outlives M when the
//! issuer can't be reached. The age counts from the origin's answer. What the caller's bounds take off counts from the
//! arrival, since a cache on the way may rightly hold an answer for longer. Times are seconds.
//!
//! An answer that is older than M when it arrives is *aged*: a cache served it stale. W is how long that is allowed, so it
//! is used until M + W. With no set in hand the loader first asks once more, past caches.

mod asked;
mod decision;
mod held;
mod settings;
#[cfg(test)]
mod tests;

use alloc::string::String;

use self::{
    asked::{Asked, Outcome, recent, remaining},
    held::Held,
};
pub use self::{
    decision::{Decision, Found, Purpose, Renewal},
    settings::KeyCacheSettings,
};
use crate::{
    keys::freshness::{Age, Freshness},
    refusal::Refusal,
};

/// The state of one remote key set.
#[derive(Clone, Debug)]
pub struct KeyCache {
    settings: KeyCacheSettings,
    held: Option<Held>,
    /// When the scheduled fetch under way began.
    under_way: Option<f64>,
    /// The last fetch for an unknown key.
    asked_for_key: Option<Asked>,
    /// The last fetch for a bad signature. Kept apart: forged tokens must not use up the cool-down of new keys.
    asked_for_signature: Option<Asked>,
    /// When a fetch last brought an answer, even one that was not newer.
    answered: Option<f64>,
    /// When the last scheduled fetch failed, and how many have in a row.
    failed: Option<(f64, u32)>,
    /// When the issuer last sent `Retry-After`, and for how many seconds.
    requested_pause: Option<(f64, f64)>,
}

/// How long a fetch counts as pending after its time-out: a cancelled request never reports the end of its fetch. Seconds.
const GRACE: f64 = 1.0;
/// The part of the freshness after which a refresh begins.
const REFRESH_AT: f64 = 0.75;
/// The first and the longest wait after failures in a row, in seconds.
const RETRY: (f64, f64) = (1.0, 30.0);
/// The longest `Retry-After` that is honoured, in seconds: an error page must not stop verification for a day.
const MAX_RETRY_AFTER: f64 = 300.0;
/// `Age` counts whole seconds (RFC 9111 §5.1): of two answers that are this close, neither is the older one.
const SAME_AGE: f64 = 2.0;

impl KeyCache {
    /// A cache without a set.
    ///
    /// # Errors
    /// [`Refusal::Option`] names the setting that is invalid.
    pub fn new(settings: KeyCacheSettings) -> Result<Self, Refusal> {
        settings.check()?;
        Ok(Self {
            settings,
            held: None,
            under_way: None,
            asked_for_key: None,
            asked_for_signature: None,
            answered: None,
            failed: None,
            requested_pause: None,
        })
    }

    /// Decides what a request does now, by what it found in the current set.
    #[must_use]
    pub fn lookup(&self, now: f64, found: Found) -> Decision {
        let Some(held) = self.trusted(now) else { return self.without_a_set(now) };
        match found {
            Found::Nothing => self.with_a_set(held, now),
            Found::NoKey => self.without_the_key(held, now),
            Found::BadSignature => self.with_a_bad_signature(held, now),
        }
    }

    /// A fetch begins.
    pub fn started(&mut self, now: f64, purpose: Purpose) {
        let asked = Some(Asked { since: now, outcome: Outcome::Pending });
        match purpose {
            Purpose::Scheduled => self.under_way = Some(now),
            Purpose::UnknownKey => self.asked_for_key = asked,
            Purpose::BadSignature => self.asked_for_signature = asked,
        }
    }

    /// Whether the loader has to request the set once more, past caches, before it calls [`Self::renewed`] with the younger answer: this
    /// answer is aged, and there is no current set.
    #[must_use]
    pub fn asks_past_caches(&self, now: f64, age: Age, freshness: Option<Freshness>) -> bool {
        let said = freshness.or(self.held.as_ref().map(|held| held.freshness)).unwrap_or_default();
        self.trusted(now).is_none() && self.settings.is_aged(age.kept, said)
    }

    /// The origin, or a cache before it, sent a set that was read and holds keys: 200.
    pub fn renewed(
        &mut self,
        now: f64,
        purpose: Purpose,
        age: Age,
        freshness: Freshness,
        etag: Option<String>,
    ) -> Renewal {
        let sent = now - age.seconds();
        let aged = self.settings.is_aged(age.kept, freshness);
        let mut answer = Held::new(&self.settings, (sent, now), freshness, etag, aged);
        let in_hand = self.in_hand(now);
        if let Some(held) = in_hand.filter(|_| aged) {
            // It is newer than what would be used without it, and trusted for as long as that.
            answer.until = answer.until.max(held.until);
        }
        if now >= answer.until {
            self.failed(now, purpose, None);
            return Renewal::Stale;
        }
        // INVARIANT: `sent` never runs backwards while a set is trusted, whichever cache on the way answers.
        let renewal = match in_hand.map(|held| held.sent) {
            Some(held) if sent < held - SAME_AGE => Renewal::Older,
            held => {
                answer.sent = held.map_or(sent, |held| held.max(sent));
                self.held = Some(answer);
                Renewal::Taken
            }
        };
        self.superseded(now, purpose);
        self.failed = None;
        self.requested_pause = None;
        renewal
    }

    /// The origin confirmed the current set: 304 (RFC 9110 §15.4.5). Without a `freshness` the
    /// former one counts (RFC 9111 §3.2).
    pub fn confirmed(
        &mut self,
        now: f64,
        purpose: Purpose,
        age: Age,
        freshness: Option<Freshness>,
    ) -> Renewal {
        let Some(held) = &self.held else {
            self.failed(now, purpose, None);
            return Renewal::Stale;
        };
        let (freshness, etag) = (freshness.unwrap_or(held.freshness), held.etag.clone());
        self.renewed(now, purpose, age, freshness, etag)
    }

    /// Takes a set that was fetched elsewhere or earlier: by another isolate, a build step, or before an export. It must be trusted and
    /// newer than the current set. Its age goes on counting. Returns whether it was taken.
    pub fn hydrated(
        &mut self,
        now: f64,
        sent: f64,
        arrived: f64,
        freshness: Freshness,
        etag: Option<String>,
    ) -> bool {
        // Another machine's clock may be ahead of ours.
        let arrived = arrived.min(now);
        let sent = sent.min(arrived);
        // The time of the fetch is part of its age, and is unknown here.
        let aged = self.settings.is_aged(arrived - sent - self.settings.timeout_duration, freshness);
        let answer = Held::new(&self.settings, (sent, arrived), freshness, etag, aged);
        let newer = self.in_hand(now).is_none_or(|held| answer.sent > held.sent);
        let taken = newer && answer.sent.is_finite() && now < answer.until;
        if taken {
            self.held = Some(answer);
        }
        taken
    }

    /// The fetch failed, or its answer is no key set. The current set stays as it was. `retry_after` is the answer's
    /// `Retry-After` in seconds (RFC 9110 §10.2.3). At most five minutes count.
    pub fn failed(&mut self, now: f64, purpose: Purpose, retry_after: Option<f64>) {
        // A fetch that a token caused has its cool-down; it must not delay the scheduled ones.
        if purpose == Purpose::Scheduled {
            let row = self.failed.map_or(0, |(_, row)| row);
            self.failed = Some((now, row.saturating_add(1)));
        }
        if let Some(seconds) = retry_after.filter(|seconds| *seconds > 0.0) {
            self.requested_pause = Some((now, seconds.min(MAX_RETRY_AFTER)));
        }
        self.ended(purpose, Outcome::Failed);
    }

    /// The issuer answered, but a later fetch brought a newer answer first.
    pub fn superseded(&mut self, now: f64, purpose: Purpose) {
        self.answered = Some(now);
        self.ended(purpose, Outcome::Brought);
    }

    fn ended(&mut self, purpose: Purpose, outcome: Outcome) {
        let ended = |asked: Option<Asked>| asked.map(|asked| Asked { outcome, ..asked });
        match purpose {
            Purpose::Scheduled => self.under_way = None,
            Purpose::UnknownKey => self.asked_for_key = ended(self.asked_for_key),
            Purpose::BadSignature => self.asked_for_signature = ended(self.asked_for_signature),
        }
    }

    /// Whether the current set may be used now.
    #[must_use]
    pub fn is_trusted(&self, now: f64) -> bool {
        self.trusted(now).is_some()
    }

    /// Whether the current set is fresh now.
    #[must_use]
    pub fn is_fresh(&self, now: f64) -> bool {
        self.held.as_ref().is_some_and(|held| now < held.fresh_until(&self.settings))
    }

    /// Whether the cool-down forbids another fetch for an unknown key now.
    #[must_use]
    pub fn is_cooling_down(&self, now: f64) -> bool {
        self.key_cooldown(now).is_some() || self.cooling_down_after_any(now)
    }

    /// The entity tag of the current set, for a conditional request (RFC 9110 §13.1.2).
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.held.as_ref()?.etag.as_deref()
    }

    /// When the origin sent the current set.
    #[must_use]
    pub fn sent(&self) -> Option<f64> {
        self.held.as_ref().map(|held| held.sent)
    }

    /// When the current set arrived where it was fetched.
    #[must_use]
    pub fn arrived(&self) -> Option<f64> {
        self.held.as_ref().map(|held| held.arrived)
    }

    /// When the current set stops being trusted, unless it is renewed.
    #[must_use]
    pub fn trusted_to(&self) -> Option<f64> {
        self.held.as_ref().map(|held| held.until)
    }

    fn with_a_set(&self, held: &Held, now: f64) -> Decision {
        let fresh = held.fresh_until(&self.settings);
        let refresh_at = held.sent + (fresh - held.sent) * REFRESH_AT;
        let dated = held.arrived <= now;
        if (dated && now < refresh_at)
            || self.just_answered(now)
            || self.under_way.is_some_and(|since| self.is_under_way(now, since))
            || self.is_pending(now, self.asked_for_key)
            || self.is_pending(now, self.asked_for_signature)
            || self.backing_off(now).is_some()
        {
            // A fetch is under way, or the issuer just answered or failed: no request waits for what it does not need.
            Decision::Use
        } else if now < fresh + self.settings.patience(held.freshness).max(self.pause())
            || self.failed.is_some()
        {
            // The issuer is known to fail: waiting for it would only add its time-out.
            Decision::UseAndRefresh
        } else {
            Decision::Fetch(Purpose::Scheduled)
        }
    }

    /// The cool-down counts fetches for keys alone: a scheduled refresh is never delayed by it, and never counts as one
    /// (a cache on the way may have answered that), unless the settings say so.
    fn without_the_key(&self, held: &Held, now: f64) -> Decision {
        match (self.key_cooldown(now), self.requested(now)) {
            (None, _) if self.cooling_down_after_any(now) => self.refuse_key(held, now),
            (Some((Outcome::Brought, _)), _) => self.refuse_key(held, now),
            // The issuer did not answer: whether the key exists is unknown.
            (Some((Outcome::Failed, wait)), pause) => {
                Decision::Unavailable { retry_after: wait.max(pause.unwrap_or(0.0)) }
            }
            (Some((Outcome::Pending, _)), _) if self.is_pending(now, self.asked_for_key) => {
                Decision::Wait(Purpose::UnknownKey)
            }
            (_, Some(retry_after)) => Decision::Unavailable { retry_after },
            // A pending fetch that is not under way any more ended with its request.
            (None | Some((Outcome::Pending, _)), None) => Decision::Fetch(Purpose::UnknownKey),
        }
    }

    /// The current set has no such key. Once the set has aged, the key may have been published since, so the request waits for the
    /// scheduled fetch, which is due anyway.
    fn refuse_key(&self, held: &Held, now: f64) -> Decision {
        if now < held.fresh_until(&self.settings) {
            return Decision::Refuse;
        }
        match (self.under_way, self.backing_off(now)) {
            (Some(since), _) if self.is_under_way(now, since) => Decision::Wait(Purpose::Scheduled),
            (_, Some(retry_after)) => Decision::Unavailable { retry_after },
            _ if self.just_answered(now) => Decision::Refuse,
            _ => Decision::Fetch(Purpose::Scheduled),
        }
    }

    /// A forged token is far likelier than a key that changed under its `kid`. So the current set decides, except for one
    /// fetch per cool-down; neither a failed fetch nor a cancelled one earns another.
    fn with_a_bad_signature(&self, held: &Held, now: f64) -> Decision {
        if self.is_pending(now, self.asked_for_signature) {
            return Decision::Wait(Purpose::BadSignature);
        }
        let span = self.settings.cooldown_duration.max(RETRY.0);
        let young = recent(now, held.sent, self.settings.cache_min_age);
        let cooling = self.asked_for_signature.is_some_and(|asked| recent(now, asked.since, span));
        let final_here = young || cooling || self.requested(now).is_some();
        if final_here { Decision::Refuse } else { Decision::Fetch(Purpose::BadSignature) }
    }

    /// The outcome of the last fetch for an unknown key, and the seconds until another is allowed.
    fn key_cooldown(&self, now: f64) -> Option<(Outcome, f64)> {
        let Asked { since, outcome } = self.asked_for_key?;
        // With a cool-down shorter than the fetch, requests that come meanwhile still wait for it.
        let running = self.is_pending(now, self.asked_for_key);
        let span = self.settings.cooldown_duration;
        (running || recent(now, since, span)).then_some((outcome, span - (now - since)))
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
        self.held.as_ref().filter(|held| now < held.until)
    }

    /// The trusted set, unless the clock ran backwards since it arrived: its age is unknown then, and any answer is newer.
    fn in_hand(&self, now: f64) -> Option<&Held> {
        self.trusted(now).filter(|held| held.arrived <= now)
    }

    fn is_under_way(&self, now: f64, since: f64) -> bool {
        recent(now, since, self.settings.timeout_duration + GRACE)
    }

    fn is_pending(&self, now: f64, asked: Option<Asked>) -> bool {
        asked.is_some_and(|Asked { since, outcome }| {
            outcome == Outcome::Pending && self.is_under_way(now, since)
        })
    }

    /// Whether the issuer answered within the last pause: an answer that arrives aged must not cause a fetch for every request.
    fn just_answered(&self, now: f64) -> bool {
        self.answered.is_some_and(|at| recent(now, at, self.pause()))
    }

    fn pause(&self) -> f64 {
        self.settings.cache_min_age.max(RETRY.0)
    }

    /// The seconds until the issuer may be asked again: after failures in a row 1, 2, 4 … 30, or what its `Retry-After` says.
    fn backing_off(&self, now: f64) -> Option<f64> {
        let own = self.failed.and_then(|(at, row)| {
            let wait = (1..row.min(9)).fold(RETRY.0, |wait, _| wait * 2.0).min(RETRY.1);
            remaining(now, at, wait)
        });
        match (own, self.requested(now)) {
            (Some(own), Some(requested)) => Some(own.max(requested)),
            (own, requested) => own.or(requested),
        }
    }

    /// What is left of the issuer's `Retry-After`.
    fn requested(&self, now: f64) -> Option<f64> {
        let (at, span) = self.requested_pause?;
        remaining(now, at, span)
    }
}
