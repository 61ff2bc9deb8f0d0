use axum::http::HeaderValue;
use serde_json::json;

use super::*;
use crate::proof::test_client::{jwk, new_key, signed};
use crate::test_keys::NOW;
use crate::{KeyPair, SigningAlgorithm};

const URL: &str = "https://issuer.example/token";

fn header(key: &KeyPair) -> Value {
    json!({ "typ": "dpop+jwt", "alg": key.algorithm().name(), "jwk": jwk(key) })
}

fn payload() -> Value {
    json!({ "jti": "a-jti", "htm": "POST", "htu": URL, "iat": NOW })
}

fn check(proofs: &[String]) -> Result<Option<DpopProof>, DpopFault> {
    let headers = proofs.iter().map(|proof| (DPOP, HeaderValue::from_str(proof).unwrap())).collect();
    let urls = [URL.to_owned(), "https://issuer.example/tenant/token".to_owned()];
    verify_dpop(&headers, &DpopUse { method: "POST", urls: &urls, token: None }, NOW)
}

fn with(key: &KeyPair, change: impl FnOnce(&mut Value, &mut Value)) -> Result<Option<DpopProof>, DpopFault> {
    let (mut header, mut payload) = (header(key), payload());
    change(&mut header, &mut payload);
    check(&[signed(key, &header, &payload)])
}

#[test]
fn a_proof_of_each_algorithm_holds_and_names_the_thumbprint_of_its_key() {
    assert_eq!(check(&[]), Ok(None));
    for algorithm in SigningAlgorithm::ALL {
        let key = new_key(algorithm);
        let proof = with(&key, |_, _| {}).unwrap().unwrap();
        assert_eq!((proof.jkt.as_str(), proof.until), (key.kid(), NOW + 300), "{algorithm}");
    }
}

#[test]
fn urls_that_mean_the_same_are_the_same() {
    let key = new_key(SigningAlgorithm::ES256);
    for url in [
        "https://issuer.example/token?a=b#c",
        "HTTPS://Issuer.Example:443/token",
        "https://issuer.example/./token",
        "https://issuer.example/tenant/token",
    ] {
        assert!(with(&key, |_, payload| payload["htu"] = json!(url)).is_ok(), "{url}");
    }
}

#[test]
fn proofs_differ_by_key_jti_and_url_and_a_repeated_one_is_known() {
    let (key, other) = (new_key(SigningAlgorithm::ES256), new_key(SigningAlgorithm::ES256));
    let used = |key: &KeyPair, jti: &str, url: &str| {
        with(key, |_, payload| {
            payload["jti"] = json!(jti);
            payload["htu"] = json!(url);
        })
        .unwrap()
        .unwrap()
        .used
    };
    let first = used(&key, "a", URL);
    assert_eq!(used(&key, "a", "https://issuer.example:443/token?x"), first, "the same in other words");
    for different in
        [used(&other, "a", URL), used(&key, "b", URL), used(&key, "a", "https://issuer.example/tenant/token")]
    {
        assert_ne!(different, first);
    }
}

#[test]
fn each_check_of_section_4_3_refuses_what_it_is_for() {
    let key = new_key(SigningAlgorithm::ES256);
    type Change = fn(&mut Value, &mut Value);
    let cases: [(&str, Change, DpopFault); 24] = [
        ("no typ", |header, _| drop(header.as_object_mut().unwrap().remove("typ")), DpopFault::Signature),
        ("another typ", |header, _| header["typ"] = json!("JWT"), DpopFault::Signature),
        ("alg none", |header, _| header["alg"] = json!("none"), DpopFault::Signature),
        ("a symmetric alg", |header, _| header["alg"] = json!("HS256"), DpopFault::Signature),
        ("another alg", |header, _| header["alg"] = json!("ES384"), DpopFault::Signature),
        ("no jwk", |header, _| drop(header.as_object_mut().unwrap().remove("jwk")), DpopFault::Key),
        ("jwk as text", |header, _| header["jwk"] = json!("key"), DpopFault::Key),
        (
            "a point off the curve",
            |header, _| header["jwk"]["x"] = header["jwk"]["y"].clone(),
            DpopFault::Key,
        ),
        ("a private member", |header, _| header["jwk"]["d"] = json!("AA"), DpopFault::PrivateKey),
        ("a secret", |header, _| header["jwk"] = json!({ "kty": "oct", "k": "AAAA" }), DpopFault::PrivateKey),
        ("an unknown crit", |header, _| header["crit"] = json!(["x"]), DpopFault::Signature),
        ("no htm", |_, payload| drop(payload.as_object_mut().unwrap().remove("htm")), DpopFault::Method),
        ("another htm", |_, payload| payload["htm"] = json!("GET"), DpopFault::Method),
        ("htm in lower case", |_, payload| payload["htm"] = json!("post"), DpopFault::Method),
        ("no htu", |_, payload| drop(payload.as_object_mut().unwrap().remove("htu")), DpopFault::Uri),
        (
            "another path",
            |_, payload| payload["htu"] = json!("https://issuer.example/token/"),
            DpopFault::Uri,
        ),
        ("another host", |_, payload| payload["htu"] = json!("https://evil.example/token"), DpopFault::Uri),
        (
            "another scheme",
            |_, payload| payload["htu"] = json!("http://issuer.example/token"),
            DpopFault::Uri,
        ),
        ("user info", |_, payload| payload["htu"] = json!("https://a@issuer.example/token"), DpopFault::Uri),
        ("no iat", |_, payload| drop(payload.as_object_mut().unwrap().remove("iat")), DpopFault::Time),
        ("too old", |_, payload| payload["iat"] = json!(NOW - 301), DpopFault::Time),
        ("too new", |_, payload| payload["iat"] = json!(NOW + 301), DpopFault::Time),
        ("no jti", |_, payload| drop(payload.as_object_mut().unwrap().remove("jti")), DpopFault::Jti),
        ("a long jti", |_, payload| payload["jti"] = json!("x".repeat(129)), DpopFault::Jti),
    ];
    for (what, change, fault) in cases {
        assert_eq!(with(&key, change), Err(fault), "{what}");
    }
    for good in [NOW - 300, NOW + 300] {
        assert!(with(&key, |_, payload| payload["iat"] = json!(good)).is_ok());
    }
}

#[test]
fn one_proof_with_a_whole_signature_by_its_own_key_is_required() {
    let (key, other) = (new_key(SigningAlgorithm::ES256), new_key(SigningAlgorithm::ES256));
    let good = signed(&key, &header(&key), &payload());
    assert_eq!(check(&[good.clone(), good.clone()]), Err(DpopFault::Several));
    assert_eq!(check(&[signed(&other, &header(&key), &payload())]), Err(DpopFault::Signature));
    let (input, _) = good.rsplit_once('.').unwrap();
    assert_eq!(check(&[format!("{input}.")]), Err(DpopFault::Signature));
    for bad in ["", "a.b.c", "x", input, &"x".repeat(9000)] {
        assert_eq!(check(&[bad.to_owned()]), Err(DpopFault::Malformed), "{bad:.40}");
    }
}
