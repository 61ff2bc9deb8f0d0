use alloc::{string::ToString, vec};

use super::*;

fn code(fields: &[&str]) -> Result<String, &'static str> {
    let found = token(fields.iter().map(|field| field.as_bytes()));
    found.map(|token| String::from_utf8_lossy(token).into_owned()).map_err(|denial| denial.code())
}

#[test]
fn a_header_is_read_as_by_the_gate_of_the_package() {
    for scheme in ["Bearer ", "bearer ", "BEARER ", " Bearer   "] {
        assert_eq!(code(&[&(scheme.to_string() + "a.b.c")]).as_deref(), Ok("a.b.c"), "{scheme}");
    }
    // The cases of `tests/package/suite/gate/answers.mjs` and `proof/dpop.mjs`.
    for (field, expected) in [
        ("", "credentials_absent"),
        ("  ", "credentials_absent"),
        ("Basic dXNlcjpwYXNz", "credentials_absent"),
        ("Digest username=\"a\", uri=\"/b\"", "credentials_absent"),
        ("Bearerish abc", "credentials_absent"),
        ("DPoPx y", "credentials_absent"),
        ("Bearer", "credentials_missing"),
        ("Bearer   ", "credentials_missing"),
        ("Bearer a.b.c, Bearer a.b.c", "credentials_repeated"),
        ("Basic abc, Bearer a.b.c", "credentials_repeated"),
        ("Basic abc,bearer", "credentials_repeated"),
        ("Bearer,", "credentials_repeated"),
        ("DPoP x, Bearer a.b.c", "credentials_repeated"),
        ("Basic x, DPoP a.b.c", "credentials_repeated"),
        ("Bearer a.b.c a.b.c", "credentials_malformed"),
        ("Bearer a.b.c\u{b}d", "credentials_malformed"),
        ("Bearer\ta.b.c", "credentials_malformed"),
        ("DPoP x", "scheme_not_supported"),
        ("dpop x.y.z", "scheme_not_supported"),
        ("DPoP", "scheme_not_supported"),
    ] {
        assert_eq!(code(&[field]), Err(expected), "`{field}`");
    }
    assert_eq!(code(&[]), Err("credentials_absent"));
    assert_eq!(code(&["Basic a", "Digest b"]), Err("credentials_absent"));
    for fields in [["Bearer a", "Bearer a"], ["Bearer a", "Basic b"], ["Basic b", "Bearer a"], ["Bearer", ""]]
    {
        assert_eq!(code(&fields), Err("credentials_repeated"), "{fields:?}");
    }
}

fn needs() -> Needs {
    Needs::builder().scope("items:read").any_scope(["a", "b"]).role("admin").build().unwrap()
}

#[test]
fn a_challenge_says_what_would_help() {
    let said = |denial: Denial| (denial.status(), denial.challenge("my api", &needs()));
    let challenge = |rest: &str| Some(alloc::format!("Bearer realm=\"my api\"{rest}"));
    let scope = "scope=\"items:read a\"";
    for (denial, status, rest) in [
        (Denial::Absent, 401, alloc::format!(", {scope}")),
        (Denial::Unsupported, 401, alloc::format!(", {scope}")),
        (
            Denial::Missing,
            400,
            alloc::format!(
                ", error=\"invalid_request\", {scope}, error_description=\"no token follows the scheme\""
            ),
        ),
        (
            Refusal::Expired { exp: 1.0, now: 2.0 }.into(),
            401,
            alloc::format!(", error=\"invalid_token\", {scope}, error_description=\"the token has expired\""),
        ),
        (
            Refusal::InsufficientScope { needed: vec!["items:read".into()] }.into(),
            403,
            alloc::format!(
                ", error=\"insufficient_scope\", {scope}, error_description=\"the token lacks scopes\""
            ),
        ),
        // No scope would help.
        (
            Refusal::InsufficientRoles.into(),
            403,
            ", error=\"insufficient_scope\", error_description=\"the token lacks roles\"".into(),
        ),
    ] {
        assert_eq!(said(denial), (status, challenge(&rest)));
    }
    // The program's mistake, not the client's.
    assert_eq!(said(Refusal::Option { name: "now", problem: "" }.into()), (500, None));
    assert_eq!(Denial::Absent.challenge("a", &Needs::default()).as_deref(), Some("Bearer realm=\"a\""));
}

#[test]
fn a_description_does_not_say_what_would_be_accepted() {
    let said = |refusal: Refusal| Denial::from(refusal).description();
    assert_eq!(said(Refusal::IssuerMismatch { found: "x".into() }), "the token's iss is not accepted");
    assert_eq!(said(Refusal::ClaimMissing { claim: "iss".into() }), "the token's iss is missing");
    assert_eq!(said(Refusal::TooOld { iat: 0.0, now: 9.0, maximum: 1.0 }), "the token is too old");
    assert_eq!(said(Refusal::NotYetValid { nbf: 9.0, now: 1.0 }), "the token is not valid yet");
    assert_eq!(said(Refusal::TypeMismatch { found: "jwt".into() }), "the token's typ is not accepted");
    assert_eq!(said(Refusal::AlgorithmNone), "the algorithm is not accepted");
    assert_eq!(said(Refusal::NoMatchingKey), "no key of the issuer matches the token");
    assert_eq!(said(Refusal::SignatureMismatch), "the signature does not match");
    assert_eq!(said(Refusal::TokenParts { found: 1 }), "the token is malformed");
}

#[test]
fn no_value_ends_a_challenge() {
    let realm = "a\" b=\\\r\n\u{e9}";
    assert_eq!(
        Denial::Absent.challenge(realm, &Needs::default()).as_deref(),
        Some("Bearer realm=\"a' b?????\"")
    );
}
