//! Decides when a remote key set is used, fetched again, and given up (RFC 9111 §4, RFC 5861). Events and the time are
//! arguments, and decisions are results. There is no network and no clock here: the loader in JavaScript fetches, and lets requests wait.
//!
//! ```text
//! age of the set        0 ───────────────▶ M·¾ ────────▶ M + W ───────────▶ M + S ──────▶
//! a lookup decides      use                use, refresh  fetch, else use    fetch, else refuse
//! ```
//!
//! M is the time that the response is fresh. W is its `stale-while-revalidate`. S is the longest time that the set stays in use after M
//! if the issuer cannot be reached. The age counts from the issuer's response. If the caller's bounds shorten M, it counts from the
//! arrival, because an HTTP cache may store a response for longer than the caller allows. Times are seconds.
//!
//! A response that is older than M when it arrives is *aged*: a cache served it stale. That is allowed for the time W, so it is used
//! until M + W. Without a current set, the loader first repeats the request and bypasses caches.

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
    /// The start of the pending scheduled fetch.
    under_way: Option<f64>,
    /// The last fetch for an unknown key.
    asked_for_key: Option<Asked>,
    /// The last fetch for a bad signature. It is separate, because forged tokens must not use up the cool-down for new keys.
    asked_for_signature: Option<Asked>,
    /// The time of the last response, even if it was not newer.
    answered: Option<f64>,
    /// The time of the last failed scheduled fetch, and the number of failures in a row.
    failed: Option<(f64, u32)>,
    /// The time of the issuer's last `Retry-After`, and its seconds.
    requested_pause: Option<(f64, f64)>,
}

/// The time that a fetch counts as pending after its time limit, in seconds. A cancelled request never reports the end of its fetch.
const GRACE: f64 = 1.0;
/// The part of the freshness after which a refresh begins.
const REFRESH_AT: f64 = 0.75;
/// The first and the longest pause after failures in a row, in seconds.
const RETRY: (f64, f64) = (1.0, 30.0);
/// The longest `Retry-After` that is respected, in seconds. An error page must not stop verification for a day.
const MAX_RETRY_AFTER: f64 = 300.0;
/// Two responses within this many seconds count as equally old, because `Age` counts whole seconds (RFC 9111 §5.1).
const SAME_AGE: f64 = 2.0;

impl KeyCache {
    /// Makes a cache without a set.
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

    /// Decides the action for a request, by the result of its lookup in the current set.
    #[must_use]
    pub fn lookup(&self, now: f64, found: Found) -> Decision {
        let Some(held) = self.trusted(now) else { return self.without_a_set(now) };
        match found {
            Found::Nothing => self.with_a_set(held, now),
            Found::NoKey => self.without_the_key(held, now),
            Found::BadSignature => self.with_a_bad_signature(held, now),
        }
    }

    /// Records that a fetch begins.
    pub fn started(&mut self, now: f64, purpose: Purpose) {
        let asked = Some(Asked { since: now, outcome: Outcome::Pending });
        match purpose {
            Purpose::Scheduled => self.under_way = Some(now),
            Purpose::UnknownKey => self.asked_for_key = asked,
            Purpose::BadSignature => self.asked_for_signature = asked,
        }
    }

    /// Whether the response is aged and there is no current set. The loader then repeats the request, bypasses caches, and calls
    /// [`Self::renewed`] with the younger response.
    #[must_use]
    pub fn asks_past_caches(&self, now: f64, age: Age, freshness: Option<Freshness>) -> bool {
        let said = freshness.or(self.held.as_ref().map(|held| held.freshness)).unwrap_or_default();
        self.trusted(now).is_none() && self.settings.is_aged(age.kept, said)
    }

    /// Records a response of the issuer or a cache with status 200, whose set has usable keys.
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
            // It is newer than the current set, which would be used without it, so it is trusted at least as long.
            answer.until = answer.until.max(held.until);
        }
        if now >= answer.until {
            self.failed(now, purpose, None);
            return Renewal::Stale;
        }
        // INVARIANT: `sent` never decreases while a set is trusted, whichever HTTP cache responds.
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

    /// Records that the issuer confirmed the current set with status 304 (RFC 9110 §15.4.5). Without `freshness`, the former one
    /// applies (RFC 9111 §3.2).
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

    /// Records a set that was fetched elsewhere or earlier: by another isolate, a build step, or before an export. It must be trusted and
    /// newer than the current set. Its age continues. Returns whether it is now the current set.
    pub fn hydrated(
        &mut self,
        now: f64,
        sent: f64,
        arrived: f64,
        freshness: Freshness,
        etag: Option<String>,
    ) -> bool {
        // The clock of another machine may be ahead.
        let arrived = arrived.min(now);
        let sent = sent.min(arrived);
        // The unknown duration of the fetch is part of its age.
        let aged = self.settings.is_aged(arrived - sent - self.settings.timeout_duration, freshness);
        let answer = Held::new(&self.settings, (sent, arrived), freshness, etag, aged);
        let newer = self.in_hand(now).is_none_or(|held| answer.sent > held.sent);
        let taken = newer && answer.sent.is_finite() && now < answer.until;
        if taken {
            self.held = Some(answer);
        }
        taken
    }

    /// Records that the fetch failed, or that its response is not a key set. The current set is not changed. `retry_after` is the
    /// response's `Retry-After` in seconds (RFC 9110 §10.2.3), which counts for at most five minutes.
    pub fn failed(&mut self, now: f64, purpose: Purpose, retry_after: Option<f64>) {
        // A fetch that a token caused has its own cool-down. It must not delay scheduled fetches.
        if purpose == Purpose::Scheduled {
            let row = self.failed.map_or(0, |(_, row)| row);
            self.failed = Some((now, row.saturating_add(1)));
        }
        if let Some(seconds) = retry_after.filter(|seconds| *seconds > 0.0) {
            self.requested_pause = Some((now, seconds.min(MAX_RETRY_AFTER)));
        }
        self.ended(purpose, Outcome::Failed);
    }

    /// Records a response that arrived after the response of a later fetch.
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

    /// Returns the entity tag of the current set, for a conditional request (RFC 9110 §13.1.2).
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.held.as_ref()?.etag.as_deref()
    }

    /// Returns the time at which the issuer sent the current set.
    #[must_use]
    pub fn sent(&self) -> Option<f64> {
        self.held.as_ref().map(|held| held.sent)
    }

    /// Returns the time at which the current set was received.
    #[must_use]
    pub fn arrived(&self) -> Option<f64> {
        self.held.as_ref().map(|held| held.arrived)
    }

    /// Returns the time until which the current set is trusted, unless it is renewed.
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
            // A fetch is pending, or the issuer has just responded or failed. The request does not need a newer set, so it does not wait.
            Decision::Use
        } else if now < fresh + self.settings.patience(held.freshness).max(self.pause())
            || self.failed.is_some()
        {
            // The issuer is failing. Waiting would only add its time limit.
            Decision::UseAndRefresh
        } else {
            Decision::Fetch(Purpose::Scheduled)
        }
    }

    /// Decides for a token whose key the set lacks. Only fetches for keys count for the cool-down. It never delays a scheduled refresh. A
    /// scheduled refresh does not start it, because a cache may have responded, unless `cooldown_after_any` is set.
    fn without_the_key(&self, held: &Held, now: f64) -> Decision {
        match (self.key_cooldown(now), self.requested(now)) {
            (None, _) if self.cooling_down_after_any(now) => self.refuse_key(held, now),
            (Some((Outcome::Brought, _)), _) => self.refuse_key(held, now),
            // The issuer did not respond, so it is unknown whether the key exists.
            (Some((Outcome::Failed, wait)), pause) => {
                Decision::Unavailable { retry_after: wait.max(pause.unwrap_or(0.0)) }
            }
            (Some((Outcome::Pending, _)), _) if self.is_pending(now, self.asked_for_key) => {
                Decision::Wait(Purpose::UnknownKey)
            }
            (_, Some(retry_after)) => Decision::Unavailable { retry_after },
            // A pending fetch that is no longer running ended together with its request.
            (None | Some((Outcome::Pending, _)), None) => Decision::Fetch(Purpose::UnknownKey),
        }
    }

    /// Decides for an unknown key during the cool-down. If the set is no longer fresh, the key may have been published since, so the
    /// request waits for the scheduled fetch, which is due.
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

    /// Decides for a token whose signature no key verifies. A forged token is more likely than a changed key with the same `kid`. The
    /// current set therefore decides, except for one fetch per cool-down. A failed or cancelled fetch does not allow another one.
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

    /// Returns the outcome of the last fetch for an unknown key, and the seconds until another is allowed.
    fn key_cooldown(&self, now: f64) -> Option<(Outcome, f64)> {
        let Asked { since, outcome } = self.asked_for_key?;
        // If the cool-down is shorter than the fetch, requests still wait for the fetch.
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

    /// Returns the trusted set, unless the clock was set back since it arrived. Its age is then unknown, and any response is newer.
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

    /// Whether the issuer responded within the last pause. An aged response must not cause a fetch for every request.
    fn just_answered(&self, now: f64) -> bool {
        self.answered.is_some_and(|at| recent(now, at, self.pause()))
    }

    fn pause(&self) -> f64 {
        self.settings.cache_min_age.max(RETRY.0)
    }

    /// Returns the seconds until the next request to the issuer: after failures in a row 1, 2, 4 … 30, or the rest of its `Retry-After`.
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

    /// Returns the rest of the issuer's `Retry-After`.
    fn requested(&self, now: f64) -> Option<f64> {
        let (at, span) = self.requested_pause?;
        remaining(now, at, span)
    }
}
