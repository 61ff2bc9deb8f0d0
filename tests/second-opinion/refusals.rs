//! One row for each refusal: a good token, its key or its policy is changed. Ours must refuse with the listed
//! code, and jsonwebtoken must agree or differ exactly as listed. A listed difference that no longer exists
//! fails too.

use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64UrlUnpadded, Encoding};
use jotgate_core::{Algorithm, PolicyOptions};
use jsonwebtoken::{Validation, errors::Error, get_current_timestamp};
use serde_json::{Value, json};

use crate::{
    opinion::{Given, ours, theirs, validation_of},
    pair::{ED25519, OTHER_P256, OTHER_SECRET, P256, P384, P521, Pair, RSA_2048, SECRET, encode},
};

/// A case: the change, the verdict of ours, and that of jsonwebtoken.
struct Row(&'static str, fn(&mut Bench), Ours, Second);

/// `None`: accepted; else the code of the refusal.
type Ours = Option<&'static str>;

/// The verdict of jsonwebtoken beside ours.
#[derive(Clone, Copy)]
enum Second {
    Agrees,
    /// Refuses what ours accepts, or accepts what ours refuses, and why.
    Differs {
        because: &'static str,
    },
}
use Second::{Agrees, Differs};

const CRIT: Second = Differs { because: "it supports no critical parameter but `b64`" };
const TYP: Second = Differs { because: "it has no option for `typ`" };
const AGE: Second = Differs { because: "it has no maximum age and never looks at `iat`" };
const JWK: Second = Differs {
    because: "`DecodingKey::from_jwk` takes the numbers and drops `use`, `key_ops`, `alg` and `crv`",
};
const ROUNDS: Second = Differs { because: "it rounds times to whole seconds" };
const LAST: Second = Differs {
    because: "its maps take the last of two members; only names that it knows itself may not repeat",
};
const UNASKED: Second =
    Differs { because: "it only looks at the type of a claim that it was asked to compare" };
const WEAK: Second = Differs { because: "it takes any secret: RFC 7518 §3.2 is left to its caller" };
const UNKNOWN: Second = Differs { because: "it does not have the algorithm" };
const STRICT_HEADER: Second =
    Differs { because: "it reads header members that it makes no use of, and refuses their wrong types" };

#[test]
fn both_accept_an_unchanged_token() {
    judge(&[Row("as it is", |_| (), None, Agrees)]);
}

#[test]
#[rustfmt::skip] // a table with columns
fn times_are_judged_as_listed() {
    judge(&[
        Row("expired", |b| b.claim("exp", b.now - 1), Some("expired"), Agrees),
        Row("expired on the second", |b| b.claim("exp", b.now), Some("expired"),
            Differs { because: "it accepts in the very second of `exp`; RFC 7519 §4.1.4: not on or after it" }),
        Row("expired a part of a second ago", |b| b.claim("exp", b.seconds() - 0.4), Some("expired"), ROUNDS),
        Row("expired within the tolerance", |b| { b.claim("exp", b.now - 5); b.options.clock_tolerance = Some(10.0) }, None, Agrees),
        Row("expired beyond the tolerance", |b| { b.claim("exp", b.now - 15); b.options.clock_tolerance = Some(10.0) }, Some("expired"), Agrees),
        Row("expired before 1970", |b| b.claim("exp", -1), Some("expired"), Agrees),
        Row("valid since before 1970", |b| b.claim("nbf", -1), None,
            Differs { because: "it keeps times in 64 bits without a sign; RFC 7519 §2 sets no bound" }),
        Row("exp beyond 64 bits", |b| b.claim("exp", 1e30), None,
            Differs { because: "it keeps times in 64 bits without a sign; RFC 7519 §2 sets no bound" }),
        Row("exp beyond a double", |b| b.claims_text(r#"{"exp":1e999}"#), Some("claims_malformed"), Agrees),
        Row("exp missing", |b| b.without("exp"), Some("claim_missing"), Agrees),
        Row("exp missing and not asked for", |b| { b.without("exp"); b.options.require_exp = Some(false) }, None, Agrees),
        Row("exp as a string", |b| b.claim("exp", "4102444800"), Some("claim_not_number"), Agrees),
        Row("exp null", |b| b.claim("exp", Value::Null), Some("claim_not_number"), Agrees),
        Row("not valid yet", |b| b.claim("nbf", b.now + 60), Some("not_yet_valid"), Agrees),
        Row("not valid yet, nbf not switched on", |b| { b.claim("nbf", b.now + 60); b.theirs = |v| v.validate_nbf = false }, Some("not_yet_valid"),
            Differs { because: "its `validate_nbf` is off unless the caller knows of it" }),
        Row("not valid for a part of a second yet", |b| b.claim("nbf", b.seconds() + 0.4), Some("not_yet_valid"), ROUNDS),
        Row("not valid yet within the tolerance", |b| { b.claim("nbf", b.now + 5); b.options.clock_tolerance = Some(10.0) }, None, Agrees),
        Row("nbf as a string", |b| b.claim("nbf", "0"), Some("claim_not_number"), Agrees),
        Row("iat as a string", |b| b.claim("iat", "0"), Some("claim_not_number"), UNASKED),
        Row("iat in the future", |b| b.claim("iat", b.now + 300), None, Agrees),
        Row("iat in the future with a maximum age", |b| { b.claim("iat", b.now + 300); b.options.max_token_age = Some(60.0) }, Some("issued_in_future"), AGE),
        Row("older than the maximum age", |b| { b.claim("iat", b.now - 61); b.options.max_token_age = Some(60.0) }, Some("too_old"), AGE),
        Row("iat missing with a maximum age", |b| { b.without("iat"); b.options.max_token_age = Some(60.0) }, Some("claim_missing"), AGE),
    ]);
}

#[test]
#[rustfmt::skip] // a table with columns
fn parties_are_judged_as_listed() {
    judge(&[
        Row("another issuer", |b| b.claim("iss", "https://other.example"), Some("issuer_mismatch"), Agrees),
        Row("no issuer", |b| b.without("iss"), Some("claim_missing"), Agrees),
        Row("no issuer, asked for once", |b| { b.without("iss"); b.theirs = |v| v.set_required_spec_claims(&["exp"]) }, Some("claim_missing"),
            Differs { because: "it skips the comparison when the claim is absent, unless it is required as well" }),
        Row("no audience, asked for once", |b| { b.without("aud"); b.theirs = |v| v.set_required_spec_claims(&["exp"]) }, Some("claim_missing"),
            Differs { because: "it skips the comparison when the claim is absent, unless it is required as well" }),
        Row("issuer as an array", |b| b.claim("iss", json!([ISSUER])), Some("claim_type"),
            Differs { because: "it takes several issuers in one token; RFC 7519 §4.1.1 knows one string" }),
        Row("issuer as a number", |b| b.claim("iss", 7), Some("claim_type"), Agrees),
        Row("one of two issuers", |b| b.options.issuer = Some(vec!["https://other.example".into(), ISSUER.into()]), None, Agrees),
        Row("another audience", |b| b.claim("aud", "other"), Some("audience_mismatch"), Agrees),
        Row("other audiences", |b| b.claim("aud", json!(["other", "another"])), Some("audience_mismatch"), Agrees),
        Row("no audience", |b| b.without("aud"), Some("claim_missing"), Agrees),
        Row("no audience in an array", |b| b.claim("aud", json!([])), Some("audience_mismatch"), Agrees),
        Row("audience as a number", |b| b.claim("aud", 7), Some("claim_type"), Agrees),
        Row("audience among numbers", |b| b.claim("aud", json!(["api", 7])), Some("claim_type"), Agrees),
        Row("audience as a number, none asked for", |b| { b.claim("aud", 7); b.options.audience = None }, Some("claim_type"), Agrees),
        Row("an audience, none asked for", |b| b.options.audience = None, None,
            Differs { because: "it refuses a token with `aud` when the caller names none; ours checks only what is configured" }),
        Row("another subject", |b| b.claim("sub", "bob"), Some("subject_mismatch"), Agrees),
        Row("no subject", |b| b.without("sub"), Some("claim_missing"), Agrees),
        Row("subject as a number", |b| b.claim("sub", 7), Some("claim_type"), Agrees),
        Row("subject as a number, none asked for", |b| { b.claim("sub", 7); b.options.subject = None }, Some("claim_type"), UNASKED),
        Row("a required claim missing", |b| b.options.required_claims = Some(vec!["sub".into()]), None, Agrees),
        Row("a required private claim missing", |b| b.options.required_claims = Some(vec!["tenant".into()]), Some("claim_missing"),
            Differs { because: "it knows the presence of five registered claims only" }),
    ]);
}

#[test]
#[rustfmt::skip] // a table with columns
fn headers_are_judged_as_listed() {
    judge(&[
        Row("alg not listed", |b| b.options.algorithms = Some(vec!["ES384".into()]), Some("algorithm_not_allowed"), Agrees),
        Row("alg none", |b| { b.head("alg", "none"); b.token = |t| cut_signature(&t) }, Some("algorithm_none"), Agrees),
        Row("alg none with a signature", |b| b.head("alg", "none"), Some("algorithm_none"), Agrees),
        Row("alg nOnE", |b| { b.head("alg", "nOnE"); b.token = |t| cut_signature(&t) }, Some("algorithm_none"), Agrees),
        Row("alg in lower case", |b| b.head("alg", "es256"), Some("algorithm_not_allowed"), Agrees),
        Row("an unknown alg", |b| b.head("alg", "ES256K"), Some("algorithm_not_allowed"), Agrees),
        Row("alg missing", |b| b.header_text(r#"{"typ":"JWT"}"#), Some("algorithm_missing"), Agrees),
        Row("alg null", |b| b.head("alg", Value::Null), Some("header_parameter_type"), Agrees),
        Row("alg as an array", |b| b.head("alg", json!(["ES256"])), Some("header_parameter_type"), Agrees),
        Row("alg of another hash", |b| { b.signed_by(&RSA_2048, Algorithm::RS256); b.head("alg", "RS384"); b.allow(&["RS256", "RS384"]) }, Some("signature_mismatch"), Agrees),
        Row("alg of another padding", |b| { b.signed_by(&RSA_2048, Algorithm::RS256); b.head("alg", "PS256"); b.allow(&["RS256", "PS256"]) }, Some("signature_mismatch"), Agrees),
        Row("a list of two families", |b| b.allow(&["ES256", "RS256"]), None,
            Differs { because: "it refuses every token when the list spans families, lest a key serve two; ours binds the key instead" }),
        Row("crit not understood", |b| { b.head("crit", json!(["exp"])); b.head("exp", 1) }, Some("crit_not_understood"), Agrees),
        Row("crit of what is not there", |b| b.head("crit", json!(["b64"])), Some("crit_malformed"), Agrees),
        Row("crit empty", |b| b.head("crit", json!([])), Some("crit_malformed"), Agrees),
        Row("crit twice the same", |b| { b.head("crit", json!(["b64", "b64"])); b.head("b64", true) }, Some("crit_malformed"), Agrees),
        Row("crit as a string", |b| b.head("crit", "exp"), Some("crit_malformed"), Agrees),
        Row("crit understood", |b| { b.head("crit", json!(["tenant"])); b.head("tenant", "x"); b.options.crit = Some(vec!["tenant".into()]) }, None, CRIT),
        Row("b64 false", |b| { b.head("crit", json!(["b64"])); b.head("b64", false) }, Some("payload_unencoded"), Agrees),
        Row("b64 true", |b| { b.head("crit", json!(["b64"])); b.head("b64", true) }, None, Agrees),
        Row("typ another", |b| b.options.typ = Some(vec!["at+jwt".into()]), Some("type_mismatch"), TYP),
        Row("typ missing", |b| { b.options.typ = Some(vec!["JWT".into()]); b.header_text(r#"{"alg":"ES256"}"#) }, Some("type_missing"), TYP),
        Row("typ as a number", |b| b.head("typ", 7), Some("header_parameter_type"), Agrees),
        Row("typ null", |b| b.head("typ", Value::Null), Some("header_parameter_type"),
            Differs { because: "it reads null as absent" }),
        Row("kid as a number", |b| b.head("kid", 7), Some("header_parameter_type"), Agrees),
        Row("kid of no key, the key given directly", |b| b.head("kid", "unknown"), None, Agrees),
        Row("a stranger's key in jwk", |b| { b.pair = &OTHER_P256; b.head("jwk", OTHER_P256.jwk()) }, Some("signature_mismatch"), Agrees),
        Row("a good key in jwk", |b| b.head("jwk", OTHER_P256.jwk()), None, Agrees),
        Row("jwk of the wrong type", |b| b.head("jwk", 7), None, STRICT_HEADER),
        Row("x5c of the wrong type", |b| b.head("x5c", "none"), None, STRICT_HEADER),
        Row("jku of the wrong type", |b| b.head("jku", 7), None, STRICT_HEADER),
        Row("ES512", |b| b.signed_by(&P521, Algorithm::ES512), None, UNKNOWN),
        Row("Ed25519 by its new name", |b| b.signed_by(&ED25519, Algorithm::Ed25519), None, UNKNOWN),
    ]);
}

#[test]
#[rustfmt::skip] // a table with columns
fn the_json_of_header_and_claims_is_judged_as_listed() {
    judge(&[
        Row("header member alg twice", |b| b.header_text(r#"{"alg":"ES256","alg":"ES256"}"#), Some("header_duplicate_member"), Agrees),
        Row("header member twice", |b| b.header_text(r#"{"alg":"ES256","x":1,"x":1}"#), Some("header_duplicate_member"), LAST),
        Row("header member twice, once escaped", |b| b.header_text(r#"{"alg":"ES256","x":1,"\u0078":1}"#), Some("header_duplicate_member"), LAST),
        Row("header not an object", |b| b.header_text(r#"["ES256"]"#), Some("header_not_object"), Agrees),
        Row("header not JSON", |b| b.header_text("{'alg':'ES256'}"), Some("header_malformed"), Agrees),
        Row("header with more behind it", |b| b.header_text(r#"{"alg":"ES256"}{}"#), Some("header_malformed"), Agrees),
        Row("header empty", |b| b.header_text(""), Some("header_malformed"), Agrees),
        Row("header not UTF-8", |b| b.header = Some(b"{\"alg\":\"ES256\",\"x\":\"\xff\"}".to_vec()), Some("header_not_utf8"), Agrees),
        Row("header behind a byte order mark", |b| b.header_text("\u{feff}{\"alg\":\"ES256\"}"), Some("header_not_utf8"), Agrees),
        Row("header with white space", |b| b.header_text(" {\n\"alg\" : \"ES256\" }\t"), None, Agrees),
        Row("header nested 129 deep", |b| b.head("x", nested(128)), Some("header_too_deep"), Agrees),
        Row("claim exp twice", |b| b.claims_more(r#","exp":4102444800"#), Some("claims_duplicate_member"), Agrees),
        Row("private claim twice", |b| b.claims_more(r#","admin":false,"admin":true"#), Some("claims_duplicate_member"), LAST),
        Row("private claim twice, once escaped", |b| b.claims_more(r#","admin":false,"\u0061dmin":true"#), Some("claims_duplicate_member"), LAST),
        Row("member twice inside of a claim", |b| b.claims_more(r#","act":{"sub":"a","sub":"b"}"#), Some("claims_duplicate_member"), LAST),
        Row("same name inside of two claims", |b| b.claims_more(r#","a":{"x":1},"b":{"x":1}"#), None, Agrees),
        Row("payload an array of the claims", |b| b.claims_text(&json!([b.now + 60, 0, "alice", ISSUER, "api"]).to_string()), Some("claims_not_object"),
            Differs { because: "its derived reader takes an array as the fields in their order" }),
        Row("payload a string", |b| b.claims_text(r#""exp""#), Some("claims_not_object"), Agrees),
        Row("payload a number", |b| b.claims_text("7"), Some("claims_not_object"), Agrees),
        Row("payload not JSON", |b| b.claims_text("exp=4102444800"), Some("claims_malformed"), Agrees),
        Row("payload empty", |b| b.claims_text(""), Some("claims_malformed"), Agrees),
        Row("payload with more behind it", |b| { let text = b.payload(); b.claims = Some([&text[..], b"{}"].concat()) }, Some("claims_malformed"), Agrees),
        Row("payload not UTF-8", |b| { let text = b.payload(); b.claims = Some(text.into_iter().map(|byte| if byte == b'*' { 0xff } else { byte }).collect()) }, Some("claims_not_utf8"), Agrees),
        Row("payload with half of a surrogate pair", |b| b.claims_more(r#","x":"\ud800""#), Some("claims_malformed"), Agrees),
        Row("claims nested 127 deep", |b| b.claim("x", nested(126)), None, Agrees),
        Row("claims nested 128 deep", |b| b.claim("x", nested(127)), None,
            Differs { because: "its JSON reader ends one level earlier" }),
        Row("claims nested 129 deep", |b| b.claim("x", nested(128)), Some("claims_too_deep"), Agrees),
    ]);
}

#[test]
#[rustfmt::skip] // a table with columns
fn the_form_of_a_token_is_judged_as_listed() {
    judge(&[
        Row("four parts", |b| b.token = |t| format!("{t}.e30"), Some("token_parts"), Agrees),
        Row("five parts", |b| b.token = |t| format!("{t}.e30.e30"), Some("token_parts"), Agrees),
        Row("two parts", |b| b.token = |t| t.rsplit_once('.').unwrap().0.into(), Some("token_parts"), Agrees),
        Row("no parts", |b| b.token = |_| String::new(), Some("token_parts"), Agrees),
        Row("empty parts", |b| b.token = |_| "..".into(), Some("header_malformed"), Agrees),
        Row("no signature", |b| b.token = |t| cut_signature(&t), Some("signature_mismatch"), Agrees),
        Row("padding behind the header", |b| b.token = |t| part(&t, 0, |p| format!("{p}=")), Some("header_base64url"), Agrees),
        Row("padding behind the payload", |b| b.token = |t| part(&t, 1, |p| format!("{p}=")), Some("payload_base64url"), Agrees),
        Row("padding behind the signature", |b| b.token = |t| part(&t, 2, |p| format!("{p}==")), Some("signature_base64url"), Agrees),
        Row("stray bits in the signature", |b| b.token = |t| part(&t, 2, stray), Some("signature_base64url"), Agrees),
        Row("stray bits in the header", |b| { b.header_text(r#"{"alg":"ES256" }"#); b.token = |t| part(&t, 0, stray) }, Some("header_base64url"), Agrees),
        Row("the alphabet of plain base64", |b| b.token = |t| part(&t, 2, |p| format!("+/{}", &p[2..])), Some("signature_base64url"), Agrees),
        Row("white space behind", |b| b.token = |t| format!("{t}\n"), Some("signature_base64url"), Agrees),
        Row("white space in front", |b| b.token = |t| format!(" {t}"), Some("header_base64url"), Agrees),
        Row("white space inside", |b| b.token = |t| part(&t, 1, |p| format!("{}\r\n{}", &p[..4], &p[4..])), Some("payload_base64url"), Agrees),
        Row("a line's fold inside of the signature", |b| b.token = |t| part(&t, 2, |p| format!("{}\n{}", &p[..4], &p[4..])), Some("signature_base64url"), Agrees),
        Row("a scheme in front", |b| b.token = |t| format!("Bearer {t}"), Some("header_base64url"), Agrees),
        Row("letters beyond ASCII", |b| b.token = |t| part(&t, 1, |p| format!("é{p}")), Some("payload_base64url"), Agrees),
        Row("a NUL behind", |b| b.token = |t| format!("{t}\0"), Some("signature_base64url"), Agrees),
        Row("over 16 KiB", |b| b.claim("x", "x".repeat(16 * 1024)), Some("token_too_long"),
            Differs { because: "it has no limit on a token's length" }),
        Row("over 16 KiB with the limit raised", |b| { b.claim("x", "x".repeat(16 * 1024)); b.options.max_token_length = Some(65536.0) }, None, Agrees),
        Row("parts in another order", |b| b.token = |t| { let p: Vec<_> = t.split('.').collect(); format!("{}.{}.{}", p[1], p[0], p[2]) }, Some("algorithm_missing"), Agrees),
    ]);
}

#[test]
#[rustfmt::skip] // a table with columns
fn signatures_are_judged_as_listed() {
    judge(&[
        Row("header tampered", |b| b.token = |t| part(&t, 0, |_| encode(br#"{"alg":"ES256","typ":"jwt"}"#)), Some("signature_mismatch"), Agrees),
        Row("payload tampered", |b| b.token = |t| part(&t, 1, |p| {
            let text = String::from_utf8(Base64UrlUnpadded::decode_vec(p).unwrap()).unwrap();
            encode(text.replace("alice", "admin").as_bytes())
        }), Some("signature_mismatch"), Agrees),
        Row("signature tampered", |b| b.token = |t| part(&t, 2, |p| bytes(p, |s| s[20] ^= 1)), Some("signature_mismatch"), Agrees),
        Row("signature cut", |b| b.token = |t| part(&t, 2, |p| bytes(p, |s| s.truncate(63))), Some("signature_mismatch"), Agrees),
        Row("signature with a byte more", |b| b.token = |t| part(&t, 2, |p| bytes(p, |s| s.push(0))), Some("signature_mismatch"), Agrees),
        Row("signature of zeros", |b| b.token = |t| part(&t, 2, |p| bytes(p, |s| s.fill(0))), Some("signature_mismatch"), Agrees),
        Row("signature in DER", |b| b.token = |t| part(&t, 2, |_| {
            encode(&P256.sign_der(t.rsplit_once('.').unwrap().0.as_bytes()))
        }), Some("signature_mismatch"), Agrees),
        Row("a stranger's signature", |b| b.pair = &OTHER_P256, Some("signature_mismatch"), Agrees),
        Row("a stranger's MAC", |b| { b.signed_by(&SECRET, Algorithm::HS256); b.pair = &OTHER_SECRET }, Some("signature_mismatch"), Agrees),
        Row("a MAC cut to half", |b| { b.signed_by(&SECRET, Algorithm::HS256); b.token = |t| part(&t, 2, |p| bytes(p, |s| s.truncate(16))) }, Some("signature_mismatch"), Agrees),
        Row("an Ed25519 signature whose S is too large", |b| { b.signed_by(&ED25519, Algorithm::EdDSA); b.token = |t| part(&t, 2, |p| bytes(p, |s| add_order(&mut s[32..]))) }, Some("signature_mismatch"), Agrees),
        Row("an RSA signature with a zero in front", |b| { b.signed_by(&RSA_2048, Algorithm::RS256); b.token = |t| part(&t, 2, |p| bytes(p, |s| s.insert(0, 0))) }, Some("signature_mismatch"), Agrees),
        Row("RSA PEM as the secret", |b| { let pem = RSA_2048.pems().remove(0); b.mac_by(pem.as_bytes()) }, Some("key_secret_is_pem"),
            Differs { because: "it can't tell: `from_secret` takes any bytes" }),
        Row("V12: a JWK as the secret", |b| { let jwk = P256.jwk().to_string(); b.mac_by(jwk.as_bytes()) }, Some("key_secret_is_public_key"),
            Differs { because: "it takes any bytes as a secret" }),
        Row("PKCS#1 PEM as the secret", |b| { let pem = RSA_2048.pems().remove(1); b.mac_by(pem.as_bytes()) }, Some("key_secret_is_pem"),
            Differs { because: "it can't tell: `from_secret` takes any bytes" }),
        Row("a MAC with the RSA key's PEM against the RSA key", |b| {
            let pem = RSA_2048.pems().remove(0);
            b.mac_by(pem.as_bytes());
            b.allow(&["RS256", "HS256"]);
            b.given = Given::Pem(pem, &RSA_2048);
        }, Some("key_type_mismatch"), Agrees),
        Row("an EC token against a secret", |b| { b.given = Given::Secret(SECRET.secret_bytes().unwrap().to_vec()); b.allow(&["ES256", "HS256"]) }, Some("key_type_mismatch"), Agrees),
        Row("ES384 against a P-256 key", |b| { b.signed_by(&P384, Algorithm::ES384); b.given = Given::Jwk(P256.jwk().to_string()); b.allow(&["ES256", "ES384"]) }, Some("key_curve_mismatch"), Agrees),
    ]);
}

#[test]
#[rustfmt::skip] // a table with columns
fn keys_are_judged_as_listed() {
    judge(&[
        Row("a short secret", |b| b.mac_by(&[7; 31]), Some("key_secret_too_short"), WEAK),
        Row("a short secret, allowed", |b| { b.mac_by(b"short"); b.options.min_secret_length = Some(5.0) }, None, Agrees),
        Row("an empty secret", |b| b.mac_by(b""), Some("key_secret_empty"), Agrees),
        Row("an RSA key of 1024 bits", |b| { b.allow(&["RS256"]); b.token = |_| TOKEN_BY_RSA_1024.into(); b.jwk(json!({ "kty": "RSA", "n": RSA_1024, "e": "AQAB" })) }, Some("key_rsa_modulus_size"), Agrees),
        Row("an RSA key of an even modulus", |b| { b.signed_by(&RSA_2048, Algorithm::RS256); b.jwk_with("n", &encode(&[0xfe; 256])) }, Some("key_rsa_modulus_even"), Agrees),
        Row("an RSA key with a zero in front", |b| { b.signed_by(&RSA_2048, Algorithm::RS256); b.jwk_with("e", "AAEAAQ") }, None,
            Differs { because: "aws-lc-rs refuses leading zeros, which RFC 7518 §6.3.1.1 forbids to the sender; the number is the same" }),
        Row("an RSA key of exponent 1, under which anybody signs", |b| {
            b.signed_by(&RSA_2048, Algorithm::RS256);
            b.jwk_with("e", "AQ");
            b.token = |t| part(&t, 2, |_| encode(&padded(t.rsplit_once('.').unwrap().0)));
        }, Some("key_rsa_exponent"), Agrees),
        Row("a private JWK", |b| { let mut jwk = P256.jwk(); jwk["d"] = json!(encode(&[1; 32])); b.jwk(jwk) }, None, Agrees),
        Row("an Ed25519 key of small order", |b| {
            b.signed_by(&ED25519, Algorithm::EdDSA);
            b.jwk(json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(&neutral()[..32]) }));
            b.token = |t| part(&t, 2, |_| encode(&neutral()));
        }, Some("key_point_of_small_order"),
            Differs { because: "aws-lc-rs takes a key of small order, for which one signature fits every message" }),
        Row("an Ed25519 key of 31 bytes", |b| { b.signed_by(&ED25519, Algorithm::EdDSA); b.jwk_with("x", &encode(&[1; 31])) }, Some("key_coordinate_length"), Agrees),
        Row("a point off the curve", |b| b.jwk_with("x", &encode(&[1; 32])), Some("key_point_not_on_curve"), Agrees),
        Row("coordinates split at the wrong place", |b| {
            let jotgate_crypto::KeyParts::Ec { x, y, .. } = P256.public() else { panic!("P-256 is an EC key") };
            let point = [x, y].concat();
            b.jwk(json!({ "kty": "EC", "crv": "P-256", "x": encode(&point[..31]), "y": encode(&point[31..]) }));
        }, Some("key_coordinate_length"),
            Differs { because: "it joins the coordinates without a look at their lengths" }),
        Row("a curve that the coordinates do not lie on", |b| b.jwk_with("crv", "P-384"), Some("key_point_not_on_curve"), JWK),
        Row("an unknown curve", |b| b.jwk_with("crv", "secp256k1"), Some("jwk_unsupported"), Agrees),
        Row("an unknown key type", |b| b.jwk_with("kty", "ML"), Some("jwk_unsupported"), Agrees),
        Row("a coordinate missing", |b| b.jwk(json!({ "kty": "EC", "crv": "P-256", "x": encode(&[1; 32]) })), Some("jwk_member"), Agrees),
        Row("V7: a coordinate with padding", |b| { let x = P256.jwk()["x"].as_str().unwrap().to_owned(); b.jwk_with("x", &format!("{x}=")) }, None,
            Differs { because: "it reads base64url without padding only; a key that the caller gives is trusted" }),
        Row("a JWK member twice", |b| { let text = P256.jwk().to_string(); b.given = Given::Jwk(text.replacen('{', r#"{"kid":"a","kid":"b","#, 1)) }, Some("jwk_duplicate_member"), Agrees),
        Row("a JWK that is no object", |b| b.given = Given::Jwk("[]".into()), Some("jwk_not_object"), Agrees),
        Row("a JWK for encryption", |b| b.jwk_with("use", "enc"), Some("key_use"), JWK),
        Row("a JWK for signing alone", |b| { let mut jwk = P256.jwk(); jwk["key_ops"] = json!(["sign"]); b.jwk(jwk) }, Some("key_operations"), JWK),
        Row("a JWK for another algorithm", |b| b.jwk_with("alg", "ES384"), Some("key_algorithm_mismatch"), JWK),
        Row("a JWK for the algorithm", |b| b.jwk_with("alg", "ES256"), None, Agrees),
        Row("a set with the key", |b| { b.head("kid", "a"); b.set(&[P256.jwk_named("a")]) }, None, Agrees),
        Row("a set without the kid", |b| { b.head("kid", "b"); b.set(&[P256.jwk_named("a")]) }, Some("no_matching_key"), Agrees),
        Row("a set that is empty", |b| { b.head("kid", "a"); b.set(&[]) }, Some("no_matching_key"), Agrees),
        Row("a set whose key of that kid is of another type", |b| { b.head("kid", "a"); b.set(&[RSA_2048.jwk_named("a"), P256.jwk_named("b")]) }, Some("key_does_not_fit"), Agrees),
        Row("a set and no kid", |b| b.set(&[OTHER_P256.jwk_named("a"), P256.jwk_named("b")]), None,
            Differs { because: "it leaves the choice to its caller, who has no kid to look for; ours tries each within a budget of work" }),
        Row("V4: a set of nine keys and no kid, the last the signer's", |b| {
            let mut keys = vec![OTHER_P256.jwk(); 8];
            keys.push(P256.jwk());
            b.set(&keys);
        }, None, Differs { because: "it leaves the choice to its caller, who has no kid to look for" }),
        Row("V4: a set of 65 keys and no kid, the last the signer's", |b| {
            let mut keys = vec![OTHER_P256.jwk(); 64];
            keys.push(P256.jwk());
            b.set(&keys);
        }, Some("too_many_candidates"), Agrees),
        Row("V13: operations named twice", |b| { let mut jwk = P256.jwk(); jwk["key_ops"] = json!(["verify", "verify"]); b.jwk(jwk) }, Some("jwk_member"), JWK),
        Row("a set with two keys of one kid", |b| { b.head("kid", "a"); b.set(&[OTHER_P256.jwk_named("a"), P256.jwk_named("a")]) }, None,
            Differs { because: "`JwkSet::find` gives the first alone; ours tries both" }),
        Row("a set with a secret", |b| { b.signed_by(&SECRET, Algorithm::HS256); b.head("kid", "a"); b.set(&[SECRET.jwk_named("a")]) }, Some("no_matching_key"),
            Differs { because: "it accepts a secret in a set; a reader of a published set could sign" }),
        Row("a set with an unknown member", |b| { b.head("kid", "a"); b.set(&[json!({ "kty": "ML", "kid": "z" }), P256.jwk_named("a")]) }, None, Agrees),
        Row("a set with a member that is no object", |b| { b.head("kid", "a"); b.set(&[json!(7), P256.jwk_named("a")]) }, None,
            Differs { because: "one bad member costs it the whole set; ours skips it and reports it" }),
        Row("a set that is a list", |b| b.given = Given::Set("[]".into()), Some("jwks_not_object"), Agrees),
    ]);
}

/// A modulus of 1024 bits, made once for this test, and a token that it signed, valid until 2100. aws-lc-rs
/// neither makes such a key nor signs with one.
const RSA_1024: &str = "r8JrpV18n6xIJr9lGGzN5wlw792qwZKJlUe4jx79wf0bSCUiy9nWv8inTMXtG7sSGpK6VEDWjF8F4iuBrXnoQGlwd2X3EfhNtSbBEVZw8nUmYeCFKvOx_lFvbnNkj1jkxTWSK7UmLuX-HdFaD_sEkgYkxRsd6YxWlOYLLTEOPiM";
const TOKEN_BY_RSA_1024: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJodHRwczovL2lzc3Vlci5leGFtcGxlIiwic3ViIjoiYWxpY2UiLCJhdWQiOiJhcGkiLCJleHAiOjQxMDI0NDQ4MDB9.qN4WAPOUhq9wOpWDQyrsD9nX-cU1huBMnC3Osp1pLVfxqVAOeM-K12LXmgxc_W-NMULYgBrL9SmvIq60r-ynNVnoyKT2ezH1WuQ8UTIdPyqmdtaHBIZCm9pS5tJEDv6E4o7OGT3d4xHWcksnIT9bJHhCTEH-7BIwuCTXB1NO25Q";

const ISSUER: &str = "https://issuer.example";

/// A good token, its key and the policy, before they are changed.
struct Bench {
    now: u64,
    members: Value,
    claimed: Value,
    /// The bytes of the header, if they are not `members`.
    header: Option<Vec<u8>>,
    /// The bytes of the payload, if they are not `claimed`.
    claims: Option<Vec<u8>>,
    pair: &'static Pair,
    algorithm: Algorithm,
    /// The secret that signs instead of `pair`.
    secret: Option<Vec<u8>>,
    /// Changes the token after it was signed.
    token: fn(String) -> String,
    given: Given,
    options: PolicyOptions,
    /// Changes the policy for jsonwebtoken.
    theirs: fn(&mut Validation),
}

impl Bench {
    fn new(now: u64) -> Self {
        Self {
            now,
            members: json!({ "alg": "ES256", "typ": "JWT" }),
            claimed: json!({ "iss": ISSUER, "sub": "alice", "aud": ["api"], "exp": now + 600, "nbf": now - 1, "iat": now - 1, "note": "*" }),
            header: None,
            claims: None,
            pair: &P256,
            algorithm: Algorithm::ES256,
            secret: None,
            token: |token| token,
            given: Given::Jwk(P256.jwk().to_string()),
            options: PolicyOptions {
                algorithms: Some(vec!["ES256".into()]),
                issuer: Some(vec![ISSUER.into()]),
                audience: Some(vec!["api".into()]),
                subject: Some("alice".into()),
                ..PolicyOptions::default()
            },
            theirs: |_| (),
        }
    }

    fn seconds(&self) -> f64 {
        self.now as f64
    }

    fn claim(&mut self, name: &str, value: impl Into<Value>) {
        self.claimed[name] = value.into();
    }

    fn without(&mut self, name: &str) {
        self.claimed.as_object_mut().unwrap().remove(name).unwrap();
    }

    fn claims_text(&mut self, text: &str) {
        self.claims = Some(text.into());
    }

    /// Appends text after the last claim.
    fn claims_more(&mut self, text: &str) {
        let claims = self.claimed.to_string();
        self.claims_text(&format!("{}{text}}}", claims.strip_suffix('}').unwrap()));
    }

    fn head(&mut self, name: &str, value: impl Into<Value>) {
        self.members[name] = value.into();
    }

    fn header_text(&mut self, text: &str) {
        self.header = Some(text.into());
    }

    fn payload(&self) -> Vec<u8> {
        self.claims.clone().unwrap_or_else(|| self.claimed.to_string().into())
    }

    fn allow(&mut self, algorithms: &[&str]) {
        self.options.algorithms = Some(algorithms.iter().map(|name| (*name).into()).collect());
    }

    fn signed_by(&mut self, pair: &'static Pair, algorithm: Algorithm) {
        (self.pair, self.algorithm) = (pair, algorithm);
        self.head("alg", algorithm.name());
        self.allow(&[algorithm.name()]);
        self.jwk(pair.jwk());
    }

    fn mac_by(&mut self, secret: &[u8]) {
        self.signed_by(&SECRET, Algorithm::HS256);
        self.secret = Some(secret.into());
        self.given = Given::Secret(secret.into());
    }

    fn jwk(&mut self, jwk: Value) {
        self.given = Given::Jwk(jwk.to_string());
    }

    /// The JWK with one member changed.
    fn jwk_with(&mut self, name: &str, value: &str) {
        let mut jwk = self.pair.jwk();
        jwk[name] = value.into();
        self.jwk(jwk);
    }

    fn set(&mut self, keys: &[Value]) {
        self.given = Given::Set(json!({ "keys": keys }).to_string());
    }

    /// Both verdicts.
    fn run(&self) -> (Ours, Result<(), Error>) {
        let header = self.header.clone().unwrap_or_else(|| self.members.to_string().into());
        let given_secret = self.secret.clone().map(Pair::of_secret);
        let pair = given_secret.as_ref().unwrap_or(self.pair);
        let token = (self.token)(pair.token(self.algorithm, &header, &self.payload()));
        let mut validation = validation_of(&self.options);
        (self.theirs)(&mut validation);
        (
            ours(token.as_bytes(), &self.given, &self.options, self.seconds()).err(),
            theirs(token.as_bytes(), &self.given, &validation).map(|_| ()),
        )
    }
}

/// Runs the rows and lists those that fail.
#[track_caller]
fn judge(rows: &[Row]) {
    let failures = rows.iter().filter_map(|row| failure(row).map(|why| format!("{}: {why}", row.0)));
    let failures: Vec<String> = failures.collect();
    assert!(failures.is_empty(), "{} of {} rows failed\n{}", failures.len(), rows.len(), failures.join("\n"));
}

fn failure(Row(_, change, listed, second): &Row) -> Option<String> {
    let (ours, theirs) = loop {
        // jsonwebtoken reads the system's clock, so both must judge within one second.
        let mut bench = Bench::new(get_current_timestamp());
        change(&mut bench);
        let verdicts = bench.run();
        if get_current_timestamp() == bench.now {
            break verdicts;
        }
    };
    if ours != *listed {
        return Some(format!("ours says {ours:?}, listed is {listed:?}"));
    }
    match (second, ours.is_none() == theirs.is_ok()) {
        (Agrees, true) | (Differs { .. }, false) => None,
        (Agrees, false) => {
            Some(format!("ours says {ours:?}, jsonwebtoken {theirs:?}, and no difference is listed"))
        }
        (Differs { because }, true) => {
            Some(format!("jsonwebtoken says {theirs:?} now; listed was that {because}"))
        }
    }
}

/// Nested arrays.
fn nested(depth: usize) -> Value {
    (0..depth).fold(json!(0), |inner, _| json!([inner]))
}

fn cut_signature(token: &str) -> String {
    part(token, 2, |_| String::new())
}

/// The token with one part changed.
fn part(token: &str, index: usize, change: impl Fn(&str) -> String) -> String {
    let parts = token.split('.').enumerate();
    let parts: Vec<_> =
        parts.map(|(at, part)| if at == index { change(part) } else { part.into() }).collect();
    parts.join(".")
}

/// Changes the decoded bytes of a text.
fn bytes(text: &str, change: impl Fn(&mut Vec<u8>)) -> String {
    let mut bytes = Base64UrlUnpadded::decode_vec(text).unwrap();
    change(&mut bytes);
    encode(&bytes)
}

/// Sets the unused bits of the last character: a lax decoder reads the same bytes.
fn stray(text: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_ne!(text.len() % 4, 0, "no bits are unused");
    let (rest, last) = text.split_at(text.len() - 1);
    let value = ALPHABET.find(last).unwrap();
    format!("{rest}{}", &ALPHABET[value + 1..value + 2])
}

/// Adds the order of the group to a little-endian number.
fn add_order(number: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0;
    for (digit, order) in number.iter_mut().zip(ORDER) {
        let sum = u16::from(*digit) + u16::from(order) + carry;
        [*digit, _] = sum.to_le_bytes();
        carry = sum >> 8;
    }
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2) with SHA-256, 2048 bits. With an exponent of 1 it is its own signature.
fn padded(message: &str) -> Vec<u8> {
    const DIGEST_INFO: [u8; 19] = [48, 49, 48, 13, 6, 9, 96, 134, 72, 1, 101, 3, 4, 2, 1, 5, 0, 4, 32];
    let hash = digest(&SHA256, message.as_bytes());
    [&[0, 1], &[0xff; 202][..], &[0], &DIGEST_INFO, hash.as_ref()].concat()
}

/// R is the neutral element and S is 0: with the neutral element as a key this signs everything.
fn neutral() -> [u8; 64] {
    let mut bytes = [0; 64];
    bytes[0] = 1;
    bytes
}
