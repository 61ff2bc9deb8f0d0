//! Signs access tokens (RFC 9068).

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use super::compact::CompactSigner;
use crate::{Error, Issuer, State, TokenRefusal, TokenRequest};

/// Signs access tokens with the key of one state. The key is parsed once, and the header is written once, for any number of tokens.
#[derive(Debug)]
pub struct Signer {
    issuer: Issuer,
    compact: CompactSigner,
}

/// RFC 9068 §2.2. The order is that of the table there.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    exp: u64,
    aud: Audience<'a>,
    sub: &'a str,
    client_id: &'a str,
    iat: u64,
    jti: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    // None of these has the name of a member above.
    #[serde(flatten)]
    own: &'a BTreeMap<String, Value>,
}

/// A single audience is written as a string (RFC 7519 §4.1.3), because many verifiers accept only that.
#[derive(Serialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    Several(&'a [String]),
}

impl Signer {
    /// Makes the signer of a state, with the signing key of its first ring.
    ///
    /// # Errors
    /// [`Error::State`] for a state without a signing key, which never happens for a valid state; [`TokenRefusal::NotSigned`] if the JSON
    /// library fails.
    pub fn new(state: &State) -> Result<Self, Error> {
        // RFC 9068 §2.1: this type prevents that the token is used as an ID token.
        let compact = CompactSigner::new(state, state.signer()?, "at+jwt")?;
        Ok(Self { issuer: state.issuer().clone(), compact })
    }

    /// Returns the identifier of its key.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.compact.kid()
    }

    /// Whether signatures are slow: those of RSA keys take milliseconds.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.compact.is_slow()
    }

    /// Returns the longest lifetime of its tokens, in seconds.
    #[must_use]
    pub const fn longest_life(&self) -> u64 {
        self.compact.longest_life()
    }

    /// Makes a token, valid from `now` (Unix seconds) for the requested lifetime.
    ///
    /// # Errors
    /// [`TokenRefusal::Life`], [`TokenRefusal::NotSigned`].
    pub fn sign(&self, request: &TokenRequest, now: u64) -> Result<String, TokenRefusal> {
        self.sign_named(request, now).map(|(_, token)| token)
    }

    /// Does the same as [`Signer::sign`]. Returns the token's `jti` and the token.
    pub(crate) fn sign_named(
        &self,
        request: &TokenRequest,
        now: u64,
    ) -> Result<(String, String), TokenRefusal> {
        let exp = self.compact.end(request.life(), now)?;
        let jti = new_jti()?;
        let claims = Claims {
            iss: self.issuer.as_str(),
            exp,
            aud: match request.audience() {
                [] => Audience::One(self.issuer.as_str()),
                [one] => Audience::One(one),
                several => Audience::Several(several),
            },
            sub: request.subject(),
            client_id: request.client(),
            iat: now,
            jti: &jti,
            scope: request.scope(),
            own: request.claims(),
        };
        let token = self.compact.sign(&claims)?;
        Ok((jti, token))
    }
}

/// Makes a `jti`: 128 random bits, so that the probability of a repeated value is negligible (RFC 7519 §4.1.7).
pub(crate) fn new_jti() -> Result<String, TokenRefusal> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| TokenRefusal::NotSigned)?;
    Ok(URL_SAFE_NO_PAD.encode(random))
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::jwk::Jwk;
    use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode};
    use serde_json::json;

    use super::*;
    use crate::test_keys::{GATE, NOW, key, second_library, state};
    use crate::{Settings, Times};
    use std::sync::Arc;

    fn request(audience: &[&str], scope: Option<&str>, life: u64) -> TokenRequest {
        let audience: Vec<String> = audience.iter().map(|&audience| audience.to_owned()).collect();
        TokenRequest::new("somebody", None, &audience, scope, life).unwrap()
    }

    /// The token as jsonwebtoken verifies it with the published key; `exp` is compared by the tests.
    fn verified(state: &State, token: &str) -> TokenData<Value> {
        second_library();
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let published = serde_json::to_value(state.find(&kid).unwrap().pair.public()).unwrap();
        let jwk: Jwk = serde_json::from_value(published).unwrap();
        let mut validation = Validation::new(Algorithm::ES256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        decode(token, &DecodingKey::from_jwk(&jwk).unwrap(), &validation).unwrap()
    }

    #[test]
    fn a_token_verifies_with_jsonwebtoken_and_says_what_was_asked_for() {
        let state = state();
        let signer = Signer::new(&state).unwrap();
        let token = signer.sign(&request(&["api"], Some("items:read items:write"), 60), NOW).unwrap();
        let TokenData { header, mut claims } = verified(&state, &token);
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        assert_eq!((header.alg, header.kid.as_deref()), (Algorithm::ES256, Some(signer.kid())));
        let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
        assert_eq!(jti.as_str().unwrap().len(), 22);
        let expected = json!({
            "iss": "https://issuer.example", "sub": "somebody", "client_id": "somebody", "aud": "api",
            "iat": NOW, "exp": NOW + 60, "scope": "items:read items:write",
        });
        assert_eq!(claims, expected);
    }

    #[test]
    fn k6_own_claims_are_added_and_never_replace_one_of_the_issuers() {
        let state = state();
        let signer = Signer::new(&state).unwrap();
        let plain = request(&["api"], Some("a"), 60);
        let own = [
            ("tenant", json!({ "id": 7 })),
            ("sub", json!("other")),
            ("scope", json!("b")),
            ("acr", json!(1)),
        ];
        let own = own.map(|(name, value)| (name.to_owned(), value)).into();
        let TokenData { claims, .. } = verified(&state, &signer.sign(&plain.with_claims(&own), NOW).unwrap());
        assert_eq!(
            (&claims["tenant"], &claims["sub"], &claims["scope"]),
            (&json!({ "id": 7 }), &json!("somebody"), &json!("a"))
        );
        assert_eq!(claims.get("acr"), None);
    }

    #[test]
    fn several_audiences_are_an_array_and_none_is_the_issuer() {
        let state = state();
        let signer = Signer::new(&state).unwrap();
        for (audience, expected) in [
            (vec!["a", "b"], json!(["a", "b"])),
            (vec!["a"], json!("a")),
            (vec![], json!("https://issuer.example")),
        ] {
            let token = signer.sign(&request(&audience, None, 60), NOW).unwrap();
            let claims = verified(&state, &token).claims;
            assert_eq!(claims["aud"], expected);
            assert_eq!(claims.get("scope"), None);
        }
    }

    #[test]
    fn two_tokens_of_one_request_differ_in_their_identifier() {
        let state = state();
        let signer = Signer::new(&state).unwrap();
        let [one, other] = [(); 2].map(|()| {
            let token = signer.sign(&request(&[], None, 60), NOW).unwrap();
            verified(&state, &token).claims["jti"].clone()
        });
        assert_ne!(one, other);
    }

    #[test]
    fn a_life_of_no_seconds_or_beyond_the_keys_longest_is_refused() {
        let signer = Signer::new(&state()).unwrap();
        for seconds in [0, 1801, u64::MAX] {
            let refusal = signer.sign(&request(&[], None, seconds), NOW).unwrap_err();
            assert_eq!(refusal, TokenRefusal::Life { seconds, longest: 1800 });
        }
        for seconds in [1, 1800] {
            assert!(signer.sign(&request(&[], None, seconds), NOW).is_ok());
        }
    }

    #[test]
    fn a_longest_life_that_is_shortened_holds_at_once_and_one_that_is_raised_for_the_next_key() {
        let state = state();
        let with = |longest_life: u64| {
            let times = Times { longest_life, ..*state.settings().times() }.shortest();
            Signer::new(&state.with_settings(Settings::new(times).unwrap(), NOW)).unwrap().longest_life()
        };
        assert_eq!((with(60), with(3600)), (60, 1800));
    }

    #[test]
    fn a_staged_key_does_not_sign_and_a_promoted_one_does() {
        let (one, two) = (state(), key());
        let staged = one.stage(Arc::clone(&two), NOW).unwrap();
        assert_eq!(Signer::new(&staged).unwrap().kid(), Signer::new(&one).unwrap().kid());
        let promoted = staged.promote(two.kid(), NOW + GATE).unwrap();
        let signer = Signer::new(&promoted).unwrap();
        assert_eq!(signer.kid(), two.kid());
        verified(&promoted, &signer.sign(&request(&[], None, 1), NOW).unwrap());
    }
}
