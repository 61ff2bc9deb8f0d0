//! Clients: what they may ask for, their own claims and their secrets, beside a running server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

use crate::client::{Answer, ask_token};
use crate::program::{Program, Serving, secret_in};

fn ask(server: SocketAddr, secret: &str, more: &str) -> Answer {
    let form = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}{more}");
    ask_token(server, &[], &form)
}

/// The claims of the token in an answer.
#[track_caller]
fn claims(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    let token = json["access_token"].as_str().unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// Asks until the answer is as the change made it; a server follows within a second.
#[track_caller]
fn eventually(ask: impl Fn() -> Answer, as_expected: impl Fn(&Answer) -> bool) -> Answer {
    let start = Instant::now();
    loop {
        let answer = ask();
        if as_expected(&answer) {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "{} {}", answer.status, answer.body);
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[track_caller]
fn error(answer: &Answer) -> String {
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    json["error"].as_str().unwrap().to_owned()
}

/// A server, and the secret of its client `worker`.
fn with_worker(arguments: &[&str]) -> (Program, Serving, String) {
    let program = Program::with_store(&[]);
    let add = [
        &["clients", "add", "worker", "--scope", "a b", "--audience", "one", "--audience", "two"],
        arguments,
    ];
    let secret = secret_in(&program.done(&add.concat())).to_owned();
    let serving = program.serve();
    (program, serving, secret)
}

#[test]
fn k6_a_disabled_client_gets_invalid_client_until_it_is_enabled() {
    let (program, serving, secret) = with_worker(&[]);
    let ask = || ask(serving.address, &secret, "");
    claims(&ask());
    assert_eq!(program.done(&["clients", "disable", "worker"]), "worker gets no more tokens\n");
    let refused = eventually(ask, |answer| answer.status != 200);
    assert_eq!(error(&refused), "invalid_client");
    assert!(program.done(&["clients", "list"]).contains("worker  disabled  "));
    assert_eq!(program.done(&["clients", "enable", "worker"]), "worker gets tokens again\n");
    claims(&eventually(ask, |answer| answer.status == 200));
    for command in ["enable", "disable"] {
        assert_eq!(program.refused(&["clients", command, "other"]), "there is no client `other`");
    }
}

#[test]
fn k6_a_secret_is_replaced_without_a_request_refused() {
    let (program, serving, old) = with_worker(&[]);
    let added = program.done(&["clients", "secret", "add", "worker"]);
    let new = secret_in(&added).to_owned();
    assert!(added.starts_with("client_id: worker\nclient_secret: ") && new != old && new.len() == 43);
    eventually(|| ask(serving.address, &new, ""), |answer| answer.status == 200);
    assert_eq!(ask(serving.address, &old, "").status, 200, "both are valid");
    let third = program.refused(&["clients", "secret", "add", "worker"]);
    assert_eq!(third, "the client `worker` has two secrets already: drop the old one first");

    let list = program.done(&["clients", "secret", "list", "worker"]);
    let ids: Vec<&str> = list.lines().skip(1).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!((ids.len(), ids[0].len()), (2, 8));
    for text in [&list, &program.done(&["clients", "list"]), &program.done(&["clients", "list", "--json"])] {
        assert!(!text.contains(&old) && !text.contains(&new));
    }
    let drop = |id: &str| ["clients", "secret", "drop", "worker", id].map(str::to_owned);
    let refused = program.refused(&drop(ids[0]).each_ref().map(String::as_str));
    assert!(refused.contains("`drop` cannot be undone and was not confirmed"), "{refused}");
    program.done(&["clients", "secret", "drop", "worker", ids[0], "--yes"]);
    let refused = eventually(|| ask(serving.address, &old, ""), |answer| answer.status != 200);
    assert_eq!(error(&refused), "invalid_client");
    assert_eq!(ask(serving.address, &new, "").status, 200);
    let only = program.refused(&["clients", "secret", "drop", "worker", ids[1], "--yes"]);
    assert!(only.starts_with("this is the only secret of the client `worker`: add another first"), "{only}");
    let unknown = program.refused(&["clients", "secret", "drop", "worker", ids[0], "--yes"]);
    assert!(unknown.starts_with("the client `worker` has no such secret"), "{unknown}");
    serving.signal("TERM");
    let log = serving.ended().log;
    assert!(!log.contains(&old) && !log.contains(&new));
}

#[test]
fn k6_each_audience_may_have_scopes_of_its_own() {
    let (program, serving, secret) = with_worker(&["--scope-for", "two", "b c"]);
    let ask = |more: &str| ask(serving.address, &secret, more);
    for (more, scope) in [
        ("", Some("a b")),
        ("&resource=two", Some("b c")),
        ("&resource=two&scope=c", Some("c")),
        // A token for both carries what both allow.
        ("&resource=one&resource=two", Some("b")),
    ] {
        assert_eq!(claims(&ask(more)).get("scope").and_then(Value::as_str), scope, "{more}");
    }
    for more in ["&scope=c", "&resource=two&scope=a", "&resource=one&resource=two&scope=c"] {
        assert_eq!(error(&ask(more)), "invalid_scope", "{more}");
    }
    let said = program.done(&["clients", "set", "worker", "--scope-for", "two", ""]);
    assert!(said.contains("two (-)"), "{said}");
    let none = eventually(|| ask("&resource=two"), |answer| claims(answer).get("scope").is_none());
    assert_eq!(claims(&none)["aud"], "two");
    program.done(&["clients", "set", "worker", "--drop-scope-for", "two"]);
    eventually(|| ask("&resource=two"), |answer| claims(answer).get("scope") == Some(&json!("a b")));
}

#[test]
fn k6_what_a_client_may_ask_for_is_changed_and_its_secret_stays() {
    let (program, serving, secret) = with_worker(&[]);
    let ask = |more: &str| ask(serving.address, &secret, more);
    let set = ["clients", "set", "worker", "--scope", "c", "--audience", "three", "--token-life", "1m"];
    let said = program.done(&set);
    assert!(said.contains("1m") && said.contains("three") && !said.contains("one"), "{said}");
    let changed = claims(&eventually(|| ask(""), |answer| claims(answer)["aud"] == "three"));
    assert_eq!(
        (&changed["scope"], changed["exp"].as_u64().unwrap() - changed["iat"].as_u64().unwrap()),
        (&json!("c"), 60)
    );
    assert_eq!(error(&ask("&resource=one")), "invalid_target");
    program.done(&["clients", "set", "worker", "--scope", ""]);
    eventually(|| ask(""), |answer| claims(answer).get("scope").is_none());
    let before = std::fs::read(program.path()).unwrap();
    for (arguments, words) in [
        (vec!["--token-life", "31m"], "a life of 1860 s was asked for, the key signs 1 to 1800 s"),
        (vec!["--audience", "https://api.example/#x"], "an audience is a name without white space"),
        (vec!["--scope", "a  b"], "a scope is a list of different words"),
        (vec!["--scope-for", "other", "a"], "the client has no audience `other`"),
        (
            vec!["--scope-for", "three", "a", "--scope-for", "three", "b"],
            "--scope-for with the same audience is repeated",
        ),
        (vec!["--drop-claim", "x"], "the client has no claim `x`"),
        (vec!["--claim", "a=1", "--claim", "a=2"], "a claim is repeated"),
    ] {
        let said = program.refused(&[&["clients", "set", "worker"], &arguments[..]].concat());
        assert!(said.starts_with(words), "{arguments:?}: {said}");
    }
    assert_eq!(program.refused(&["clients", "set", "other", "--scope", "a"]), "there is no client `other`");
    assert_eq!(std::fs::read(program.path()).unwrap(), before);
    for arguments in [vec![], vec!["--claim", "a"], vec!["--claim", "a=text"], vec!["--scope-for", "three"]] {
        let output = program.run(&[&["clients", "set", "worker"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn k6_own_claims_are_in_the_tokens_and_the_issuers_are_refused() {
    let (program, serving, secret) =
        with_worker(&["--claim", "tenant=\"acme\"", "--claim", "tier={\"level\":3}"]);
    let ask = || ask(serving.address, &secret, "");
    let with = claims(&ask());
    assert_eq!((&with["tenant"], &with["tier"]), (&json!("acme"), &json!({ "level": 3 })));
    assert_eq!((&with["sub"], &with["iss"]), (&json!("worker"), &json!("https://issuer.example")));
    program.done(&["clients", "set", "worker", "--claim", "tenant=\"other\"", "--drop-claim", "tier"]);
    eventually(ask, |answer| claims(answer)["tenant"] == "other" && claims(answer).get("tier").is_none());
    let before = std::fs::read(program.path()).unwrap();
    for name in [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "client_id",
        "scope",
        "auth_time",
        "acr",
        "amr",
        "roles",
        "groups",
        "entitlements",
        "cnf",
        "act",
        "may_act",
        "azp",
        "sid",
        "nonce",
        "scp",
        "events",
        "status",
    ] {
        let claim = format!("{name}=1");
        for command in [&["clients", "set", "worker"][..], &["clients", "add", "new", "--audience", "api"]] {
            let said = program.refused(&[command, &["--claim", &claim]].concat());
            assert_eq!(said, format!("the claim `{name}` is reserved: only the issuer may set it"));
        }
    }
    assert_eq!(std::fs::read(program.path()).unwrap(), before);
}

#[test]
fn k6_a_store_of_format_3_takes_enable_and_scopes_and_refuses_what_it_cannot_hold() {
    let program = Program::with_format_3();
    let audience = program.state().clients()[0].audiences[0].clone();
    program.done(&["clients", "disable", "worker"]);
    program.done(&["clients", "enable", "worker"]);
    program.done(&["clients", "set", "worker", "--scope", "a", "--token-life", "5m"]);
    let before = std::fs::read(program.path()).unwrap();
    let set = ["clients", "set", "worker"];
    for (arguments, what) in [
        (vec!["clients", "secret", "add", "worker"], "another secret of a client"),
        ([&set[..], &["--claim", "tier=1"]].concat(), "a client's own claims"),
        ([&set[..], &["--scope-for", &audience, "b"]].concat(), "a client's scopes per audience"),
    ] {
        let said = program.refused(&arguments);
        assert!(said.starts_with(what) && said.contains("`jotgate-keys upgrade`"), "{said}");
        assert_eq!(std::fs::read(program.path()).unwrap(), before);
    }
    program.done(&["upgrade"]);
    program.done(&["clients", "secret", "add", "worker"]);
    program.done(&[&set[..], &["--claim", "tier=1", "--scope-for", &audience, "b"]].concat());
}
