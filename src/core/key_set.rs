//! A key set: the text of a JWKS enters, the keys that can be used leave, and for each other member why not
//! (RFC 7517 §5). Then the third stage: a header enters, the keys that may have signed it leave.

use alloc::{string::String, vec::Vec};

use jotgate_crypto::Algorithm;

use crate::{
    header::Header,
    json::{Json, Names, Object},
    key::Key,
    policy::Policy,
    refusal::{JsonProblem, Refusal},
};

/// How many keys are tried for one token: a token without `kid` must not make a large set into work (RFC 8725 §3.1).
pub const MAXIMUM_CANDIDATES: usize = 8;
/// The longest text of a set that is read, in bytes.
pub const MAXIMUM_SET_BYTES: usize = 1 << 20;
/// The most members of a set that are read.
pub const MAXIMUM_SET_KEYS: usize = 1_000;

/// The usable keys of a JWKS.
#[derive(Debug)]
pub struct KeySet {
    keys: Vec<Member>,
    skipped: Vec<Skipped>,
}

/// A usable key and where it stood.
#[derive(Debug)]
pub struct Member {
    /// Its place in `keys`, from 0.
    pub index: usize,
    /// The key.
    pub key: Key,
}

/// A member of a set that can't be used.
#[derive(Clone, Debug, PartialEq)]
pub struct Skipped {
    /// Its place in `keys`, from 0.
    pub index: usize,
    /// Its identifier, if it has a readable one.
    pub kid: Option<String>,
    /// Why it was skipped.
    pub refusal: Refusal,
}

impl KeySet {
    /// Reads a JWKS from JSON text. Members that can't be understood are skipped and reported, the set stays usable
    /// (RFC 7517 §5); shared secrets are among them.
    ///
    /// # Errors
    /// [`Refusal::JwksTooLarge`], [`Refusal::JwksJson`] or [`Refusal::JwksKeys`]: the text is no key set at all.
    pub fn from_jwks(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAXIMUM_SET_BYTES {
            return Err(Refusal::JwksTooLarge);
        }
        let set = Object::read(text.as_bytes(), Names::Marked).map_err(Refusal::JwksJson)?;
        if set.ambiguous {
            return Err(Refusal::JwksJson(JsonProblem::DuplicateMember));
        }
        let members = set.get("keys").and_then(Json::as_array).ok_or(Refusal::JwksKeys)?;
        if members.len() > MAXIMUM_SET_KEYS {
            return Err(Refusal::JwksTooLarge);
        }
        let mut read = Self { keys: Vec::new(), skipped: Vec::new() };
        for (index, member) in members.iter().enumerate() {
            match key(member) {
                Ok(key) => read.keys.push(Member { index, key }),
                Err(refusal) => read.skipped.push(Skipped { index, kid: kid(member), refusal }),
            }
        }
        Ok(read)
    }

    /// The usable keys, in the order of the set.
    #[must_use]
    pub fn keys(&self) -> &[Member] {
        &self.keys
    }

    /// The members that were skipped, in the order of the set.
    #[must_use]
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// Every key that may have signed a token of that `kid` and algorithm: with a `kid` only keys of exactly that one
    /// (two keys may bear the same), without it every key that fits.
    pub fn matching(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        minimum_secret: Option<usize>,
    ) -> impl Iterator<Item = &Member> {
        self.named(kid).filter(move |member| member.key.fits(algorithm, minimum_secret).is_ok())
    }

    fn named(&self, kid: Option<&str>) -> impl Iterator<Item = &Member> {
        self.keys.iter().filter(move |member| kid.is_none_or(|kid| member.key.kid() == Some(kid)))
    }
}

/// Where the keys for a token come from.
#[derive(Clone, Copy, Debug)]
pub enum Keys<'k> {
    /// One key given directly; a token's `kid` is not looked at.
    One(&'k Key),
    /// A set to choose from.
    Set(&'k KeySet),
}

/// The keys that may have signed a token: at least one, at most [`MAXIMUM_CANDIDATES`], each fit for its algorithm.
#[derive(Debug)]
pub struct Candidates<'k> {
    pub(crate) keys: Vec<(Option<usize>, &'k Key)>,
}

impl<'k> Keys<'k> {
    /// Chooses the keys for a header.
    ///
    /// # Errors
    /// For one key the reason why it does not fit; for a set [`Refusal::NoMatchingKey`] or
    /// [`Refusal::KeyDoesNotFit`].
    pub fn select(self, header: &Header, policy: &Policy) -> Result<Candidates<'k>, Refusal> {
        match self {
            Self::One(key) => {
                key.fits(header.algorithm, policy.minimum_secret)?;
                Ok(Candidates { keys: alloc::vec![(None, key)] })
            }
            Self::Set(set) => {
                let kid = header.kid.as_deref();
                let keys: Vec<_> = set
                    .matching(kid, header.algorithm, policy.minimum_secret)
                    .map(|member| (Some(member.index), &member.key))
                    .take(MAXIMUM_CANDIDATES)
                    .collect();
                if !keys.is_empty() {
                    Ok(Candidates { keys })
                } else if kid.is_some() && set.named(kid).next().is_some() {
                    // The set has a key of that name: asking the issuer for it again would not help.
                    Err(Refusal::KeyDoesNotFit)
                } else {
                    Err(Refusal::NoMatchingKey)
                }
            }
        }
    }
}

fn key(member: &Json<'_>) -> Result<Key, Refusal> {
    let Json::Object(jwk) = member else { return Err(Refusal::JwkJson(JsonProblem::NotObject)) };
    if jwk.ambiguous {
        return Err(Refusal::JwkJson(JsonProblem::DuplicateMember));
    }
    // RFC 7517 §5 leaves it open; a secret in a set that is published, or fetched, is none.
    if jwk.get("kty").and_then(Json::as_str) == Some("oct") {
        return Err(Refusal::JwkSymmetricInSet);
    }
    Key::from_members(jwk)
}

fn kid(member: &Json<'_>) -> Option<String> {
    let Json::Object(jwk) = member else { return None };
    jwk.get("kid").and_then(Json::as_str).map(crate::refusal::shortened)
}
