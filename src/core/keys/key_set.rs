//! Key sets: the usable keys of a JWKS, and for each other member the reason why it is skipped (RFC 7517 §5).

use alloc::{string::String, vec::Vec};
use core::sync::atomic::AtomicUsize;

use jotgate_crypto::Algorithm;

use crate::{
    json::document::{Document, Json, Names},
    keys::key::{Key, Numbers},
    limits::{MAXIMUM_SET_BYTES, MAXIMUM_SET_KEYS},
    refusal::{JsonProblem, Refusal},
};

/// The usable keys of a JWKS.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<Member>,
    /// The index of the member that last verified a token that several keys could have signed.
    pub(crate) last: AtomicUsize,
    skipped: Vec<Skipped>,
    dropped: Vec<Dropped>,
}

/// A usable key.
#[derive(Debug)]
pub struct Member {
    /// Its index in `keys`, from 0.
    pub index: usize,
    /// The key.
    pub key: Key,
}

/// A member of a set that cannot be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Skipped {
    /// Its index in `keys`, from 0.
    pub index: usize,
    /// Its identifier, if it has a readable one.
    pub kid: Option<String>,
    /// The reason why it was skipped.
    pub refusal: Refusal,
}

/// The private members of a usable key. They are ignored, but the key's owner must replace it: it is no longer secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dropped {
    /// The key's index in `keys`, from 0.
    pub index: usize,
    /// Its identifier, if it has one.
    pub kid: Option<String>,
    /// The names of the members (RFC 7518 §6.2.2, §6.3.2, RFC 8037 §2), never their values.
    pub names: Vec<&'static str>,
}

/// The members that only a private key has, whatever its type.
const PRIVATE_MEMBERS: [&str; 7] = ["d", "p", "q", "dp", "dq", "qi", "oth"];

impl KeySet {
    /// Reads a JWKS from JSON text. Members that cannot be used are skipped and reported, and the set stays usable
    /// (RFC 7517 §5). Shared secrets are skipped, too. A byte order mark is ignored, and numbers are read as by [`Key::from_jwk`],
    /// because the set comes from a trusted issuer.
    ///
    /// # Errors
    /// [`Refusal::JwksTooLong`], [`Refusal::JwksTooManyKeys`], [`Refusal::JwksJson`] or [`Refusal::JwksKeys`]: the text is not a key set.
    pub fn from_jwks(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAXIMUM_SET_BYTES {
            return Err(Refusal::JwksTooLong);
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let document = Document::read(text.as_bytes(), Names::Marked).map_err(Refusal::JwksJson)?;
        let set = document.object();
        if set.ambiguous {
            return Err(Refusal::JwksJson(JsonProblem::DuplicateMember));
        }
        let members = set.get("keys").and_then(Json::as_array).ok_or(Refusal::JwksKeys)?;
        if members.items().nth(MAXIMUM_SET_KEYS).is_some() {
            return Err(Refusal::JwksTooManyKeys);
        }
        let mut read = Self {
            keys: Vec::new(),
            last: AtomicUsize::new(usize::MAX),
            skipped: Vec::new(),
            dropped: Vec::new(),
        };
        for (index, member) in members.items().enumerate() {
            match key(member) {
                Ok(key) => {
                    let names = private_members(member);
                    if !names.is_empty() {
                        read.dropped.push(Dropped { index, kid: kid(member), names });
                    }
                    read.keys.push(Member { index, key });
                }
                Err(refusal) => read.skipped.push(Skipped { index, kid: kid(member), refusal }),
            }
        }
        Ok(read)
    }

    /// Returns the usable keys, in the order of the set.
    #[must_use]
    pub fn keys(&self) -> &[Member] {
        &self.keys
    }

    /// Returns the members that were skipped, in the order of the set.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Returns the usable keys with private members, in the order of the set.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// Returns the keys that fit a token with this `kid` and algorithm; without a `kid`, every key that fits. Several keys may have the same
    /// `kid`.
    pub fn matching(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        minimum_secret: Option<usize>,
    ) -> impl Iterator<Item = &Member> {
        self.named(kid).filter(move |member| member.key.fits(algorithm, minimum_secret).is_ok())
    }

    /// Returns the keys with this `kid`; without one, all keys.
    pub(crate) fn named(&self, kid: Option<&str>) -> impl Iterator<Item = &Member> {
        self.keys.iter().filter(move |member| kid.is_none_or(|kid| member.key.kid() == Some(kid)))
    }
}

fn key(member: Json<'_>) -> Result<Key, Refusal> {
    let Json::Object(jwk) = member else { return Err(Refusal::JwkJson(JsonProblem::NotObject)) };
    if jwk.ambiguous {
        return Err(Refusal::JwkJson(JsonProblem::DuplicateMember));
    }
    // RFC 7517 §5 does not forbid it, but a secret in a published or fetched set is not secret.
    if jwk.get("kty").and_then(Json::as_str) == Some("oct") {
        return Err(Refusal::JwkSymmetricInSet);
    }
    Key::from_members(jwk, Numbers::Lax)
}

fn kid(member: Json<'_>) -> Option<String> {
    let Json::Object(jwk) = member else { return None };
    jwk.get("kid").and_then(Json::as_str).map(crate::refusal::shortened)
}

fn private_members(member: Json<'_>) -> Vec<&'static str> {
    let Json::Object(jwk) = member else { return Vec::new() };
    PRIVATE_MEMBERS.into_iter().filter(|name| jwk.get(name).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use super::*;

    const POINT: &str = r#""kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM""#;

    #[track_caller]
    fn refused(text: &str, code: &str) {
        assert_eq!(KeySet::from_jwks(text).unwrap_err().code(), code);
    }

    #[test]
    fn text_that_is_no_key_set_is_refused_by_its_code() {
        refused("<html>", "jwks_malformed");
        refused("[]", "jwks_not_object");
        refused("\u{feff}\u{feff}{}", "jwks_not_utf8");
        refused("{}", "jwks_keys");
        refused(r#"{"keys":{}}"#, "jwks_keys");
        refused(r#"{"keys":[],"keys":[]}"#, "jwks_duplicate_member");
        refused(&format!("{{\"keys\":{}", "[".repeat(200)), "jwks_too_deep");
        refused(&format!("{{\"keys\":[]{}}}", " ".repeat(MAXIMUM_SET_BYTES)), "jwks_too_large");
        refused(&format!("{{\"keys\":[0{}]}}", ",0".repeat(MAXIMUM_SET_KEYS)), "jwks_too_large");
    }

    #[test]
    fn v7_a_byte_order_mark_before_a_set_is_skipped() {
        assert_eq!(
            KeySet::from_jwks(&format!("\u{feff}{{\"keys\":[{{{POINT}}}]}}")).unwrap().keys().len(),
            1
        );
        let refusal = KeySet::from_jwks("\u{feff}\u{feff}{}").unwrap_err();
        assert_eq!(format!("{refusal}"), "the key set begins with a byte order mark");
    }

    #[test]
    fn v7_what_has_no_single_meaning_is_still_skipped_and_reported() {
        let long = POINT.replace("\"x\":\"", "\"x\":\"AAAA");
        let off = POINT.replace("MKBC", "MKBD");
        let members = [
            (format!("{{{POINT},\"kid\":\"a\",\"kid\":\"a\"}}"), "jwk_duplicate_member"),
            (format!("{{{POINT},\"kid\":7}}"), "jwk_member"),
            (format!("{{{POINT},\"alg\":[]}}"), "jwk_member"),
            (format!("{{{POINT},\"use\":null}}"), "jwk_member"),
            (format!("{{{POINT},\"key_ops\":[\"verify\",\"verify\"]}}"), "jwk_member"),
            (format!("{{{long}}}"), "key_coordinate_length"),
            (format!("{{{off}}}"), "key_point_not_on_curve"),
        ];
        let texts: Vec<&str> = members.iter().map(|(text, _)| text.as_str()).collect();
        let set = KeySet::from_jwks(&format!("{{\"keys\":[{}]}}", texts.join(","))).unwrap();
        assert!(set.keys().is_empty());
        let found: Vec<&str> = set.skipped().iter().map(|member| member.refusal.code()).collect();
        assert_eq!(found, members.map(|(_, code)| code));
    }

    #[test]
    fn v19_a_set_that_is_too_large_is_refused_by_its_limit() {
        let many = format!("{{\"keys\":[0{}]}}", ",0".repeat(MAXIMUM_SET_KEYS));
        assert!(format!("{}", KeySet::from_jwks(&many).unwrap_err()).contains("more than 1000 keys"));
        let long = format!("{{\"keys\":[]{}}}", " ".repeat(MAXIMUM_SET_BYTES));
        assert!(format!("{}", KeySet::from_jwks(&long).unwrap_err()).contains("longer than 1048576 bytes"));
    }

    #[test]
    fn members_that_cannot_be_used_are_reported_and_the_rest_stays() {
        let text = format!(
            r#"{{"keys":[7,{{"kty":"oct","k":"AAAA","kid":"s"}},{{{POINT},"kid":"a"}},{{{POINT},"kid":"b","kid":"c"}},{{"kty":"AKP"}}]}}"#
        );
        let set = KeySet::from_jwks(&text).unwrap();
        assert_eq!(set.keys().iter().map(|member| member.index).collect::<Vec<_>>(), [2]);
        let skipped: Vec<_> = set.skipped().iter().map(|one| (one.index, one.refusal.code())).collect();
        let expected = vec![
            (0, "jwk_not_object"),
            (1, "jwk_symmetric_in_set"),
            (3, "jwk_duplicate_member"),
            (4, "jwk_unsupported"),
        ];
        assert_eq!(skipped, expected);
        assert_eq!(set.skipped()[1].kid.as_deref(), Some("s"));
    }

    #[test]
    fn private_members_are_reported_by_name_and_the_key_stays() {
        let text = format!(r#"{{"keys":[{{{POINT}}},{{{POINT},"kid":"a","d":"c2VjcmV0","oth":[]}}]}}"#);
        let set = KeySet::from_jwks(&text).unwrap();
        assert_eq!((set.keys().len(), set.skipped().len()), (2, 0));
        let expected = Dropped { index: 1, kid: Some("a".into()), names: vec!["d", "oth"] };
        assert_eq!(set.dropped(), [expected]);
        assert!(!format!("{set:?}").contains("c2VjcmV0"));
    }

    #[test]
    fn an_empty_set_is_a_set_without_keys() {
        assert!(KeySet::from_jwks(r#"{"keys":[]}"#).unwrap().keys().is_empty());
    }

    #[test]
    fn a_kid_matches_only_its_equal_and_every_key_that_bears_it() {
        let text = format!(
            r#"{{"keys":[{{{POINT},"kid":"a"}},{{{POINT}}},{{{POINT},"kid":"a"}},{{{POINT},"kid":"a","use":"enc"}}]}}"#
        );
        let set = KeySet::from_jwks(&text).unwrap();
        let found =
            |kid| set.matching(kid, Algorithm::ES256, None).map(|member| member.index).collect::<Vec<_>>();
        assert_eq!(found(Some("a")), [0, 2]);
        assert_eq!(found(Some("A")), [0; 0]);
        assert_eq!(found(Some("")), [0; 0]);
        assert_eq!(found(None), [0, 1, 2]);
        assert_eq!(set.matching(Some("a"), Algorithm::ES384, None).count(), 0);
    }
}
