use serde_json::json;

use super::*;
use crate::proof::test_client::{new_key, signed};
use crate::test_keys::NOW;
use crate::{KeyPair, SigningAlgorithm};

const ISSUER: &str = "https://issuer.example";

fn keys(of: &[&KeyPair]) -> KeySet {
    let keys: Vec<_> = of.iter().map(|key| serde_json::to_value(key.public()).unwrap()).collect();
    KeySet::from_jwks(&json!({ "keys": keys }).to_string()).unwrap()
}

fn made(key: &KeyPair, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let mut header = json!({ "alg": key.algorithm().name(), "kid": key.kid() });
    let mut payload = json!({
        "iss": "worker", "sub": "worker", "aud": ISSUER, "exp": NOW + 60, "iat": NOW, "jti": "a-jti",
    });
    change(&mut header, &mut payload);
    signed(key, &header, &payload)
}

fn check(key: &KeyPair, change: impl FnOnce(&mut Value, &mut Value)) -> Result<Assertion, AssertionFault> {
    verify_assertion(&made(key, change), "worker", &keys(&[key]), ISSUER, NOW)
}

#[test]
fn an_assertion_of_each_algorithm_holds_and_names_its_client() {
    for algorithm in SigningAlgorithm::ALL {
        let key = new_key(algorithm);
        assert_eq!(check(&key, |_, _| {}).unwrap().until, NOW + 60, "{algorithm}");
    }
    let key = new_key(SigningAlgorithm::ES256);
    assert_eq!(assertion_client(&made(&key, |_, _| {})), Ok("worker".to_owned()));
    for typ in ["JWT", "client-authentication+jwt"] {
        assert!(check(&key, |header, _| header["typ"] = json!(typ)).is_ok(), "{typ}");
    }
    assert!(check(&key, |_, payload| payload["aud"] = json!([ISSUER])).is_ok());
    assert!(check(&key, |_, payload| payload["exp"] = json!(NOW + 300)).is_ok());
}

#[test]
fn each_claim_must_be_right() {
    let key = new_key(SigningAlgorithm::ES256);
    type Change = fn(&mut Value, &mut Value);
    let cases: [(&str, Change, AssertionFault); 16] = [
        ("another iss", |_, payload| payload["iss"] = json!("other"), AssertionFault::Refused),
        ("another sub", |_, payload| payload["sub"] = json!("other"), AssertionFault::Refused),
        (
            "no iss",
            |_, payload| drop(payload.as_object_mut().unwrap().remove("iss")),
            AssertionFault::Refused,
        ),
        (
            "the endpoint as aud",
            |_, payload| payload["aud"] = json!("https://issuer.example/token"),
            AssertionFault::Refused,
        ),
        (
            "a slash more",
            |_, payload| payload["aud"] = json!("https://issuer.example/"),
            AssertionFault::Refused,
        ),
        (
            "a second aud",
            |_, payload| payload["aud"] = json!([ISSUER, "https://other.example"]),
            AssertionFault::Audience,
        ),
        ("the issuer twice", |_, payload| payload["aud"] = json!([ISSUER, ISSUER]), AssertionFault::Audience),
        (
            "no aud",
            |_, payload| drop(payload.as_object_mut().unwrap().remove("aud")),
            AssertionFault::Refused,
        ),
        ("expired", |_, payload| payload["exp"] = json!(NOW), AssertionFault::Refused),
        (
            "no exp",
            |_, payload| drop(payload.as_object_mut().unwrap().remove("exp")),
            AssertionFault::Refused,
        ),
        ("too long a life", |_, payload| payload["exp"] = json!(NOW + 301), AssertionFault::Life),
        ("not yet valid", |_, payload| payload["nbf"] = json!(NOW + 1), AssertionFault::Refused),
        ("no jti", |_, payload| drop(payload.as_object_mut().unwrap().remove("jti")), AssertionFault::Jti),
        ("a long jti", |_, payload| payload["jti"] = json!("x".repeat(129)), AssertionFault::Jti),
        ("alg none", |header, _| header["alg"] = json!("none"), AssertionFault::Refused),
        ("the type of an access token", |header, _| header["typ"] = json!("at+jwt"), AssertionFault::Refused),
    ];
    for (what, change, fault) in cases {
        assert_eq!(check(&key, change), Err(fault), "{what}");
    }
}

#[test]
fn only_the_clients_own_keys_count_and_a_key_in_the_header_does_not() {
    let (key, other) = (new_key(SigningAlgorithm::ES256), new_key(SigningAlgorithm::ES256));
    let foreign = made(&other, |header, _| header["jwk"] = serde_json::to_value(other.public()).unwrap());
    let refused = verify_assertion(&foreign, "worker", &keys(&[&key]), ISSUER, NOW);
    assert_eq!(refused, Err(AssertionFault::Refused));
    assert!(verify_assertion(&foreign, "worker", &keys(&[&key, &other]), ISSUER, NOW).is_ok());
    for bad in ["", "a.b.c", "x.y", &"x".repeat(9000)] {
        assert_eq!(
            verify_assertion(bad, "worker", &keys(&[&key]), ISSUER, NOW),
            Err(AssertionFault::Refused)
        );
        assert_eq!(assertion_client(bad), Err(AssertionFault::Malformed));
    }
}

#[test]
fn an_identifier_counts_once_for_each_client() {
    let key = new_key(SigningAlgorithm::ES256);
    let used = |change: fn(&mut Value, &mut Value)| check(&key, change).unwrap().used;
    let first = used(|_, _| {});
    assert_eq!(used(|_, payload| payload["iat"] = json!(1)), first);
    assert_ne!(used(|_, payload| payload["jti"] = json!("b")), first);
    assert_ne!(identify(&["workera", "-jti"]), identify(&["worker", "a-jti"]));
}
