//! The published key set of a state: its bytes, its `ETag` and how long it may be cached.
//!
//! The time differs between responses, so that verifiers that started together do not fetch again together.

use std::cmp::Reverse;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::Bytes;
use axum::http::HeaderValue;
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;

use crate::{Error, Key, PublicJwk, Ring, State, StateError};

/// A JWK Set (RFC 7517 §5) as it is sent.
///
/// INVARIANT: it has at least one key. An empty set is never published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    body: Bytes,
    etag: HeaderValue,
    cache_controls: Vec<HeaderValue>,
    kids: Vec<String>,
}

#[derive(Serialize)]
struct JwkSet<'a> {
    keys: Vec<&'a PublicJwk>,
}

/// The number of different times for which a set may be cached.
const SPREAD: u64 = 16;

impl KeySet {
    /// Makes the set of all keys of the state, the newest first, so that verifiers that try only the first few keys try the right ones.
    /// Of keys of the same second, the later of a ring and the signing ring come first.
    ///
    /// # Errors
    /// [`StateError::NoRing`] for a state without a key, which never exists.
    pub fn new(state: &State) -> Result<Self, Error> {
        let mut newest_first: Vec<&Key> = state.rings().iter().flat_map(Ring::newest_first).collect();
        newest_first.sort_by_key(|key| Reverse(key.published));
        let keys: Vec<&PublicJwk> = newest_first.iter().map(|key| key.pair.public()).collect();
        let kids = keys.iter().map(|key| key.kid().to_owned()).collect();
        if keys.is_empty() {
            return Err(StateError::NoRing.into());
        }
        let body = serde_json::to_vec(&JwkSet { keys }).map_err(std::io::Error::from)?;
        // A strong tag (RFC 9110 §8.8.3): the same tag means the same bytes, whichever replica responded.
        let tag = digest(&SHA256, &body);
        let tag = format!("\"{}\"", Base64UrlUnpadded::encode_string(tag.as_ref()));
        let header = |text: String| HeaderValue::try_from(text).map_err(std::io::Error::other);
        let max_age = state.settings().times().max_age;
        let cached = |step: u64| header(format!("public, max-age={}", max_age - max_age / 5 * step / SPREAD));
        let cache_controls = (0..=SPREAD).map(cached).collect::<Result<_, _>>()?;
        Ok(Self { body: body.into(), etag: header(tag)?, cache_controls, kids })
    }

    /// Returns the JSON.
    #[must_use]
    pub fn body(&self) -> Bytes {
        self.body.clone()
    }

    /// Returns the entity tag, with its quotes.
    #[must_use]
    pub const fn etag(&self) -> &HeaderValue {
        &self.etag
    }

    /// Returns `Cache-Control` for the response with this number. Its `max-age` is between four fifths of the setting and the setting.
    #[must_use]
    pub fn cache_control(&self, turn: usize) -> &HeaderValue {
        // There is at least one value. The step and the count have no common divisor.
        let place = turn.wrapping_mul(7) % self.cache_controls.len().max(1);
        self.cache_controls.get(place).unwrap_or(&self.etag)
    }

    /// Returns the identifiers of its keys, in their order.
    #[must_use]
    pub fn kids(&self) -> &[String] {
        &self.kids
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::Value;

    use super::*;
    use crate::SigningAlgorithm;
    use crate::test_keys::{GATE, NOW, key, key_for, state};

    #[test]
    fn every_key_is_in_it_newest_first_with_public_members_alone() {
        let (one, two) = (state(), key());
        let old = one.rings()[0].keys()[0].kid().to_owned();
        let both = one.stage(Arc::clone(&two), NOW).unwrap();
        let set = KeySet::new(&both).unwrap();
        assert_eq!(set.kids(), [two.kid().to_owned(), old.clone()]);
        let other = key_for(SigningAlgorithm::EdDSA);
        let rings = KeySet::new(&both.stage(Arc::clone(&other), NOW + 1).unwrap()).unwrap();
        assert_eq!(rings.kids(), [other.kid().to_owned(), two.kid().to_owned(), old]);
        let json: Value = serde_json::from_slice(&set.body()).unwrap();
        assert_eq!(json.as_object().unwrap().len(), 1);
        for (jwk, kid) in json["keys"].as_array().unwrap().iter().zip(set.kids()) {
            let mut names: Vec<&str> = jwk.as_object().unwrap().keys().map(String::as_str).collect();
            names.sort_unstable();
            assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x", "y"]);
            assert_eq!(jwk["kid"], kid.as_str());
        }
    }

    #[test]
    fn the_tag_stands_for_the_bytes() {
        let one = state();
        let set = KeySet::new(&one).unwrap();
        assert_eq!(KeySet::new(&one).unwrap(), set);
        let other = KeySet::new(&one.stage(key(), NOW).unwrap()).unwrap();
        assert_ne!(other.etag(), set.etag());
        let promoted = one.stage(key(), NOW).unwrap();
        let staged = KeySet::new(&promoted).unwrap();
        let kid = promoted.rings()[0].staged().unwrap().kid().to_owned();
        let signing = KeySet::new(&promoted.promote(&kid, NOW + GATE).unwrap()).unwrap();
        assert_eq!(staged.etag(), signing.etag(), "who signs does not show");
    }

    #[test]
    fn it_may_be_cached_for_four_fifths_of_the_time_to_the_whole_and_all_between_come_up() {
        let set = KeySet::new(&state()).unwrap();
        let mut seen: Vec<u64> = (0..17)
            .map(|turn| {
                let value = set.cache_control(turn).to_str().unwrap();
                value.strip_prefix("public, max-age=").unwrap().parse().unwrap()
            })
            .collect();
        seen.sort_unstable();
        assert_eq!((seen[0], seen[16]), (240, 300));
        seen.dedup();
        assert_eq!(seen.len(), 17);
    }
}
