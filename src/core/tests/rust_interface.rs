//! What programs in Rust rely on beside verdicts: errors, threads, and typed claims.
#![expect(clippy::unwrap_used, reason = "a test file: what surprises it stops it")]

use std::error::Error;

use jotgate_core::{
    Algorithm, Key, KeyCache, KeySet, Keys, Memory, Needs, Policy, Refusal, Refused, SignedPayload, Verdict,
    bearer::Denial, verify,
};

/// RFC 7515 §A.1.1.
const SECRET: &str = r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;

fn is_shared<T: Send + Sync + 'static>() {}
fn is_error<T: Error + Send + Sync + 'static>() {}

#[test]
fn handles_and_results_can_be_shared_by_threads() {
    is_shared::<Key>();
    is_shared::<KeySet>();
    is_shared::<Policy>();
    is_shared::<Needs>();
    is_shared::<KeyCache>();
    is_shared::<Memory>();
    is_shared::<Verdict>();
    is_shared::<SignedPayload>();
    is_error::<Refusal>();
    is_error::<Refused>();
    is_error::<Denial>();
    is_error::<jotgate_core::KeyRefusal>();
}

/// The verdict on a token with these claims.
fn verdict(claims: &str, needs: &Needs) -> Result<Verdict, Box<dyn Error>> {
    let key = Key::from_jwk(SECRET)?;
    let policy = Policy::builder().algorithms([Algorithm::HS256]).accept_without_exp().build()?;
    Ok(verify(signed(claims).as_bytes(), Keys::One(&key), &policy, needs, 0.0)?)
}

/// A token with these claims, signed with HS256 (RFC 7515 §A.1).
fn signed(claims: &str) -> String {
    use jotgate_core::{Hash, digest};
    let url = |bytes: &[u8]| base64ct::Base64UrlUnpadded::encode_string(bytes);
    use base64ct::Encoding as _;
    let key = base64ct::Base64UrlUnpadded::decode_vec(SECRET.split('"').rev().nth(1).unwrap()).unwrap();
    let input = format!("{}.{}", url(br#"{"alg":"HS256"}"#), url(claims.as_bytes()));
    // RFC 2104 §2; the key is as long as a block of SHA-256.
    assert_eq!(key.len(), 64);
    let pad = |byte: u8| -> Vec<u8> { key.iter().map(|one| one ^ byte).collect() };
    let inner = digest(Hash::Sha256, &[&pad(0x36), input.as_bytes()]);
    let mac = digest(Hash::Sha256, &[&pad(0x5c), &inner]);
    format!("{input}.{}", url(&mac))
}

#[test]
fn claims_are_read_by_their_types() {
    let text = r#"{"iss":"i","sub":"s","aud":["a","b"],"exp":9,"nbf":-1,"iat":0.5,"scope":"read  write","scp":["x"],
        "roles":["r"],"tenant":"t\u0021","level":3,"admin":true,"mixed":["a",1],"none":null}"#;
    let verdict = verdict(text, &Needs::builder().scope("read").role("r").build().unwrap()).unwrap();
    assert_eq!(verdict.claims(), text);
    let claims = verdict.read_claims();
    assert_eq!((claims.issuer(), claims.subject()), (Some("i"), Some("s")));
    assert_eq!((claims.exp(), claims.nbf(), claims.iat()), (Some(9.0), Some(-1.0), Some(0.5)));
    assert!(claims.is_for("b") && !claims.is_for("c"));
    assert_eq!(claims.strings("aud"), ["a", "b"]);
    assert_eq!(claims.strings("iss"), ["i"]);
    assert_eq!(claims.scopes(), ["read", "write"]);
    assert_eq!(claims.string("tenant"), Some("t!"));
    assert_eq!(claims.number("level"), Some(3.0));
    assert_eq!(claims.boolean("admin"), Some(true));
    // Another type is not converted.
    assert_eq!((claims.string("level"), claims.number("tenant"), claims.boolean("none")), (None, None, None));
    assert!(claims.strings("mixed").is_empty() && claims.strings("missing").is_empty());
    assert!(claims.has("none") && !claims.has("missing"));
}

#[test]
fn scopes_are_those_that_needs_are_checked_against() {
    for (claims, scopes) in [
        (r#"{"scp":["a","b c"]}"#, &["a", "b c"][..]),
        (r#"{"scope":"","scp":"b"}"#, &[]),
        (r#"{"scopes":"a","scp":"b"}"#, &["b"]),
        (r#"{"scope":7}"#, &[]),
        ("{}", &[]),
    ] {
        let verdict = verdict(claims, &Needs::default()).unwrap();
        assert_eq!(verdict.read_claims().scopes(), scopes, "{claims}");
    }
}

#[test]
fn a_refused_token_is_an_error_with_its_code_and_its_claims() {
    let needs = Needs::builder().scope("write").build().unwrap();
    let error = verdict(r#"{"sub":"s"}"#, &needs).unwrap_err();
    let refused = error.downcast::<Refused>().unwrap();
    assert_eq!(
        (refused.refusal.code(), refused.to_string()),
        ("insufficient_scope", refused.refusal.to_string())
    );
    assert_eq!(refused.signed.as_ref().unwrap().payload(), br#"{"sub":"s"}"#);
    assert_eq!(Denial::from(*refused).status(), 403);
}

#[test]
fn a_bound_token_is_refused_unless_the_caller_checks_the_proof() {
    let claims = r#"{"cnf":{"jkt":"x"}}"#;
    let error = verdict(claims, &Needs::default()).unwrap_err();
    assert_eq!(error.downcast::<Refused>().unwrap().refusal.code(), "confirmation_not_enforced");
    let policy =
        Policy::builder().algorithms([Algorithm::HS256]).accept_without_exp().accept_bound().build().unwrap();
    let key = Key::from_jwk(SECRET).unwrap();
    assert!(verify(signed(claims).as_bytes(), Keys::One(&key), &policy, &Needs::default(), 0.0).is_ok());
}
