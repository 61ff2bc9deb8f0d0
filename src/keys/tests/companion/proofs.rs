//! What clients sign at `/token`: DPoP proofs and assertions, on the real binary; and the pages that may call it.

use std::time::{SystemTime, UNIX_EPOCH};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use jotgate_keys::{KeyPair, RsaSize, SigningAlgorithm};
use jsonwebtoken::signature::Signer as _;
use serde_json::{Value, json};

use crate::client::{Answer, ask, ask_token};
use crate::program::{Program, Serving};

const URL: &str = "https://issuer.example/token";
const ASSERTION_TYPE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub(crate) fn new_key() -> KeyPair {
    KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap()
}

pub(crate) fn signed(key: &KeyPair, header: &Value, payload: &Value) -> String {
    let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = key.try_sign(input.as_bytes()).unwrap();
    format!("{input}.{}", Base64UrlUnpadded::encode_string(&signature))
}

fn proof(key: &KeyPair, jti: &str) -> String {
    proof_for(key, json!({ "jti": jti, "htm": "POST", "htu": URL, "iat": now() }))
}

/// A proof with these claims.
pub(crate) fn proof_for(key: &KeyPair, claims: Value) -> String {
    let mut jwk = serde_json::to_value(key.public()).unwrap();
    for name in ["kid", "use", "alg"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    let header = json!({ "typ": "dpop+jwt", "alg": "ES256", "jwk": jwk });
    signed(key, &header, &claims)
}

fn assertion(key: &KeyPair, jti: &str, audience: &str) -> String {
    let payload = json!({ "iss": "signer", "sub": "signer", "aud": audience, "exp": now() + 60, "jti": jti });
    signed(key, &json!({ "alg": "ES256" }), &payload)
}

/// A server with `worker`, which has a secret.
fn served() -> (Program, Serving, String) {
    let program = Program::with_store(&[]);
    let said = program.done(&["clients", "add", "worker", "--audience", "https://api.example"]);
    let secret = said.split_whitespace().last().unwrap().to_owned();
    let serving = program.serve();
    (program, serving, format!("grant_type=client_credentials&client_id=worker&client_secret={secret}"))
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_proof_binds_the_token_to_its_key_and_counts_once() {
    let (_program, serving, form) = served();
    let (server, key) = (serving.address, new_key());
    let proof = proof(&key, "first");
    let answer = ask_token(server, &[("dpop", &proof)], &form);
    assert_eq!((answer.status, &body(&answer)["token_type"]), (200, &json!("DPoP")), "{}", answer.body);
    let token = body(&answer)["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&token)["cnf"], json!({ "jkt": key.kid() }));
    let again = ask_token(server, &[("dpop", &proof)], &form);
    assert_eq!((again.status, &body(&again)["error"]), (400, &json!("invalid_dpop_proof")), "{}", again.body);
    let plain = body(&ask_token(server, &[], &form));
    assert_eq!(plain["token_type"], "Bearer");
    assert_eq!(claims(plain["access_token"].as_str().unwrap()).get("cnf"), None);
}

#[test]
fn a_bad_proof_gets_no_token_and_no_second_chance_as_a_bearer_token() {
    let (_program, serving, form) = served();
    let key = new_key();
    let good = proof(&key, "one");
    // The last character of a signature ends in unused bits, so the one before it changes.
    let (before, last) = good.split_at(good.len() - 2);
    let tampered = format!("{before}{}{}", if last.starts_with('A') { 'B' } else { 'A' }, &last[1..]);
    for proofs in [
        vec![("dpop", "")],
        vec![("dpop", "nonsense")],
        vec![("dpop", tampered.as_str())],
        vec![("dpop", good.as_str()), ("dpop", good.as_str())],
    ] {
        let answer = ask_token(serving.address, &proofs, &form);
        assert_eq!(
            (answer.status, &body(&answer)["error"]),
            (400, &json!("invalid_dpop_proof")),
            "{proofs:?}"
        );
        assert!(!answer.body.contains("access_token"));
    }
    // What was refused is not used up.
    assert_eq!(ask_token(serving.address, &[("dpop", &good)], &form).status, 200);
}

#[test]
fn a_client_with_keys_authenticates_itself_by_assertions_that_count_once() {
    let program = Program::with_store(&[]);
    let key = new_key();
    let path = program.path().with_file_name("keys.json");
    std::fs::write(&path, json!({ "keys": [key.public()] }).to_string()).unwrap();
    let add =
        ["clients", "add", "signer", "--audience", "https://api.example", "--keys", path.to_str().unwrap()];
    assert_eq!(program.done(&add), "client_id: signer\n", "it has no secret");
    let serving = program.serve();
    let ask = |assertion: &str, more: &str| {
        let form = format!(
            "grant_type=client_credentials&client_assertion_type={ASSERTION_TYPE}&client_assertion={assertion}{more}"
        );
        ask_token(serving.address, &[], &form)
    };
    let first = assertion(&key, "first", "https://issuer.example");
    let answer = ask(&first, "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(claims(body(&answer)["access_token"].as_str().unwrap())["sub"], "signer");
    for (assertion, more, status, error) in [
        (first.clone(), "", 400, "invalid_client"),
        (assertion(&key, "a", URL), "", 400, "invalid_client"),
        (assertion(&new_key(), "b", "https://issuer.example"), "", 400, "invalid_client"),
        ("nonsense".to_owned(), "", 400, "invalid_client"),
        (assertion(&key, "c", "https://issuer.example"), "&client_id=other", 400, "invalid_request"),
        (assertion(&key, "d", "https://issuer.example"), "&client_secret=x", 400, "invalid_request"),
    ] {
        let answer = ask(&assertion, more);
        assert_eq!((answer.status, &body(&answer)["error"]), (status, &json!(error)), "{}", answer.body);
    }
    // A refused request has not used it up.
    assert_eq!(ask(&assertion(&key, "c", "https://issuer.example"), "&client_id=signer").status, 200);
    let wrong_type =
        format!("grant_type=client_credentials&client_assertion_type=saml&client_assertion={first}");
    assert_eq!(body(&ask_token(serving.address, &[], &wrong_type))["error"], "invalid_client");
    let by_secret = "grant_type=client_credentials&client_id=signer&client_secret=";
    assert_eq!(body(&ask_token(serving.address, &[], by_secret))["error"], "invalid_client");
    assert!(
        program.run(&["check"]).status.code().is_some_and(|code| code == 0),
        "a client without a secret is usual"
    );
    serving.signal("TERM");
    let log = serving.ended().log;
    for reason in ["assertion_reused", "assertion_refused", "assertion_malformed"] {
        assert!(log.contains(reason), "{reason}\n{log}");
    }
    assert!(!log.contains(&first));
}

#[test]
fn private_keys_are_refused_as_a_clients_keys() {
    let program = Program::with_store(&[]);
    let path = program.path().with_file_name("keys.json");
    let mut jwk = serde_json::to_value(new_key().public()).unwrap();
    jwk["d"] = jwk["x"].clone();
    std::fs::write(&path, jwk.to_string()).unwrap();
    let add =
        ["clients", "add", "signer", "--audience", "https://api.example", "--keys", path.to_str().unwrap()];
    let said = program.refused(&add);
    assert!(said.contains("contain a private key"), "{said}");
}

#[test]
fn pages_of_registered_origins_may_call_the_token_endpoint_and_others_may_not() {
    let program = Program::with_store(&[]);
    let redirect = ["--public", "--redirect", "https://app.example/login"];
    program.done(&[&["clients", "add", "app", "--audience", "https://api.example"][..], &redirect].concat());
    let serving = program.serve();
    let server = serving.address;
    for path in ["/token", "/revoke"] {
        let asked = [
            ("origin", "https://app.example"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "dpop"),
        ];
        let answer = ask(server, "OPTIONS", path, &asked);
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
        assert_eq!(answer.header("access-control-allow-methods"), Some("POST"));
        assert!(answer.header("access-control-allow-headers").unwrap().contains("DPoP"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        for origin in ["https://evil.example", "http://app.example", "https://app.example:8443", "null", ""] {
            let answer = ask(server, "OPTIONS", path, &[("origin", origin)]);
            assert_eq!(
                (answer.status, answer.header("access-control-allow-origin")),
                (403, None),
                "{origin}"
            );
            assert_eq!(answer.header("vary"), Some("Origin"));
        }
    }
    let form = "grant_type=authorization_code&client_id=app&code=x";
    let answer = ask_token(server, &[("origin", "https://app.example")], form);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://app.example"),
        "errors can be read"
    );
    assert!(answer.header("access-control-expose-headers").unwrap().contains("WWW-Authenticate"));
    let answer = ask_token(server, &[("origin", "https://evil.example")], form);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    program.done(&["clients", "disable", "app"]);
    std::thread::sleep(std::time::Duration::from_millis(1200));
    assert_eq!(ask(server, "OPTIONS", "/token", &[("origin", "https://app.example")]).status, 403);
}
