//! What `serve` writes to stderr: for people or for programs, much or little, and never a secret.

use base64ct::{Base64, Encoding};

use crate::client::{ask_token, get_set};
use crate::program::Program;

#[test]
fn the_log_is_json_where_that_is_wished() {
    let program = Program::with_store(&[]);
    let mut command = program.command(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    let serving = Program::serving(&mut command);
    serving.signal("TERM");
    let log = serving.ended().log;
    assert!(log.lines().count() > 0);
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(entry["level"].is_string() && entry["message"].is_string(), "{line}");
    }
}

#[test]
fn the_most_talkative_log_tells_what_happened_and_no_secret() {
    let program = Program::with_store(&[]);
    let mut secrets = program.secrets();
    let added = program.done(&["clients", "add", "worker", "--audience", "api"]);
    let secret = added.lines().find_map(|line| line.strip_prefix("client_secret: ")).unwrap();
    let mut command = program.command(&["serve", "--listen", "127.0.0.1:0", "--log-level", "trace"]);
    let serving = Program::serving(&mut command);
    let form = "grant_type=client_credentials";
    let basic =
        |secret: &str| format!("Basic {}", Base64::encode_string(format!("worker:{secret}").as_bytes()));
    let granted = ask_token(serving.address, &[("authorization", &basic(secret))], form);
    assert_eq!(granted.status, 200);
    let token: serde_json::Value = serde_json::from_str(&granted.body).unwrap();
    // A secret in the wrong place, and one that is nearly right, are as secret.
    let near = secret.to_uppercase();
    assert_eq!(ask_token(serving.address, &[("authorization", &basic(&near))], form).status, 401);
    assert_eq!(
        ask_token(serving.address, &[], &format!("{form}&client_id={secret}&scope={secret}")).status,
        401
    );
    let post = format!("{form}&client_id=worker&client_secret={secret}");
    assert_eq!(ask_token(serving.address, &[], &format!("{post}&resource={secret}")).status, 400);
    let kid = program.state().signer().unwrap().kid().to_owned();
    program.done(&["keys", "rekey"]);
    program.done(&["keys", "revoke", &kid, "--yes"]);
    while get_set(serving.address).kids().contains(&kid) {}
    secrets.extend(program.secrets());
    secrets.extend([secret.to_owned(), near.clone(), basic(secret), basic(&near)]);
    secrets.push(token["access_token"].as_str().unwrap().to_owned());
    serving.signal("TERM");
    let log = serving.ended().log;
    for told in ["no token was granted", "error=\"invalid_client\"", "error=\"invalid_target\"", "published"]
    {
        assert!(log.contains(told), "{told}\n{log}");
    }
    for secret in secrets {
        // Not which: a failed test must not tell it either.
        assert!(!log.contains(secret.trim_start_matches("Basic ")), "a secret is in the log");
    }
}

#[test]
fn a_log_of_errors_alone_is_empty_when_all_is_well() {
    let program = Program::with_store(&[]);
    let mut command = program.command(&["serve", "--listen", "127.0.0.1:0"]);
    let serving = Program::serving(command.env("JOTGATE_LOG_LEVEL", "error"));
    get_set(serving.address);
    serving.signal("TERM");
    let ended = serving.ended();
    assert_eq!((ended.code, ended.log.as_str()), (Some(0), ""));
}
