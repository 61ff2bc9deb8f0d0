//! Describes refusals and keys as JSON text.

use jotgate_core::{Curve, Key, KeySet, Refusal, message::count};

/// Writes a refusal as JSON text.
pub(crate) fn refusal(refusal: &Refusal) -> String {
    let mut object = Object::default();
    object.text("code", refusal.code());
    object.text("class", refusal.class().code());
    object.message(refusal);
    if let Some((claim, reason)) = refusal.claim() {
        object.text("claim", claim);
        object.text("reason", reason.name());
    }
    match refusal {
        Refusal::Option { name, .. } => object.text("option", name),
        Refusal::InsufficientScope { needed } => object.text("scope", &needed.join(" ")),
        _ => {}
    }
    object.finish()
}

/// Writes a key's description as JSON text.
pub(crate) fn key(key: &Key) -> String {
    described(key).finish()
}

/// Writes a key set's description as JSON text.
pub(crate) fn key_set(set: &KeySet) -> String {
    let mut object = Object::default();
    object.number("size", set.keys().len());
    object.list("keys", set.keys(), |member| {
        let mut object = described(&member.key);
        object.number("index", member.index);
        object.finish()
    });
    object.list("skipped", set.skipped(), |skipped| {
        let mut object = Object::default();
        object.number("index", skipped.index);
        object.text_if_any("kid", skipped.kid.as_deref());
        object.text("code", skipped.refusal.code());
        object.message(&skipped.refusal);
        object.finish()
    });
    object.list("dropped", set.dropped(), |dropped| {
        let mut object = Object::default();
        object.number("index", dropped.index);
        object.text_if_any("kid", dropped.kid.as_deref());
        object.list("names", &dropped.names, |name| quoted(name));
        object.finish()
    });
    object.finish()
}

/// Writes a key's description, without key material.
fn described(key: &Key) -> Object {
    let mut object = Object::default();
    object.text("kty", key.prepared().key_type().name());
    object.text_if_any("crv", key.prepared().curve().map(Curve::name));
    object.text_if_any("kid", key.kid());
    object.text_if_any("alg", key.algorithm());
    object.text_if_any("use", key.usage());
    if let Some(operations) = key.operations() {
        object.list("key_ops", operations, |operation| quoted(operation));
    }
    object.number("bits", key.prepared().bits());
    object.list("algorithms", &key.algorithms(), |algorithm| quoted(algorithm.name()));
    object
}

/// A JSON object under construction. Its names need no escapes.
#[derive(Default)]
struct Object {
    text: String,
}

impl Object {
    fn name(&mut self, name: &str) {
        self.text.push_str(if self.text.is_empty() { "{\"" } else { ",\"" });
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.text.push_str(&quoted(value));
    }

    fn text_if_any(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn number(&mut self, name: &str, value: usize) {
        self.name(name);
        self.text.push_str(&count(value));
    }

    fn message(&mut self, refusal: &Refusal) {
        let mut message = String::new();
        // Writing to a string never fails.
        let _ = refusal.write_message(&mut message);
        self.text("message", &message);
    }

    fn list<T>(&mut self, name: &str, items: &[T], shown: impl Fn(&T) -> String) {
        self.name(name);
        for (place, item) in items.iter().enumerate() {
            self.text.push(if place == 0 { '[' } else { ',' });
            self.text.push_str(&shown(item));
        }
        self.text.push_str(if items.is_empty() { "[]" } else { "]" });
    }

    fn finish(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// Writes a JSON string (RFC 8259 §7).
fn quoted(value: &str) -> String {
    let mut text = String::from('"');
    for letter in value.chars() {
        match letter {
            '"' | '\\' => text.extend(['\\', letter]),
            '\0'..' ' => {
                text.push_str("\\u00");
                text.extend([u32::from(letter) >> 4, u32::from(letter) & 0xf].map(hexadecimal));
            }
            _ => text.push(letter),
        }
    }
    text.push('"');
    text
}

fn hexadecimal(digit: u32) -> char {
    char::from_digit(digit, 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const POINT: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;

    #[track_caller]
    fn says(text: &str, expected: &Value) {
        assert_eq!(&serde_json::from_str::<Value>(text).unwrap(), expected, "{text}");
    }

    #[test]
    fn every_letter_arrives_at_the_host_as_it_was() {
        let letters: String =
            (0..0x300).filter_map(char::from_u32).chain("\u{2028}\u{d7ff}😀\u{10ffff}".chars()).collect();
        assert_eq!(serde_json::from_str::<String>(&quoted(&letters)).unwrap(), letters);
        assert_eq!(quoted("a\"\\\n\u{7f}é"), "\"a\\\"\\\\\\u000a\u{7f}é\"");
    }

    #[test]
    fn a_refusal_says_its_codes_its_message_and_what_it_is_about() {
        says(
            &refusal(&Refusal::TokenParts { found: 2 }),
            &json!({ "code": "token_parts", "class": "ERR_JWS_INVALID", "message": Refusal::TokenParts { found: 2 }.to_string() }),
        );
        let missing = Refusal::ClaimMissing { claim: "a\"b".to_owned() };
        says(
            &refusal(&missing),
            &json!({
                "code": "claim_missing",
                "class": "ERR_JWT_CLAIM_VALIDATION_FAILED",
                "message": missing.to_string(),
                "claim": "a\"b",
                "reason": "missing",
            }),
        );
        let misused = Refusal::Option { name: "issuer", problem: "must be text" };
        says(
            &refusal(&misused),
            &json!({ "code": "option", "class": "ERR_OPTION", "message": misused.to_string(), "option": "issuer" }),
        );
        let lacking = Refusal::InsufficientScope { needed: vec!["a".to_owned(), "b".to_owned()] };
        says(
            &refusal(&lacking),
            &json!({
                "code": "insufficient_scope",
                "class": "ERR_INSUFFICIENT_SCOPE",
                "message": lacking.to_string(),
                "claim": "scope",
                "reason": "check_failed",
                "scope": "a b",
            }),
        );
    }

    #[test]
    fn a_key_says_what_it_is_for_and_no_number_of_it() {
        let plain = Key::from_jwk(&format!("{{{POINT}}}")).unwrap();
        says(&key(&plain), &json!({ "kty": "EC", "crv": "P-256", "bits": 256, "algorithms": ["ES256"] }));
        let full =
            format!(r#"{{{POINT},"kid":"\"\n","alg":"ES256","use":"sig","key_ops":["verify","\u0000"]}}"#);
        says(
            &key(&Key::from_jwk(&full).unwrap()),
            &json!({
                "kty": "EC",
                "crv": "P-256",
                "kid": "\"\n",
                "alg": "ES256",
                "use": "sig",
                "key_ops": ["verify", "\u{0}"],
                "bits": 256,
                "algorithms": ["ES256"],
            }),
        );
        says(
            &key(&Key::from_secret(&[7; 8]).unwrap()),
            &json!({ "kty": "oct", "bits": 64, "algorithms": [] }),
        );
    }

    #[test]
    fn a_set_says_which_keys_it_has_and_which_it_has_not() {
        let text = format!(r#"{{"keys":[{{"kty":"AKP","kid":"a"}},{{{POINT},"d":"AA"}},7]}}"#);
        let set = KeySet::from_jwks(&text).unwrap();
        says(
            &key_set(&set),
            &json!({
                "size": 1,
                "keys": [{ "kty": "EC", "crv": "P-256", "bits": 256, "algorithms": ["ES256"], "index": 1 }],
                "skipped": [
                    { "index": 0, "kid": "a", "code": "jwk_unsupported", "message": set.skipped()[0].refusal.to_string() },
                    { "index": 2, "code": "jwk_not_object", "message": set.skipped()[1].refusal.to_string() },
                ],
                "dropped": [{ "index": 1, "names": ["d"] }],
            }),
        );
        let empty = KeySet::from_jwks(r#"{"keys":[]}"#).unwrap();
        says(&key_set(&empty), &json!({ "size": 0, "keys": [], "skipped": [], "dropped": [] }));
    }
}
