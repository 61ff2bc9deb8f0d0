//! One verifier: takes requests, each with a token and a moment, and returns their outcomes. The cache decides;
//! this file does what the package's loader does in a runtime that may share promises.

use std::collections::BTreeMap;

use jotgate_core::{
    Age, Decision, Found, Freshness, KeyCache, KeyCacheSettings, Keys, Needs, Policy, Purpose, Refusal,
    Renewal, verify,
};
use jotgate_keys::Times;

use crate::issuer::{History, Moment};
use crate::network::{Answer, Fetched, Outage, Way};

/// The outcome of a request, and its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) at: Moment,
    pub(crate) became: Became,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Became {
    /// The token was accepted. The set that verified it had left the origin then.
    Accepted { left: Moment },
    /// The token was refused with this code.
    Refused(&'static str),
    /// 503. Whether a set was trusted, which lacked the key.
    Unavailable { trusted: bool },
}

/// What all verifiers share.
pub(crate) struct Surroundings<'w> {
    pub(crate) history: &'w History,
    pub(crate) outages: &'w [Outage],
    pub(crate) times: &'w Times,
    pub(crate) policy: &'w Policy,
    pub(crate) needs: &'w Needs,
}

/// One verifier.
pub(crate) struct Edge<'w> {
    world: &'w Surroundings<'w>,
    way: Way,
    /// How far its clock is ahead of true time, in milliseconds.
    clock: u64,
    cache: KeyCache,
    set: Option<Answer>,
    /// The fetches under way, and the requests that wait for each.
    flights: Vec<Flight>,
    started: usize,
    /// The last fetch whose answer was used: of all, and of those for a key.
    applied: [usize; 2],
    pub(crate) fetches: usize,
}

struct Flight {
    number: usize,
    begun: Moment,
    purpose: Purpose,
    fetched: Fetched,
    waiting: Vec<(usize, Stage)>,
}

/// The stage of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It needs a set.
    First,
    /// The current set lacks its key.
    Key,
}

impl<'w> Edge<'w> {
    pub(crate) fn new(world: &'w Surroundings<'w>, way: Way, clock: u64, settings: KeyCacheSettings) -> Self {
        let cache = KeyCache::new(settings).unwrap();
        Self { world, way, clock, cache, set: None, flights: vec![], started: 0, applied: [0; 2], fetches: 0 }
    }

    /// Serves requests in the order of time. The outcomes are in the order of the requests.
    pub(crate) fn serve(&mut self, requests: &[(Moment, String)]) -> Vec<Outcome> {
        let mut outcomes = BTreeMap::new();
        for (place, (at, _)) in requests.iter().enumerate() {
            self.land(*at, requests, &mut outcomes);
            if let Some(outcome) = self.arrives(place, *at, requests) {
                outcomes.insert(place, outcome);
            }
        }
        self.land(Moment::MAX, requests, &mut outcomes);
        assert_eq!(outcomes.len(), requests.len(), "every request is answered");
        outcomes.into_values().collect()
    }

    /// The time in seconds on a clock that is ahead of true time by ours.
    fn now(&self, at: Moment) -> f64 {
        (at + self.clock) as f64 / 1000.0
    }

    fn arrives(&mut self, place: usize, at: Moment, requests: &[(Moment, String)]) -> Option<Outcome> {
        match self.cache.lookup(self.now(at), Found::Nothing) {
            Decision::Use => {}
            Decision::UseAndRefresh => {
                self.starts(at, Purpose::Scheduled, None);
            }
            Decision::Fetch(purpose) => return self.starts(at, purpose, Some((place, Stage::First))),
            Decision::Wait(purpose) => return self.waits(at, purpose, (place, Stage::First)),
            Decision::Unavailable { .. } => return Some(self.unavailable(at)),
            Decision::Refuse => unreachable!("nothing was looked for"),
        }
        self.judged(place, at, requests)
    }

    /// Looks into the current set, and asks for a newer one if the key is missing.
    fn judged(&mut self, place: usize, at: Moment, requests: &[(Moment, String)]) -> Option<Outcome> {
        let became = self.verdict(at, &requests[place].1);
        if became != Became::Refused(Refusal::NoMatchingKey.code()) {
            return Some(Outcome { at, became });
        }
        match self.cache.lookup(self.now(at), Found::NoKey) {
            Decision::Refuse => Some(Outcome { at, became }),
            Decision::Fetch(purpose) => self.starts(at, purpose, Some((place, Stage::Key))),
            Decision::Wait(purpose) => self.waits(at, purpose, (place, Stage::Key)),
            Decision::Unavailable { .. } => Some(self.unavailable(at)),
            Decision::Use | Decision::UseAndRefresh => unreachable!("the key is missing"),
        }
    }

    fn verdict(&self, at: Moment, token: &str) -> Became {
        let Surroundings { history, policy, needs, .. } = self.world;
        let answer = self.set.unwrap();
        let set = &history.commits[answer.commit].set;
        match verify(token.as_bytes(), Keys::Set(set), policy, needs, self.now(at).floor()) {
            Ok(_) => Became::Accepted { left: answer.left },
            Err(refused) => Became::Refused(refused.refusal.code()),
        }
    }

    fn unavailable(&self, at: Moment) -> Outcome {
        Outcome { at, became: Became::Unavailable { trusted: self.cache.is_trusted(self.now(at)) } }
    }

    fn starts(&mut self, at: Moment, purpose: Purpose, waiting: Option<(usize, Stage)>) -> Option<Outcome> {
        let Surroundings { history, outages, .. } = self.world;
        self.cache.started(self.now(at), purpose);
        (self.started, self.fetches) = (self.started + 1, self.fetches + 1);
        let fetched = self.way.fetch(history, outages, at);
        let waiting = waiting.into_iter().collect();
        self.flights.push(Flight { number: self.started, begun: at, purpose, fetched, waiting });
        None
    }

    fn waits(&mut self, at: Moment, purpose: Purpose, who: (usize, Stage)) -> Option<Outcome> {
        match self.flights.iter_mut().find(|flight| flight.purpose == purpose) {
            Some(flight) => {
                flight.waiting.push(who);
                None
            }
            // An answer that came too late had an effect.
            None => self.starts(at, purpose, Some(who)),
        }
    }

    /// Takes the answers that have arrived by then, in order.
    fn land(&mut self, by: Moment, requests: &[(Moment, String)], outcomes: &mut BTreeMap<usize, Outcome>) {
        while let Some(next) = (0..self.flights.len()).min_by_key(|&place| self.flights[place].fetched.at) {
            if self.flights[next].fetched.at > by {
                return;
            }
            let flight = self.flights.swap_remove(next);
            let (at, taken) = (flight.fetched.at, self.takes(&flight));
            for (place, stage) in flight.waiting {
                let trusted = self.cache.is_trusted(self.now(at));
                let outcome = match (taken, stage) {
                    (true, Stage::Key) => Some(Outcome { at, became: self.verdict(at, &requests[place].1) }),
                    (true, Stage::First) => self.judged(place, at, requests),
                    // RFC 5861 §4: the old set stays in use.
                    (false, Stage::First) if trusted => self.judged(place, at, requests),
                    (false, _) => Some(self.unavailable(at)),
                };
                if let Some(outcome) = outcome {
                    outcomes.insert(place, outcome);
                }
            }
        }
    }

    /// Whether the fetch brought a set.
    fn takes(&mut self, flight: &Flight) -> bool {
        let now = self.now(flight.fetched.at);
        let Some(answer) = flight.fetched.answer else {
            self.cache.failed(now, flight.purpose, None);
            return false;
        };
        let for_key = flight.purpose == Purpose::UnknownKey;
        if flight.number < self.applied[usize::from(for_key)] || (!for_key && flight.number < self.applied[1])
        {
            return true;
        }
        let fetching = (flight.fetched.at - flight.begun) as f64 / 1000.0;
        let age = Age { kept: answer.age as f64, fetching };
        let freshness = Freshness::read(&format!("public, max-age={}", answer.max_age));
        match self.cache.renewed(now, flight.purpose, age, freshness, None) {
            Renewal::Stale => false,
            renewal => {
                self.applied[usize::from(for_key)] = flight.number;
                if renewal == Renewal::Taken {
                    self.set = Some(answer);
                }
                true
            }
        }
    }
}
