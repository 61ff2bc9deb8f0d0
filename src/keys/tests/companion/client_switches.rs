//! `clients set` changes the switches of logins and the keys of a client.

use jotgate_keys::{KeyPair, RsaSize, SigningAlgorithm};
use serde_json::Value;

use crate::program::Program;

fn listed(program: &Program) -> Value {
    let clients: Value = serde_json::from_str(&program.done(&["clients", "list", "--json"])).unwrap();
    clients["clients"].clone()
}

#[test]
fn each_switch_of_a_login_is_turned_on_and_off_and_the_others_stay() {
    let program = Program::with_store(&[]);
    let login = ["--redirect", "https://web.example/login", "--offline-access", "--audience", "api"];
    program.done(&[&["clients", "add", "web"][..], &login].concat());
    for switch in [
        "--first-party",
        "--device",
        "--allow-nonce",
        "--password-grant",
        "--implicit-grant",
        "--offline-access",
    ] {
        let states = ["true", "false"].map(|value| {
            program.done(&["clients", "set", "web", switch, value]);
            let client = program.state().clients()[0].clone();
            let login = client.login.unwrap();
            [
                ("--first-party", login.first_party),
                ("--device", login.device),
                ("--allow-nonce", login.allow_nonce),
                ("--password-grant", login.password),
                ("--implicit-grant", login.implicit),
                ("--offline-access", login.offline_access),
            ]
        });
        let [on, off] = states;
        for ((name, on), (_, off)) in on.into_iter().zip(off) {
            let stays = name == "--offline-access" && switch != "--offline-access";
            assert_eq!(
                (on, off),
                if name == switch { (true, false) } else { (stays, stays) },
                "{switch} {name}"
            );
        }
        program.done(&["clients", "set", "web", "--offline-access", "true"]);
    }
    for arguments in [vec!["--device"], vec!["--device", "yes"], vec![]] {
        let output = program.run(&[&["clients", "set", "web"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_public_client_gets_nothing_that_needs_a_secret_and_a_client_without_a_login_no_switch() {
    let program = Program::with_store(&[]);
    let public = ["--public", "--redirect", "https://app.example/login", "--audience", "api"];
    program.done(&[&["clients", "add", "app"][..], &public].concat());
    program.done(&["clients", "add", "worker", "--audience", "api"]);
    let keys = key_file(&program);
    let before = std::fs::read(program.path()).unwrap();
    for (arguments, what) in [
        (["--password-grant", "true"], "the password grant"),
        (["--allow-nonce", "true"], "a nonce in place of PKCE"),
        (["--keys", keys.as_str()], "keys"),
    ] {
        let said = program.refused(&[&["clients", "set", "app"][..], &arguments].concat());
        let expected = format!(
            "the client `app` is public, and {what} is for confidential clients: add another without --public"
        );
        assert_eq!(said, expected);
    }
    let said = program.refused(&["clients", "set", "worker", "--device", "true"]);
    assert!(said.contains("client `worker`"), "{said}");
    let said = program.refused(&["clients", "set", "worker", "--keys", "missing.json"]);
    assert!(said.starts_with("`missing.json` cannot be read: "), "{said}");
    let empty = program.path().with_file_name("empty.json");
    std::fs::write(&empty, "").unwrap();
    let said = program.refused(&["clients", "set", "worker", "--keys", empty.to_str().unwrap()]);
    assert_eq!(
        said,
        format!("`{}`: the keys must be a JWK or a JWK set (RFC 7517) of at most 16 KiB", empty.display())
    );
    assert_eq!(std::fs::read(program.path()).unwrap(), before);
}

#[test]
fn a_client_gets_keys_in_place_of_its_secret_which_works_until_it_is_dropped() {
    let program = Program::with_store(&[]);
    program.done(&["clients", "add", "worker", "--audience", "api"]);
    let secret = program.state().clients()[0].secrets[0].id().to_owned();
    let drop = ["clients", "secret", "drop", "worker", secret.as_str(), "--yes"];
    assert!(program.refused(&drop).starts_with("this is the only secret of the client `worker`"));
    program.done(&["clients", "set", "worker", "--keys", &key_file(&program)]);
    let client = program.state().clients()[0].clone();
    assert!(client.keys.is_some() && client.secrets.len() == 1);
    program.done(&drop);
    let client = program.state().clients()[0].clone();
    assert!(client.keys.is_some() && client.secrets.is_empty());
    let first = client.keys;
    program.done(&["clients", "set", "worker", "--keys", &key_file(&program)]);
    assert_ne!(program.state().clients()[0].keys, first, "the new keys take the place of the old ones");
    assert_eq!(listed(&program)[0]["client_id"], "worker");
}

/// A file with a new public key.
fn key_file(program: &Program) -> String {
    let pair = KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap();
    let path = program.path().with_file_name(format!("{}.json", pair.kid()));
    std::fs::write(&path, serde_json::to_string(pair.public()).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}
