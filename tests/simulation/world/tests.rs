//! The plans, and what must hold after each.

use super::*;

/// Clocks that differ by 5 s, replicas that lag by 20, sets cached for 5 minutes, tokens for half an hour.
fn times() -> Times {
    Times { period: 6 * 3600, replica_delay: 20, clock_difference: 5, fetch_time: 8, ..Times::default() }
        .shortest()
}

/// Ten days: about sixty rotations, five more in a row, two thefts, an emergency, and two outages. One is
/// shorter and one longer than verifiers keep a set.
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
        ("  not judged: the issuer was down", report.unavailable as u64),
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
    // `cargo xtask assure` runs more seeds.
    let seeds: u64 = std::env::var("JOTGATE_SEEDS").map_or(1, |seeds| seeds.parse().unwrap());
    for seed in 7519..7519 + seeds {
        let plan = Plan { seed, ..ten_days(exact(), 3000) };
        let report = run(&plan);
        println!("seed {seed}");
        holds(&report, plan.settings.times());
        assert!(report.verifiers > 5000 && report.promotions > 40, "{report:?}");
        assert!(report.unavailable > 0, "the outages had an effect");
        assert!(report.trusted_after > 0, "the thieves were trusted for some time");
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

/// The same with one number a second short. The settings' check would refuse it, so it is bypassed.
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
fn the_same_two_days_pass_with_correct_settings() {
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

/// A day on which `max-age` goes from ten minutes, the longest that our verifiers believe, to five. Keys rotate
/// as fast as they may and are stolen right after it.
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
    assert!(report.trusted_after > 0, "the thief was trusted for some time");
}

#[test]
fn the_wait_of_older_settings_one_second_short_good_tokens_are_refused_and_a_thief_is_trusted_too_long() {
    let report = run(&shorter_max_age(1));
    assert!(report.refusals > 0 && report.over_long > 0, "{report:?}");
    assert!(report.refused[0].contains("no_matching_key"), "{report:?}");
}

/// The clock jumps ten years forward for a second and a half, right after a rotation, when tokens of the key
/// before are valid; and 400 days back for a minute.
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
fn k3_a_clock_that_jumps_refuses_no_good_token_if_it_is_watched() {
    holds(&run(&jumping_clock(true)), exact().times());
}

#[test]
fn k3_the_same_clock_unwatched_drops_keys_whose_tokens_are_valid() {
    let report = run(&jumping_clock(false));
    assert!(report.refusals > 0, "{report:?}");
    assert!(report.refused[0].contains("no_matching_key"), "{report:?}");
}

/// A day on which a key is stolen and revoked. When the key should be trusted nowhere, an older copy of the
/// store, from before that, replaces it.
fn older_copy(marked: bool) -> Plan {
    let theft = START + 9 * HOUR + LATE;
    let restored = theft + times().revocation * SECOND + 2 * MINUTE;
    let deeds =
        vec![(theft, Deed::Revoke), (restored, Deed::OlderCopy { of: theft - 1, forked: false, marked })];
    Plan { deeds, outages: vec![], end: START + DAY, ..ten_days(exact(), 400) }
}

#[test]
fn k2_an_older_copy_of_the_store_brings_no_revoked_key_back_if_the_mark_is_checked() {
    let report = run(&older_copy(true));
    holds(&report, exact().times());
    assert!(report.trusted_after > 0, "the thief was trusted for some time");
}

#[test]
fn k2_the_same_copy_believed_brings_the_revoked_key_back() {
    let report = run(&older_copy(false));
    assert!(report.over_long > 0, "{report:?}");
}

/// Two copies of one store that both continue. The second replaces the first when tokens of its keys are valid.
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
