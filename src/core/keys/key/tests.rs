//! Tests of `key.rs`.

use super::*;

/// RFC 7517 §A.1, the first key without its `use`.
const POINT: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;

fn point(more: &str) -> Result<Key, Refusal> {
    Key::from_jwk(&alloc::format!("{{{POINT}{more}}}"))
}

#[track_caller]
fn refused(jwk: &str, code: &str) {
    assert_eq!(Key::from_jwk(jwk).unwrap_err().code(), code);
}

#[test]
fn text_that_is_no_single_meaning_is_refused_by_its_code() {
    refused("{", "jwk_malformed");
    refused("[]", "jwk_not_object");
    refused("\u{feff}{}", "jwk_not_utf8");
    refused(r#"{"kty":"oct","kty":"oct","k":"AA"}"#, "jwk_duplicate_member");
    refused(&alloc::format!("{{\"a\":{}", "[".repeat(200)), "jwk_too_deep");
}

#[test]
fn a_member_that_is_missing_or_malformed_is_named() {
    for (jwk, name) in [
        ("{}", "kty"),
        (r#"{"kty":7}"#, "kty"),
        (r#"{"kty":"RSA","e":"AQAB"}"#, "n"),
        (r#"{"kty":"EC","x":"AA","y":"AA"}"#, "crv"),
        (r#"{"kty":"EC","crv":"P-256","x":"A","y":"AA"}"#, "x"),
        (r#"{"kty":"oct","k":"AA=="}"#, "k"),
    ] {
        assert_eq!(Key::from_jwk(jwk).unwrap_err(), Refusal::JwkMember { name }, "{jwk}");
    }
    assert_eq!(point(r#","kid":7"#).unwrap_err(), Refusal::JwkMember { name: "kid" });
    assert_eq!(point(r#","key_ops":"verify""#).unwrap_err(), Refusal::JwkMember { name: "key_ops" });
    assert_eq!(point(r#","key_ops":[7]"#).unwrap_err(), Refusal::JwkMember { name: "key_ops" });
}

#[test]
fn what_has_no_algorithm_is_unsupported() {
    refused(r#"{"kty":"AKP"}"#, "jwk_unsupported");
    refused(r#"{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}"#, "jwk_unsupported");
    refused(r#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, "jwk_unsupported");
    refused(r#"{"kty":"OKP","crv":"P-256","x":"AA"}"#, "jwk_unsupported");
}

#[test]
fn a_key_verifies_only_what_it_was_given_for() {
    let fits = |more: &str| point(more).unwrap().fits(Algorithm::ES256, None);
    assert_eq!(fits(""), Ok(()));
    assert_eq!(fits(r#","alg":"ES256","use":"sig","key_ops":["sign","verify"]"#), Ok(()));
    assert_eq!(fits(r#","alg":"ES384""#), Err(Refusal::KeyAlgorithm { algorithm: Algorithm::ES256 }));
    assert_eq!(fits(r#","use":"enc""#), Err(Refusal::KeyUse));
    assert_eq!(fits(r#","key_ops":["sign"]"#), Err(Refusal::KeyOperations));
    assert_eq!(fits(r#","key_ops":[]"#), Err(Refusal::KeyOperations));
    assert_eq!(point("").unwrap().algorithms(), [Algorithm::ES256]);
}

#[test]
fn v7_numbers_of_a_trusted_key_are_read_as_their_canonical_form() {
    let (x, y) =
        ("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
    let key = |x: &str, y: &str| alloc::format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
    let thumbprint = Key::from_jwk(&key(x, y)).unwrap().thumbprint(Hash::Sha256);
    for (careless, other) in [
        (alloc::format!("{x}="), y),
        (x.replace('5', "5\\n"), "  4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM="),
        // The last character has non-zero trailing bits.
        (x.replace("7D4", "7D5"), "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyP"),
    ] {
        let jwk = key(&careless, other);
        assert_eq!(Key::from_jwk(&jwk).unwrap().thumbprint(Hash::Sha256), thumbprint, "{jwk}");
        assert_eq!(Key::from_embedded_jwk(&jwk).unwrap_err().code(), "jwk_member", "{jwk}");
    }
    assert!(Key::from_embedded_jwk(&key(x, y)).is_ok());
    // A longer text is not another encoding of the same number.
    let long = alloc::format!("AAAA{x}");
    assert_eq!(Key::from_jwk(&key(&long, y)).unwrap_err().code(), "key_coordinate_length");
    assert_eq!(Key::from_jwk(&key("", y)).unwrap_err().code(), "key_coordinate_length");
    assert_eq!(Key::from_jwk(&key(y, x)).unwrap_err().code(), "key_point_not_on_curve");
}

#[test]
fn v7_missing_zeros_of_a_coordinate_are_put_back_in_a_trusted_key_only() {
    // A point on P-256 whose first coordinate is 5: 31 zeros before it.
    let jwk = |x: &str| {
        alloc::format!(
            r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"RZJDuapYGAb-kTvOmYF63hHKUDxk2aPFM0FcCDJI-8w"}}"#
        )
    };
    let full = Key::from_jwk(&jwk(&base64url::encode(&[&[0; 31][..], &[5]].concat())));
    let (full, short) = (full.unwrap(), Key::from_jwk(&jwk("BQ==")).unwrap());
    assert_eq!(full.thumbprint(Hash::Sha256), short.thumbprint(Hash::Sha256));
    assert_eq!(full.public_jwk(), short.public_jwk());
    assert_eq!(Key::from_embedded_jwk(&jwk("BQ")).unwrap_err().code(), "key_coordinate_length");
}

#[test]
fn v13_operations_that_are_named_twice_are_refused() {
    for names in [r#"["verify","verify"]"#, r#"["sign","verify","sign"]"#] {
        let refusal = point(&alloc::format!(r#","key_ops":{names}"#)).unwrap_err();
        assert_eq!(refusal, Refusal::JwkMember { name: "key_ops" }, "{names}");
    }
}

#[test]
fn v14_a_key_for_ed25519_is_one_for_eddsa() {
    let key = |alg: &str| {
        Key::from_jwk(&alloc::format!(
            r#"{{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"{alg}"}}"#
        ))
        .unwrap()
        .algorithms()
    };
    for alg in ["EdDSA", "Ed25519"] {
        assert_eq!(key(alg), [Algorithm::EdDSA, Algorithm::Ed25519]);
    }
    for alg in ["eddsa", "Ed448", "ES256", ""] {
        assert_eq!(key(alg), [], "{alg}");
    }
}

#[test]
fn an_algorithm_given_aside_counts_only_where_the_key_has_none() {
    let given = |more: &str| point(more).unwrap().for_algorithm("ES512");
    assert_eq!(given("").algorithm(), Some("ES512"));
    assert_eq!(given(r#","alg":"ES256""#).algorithm(), Some("ES256"));
}

#[test]
fn a_secret_is_as_long_as_its_hash_unless_the_caller_lowers_it() {
    let secret = |bytes: usize| Key::from_secret(&alloc::vec![7; bytes]).unwrap();
    assert_eq!(secret(32).fits(Algorithm::HS256, None), Ok(()));
    let short = KeyRefusal::SecretTooShort { bits: 248, minimum: 256 };
    assert_eq!(secret(31).fits(Algorithm::HS256, None), Err(short.into()));
    assert!(secret(63).fits(Algorithm::HS512, None).is_err());
    assert_eq!(secret(7).fits(Algorithm::HS256, Some(7)), Ok(()));
    assert!(secret(6).fits(Algorithm::HS256, Some(7)).is_err());
}

#[test]
fn neither_a_key_nor_its_thumbprints_input_shows_in_debug_text() {
    let text = alloc::format!("{:?}", Key::from_jwk(r#"{"kty":"oct","k":"c2VjcmV0c2VjcmV0"}"#).unwrap());
    assert!(!text.contains("secret") && !text.contains("c2Vj") && !text.contains("115"), "{text}");
}
