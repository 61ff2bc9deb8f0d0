//! `check`, on stores that hold what no command accepts any more.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use jotgate_keys::{
    Client, Document, KekSource, KeyPair, RsaSize, Settings, SigningAlgorithm, SqliteStore, State, Times,
};
use serde_json::Value;

use crate::client::ask_token;
use crate::program::Program;

/// What an older version accepted as an identifier.
const ODD: &str = "we:ird né";

/// A store as an older version made it, with that client and that replica delay; and the client's secret.
fn old_store(client_id: &str, audience: &str, replica_delay: u64) -> (Program, String) {
    let program = Program::new();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let pair = || Arc::new(KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap());
    let times = Times { replica_delay, ..Times::default() }.shortest();
    let issuer = "https://issuer.example".parse().unwrap();
    let state = State::with_successor(issuer, Settings::new(times).unwrap(), [pair(), pair()], now).unwrap();
    let (mut client, secret) = Client::new("worker", Some("a"), &["api".to_owned()], now).unwrap();
    client_id.clone_into(&mut client.id);
    client.audiences = vec![audience.to_owned()];
    let state = state.add_client(client).unwrap();
    SqliteStore::prepare(&program.path()).unwrap();
    let keks = KekSource::File(program.kek_path()).read_or_make().unwrap();
    SqliteStore::create(&program.path(), &Document::from_state(&state, &keks, 1).unwrap()).unwrap();
    (program, secret.to_string())
}

/// The exit code of `check`, and its output.
fn checked(program: &Program, arguments: &[&str]) -> (Option<i32>, String) {
    let output = program.run(&[&["check"], arguments].concat());
    assert!(output.stderr.is_empty());
    let text = String::from_utf8(output.stdout).unwrap();
    // What is in force is behind the findings.
    let findings = text.split_once("\nin force:\n").map_or(text.as_str(), |(findings, _)| findings);
    (output.status.code(), findings.to_owned())
}

#[test]
fn k8_a_client_of_an_older_store_goes_on_working_and_check_lists_it() {
    let (program, secret) = old_store(ODD, "https://api.example/#part", 10);
    let serving = program.serve();
    let form = format!("grant_type=client_credentials&client_id=we%3Aird+n%C3%A9&client_secret={secret}");
    assert_eq!(ask_token(serving.address, &[], &form).status, 200);
    let (code, said) = checked(&program, &[]);
    assert_eq!(code, Some(3));
    let codes: Vec<&str> = said.lines().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(codes, ["store_needs_upgrade", "client_id", "audience_malformed"]);
    assert!(said.contains(&format!("client `{ODD}`: ")), "{said}");
    let (code, json) = checked(&program, &["--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    let findings = json["findings"].as_array().unwrap();
    assert_eq!((code, findings.len(), findings[1]["code"].as_str()), (Some(3), 3, Some("client_id")));
    // What the commands change of it does not concern its identifier.
    program.done(&["clients", "disable", ODD]);
    program.done(&["clients", "enable", ODD]);
    program.done(&["clients", "set", ODD, "--audience", "api"]);
    let start = Instant::now();
    while ask_token(serving.address, &[], &form).status != 200 {
        assert!(start.elapsed() < Duration::from_secs(5), "it gets tokens again");
    }
}

#[test]
fn k8_an_identifier_with_line_ends_forges_no_line_of_a_listing() {
    let (program, _) = old_store("worker\nforged  enabled", "api", 10);
    assert_eq!(program.done(&["clients", "list"]).lines().count(), 2);
    let (_, said) = checked(&program, &[]);
    assert!(said.lines().all(|line| !line.starts_with("forged")), "{said}");
}

#[test]
fn k11_a_replica_delay_of_an_older_store_goes_on_working_and_check_lists_it() {
    let (program, _) = old_store("worker", "api", 0);
    let (code, said) = checked(&program, &[]);
    assert!(
        code == Some(3) && said.contains("setting_replica_delay: the replica delay of 0 s is too short"),
        "{said}"
    );
    program.done(&["settings", "set", "--max-age", "10m"]);
    program.done(&["upgrade"]);
    program.done(&["settings", "set", "--replica-delay", "3"]);
    assert_eq!(checked(&program, &[]), (Some(0), "nothing is unusual\n".to_owned()));
}

#[test]
fn check_finds_a_client_whose_tokens_live_shorter_than_was_chosen() {
    let program = Program::with_store(&[]);
    assert_eq!(checked(&program, &[]), (Some(0), "nothing is unusual\n".to_owned()));
    let (code, json) = checked(&program, &["--json"]);
    assert!(code == Some(0) && json.starts_with("{\"findings\":[],\"configuration\":[{"), "{json}");
    program.done(&["clients", "add", "worker", "--audience", "api", "--token-life", "20m"]);
    program.done(&["settings", "set", "--longest-life", "10m"]);
    let words =
        "token_life: client `worker`: its tokens live for 600 s at most, and not for the 1200 s chosen\n";
    assert_eq!(checked(&program, &[]), (Some(3), words.to_owned()));
}

#[test]
fn check_fails_on_a_store_that_is_not_there() {
    assert!(Program::new().refused(&["check"]).starts_with("there is no store at `"));
}
