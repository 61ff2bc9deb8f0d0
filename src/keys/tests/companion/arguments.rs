//! What the commands accept: durations, and values that are refused because they cannot be meant.

use crate::program::Program;

const INIT: [&str; 3] = ["init", "--issuer", "https://issuer.example"];

#[test]
fn k8_a_client_identifier_outside_of_the_unreserved_characters_is_refused_at_add() {
    let program = Program::with_store(&[]);
    let before = std::fs::read(program.path()).unwrap();
    let longer = "x".repeat(129);
    for id in ["we:ird né", "a b", "a/b", "a+b", "é", &longer, ""] {
        let said = program.refused(&["clients", "add", id, "--audience", "api"]);
        let words = "a client identifier has 1 to 128 characters, each a letter, a digit or one of . _ ~ -; it does not begin with u_";
        assert_eq!(said, words, "{id}");
    }
    assert_eq!(std::fs::read(program.path()).unwrap(), before);
    let longest = "x".repeat(128);
    for id in ["A.z_0~9-", &longest] {
        program.done(&["clients", "add", id, "--audience", "api"]);
    }
}

#[test]
fn k11_values_that_cannot_be_meant_are_refused_with_a_reason_and_nothing_is_changed() {
    let program = Program::with_store(&[]);
    let before = std::fs::read(program.path()).unwrap();
    let add = ["clients", "add", "worker", "--audience"];
    let (audience, life) =
        ("an audience is a name without white space, or a URI without a fragment (#…)", "3h");
    for (arguments, words) in [
        (vec!["settings", "set", "--replica-delay", "0"], "the replica delay of 0 s is too short: "),
        (vec!["settings", "set", "--replica-delay", "2s"], "the replica delay of 2 s is too short: "),
        ([&add[..], &["https://api.example/#part"]].concat(), audience),
        ([&add[..], &["two words"]].concat(), audience),
        ([&add[..], &["api", "--audience", "api"]].concat(), "an audience is repeated"),
        (
            [&add[..], &["api", "--token-life", "99999"]].concat(),
            "a life of 99999 s was asked for, the key signs 1 to 1800 s",
        ),
        ([&add[..], &["api", "--token-life", life]].concat(), "a life of 10800 s was asked for"),
        (vec!["token", "--sub", "a", "--audience", "https://api.example/#part"], audience),
        (
            vec!["keys", "stage", "--rsa-bits", "4096"],
            "a length in bits is for RS256 and PS256; a key for ES256 ",
        ),
        (
            vec!["keys", "stage", "--algorithm", "EdDSA", "--rsa-bits", "4096"],
            "a length in bits is for RS256",
        ),
    ] {
        let said = program.refused(&arguments);
        assert!(said.starts_with(words), "{arguments:?}: {said}");
        assert_eq!(std::fs::read(program.path()).unwrap(), before);
    }
    for (arguments, words) in [
        (["--replica-delay", "0"], "the replica delay of 0 s is too short: "),
        (["--rsa-bits", "4096"], "a length in bits is for RS256 and PS256; "),
    ] {
        let program = Program::new();
        let said = program.refused(&[&INIT[..], &arguments].concat());
        assert!(said.starts_with(words), "{said}");
        assert!(!program.path().exists());
    }
}

#[test]
fn k11_a_client_without_a_chosen_life_gets_one_that_the_settings_allow() {
    let program = Program::with_store(&["--longest-life", "60"]);
    program.done(&["clients", "add", "worker", "--audience", "api"]);
    assert_eq!(program.state().clients()[0].token_life, 60);
    let said = program.refused(&["clients", "add", "other", "--audience", "api", "--token-life", "61"]);
    assert_eq!(said, "a life of 61 s was asked for, the key signs 1 to 60 s");
}

#[test]
fn k11_durations_have_units_or_are_seconds() {
    let program = Program::with_store(&["--max-age", "5m", "--period", "7d", "--longest-life", "2h"]);
    program.done(&["settings", "set", "--leeway", "90s", "--fetch-time", "7", "--max-stale", "1h 30m"]);
    let state = program.state();
    let times = state.settings().times();
    assert_eq!((times.max_age, times.period, times.longest_life), (300, 604_800, 7_200));
    assert_eq!((times.leeway, times.fetch_time, times.max_stale), (90, 7, 5_400));
    program.done(&["clients", "add", "worker", "--audience", "api", "--token-life", "10m"]);
    assert_eq!(program.state().clients()[0].token_life, 600);
    program.done(&["token", "--sub", "a", "--ttl", "1m"]);
}

#[test]
fn k11_what_is_no_duration_of_whole_seconds_is_misuse() {
    let program = Program::with_store(&[]);
    for (text, words) in [
        ("soon", "a duration is a number of seconds, or has a unit: 90s, 5m, 2h, 1d"),
        ("", "a duration is a number of seconds"),
        ("5 m m", "a duration is a number of seconds"),
        ("-5", ""),
        ("99999999999999999999", "a duration is a number of seconds"),
        ("1500ms", "a duration has whole seconds"),
    ] {
        let output = program.run(&["settings", "set", "--max-age", text]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(words), "{text}: {said}");
    }
    let output = program.run(&["token", "--sub", "a", "--ttl", "0m"]);
    assert_eq!(output.status.code(), Some(2));
}
