//! Changes thousands of tokens at random, the same way on every run. Ours and jsonwebtoken must agree, or ours
//! must be stricter by a listed code. One listed rule explains where jsonwebtoken is stricter. Nothing may
//! panic.

use std::collections::BTreeSet;

use jotgate_core::{Algorithm, PolicyOptions};
use jsonwebtoken::get_current_timestamp;
use serde_json::{Value, from_str, json};

use crate::{
    opinion::{Given, ours, theirs, validation_of},
    pair::{ED25519, P256, P384, Pair, RSA_2048, SECRET},
    random::Random,
};

/// Changed signed tokens, for each pair.
const SIGNED: usize = 400;
/// Headers and claims that are changed before signing.
const UNSIGNED: usize = 20_000;

/// The codes by which ours may refuse what jsonwebtoken accepts. Each must occur.
const STRICTER: [(&str, &str); 5] = [
    ("claims_duplicate_member", "its maps take the last of two members"),
    ("header_duplicate_member", "its maps take the last of two members"),
    ("header_parameter_type", "it reads null as absent"),
    ("claim_type", "it takes an array of issuers"),
    ("claim_not_number", "it never looks at `iat`"),
];

#[test]
fn both_refuse_every_changed_token() {
    let mut random = Random::seeded(2);
    let mut tried = 0;
    for (algorithm, pair) in pairs() {
        let (given, options) = (Given::Jwk(pair.jwk().to_string()), options(algorithm));
        let validation = validation_of(&options);
        let token = pair.token(algorithm, header(algorithm).as_bytes(), CLAIMS.as_bytes()).into_bytes();
        let other = pair.token(algorithm, header(algorithm).as_bytes(), b"{}").into_bytes();
        assert!(ours(&token, &given, &options, now()).is_ok() && theirs(&token, &given, &validation).is_ok());
        for turn in 0..SIGNED {
            let changed = change_token(&token, &other, &mut random);
            if changed == token {
                continue;
            }
            let verdicts = (ours(&changed, &given, &options, now()), theirs(&changed, &given, &validation));
            assert!(
                matches!(verdicts, (Err(_), Err(_))),
                "{} at turn {turn}: {verdicts:?}",
                algorithm.name()
            );
            tried += 1;
        }
    }
    assert!(tried >= 6 * SIGNED * 9 / 10, "only {tried} of {} tokens were changed", 6 * SIGNED);
}

#[test]
fn both_accept_changed_json_or_a_listed_code_refuses_it() {
    let (given, options) = (Given::Jwk(SECRET.jwk().to_string()), options(Algorithm::HS256));
    let (validation, mut random) = (validation_of(&options), Random::seeded(3));
    let (mut accepted, mut refused, mut looser, mut stricter) = (0, 0, 0, BTreeSet::new());
    for turn in 0..UNSIGNED {
        let (mut header, mut claims) = (header(Algorithm::HS256).into_bytes(), CLAIMS.as_bytes().to_vec());
        for _ in 0..=random.below(3) {
            let text = if random.below(3) == 0 { &mut header } else { &mut claims };
            *text = change_json(text, &mut random);
        }
        let token = SECRET.token(Algorithm::HS256, &header, &claims);
        let mine = ours(token.as_bytes(), &given, &options, now());
        let second = theirs(token.as_bytes(), &given, &validation);
        let shown = || {
            format!("turn {turn}: {} {}", String::from_utf8_lossy(&header), String::from_utf8_lossy(&claims))
        };
        match (mine, second) {
            (Ok(mine), Ok(second)) => {
                assert_eq!(from_str::<Value>(&mine).unwrap(), second, "{}", shown());
                accepted += 1;
            }
            (Err(_), Err(_)) => refused += 1,
            (Err(code), Ok(_)) => {
                assert!(
                    STRICTER.iter().any(|(listed, _)| *listed == code),
                    "ours refuses with {code}, {}",
                    shown()
                );
                stricter.insert(code);
            }
            (Ok(mine), Err(error)) => {
                assert!(
                    beyond_64_bits(&mine),
                    "ours accepts, jsonwebtoken refuses with {error}, {}",
                    shown()
                );
                looser += 1;
            }
        }
    }
    assert!(looser > 0, "no time above 64 bits occurred");
    assert!(accepted > UNSIGNED / 20 && refused > UNSIGNED / 4, "{accepted} accepted, {refused} refused");
    let listed: BTreeSet<&str> = STRICTER.iter().map(|(code, _)| *code).collect();
    assert_eq!(stricter, listed, "the codes that occurred, then the listed ones");
}

/// The one rule by which ours may accept what jsonwebtoken refuses: a time that is not an unsigned 64-bit
/// number.
fn beyond_64_bits(claims: &str) -> bool {
    let claims: Value = from_str(claims).unwrap();
    let beyond = |time: f64| !(0.0..18_446_744_073_709_551_616.0).contains(&time);
    ["exp", "nbf"].into_iter().any(|name| claims[name].as_f64().is_some_and(beyond))
}

/// One pair of each family that jsonwebtoken has.
fn pairs() -> [(Algorithm, &'static Pair); 6] {
    [
        (Algorithm::HS256, &SECRET),
        (Algorithm::RS256, &RSA_2048),
        (Algorithm::PS384, &RSA_2048),
        (Algorithm::ES256, &P256),
        (Algorithm::ES384, &P384),
        (Algorithm::EdDSA, &ED25519),
    ]
}

fn header(algorithm: Algorithm) -> String {
    json!({ "alg": algorithm.name(), "kid": "a", "typ": "JWT" }).to_string()
}

/// Times far from today: the same bytes on every run.
const CLAIMS: &str = r#"{"iss":"https://issuer.example","sub":"alice","aud":["api","other"],"exp":4102444800,"nbf":1600000000,"iat":1600000000,"act":{"sub":"bob"},"note":"a\n\u00e9 ü"}"#;

fn options(algorithm: Algorithm) -> PolicyOptions {
    PolicyOptions {
        algorithms: Some(vec![algorithm.name().into()]),
        issuer: Some(vec!["https://issuer.example".into()]),
        audience: Some(vec!["api".into()]),
        subject: Some("alice".into()),
        ..PolicyOptions::default()
    }
}

fn now() -> f64 {
    get_current_timestamp() as f64
}

/// Changes bytes of a signed token.
fn change_token(token: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    const INSERTED: [&str; 10] = [".", "=", " ", "\n", "A", "_", "+", "/", "\0", "é"];
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut parts: Vec<Vec<u8>> = token.split(|byte| *byte == b'.').map(<[u8]>::to_vec).collect();
    let others: Vec<&[u8]> = other.split(|byte| *byte == b'.').collect();
    let (at, part) = (random.below(token.len()), random.below(3));
    match random.below(8) {
        0 => return random.flipped(token),
        1 => return token[..at].to_vec(),
        2 => return token[at + 1..].to_vec(),
        3 => return splice(token, at, random.pick(&INSERTED).as_bytes()),
        4 => {
            let end = at + random.below(token.len() - at);
            return splice(token, at, &token[at..end]);
        }
        5 => parts.swap(part, (part + 1) % 3),
        6 => parts[part] = others[part].to_vec(),
        _ => {
            let at = random.below(parts[part].len());
            parts[part][at] = LETTERS[random.below(LETTERS.len())];
        }
    }
    parts.join(&b'.')
}

/// Changes bytes, a member or a value of a JSON text.
#[rustfmt::skip] // one line for each list
fn change_json(text: &[u8], random: &mut Random) -> Vec<u8> {
    const BYTES: [&str; 22] = [
        "{", "}", "[", "]", "\"", ",", ":", "0", "7", ".", "e", "-", "+", " ", "\n", "\\", "null", "\u{7f}", "\0", "é", "\"\"", "[]",
    ];
    const MEMBERS: [&str; 14] = [
        r#""exp":"4102444800","#, r#""exp":1,"#, r#""nbf":null,"#, r#""admin":true,"#, r#""iat":"now","#,
        r#""iss":["https://issuer.example"],"#, r#""aud":7,"#, r#""kid":"b","#, r#""typ":null,"#, r#""crit":["exp"],"#,
        r#""crit":[],"#, r#""b64":false,"#, r#""alg":"none","#, r#""x":1,"x":1,"#,
    ];
    const VALUES: [&str; 12] = [
        "null", "true", "7", "-1", "1e99", "1e999", "\"\"", "\"\\ud800\"", "[]", "{}", "[\"https://issuer.example\"]", "\"api\"",
    ];
    if text.is_empty() {
        return b"{}".to_vec();
    }
    let at = random.below(text.len());
    match random.below(7) {
        0 => random.flipped(text),
        1 => [&text[..at], &text[at + 1..]].concat(),
        2 => splice(text, at, random.pick(&BYTES).as_bytes()),
        3 => {
            let end = at + random.below(text.len() - at);
            splice(text, at, &text[at..end])
        }
        // Adds a member at the front, which may be a duplicate.
        4 => splice(text, 1, random.pick(&MEMBERS).as_bytes()),
        // Removes a member, up to a comma that may be inside an array.
        5 => {
            let end = text[at..].iter().position(|byte| *byte == b',').map_or(text.len(), |end| at + end);
            [&text[..at], &text[end..]].concat()
        }
        // Replaces a value, up to a comma that may be inside an array.
        _ => {
            let names: Vec<usize> =
                (0..text.len()).filter(|at| text[*at..].starts_with(b"\":")).map(|at| at + 2).collect();
            if names.is_empty() {
                return text.to_vec();
            }
            let start = names[random.below(names.len())];
            let end = text[start..]
                .iter()
                .position(|byte| matches!(byte, b',' | b'}'))
                .map_or(text.len(), |end| start + end);
            [&text[..start], random.pick(&VALUES).as_bytes(), &text[end..]].concat()
        }
    }
}

fn splice(into: &[u8], at: usize, piece: &[u8]) -> Vec<u8> {
    [&into[..at], piece, &into[at..]].concat()
}
