//! What `serve` writes to stderr: for people or for programs, much or little, and never a secret.

use base64ct::{Base64, Encoding};

use crate::client::{ask, ask_token, get_set};
use crate::program::{Program, secret_in};

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
    let secret = secret_in(&added);
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
        400
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
    for words in [
        "token granted",
        "token refused",
        "error=\"invalid_client\"",
        "error=\"invalid_target\"",
        "published",
    ] {
        assert!(log.contains(words), "{words}\n{log}");
    }
    for secret in secrets {
        // Not which: the message of a failed test must not contain it either.
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

/// The entries of a JSON log with that message.
fn entries(log: &str, message: &str) -> Vec<serde_json::Value> {
    let all = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    all.filter(|entry| entry["message"] == message).collect()
}

#[test]
fn k5_each_token_that_is_granted_or_refused_has_one_line() {
    let program = Program::with_store(&[]);
    let add = ["clients", "add", "worker", "--scope", "read write", "--audience", "https://api.example"];
    let added = program.done(&[&add[..], &["--audience", "other"]].concat());
    let secret = secret_in(&added);
    program.done(&["clients", "add", "gone", "--audience", "api"]);
    program.done(&["clients", "disable", "gone"]);
    let mut command = program.command(&["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    let serving = Program::serving(&mut command);
    let form = "grant_type=client_credentials";
    let good = format!("{form}&client_id=worker&client_secret={secret}");
    let granted = ask_token(serving.address, &[], &format!("{good}&scope=read&resource=other"));
    assert_eq!(granted.status, 200);
    let token: serde_json::Value = serde_json::from_str(&granted.body).unwrap();
    let claims = token["access_token"].as_str().unwrap().split('.').nth(1).unwrap();
    let claims = base64ct::Base64UrlUnpadded::decode_vec(claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let long = format!("a%0Ab%E2%80%AE{}", "x".repeat(40));
    let refused = [
        (format!("{form}&client_id=worker&client_secret=no"), "invalid_client", "secret_wrong", "worker"),
        (format!("{form}&client_id=gone&client_secret=no"), "invalid_client", "secret_wrong", "gone"),
        (
            format!("{form}&client_id={long}&client_secret=no"),
            "invalid_client",
            "client_unknown",
            r"a\nb\u{202e}xxxxxxxxxxxxxxxxxxxx...",
        ),
        (format!("{form}&client_id=worker"), "invalid_client", "no_credentials", "worker"),
        (format!("{good}&scope=admin"), "invalid_scope", "scope_not_allowed", "worker"),
        (format!("{good}&resource=third"), "invalid_target", "resource_not_allowed", "worker"),
        (good.replace("client_cred", "other"), "unsupported_grant_type", "grant_type_unknown", "worker"),
    ];
    for (form, error, ..) in &refused {
        let answer = ask_token(serving.address, &[], form);
        assert_eq!(answer.status, 400);
        assert!(answer.body.contains(error), "{}", answer.body);
    }
    serving.signal("TERM");
    let log = serving.ended().log;
    let [line] = &entries(&log, "token granted")[..] else { panic!("{log}") };
    assert_eq!((&line["client"], &line["jti"]), (&"worker".into(), &claims["jti"]));
    assert_eq!((&line["audience"], &line["scope"]), (&"other".into(), &"read".into()));
    assert_eq!(line["address"], "127.0.0.1");
    let lines = entries(&log, "token refused");
    assert_eq!(lines.len(), refused.len(), "{log}");
    for (line, (_, error, reason, client)) in lines.iter().zip(refused) {
        assert_eq!((&line["error"], &line["reason"]), (&error.into(), &reason.into()), "{line}");
        assert_eq!((&line["client"], &line["address"]), (&client.into(), &"127.0.0.1".into()), "{line}");
    }
    assert!(!log.contains(secret), "a secret is in the log");
}

#[test]
fn k5_answers_and_tokens_are_counted_by_route_status_grant_and_error() {
    let program = Program::with_store(&[]);
    let ops = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let words = ["serve", "--listen", "127.0.0.1:0", "--ops-listen", &ops.to_string()];
    let serving = Program::serving(&mut program.command(&words));
    let form = "grant_type=client_credentials&client_id=nobody&client_secret=nothing";
    get_set(serving.address);
    ask_token(serving.address, &[], form);
    ask_token(serving.address, &[("authorization", "Basic !")], "grant_type=password");
    for (method, path) in [
        ("GET", "/authorize"),
        ("GET", "/.well-known/openid-configuration"),
        ("PUT", "/.well-known/jwks.json"),
        ("GET", "/../etc"),
    ] {
        ask(serving.address, method, path, &[]);
    }
    let metrics = ask(ops, "GET", "/metrics", &[]).body;
    for line in [
        "http_answers_total{route=\"key_set\",status=\"200\"} 1",
        "http_answers_total{route=\"key_set\",status=\"405\"} 1",
        "http_answers_total{route=\"token\",status=\"400\"} 1",
        "http_answers_total{route=\"token\",status=\"401\"} 1",
        "http_answers_total{route=\"authorize\",status=\"400\"} 1",
        "http_answers_total{route=\"metadata\",status=\"200\"} 1",
        "http_answers_total{route=\"other\",status=\"404\"} 1",
        "token_requests_total{grant=\"client_credentials\",error=\"invalid_client\"} 1",
        "token_requests_total{grant=\"password\",error=\"invalid_client\"} 1",
        "connections_refused_total{reason=\"address_share\"} 0",
        "connections_ended_total{reason=\"answer_not_taken\"} 0",
        "store_version 1",
    ] {
        assert!(metrics.lines().any(|found| found == format!("jotgate_{line}")), "{line}\n{metrics}");
    }
    assert!(metrics.contains("\njotgate_connections ") && metrics.contains("\njotgate_build_info{version="));
}

#[test]
fn k5_a_reader_of_the_log_that_goes_away_ends_nothing() {
    let program = Program::with_store(&[]);
    let mut serving = program.serve();
    serving.drop_log();
    let form = "grant_type=client_credentials&client_id=nobody&client_secret=nothing";
    for _ in 0..3 {
        assert_eq!(ask_token(serving.address, &[], form).status, 400);
    }
    get_set(serving.address);
}

#[test]
fn k5_a_reader_of_the_log_that_takes_nothing_stops_nothing() {
    let program = Program::with_store(&[]);
    // Its log is a pipe that this test does not read; 64 KiB fit in.
    let serving = program.serve();
    let form = "grant_type=client_credentials&client_id=nobody&client_secret=nothing";
    for _ in 0..800 {
        assert_eq!(ask_token(serving.address, &[], form).status, 400);
    }
    get_set(serving.address);
}

#[test]
fn k5_the_page_about_logs_lists_every_metric_and_every_field_of_the_two_lines() {
    let page = include_str!("../../../../docs/companion-logs.md");
    let program = Program::with_store(&[]);
    let ops = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let words = ["serve", "--listen", "127.0.0.1:0", "--ops-listen", &ops.to_string()];
    let serving = Program::serving(&mut program.command(&words));
    get_set(serving.address);
    let metrics = ask(ops, "GET", "/metrics", &[]).body;
    let names: Vec<&str> = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    assert!(names.len() > 10);
    for name in names {
        let name = name.split(' ').next().unwrap();
        assert!(page.contains(&format!("`{name}`")), "{name} is not in docs/companion-logs.md");
    }
}
