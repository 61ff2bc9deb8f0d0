//! A plan enters, what became of every request leaves: those of a crowd, at random, and those of a few who ask at the
//! worst moment that the network and the clocks allow.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use fastrand::Rng;
use jotgate_core::{KeyCacheSettings, Needs, NeedsOptions, Policy, PolicyOptions};
use jotgate_keys::{KeyPair, RsaSize, Settings, Signer, SigningAlgorithm, State, Times, TokenRequest};

use crate::edge::{Became, Edge, Outcome, Surroundings};
use crate::issuer::{Deed, History, Moment, START, Stolen, history};
use crate::network::{Outage, SharedCache, Way, seen};

/// What is simulated.
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

/// What became of it.
#[derive(Debug, Default)]
struct Report {
    verifiers: usize,
    requests: usize,
    accepted: usize,
    fetches: usize,
    promotions: usize,
    /// Good tokens that were refused, or not judged although nothing was down; the first few.
    refused: Vec<String>,
    refusals: usize,
    /// Good tokens that could not be judged, for the issuer was down.
    unavailable: usize,
    /// The longest that a revoked key was trusted after its revocation, in milliseconds.
    trusted_after: u64,
    /// Tokens of a revoked key that were accepted when it was trusted nowhere, by the promise.
    over_long: usize,
    /// The oldest set that verified anything, in milliseconds.
    stalest: u64,
    /// How often a key signed beyond its period.
    overdue: usize,
    /// What happened, in one number: the same for the same seed.
    trace: u64,
}

/// Who asks, and what a good answer is.
struct Request {
    at: Moment,
    token: String,
    meant: Meant,
}

enum Meant {
    /// A token of the issuer: signed in that commit, until that `exp` by a clock ahead by that much.
    Good { signed_in: usize, exp: u64, clock: u64 },
    /// A token of somebody else's key: each brings an unknown `kid`.
    Flood,
    /// A token that a thief made.
    Stolen { distrusted_from: Moment, since: Moment },
}

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// The last moment that is dated with the second in which it lies.
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
    /// Inequality 1: a verifier meets a token of the new key in the first moment in which there can be one, and whom it
    /// asks is a cache whose answer left the slowest replica in the last moment before that knew the key.
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
                // Every second one comes with a stranger's token before it, which leaves a cool-down of an hour.
                let flood = (turn % 4 > 1).then(|| self.flood(at.saturating_sub(1), 0));
                let good = self.good(place, at, clock, times.longest_life);
                self.ask(way, clock, HOUR / SECOND, flood.into_iter().chain([good]).collect());
            }
        }
    }

    /// Inequality 2: the slowest replica signs with the old key in its last moment, for the longest life; when the key
    /// has left the set of the fastest, a verifier that starts only now meets that token.
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

    /// Inequality 4: a verifier got the old set as late as it could, and reaches nobody ever after; a thief goes on.
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

    /// A cache whose one answer left the slowest replica in the last moment before that knew of a commit, and took the
    /// longest to arrive. A second of F is for moments that are cut to whole seconds.
    fn filled_late(&self, commit: Moment) -> SharedCache {
        let (lag, transit) =
            (self.world.times.replica_delay * SECOND, (self.world.times.fetch_time - 1) * SECOND);
        SharedCache { filled: commit + lag - 1 + transit, transit, lag, once: true }
    }

    /// A verifier somewhere, for some minutes around some of the moments at which something changed.
    fn one_of_the_crowd(&mut self, chance: &mut Rng) {
        let (history, times) = (self.world.history, self.world.times);
        let clock = chance.u64(0..=times.clock_difference * SECOND);
        let lag = chance.u64(0..times.replica_delay * SECOND);
        let cache = chance.bool().then(|| SharedCache {
            filled: START + chance.u64(0..times.max_age * SECOND),
            // Two seconds of F are for moments and ages that are cut to whole seconds.
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

    /// A verifier is started, asked, and its answers are weighed.
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
                    // Nobody who trusts a set is turned away for the issuer's sake, unless the set lacks the key.
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

    /// After an emergency tokens of the new keys are refused until verifiers have fetched them: that is its price.
    fn is_emergency(&self, signed_in: usize, at: Moment) -> bool {
        let (history, times) = (self.world.history, self.world.times);
        let price = (times.least_pre_publication() + 30) * SECOND;
        history.emergencies.iter().any(|&place| signed_in >= place && at < history.commits[place].at + price)
    }

    /// An outage, and the longest that verifiers leave the issuer alone after it.
    fn is_down(&self, at: Moment, way: &Way) -> bool {
        at >= way.cut
            || self.world.outages.iter().any(|down| (down.start..down.end + 31 * SECOND).contains(&at))
    }

    /// Whether every verifier that has a set must have that key, though it reached nobody since the outage began: its
    /// set may be as old as a cache on the way lets it be.
    fn known_before_outage(&self, signed_in: usize, at: Moment) -> bool {
        let (history, times) = (self.world.history, self.world.times);
        let staged = history.commits[history.staged_in(signed_in)].at;
        let old = self.world.outages.iter().rfind(|down| down.start <= at).map_or(at, |down| down.start);
        // A set in hand is at most stale by S; what it was made from is older by a cache's life.
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
    signer.sign(&TokenRequest::new("nobody", None, &["api".to_owned()], None, 1).unwrap(), now).unwrap()
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

/// Clocks that differ by 5 s, replicas that lag by 20, sets cached for 5 minutes, tokens of half an hour.
fn times() -> Times {
    Times { period: 6 * 3600, replica_delay: 20, clock_difference: 5, fetch_time: 8, ..Times::default() }
        .shortest()
}

/// Ten days: sixty-odd rotations, five more in a row, two thefts, an emergency, and an issuer that is down twice, for less
/// and for more than verifiers go on with what they have.
fn ten_days(settings: Settings, crowd: usize) -> Plan {
    let day = |days: u64, hours: u64| START + days * DAY + hours * HOUR;
    let mut deeds = vec![(day(2, 3), Deed::Rotate); 5];
    let thefts = [(day(4, 2), Deed::Revoke), (day(6, 3), Deed::Emergency), (day(8, 4), Deed::Revoke)];
    deeds.extend(thefts.map(|(at, deed)| (at + LATE, deed)));
    Plan {
        seed: 7519,
        settings,
        algorithm: SigningAlgorithm::ES256,
        deeds,
        outages: vec![day(1, 5)..day(1, 5) + 50 * MINUTE, day(7, 5)..day(7, 5) + 3 * HOUR],
        end: day(10, 0),
        crowd,
    }
}

fn exact() -> Settings {
    Settings::new(times()).unwrap()
}

fn table(report: &Report) {
    let rows = [
        ("verifiers", report.verifiers as u64),
        ("tokens judged", report.requests as u64),
        ("  accepted", report.accepted as u64),
        ("  not judged, for the issuer was down", report.unavailable as u64),
        ("  good and refused", report.refusals as u64),
        ("fetches", report.fetches as u64),
        ("rotations", report.promotions as u64),
        ("oldest set that verified, s", report.stalest.div_ceil(SECOND)),
        ("longest trust in a revoked key, s", report.trusted_after.div_ceil(SECOND)),
    ];
    for (name, value) in rows {
        println!("{name:<40}{value:>9}");
    }
}

#[track_caller]
fn holds(report: &Report, times: &Times) {
    table(report);
    assert!(report.refusals == 0, "{} good tokens were refused: {:#?}", report.refusals, report.refused);
    assert_eq!(report.over_long, 0, "a revoked key was trusted past its bound");
    assert_eq!(report.overdue, 0, "a key signed beyond its period");
    assert!(report.trusted_after <= times.revocation * SECOND);
    let bound = (times.max_age + times.max_stale + times.fetch_time) * SECOND;
    assert!(report.stalest <= bound, "a set of {} ms verified", report.stalest);
    assert!(report.accepted > report.requests / 2, "most tokens are good, and accepted");
}

#[test]
fn ten_days_of_thousands_of_verifiers_refuse_no_good_token_and_trust_no_revoked_key_past_its_bound() {
    // Its long form, by `cargo xtask assure`, has more chances.
    let seeds: u64 = std::env::var("JOTGATE_SEEDS").map_or(1, |seeds| seeds.parse().unwrap());
    for seed in 7519..7519 + seeds {
        let plan = Plan { seed, ..ten_days(exact(), 3000) };
        let report = run(&plan);
        println!("seed {seed}");
        holds(&report, plan.settings.times());
        assert!(report.verifiers > 5000 && report.promotions > 40, "{report:?}");
        assert!(report.unavailable > 0, "the outages were felt");
        assert!(report.trusted_after > 0, "the thieves were trusted for a while");
    }
}

#[test]
fn a_migration_from_rs256_to_es256_refuses_no_token() {
    let deeds = vec![(START + 9 * HOUR, Deed::Migrate(SigningAlgorithm::ES256))];
    let end = START + DAY;
    let report = run(&Plan {
        seed: 7518,
        settings: exact(),
        algorithm: SigningAlgorithm::RS256,
        deeds,
        outages: vec![],
        end,
        crowd: 300,
    });
    holds(&report, exact().times());
    assert_eq!(report.unavailable, 0);
}

#[test]
fn a_period_as_long_as_the_pre_publication_is_enough() {
    let times = Times { period: times().pre_publication, ..times() };
    let report = run(&short(Settings::new(times).unwrap()));
    holds(&report, &times);
}

/// Six hours in which a key signs no longer than its successor must be published.
fn short(settings: Settings) -> Plan {
    Plan {
        seed: 6749,
        settings,
        algorithm: SigningAlgorithm::ES256,
        deeds: vec![],
        outages: vec![],
        end: START + 6 * HOUR,
        crowd: 100,
    }
}

/// The same with one number a second short, past the check that would refuse it.
fn one_second_short(shorten: fn(&mut Times) -> &mut u64, plan: fn(Settings) -> Plan) -> Report {
    let mut times = times();
    *shorten(&mut times) -= 1;
    assert!(Settings::new(times).is_err(), "the check refuses it");
    run(&plan(Settings::dangerous_unchecked(times)))
}

fn two_days(settings: Settings) -> Plan {
    let mut deeds = vec![(START + 9 * HOUR, Deed::Rotate); 3];
    deeds.push((START + DAY + 3 * HOUR + LATE, Deed::Revoke));
    Plan { deeds, outages: vec![], end: START + 2 * DAY, ..ten_days(settings, 100) }
}

#[test]
fn the_same_two_days_hold_with_every_number_as_it_must_be() {
    holds(&run(&two_days(exact())), exact().times());
}

#[test]
fn inequality_1_one_second_short_good_tokens_of_new_keys_are_refused() {
    let report = one_second_short(|times| &mut times.pre_publication, two_days);
    assert!(report.refusals > 0, "{report:?}");
    assert!(report.refused[0].contains("no_matching_key"), "{report:?}");
}

#[test]
fn inequality_2_one_second_short_good_tokens_of_old_keys_are_refused() {
    let report = one_second_short(|times| &mut times.retention, two_days);
    assert!(report.refusals > 0, "{report:?}");
    assert!(report.refused[0].contains("no_matching_key"), "{report:?}");
}

#[test]
fn inequality_3_one_second_short_keys_are_trusted_with_signing_beyond_their_period() {
    let mut times = Times { period: times().pre_publication, ..times() };
    times.period -= 1;
    assert!(Settings::new(times).is_err());
    let report = run(&short(Settings::dangerous_unchecked(times)));
    assert!(report.overdue > 0, "{report:?}");
    assert_eq!(report.refusals, 0, "a successor that is too young never signs: {report:?}");
}

#[test]
fn inequality_4_one_second_short_a_revoked_key_is_trusted_past_its_bound() {
    let report = one_second_short(|times| &mut times.revocation, two_days);
    assert!(report.over_long > 0, "{report:?}");
}

/// A day on which the sets of ten minutes – no verifier of ours believes a longer time – become sets of five, and keys turn as
/// fast as they may and are stolen right after it.
fn shorter_max_age(cut: u64) -> Plan {
    let times = Times { max_age: 600, ..times() }.shortest();
    let change = START + 9 * HOUR + LATE;
    let deeds = vec![
        (change, Deed::MaxAge { seconds: 300, cut }),
        (change + 1, Deed::Revoke),
        (change + 2, Deed::Rotate),
        (change + 3, Deed::Rotate),
    ];
    Plan { deeds, outages: vec![], end: START + DAY, ..ten_days(Settings::new(times).unwrap(), 100) }
}

#[test]
fn a_max_age_that_is_shortened_refuses_no_good_token_and_prolongs_no_trust() {
    let plan = shorter_max_age(0);
    let report = run(&plan);
    holds(&report, plan.settings.times());
    assert_eq!(report.unavailable, 0);
    assert!(report.trusted_after > 0, "the thief was trusted for a while");
}

#[test]
fn what_older_settings_forbid_one_second_short_good_tokens_are_refused_and_a_thief_is_trusted_too_long() {
    let report = run(&shorter_max_age(1));
    assert!(report.refusals > 0 && report.over_long > 0, "{report:?}");
    assert!(report.refused[0].contains("no_matching_key"), "{report:?}");
}

/// Ten years forward for a second and a half, right after a rotation, when tokens of the key before are alive; and 400 days back
/// for a minute.
fn jumping_clock(watched: bool) -> Plan {
    let rotated = START + 9 * HOUR;
    let forwards = Deed::Jump { by: 10 * 365 * 86_400, lasts: 1500, watched };
    let backwards = Deed::Jump { by: -400 * 86_400, lasts: MINUTE, watched };
    let deeds = vec![
        (rotated, Deed::Rotate),
        (rotated + 1, Deed::Rotate),
        (rotated + 15 * MINUTE, forwards),
        (START + 15 * HOUR, backwards),
    ];
    Plan { deeds, outages: vec![], end: START + DAY, ..ten_days(exact(), 100) }
}

#[test]
fn k3_a_clock_that_jumps_refuses_no_good_token_when_it_is_watched() {
    holds(&run(&jumping_clock(true)), exact().times());
}

#[test]
fn k3_the_same_clock_believed_drops_keys_whose_tokens_are_alive() {
    let report = run(&jumping_clock(false));
    assert!(report.refusals > 0, "{report:?}");
    assert!(report.refused[0].contains("no_matching_key"), "{report:?}");
}

/// A day on which a key is stolen and revoked, and an older copy of the store, from before that, comes into its place when the
/// promise says that the key is trusted nowhere.
fn older_copy(marked: bool) -> Plan {
    let theft = START + 9 * HOUR + LATE;
    let restored = theft + times().revocation * SECOND + 2 * MINUTE;
    let deeds =
        vec![(theft, Deed::Revoke), (restored, Deed::OlderCopy { of: theft - 1, forked: false, marked })];
    Plan { deeds, outages: vec![], end: START + DAY, ..ten_days(exact(), 400) }
}

#[test]
fn k2_an_older_copy_of_the_store_brings_no_revoked_key_back_when_the_mark_is_looked_at() {
    let report = run(&older_copy(true));
    holds(&report, exact().times());
    assert!(report.trusted_after > 0, "the thief was trusted for a while");
}

#[test]
fn k2_the_same_copy_believed_brings_the_revoked_key_back() {
    let report = run(&older_copy(false));
    assert!(report.over_long > 0, "{report:?}");
}

/// Two copies of one store that both go on: the second comes into the place of the first when tokens of its keys are alive.
fn two_copies(marked: bool) -> Plan {
    let rotated = START + 9 * HOUR;
    let deeds = vec![
        (rotated, Deed::Rotate),
        (rotated + 5 * MINUTE, Deed::OlderCopy { of: rotated - 1, forked: true, marked }),
    ];
    Plan { deeds, outages: vec![], end: START + 12 * HOUR, ..ten_days(exact(), 100) }
}

#[test]
fn k2_of_two_copies_of_a_store_the_second_is_refused_and_no_good_token_is() {
    holds(&run(&two_copies(true)), exact().times());
}

#[test]
fn k2_two_copies_that_are_both_believed_refuse_each_others_tokens() {
    let report = run(&two_copies(false));
    assert!(report.refusals > 0, "{report:?}");
    assert!(report.refused[0].contains("no_matching_key"), "{report:?}");
}

#[test]
fn the_same_seed_makes_the_same_days() {
    let plan = || Plan { crowd: 40, ..ten_days(exact(), 40) };
    let (one, other) = (run(&plan()), run(&plan()));
    assert_eq!((one.trace, one.requests, one.fetches), (other.trace, other.requests, other.fetches));
    let another = run(&Plan { seed: 1, ..plan() });
    assert_ne!(one.trace, another.trace);
}
