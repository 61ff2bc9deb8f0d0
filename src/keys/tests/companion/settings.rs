//! The times of a store: checked at the start, shown, and changed while a server runs.

use std::fs;
use std::time::{Duration, Instant};

use jotgate_keys::{
    Document, KekSource, KeyPair, RsaSize, Settings, SigningAlgorithm, SqliteStore, State, Times,
};

use crate::client::get_set;
use crate::program::Program;

/// The time with this name in the output of `settings show`.
#[track_caller]
fn shown(listing: &str, name: &str) -> u64 {
    let row = listing.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
    row.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn times_that_are_changed_are_followed_by_a_running_server() {
    let program = Program::with_store(&[]);
    let serving = program.serve();
    let said = program.done(&["settings", "set", "--max-age", "900", "--longest-life", "60"]);
    assert_eq!(
        (shown(&said, "max-age"), shown(&said, "pre-publication"), shown(&said, "retention")),
        (900, 925, 135)
    );
    assert!(said.contains("settings of before still bind: "), "{said}");
    assert_eq!(program.done(&["settings", "show"]), said);
    let start = Instant::now();
    let max_age = || {
        let answer = get_set(serving.address);
        let value = answer.header("cache-control").unwrap().strip_prefix("public, max-age=").unwrap();
        value.parse::<u64>().unwrap()
    };
    while !(720..=900).contains(&max_age()) {
        assert!(start.elapsed() < Duration::from_secs(3), "it follows");
    }
    let refused = program.refused(&["token", "--sub", "somebody", "--ttl", "61"]);
    assert_eq!(refused, "a life of 61 s was asked for, the key signs 1 to 60 s");
}

#[test]
fn a_time_that_was_chosen_stays_and_one_that_was_the_shortest_stays_the_shortest() {
    let program = Program::with_store(&["--pre-publication", "700"]);
    let said = program.done(&["settings", "set", "--max-age", "600"]);
    assert_eq!((shown(&said, "pre-publication"), shown(&said, "revocation")), (700, 4220));
}

#[test]
fn times_that_break_an_inequality_are_refused_with_their_numbers_and_nothing_is_changed() {
    let program = Program::with_store(&["--pre-publication", "700"]);
    let before = fs::read(program.path()).unwrap();
    for (arguments, words) in [
        (
            ["--max-age", "676"],
            "inequality 1 does not hold: pre-publication 700 s < R + M + F + K = 10 + 676 + 10 + 5 = 701 s",
        ),
        (
            ["--retention", "1874"],
            "inequality 2 does not hold: retention 1874 s < R + T + L + K = 10 + 1800 + 60 + 5 = 1875 s",
        ),
        (
            ["--period", "699"],
            "inequality 3 does not hold: period 699 s < pre-publication 700 s (at least R + M + F + K = 10 + 300 + 10 + \
             5 = 325 s)",
        ),
        (
            ["--revocation", "3919"],
            "inequality 4 does not hold: revocation 3919 s < R + M + S + F = 10 + 300 + 3600 + 10 = 3920 s",
        ),
    ] {
        assert_eq!(program.refused(&[&["settings", "set"][..], &arguments].concat()), words);
        let init = [&["init", "--issuer", "https://a.example", "--pre-publication", "700"][..], &arguments];
        assert_eq!(Program::new().refused(&init.concat()), words);
    }
    assert_eq!(fs::read(program.path()).unwrap(), before);
}

#[test]
fn a_store_whose_times_break_an_inequality_is_refused_at_the_start() {
    let program = Program::new();
    SqliteStore::prepare(&program.path()).unwrap();
    let keks = KekSource::File(program.kek_path()).read_or_make().unwrap();
    let times = Times { pre_publication: 324, ..Times::default() };
    let pair = || KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap().into();
    let issuer = "https://issuer.example".parse().unwrap();
    let state = State::with_successor(issuer, Settings::dangerous_unchecked(times), [pair(), pair()], 1);
    SqliteStore::create(&program.path(), &Document::from_state(&state.unwrap(), &keks, 1).unwrap()).unwrap();
    let said = program.refused(&["serve", "--listen", "127.0.0.1:0"]);
    let words =
        "inequality 1 does not hold: pre-publication 324 s < R + M + F + K = 10 + 300 + 10 + 5 = 325 s";
    assert_eq!(said, words);
}
