//! Runs a plan: random requests of a crowd, and requests at the worst moments that network and clocks allow.
//! Reports what became of each.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use fastrand::Rng;
use jotgate_core::{KeyCacheSettings, Needs, NeedsOptions, Policy, PolicyOptions};
use jotgate_keys::{KeyPair, RsaSize, Settings, Signer, SigningAlgorithm, State, Times, TokenRequest};

use crate::edge::{Became, Edge, Outcome, Surroundings};
use crate::issuer::{Deed, History, Moment, START, Stolen, history};
use crate::network::{Outage, SharedCache, Way, seen};

mod tests;

/// A plan.
struct Plan {
    seed: u64,
    settings: Settings,
    algorithm: SigningAlgorithm,
    deeds: Vec<(Moment, Deed)>,
    outages: Vec<Outage>,
    end: Moment,
    /// How many verifiers ask at random.
    crowd: usize,
}

/// The results.
#[derive(Debug, Default)]
struct Report {
    verifiers: usize,
    requests: usize,
    accepted: usize,
    fetches: usize,
    promotions: usize,
    /// Good tokens that were refused, or not judged although the issuer was up; the first few.
    refused: Vec<String>,
    refusals: usize,
    /// Good tokens that could not be judged because the issuer was down.
    unavailable: usize,
    /// How long a revoked key was trusted after its revocation at most, in milliseconds.
    trusted_after: u64,
    /// Tokens of a revoked key that were accepted after its bound.
    over_long: usize,
    /// The age of the oldest set that verified a token, in milliseconds.
    stalest: u64,
    /// How often a key signed beyond its period.
    overdue: usize,
    /// A hash of all events: the same for the same seed.
    trace: u64,
}

/// The kinds of requests.
struct Request {
    at: Moment,
    token: String,
    meant: Meant,
}

enum Meant {
    /// A token of the issuer: signed in that commit, until that `exp` on a clock that is ahead by that much.
    Good { signed_in: usize, exp: u64, clock: u64 },
    /// A token of another key. Each has an unknown `kid`.
    Flood,
    /// A token that a thief made.
    Stolen { distrusted_from: Moment, since: Moment },
}

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The last moment with the date of the same second.
const LATE: u64 = 999;

fn run(plan: &Plan) -> Report {
    let times = *plan.settings.times();
    let history = history(plan.settings, plan.algorithm, &plan.deeds, plan.end);
    let policy = policy(&times);
    let needs = Needs::new(NeedsOptions::default()).unwrap();
    let world = Surroundings {
        history: &history,
        outages: &plan.outages,
        times: &times,
        policy: &policy,
        needs: &needs,
    };
    let mut run = Run {
        plan,
        world: &world,
        foreign: (0..8).map(|_| foreign(plan.settings)).collect(),
        revoked: revoked(&history),
        report: Report {
            overdue: history.overdue,
            promotions: history.promotions().count(),
            ..Report::default()
        },
        trace: DefaultHasher::new(),
    };
    run.at_promotions();
    run.at_removals();
    run.at_thefts();
    let mut chance = Rng::with_seed(plan.seed);
    for _ in 0..plan.crowd {
        run.one_of_the_crowd(&mut chance);
    }
    run.report.trace = run.trace.finish();
    run.report
}

struct Run<'w> {
    plan: &'w Plan,
    world: &'w Surroundings<'w>,
    foreign: Vec<Signer>,
    /// When each revoked key left the set.
    revoked: BTreeMap<String, Moment>,
    report: Report,
    trace: DefaultHasher,
}

impl Run<'_> {
    /// Inequality 1. A verifier gets a token of the new key at the first moment in which there can be one. It
    /// asks a cache whose answer left the slowest replica at the last moment before it had the key.
    fn at_promotions(&mut self) {
        let (history, times) = (self.world.history, self.world.times);
        for place in history.promotions().collect::<Vec<_>>() {
            let staged = history.staged_in(place);
            if staged == place {
                continue;
            }
            for (turn, cause) in
                (0..40).flat_map(|turn| history.with_changes_before(staged).map(move |cause| (turn, cause)))
            {
                let cache = self.filled_late(history.commits[cause].at);
                let clock = times.clock_difference * SECOND * (turn % 2);
                let at = history.commits[place].at + turn * 50;
                let way = Way { lag: 0, takes: 0, cache: Some(cache), cut: Moment::MAX, spread: 0 };
                // Half of them get a token of an unknown key first, which starts a cool-down of an hour.
                let flood = (turn % 4 > 1).then(|| self.flood(at.saturating_sub(1), 0));
                let good = self.good(place, at, clock, times.longest_life);
                self.ask(way, clock, HOUR / SECOND, flood.into_iter().chain([good]).collect());
            }
        }
    }

    /// Inequality 2. The slowest replica signs with the old key at its last moment, for the longest lifetime.
    /// When the fastest replica has removed the key, a new verifier gets that token.
    fn at_removals(&mut self) {
        let (history, times) = (self.world.history, self.world.times);
        for place in history.promotions().collect::<Vec<_>>() {
            let old = place - 1;
            let Some(removed) = history.removed_in(old) else { continue };
            if self.revoked.contains_key(history.signer(old)) {
                continue;
            }
            for turn in 0..40 {
                let clock = times.clock_difference * SECOND * (turn % 2);
                let at = history.commits[removed].at + turn * 50;
                let signed = history.commits[place].at + times.replica_delay * SECOND - 1;
                let mut good = self.good(old, signed, clock, times.longest_life);
                good.at = at;
                let way = Way { lag: 0, takes: 0, cache: None, cut: Moment::MAX, spread: 0 };
                self.ask(way, clock, 30, vec![good]);
            }
        }
    }

    /// Inequality 4. A verifier got the old set as late as possible and reaches no server afterwards. A thief
    /// continues.
    fn at_thefts(&mut self) {
        let history = self.world.history;
        let causes = |theft: &Stolen| history.with_changes_before(theft.commit);
        for (theft, cause) in
            history.stolen.iter().flat_map(|theft| causes(theft).map(move |cause| (theft, cause)))
        {
            let cache = self.filled_late(history.commits[cause].at);
            let way = Way { lag: 0, takes: 0, cache: Some(cache), cut: cache.filled + 1, spread: 0 };
            let far = (cache.filled..theft.distrusted_from - 2 * SECOND).step_by(20 * 1000);
            let near = (theft.distrusted_from - 2 * SECOND..theft.distrusted_from + 5 * SECOND).step_by(50);
            let requests = far.chain(near).map(|at| {
                self.theft(theft.signed_in, theft.distrusted_from, history.commits[theft.commit].at, at, 0)
            });
            self.ask(way, 0, 30, requests.collect());
        }
    }

    /// A cache whose only answer left the slowest replica at the last moment before that commit, and took the
    /// longest to arrive. One second of F covers truncation to whole seconds.
    fn filled_late(&self, commit: Moment) -> SharedCache {
        let (lag, transit) =
            (self.world.times.replica_delay * SECOND, (self.world.times.fetch_time - 1) * SECOND);
        SharedCache { filled: commit + lag - 1 + transit, transit, lag, once: true }
    }

    /// A verifier that runs for some minutes around some of the changes.
    fn one_of_the_crowd(&mut self, chance: &mut Rng) {
        let (history, times) = (self.world.history, self.world.times);
        let clock = chance.u64(0..=times.clock_difference * SECOND);
        let lag = chance.u64(0..times.replica_delay * SECOND);
        let cache = chance.bool().then(|| SharedCache {
            filled: START + chance.u64(0..times.max_age * SECOND),
            // Two seconds of F cover moments and ages that are truncated to whole seconds.
            transit: chance.u64(0..=times.fetch_time.saturating_sub(2) * SECOND),
            lag: chance.u64(0..times.replica_delay * SECOND),
            once: false,
        });
        let way =
            Way { lag, takes: chance.u64(5..3000), cache, cut: Moment::MAX, spread: chance.u64(0..=16) };
        let mut moments = vec![];
        for _ in 0..4 {
            let commit = &history.commits[chance.usize(0..history.commits.len())];
            let promotion = history.promotions().nth(chance.usize(0..self.report.promotions)).unwrap();
            let theft = history.stolen.get(chance.usize(0..history.stolen.len().max(1)));
            let outage = self.plan.outages.get(chance.usize(0..self.plan.outages.len().max(1)));
            let centre = match chance.u8(0..10) {
                0..4 => history.commits[promotion].at,
                4..6 => commit.at,
                6 if theft.is_some() => history.commits[theft.unwrap().commit].at,
                7..9 if outage.is_some() => {
                    chance.choice([outage.unwrap().start, outage.unwrap().end]).unwrap()
                }
                _ => chance.u64(START + HOUR..self.plan.end - HOUR),
            };
            let wide = chance.choice([5, 120, 1800]).unwrap() * SECOND;
            moments.extend((0..6).map(|_| (centre + chance.u64(0..wide)).max(START + HOUR) - wide / 3));
        }
        moments.sort_unstable();
        let requests = moments
            .into_iter()
            .map(|at| {
                let theft = history.stolen.iter().find(|theft| {
                    (history.commits[theft.commit].at..theft.distrusted_from + HOUR).contains(&at)
                });
                match (chance.u8(0..20), theft) {
                    (0..4, _) => self.flood(at, clock),
                    (4..10, Some(theft)) => self.theft(
                        theft.signed_in,
                        theft.distrusted_from,
                        history.commits[theft.commit].at,
                        at,
                        clock,
                    ),
                    _ => {
                        let life = chance.u64(1..=times.longest_life);
                        let age = match chance.u8(0..4) {
                            0 => chance.u64(0..2 * SECOND),
                            1 => (life + times.leeway) * SECOND - chance.u64(1..5 * SECOND),
                            _ => chance.u64(0..(life + times.leeway) * SECOND),
                        };
                        let signed = at.saturating_sub(age).max(START);
                        let lag = chance.u64(0..times.replica_delay * SECOND);
                        let mut good = self.good(seen(history, signed, lag), signed, clock, life);
                        good.at = at;
                        good
                    }
                }
            })
            .collect();
        let cooldown = if chance.u8(0..4) == 0 { HOUR / SECOND } else { 30 };
        self.ask(way, clock, cooldown, requests);
    }

    fn good(&self, signed_in: usize, at: Moment, clock: u64, life: u64) -> Request {
        let now = (at + clock) / SECOND;
        let token = self.world.history.token(signed_in, now, life);
        Request { at, token, meant: Meant::Good { signed_in, exp: now + life, clock } }
    }

    fn flood(&self, at: Moment, clock: u64) -> Request {
        let signer = &self.foreign[usize::try_from(at).unwrap() % self.foreign.len()];
        Request { at, token: token(signer, (at + clock) / SECOND), meant: Meant::Flood }
    }

    fn theft(
        &self,
        signed_in: usize,
        distrusted_from: Moment,
        since: Moment,
        at: Moment,
        clock: u64,
    ) -> Request {
        let token = self.world.history.token(signed_in, (at + clock) / SECOND, 1);
        Request { at, token, meant: Meant::Stolen { distrusted_from, since } }
    }

    /// Starts a verifier, sends the requests and checks the outcomes.
    fn ask(&mut self, way: Way, clock: u64, cooldown: u64, requests: Vec<Request>) {
        let settings = KeyCacheSettings {
            max_stale: self.world.times.max_stale as f64,
            cooldown_duration: cooldown as f64,
            ..KeyCacheSettings::default()
        };
        let mut edge = Edge::new(self.world, way, clock, settings);
        let asked: Vec<(Moment, String)> =
            requests.iter().map(|request| (request.at, request.token.clone())).collect();
        let outcomes = edge.serve(&asked);
        self.report.verifiers += 1;
        self.report.fetches += edge.fetches;
        self.report.requests += requests.len();
        for (request, outcome) in requests.iter().zip(outcomes) {
            (outcome.at, format!("{:?}", outcome.became)).hash(&mut self.trace);
            self.weigh(request, outcome, clock, &way);
        }
    }

    fn weigh(&mut self, request: &Request, outcome: Outcome, clock: u64, way: &Way) {
        if let Became::Accepted { left } = outcome.became {
            self.report.accepted += 1;
            self.report.stalest = self.report.stalest.max(outcome.at - left);
        }
        match request.meant {
            Meant::Flood => {
                assert!(!matches!(outcome.became, Became::Accepted { .. }), "a stranger's key was trusted")
            }
            Meant::Stolen { distrusted_from, since } => {
                if matches!(outcome.became, Became::Accepted { .. }) {
                    self.report.trusted_after = self.report.trusted_after.max(outcome.at - since);
                    self.report.over_long += usize::from(outcome.at >= distrusted_from);
                }
            }
            Meant::Good { signed_in, exp, clock: signers } => {
                let dead = (exp + self.world.times.leeway) * SECOND;
                let alive = outcome.at + clock < dead && outcome.at + signers < dead;
                if !alive
                    || self.is_revoked(signed_in, outcome.at)
                    || self.is_emergency(signed_in, outcome.at)
                {
                    return;
                }
                match outcome.became {
                    Became::Accepted { .. } => {}
                    // A verifier with a trusted set never answers 503 because the issuer is down, unless the
                    // set lacks the key.
                    Became::Unavailable { trusted } if self.is_down(outcome.at, way) => {
                        let known = trusted && self.known_before_outage(signed_in, outcome.at);
                        self.report.unavailable += 1;
                        if known {
                            self.refuse(request, outcome, "although its key was known before the outage");
                        }
                    }
                    _ => self.refuse(request, outcome, ""),
                }
            }
        }
    }

    fn refuse(&mut self, request: &Request, outcome: Outcome, remark: &str) {
        self.report.refusals += 1;
        if self.report.refused.len() < 5 {
            let Meant::Good { signed_in, .. } = request.meant else { return };
            let since = request.at - self.world.history.commits[signed_in].at;
            let text = format!("{:?}, {since} ms after the commit that signed it {remark}", outcome.became);
            self.report.refused.push(text);
        }
    }

    fn is_revoked(&self, signed_in: usize, at: Moment) -> bool {
        self.revoked.get(self.world.history.signer(signed_in)).is_some_and(|since| at >= *since)
    }

    /// After an emergency, tokens of the new keys are refused until verifiers have fetched them. That is its
    /// price.
    fn is_emergency(&self, signed_in: usize, at: Moment) -> bool {
        let (history, times) = (self.world.history, self.world.times);
        let price = (times.least_pre_publication() + 30) * SECOND;
        history.emergencies.iter().any(|&place| signed_in >= place && at < history.commits[place].at + price)
    }

    /// Whether there is an outage, or verifiers still wait after one.
    fn is_down(&self, at: Moment, way: &Way) -> bool {
        at >= way.cut
            || self.world.outages.iter().any(|down| (down.start..down.end + 31 * SECOND).contains(&at))
    }

    /// Whether every verifier with a set must have that key although it reached no server since the outage
    /// began. Its set may be as old as a cache on the path allows.
    fn known_before_outage(&self, signed_in: usize, at: Moment) -> bool {
        let (history, times) = (self.world.history, self.world.times);
        let staged = history.commits[history.staged_in(signed_in)].at;
        let old = self.world.outages.iter().rfind(|down| down.start <= at).map_or(at, |down| down.start);
        // A set may be stale by S; a cache may have held it for its lifetime before.
        staged + (times.max_stale + times.least_pre_publication()) * SECOND < old
    }
}

fn policy(times: &Times) -> Policy {
    let algorithms = ["ES256", "RS256"].map(str::to_owned).to_vec();
    Policy::new(PolicyOptions {
        algorithms: Some(algorithms),
        issuer: Some(vec!["https://issuer.example".to_owned()]),
        audience: Some(vec!["api".to_owned()]),
        typ: Some(vec!["at+jwt".to_owned()]),
        clock_tolerance: Some(times.leeway as f64),
        ..PolicyOptions::default()
    })
    .unwrap()
}

fn foreign(settings: Settings) -> Signer {
    let pair = KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap();
    let state = State::new("https://issuer.example".parse().unwrap(), settings, pair.into(), START / SECOND);
    Signer::new(&state).unwrap()
}

fn token(signer: &Signer, now: u64) -> String {
    signer.sign(&TokenRequest::new("stranger", None, &["api".to_owned()], None, 1).unwrap(), now).unwrap()
}

fn revoked(history: &History) -> BTreeMap<String, Moment> {
    let mut all = BTreeMap::new();
    for commit in &history.commits {
        for revoked in commit.state.revoked() {
            all.entry(revoked.kid.clone()).or_insert(commit.at);
        }
    }
    all
}
