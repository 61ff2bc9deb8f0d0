//! The messages of refusals.

use alloc::{string::String, vec::Vec};
use core::fmt;

use jotgate_crypto::message::{count, write_words};

use super::Refusal;
use crate::{
    json::number::seconds,
    limits::{MAXIMUM_SET_BYTES, MAXIMUM_SET_KEYS},
};

impl Refusal {
    /// Writes the message of [`fmt::Display`].
    ///
    /// # Errors
    /// The writer's error.
    pub fn write_message(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Self::TokenTooLong { maximum } => {
                write_words(to, &["the token is longer than ", &count(*maximum), " bytes"])
            }
            Self::TokenParts { found: 5 } => to.write_str(
                "the token has five parts, as an encrypted token (JWE) has; only signed tokens (JWS) of three parts are verified",
            ),
            Self::TokenParts { found } => {
                write_words(to, &["the token is not three parts joined by dots, but ", &count(*found), " parts"])
            }
            Self::Base64url { part } => write_words(to, &["the ", part.name(), " is not base64url without padding"]),
            Self::HeaderJson(problem) => write_words(to, &["the header ", problem.message()]),
            Self::HeaderParameter { name } => {
                write_words(to, &["the header parameter `", name, "` has the wrong type"])
            }
            Self::AlgorithmMissing => to.write_str("the header has no `alg`"),
            Self::AlgorithmNone => to.write_str("the token is not signed: `alg` is none"),
            Self::AlgorithmUnknown { algorithm } => {
                write_words(to, &["the algorithm `", algorithm, "` is unknown"])
            }
            Self::AlgorithmNotAllowed { algorithm, allowed } => {
                let allowed: Vec<_> = allowed.iter().map(|algorithm| algorithm.name()).collect();
                write_words(to, &["the algorithm `", algorithm, "` is not allowed, only ", &allowed.join(", ")])
            }
            Self::CritMalformed => to.write_str("`crit` must be a list of distinct header parameters that the header has"),
            Self::CritNotUnderstood { name } => {
                write_words(to, &["the critical header parameter `", name, "` is not understood"])
            }
            Self::PayloadUnencoded => to.write_str("`b64` must be true: the payload of a token is encoded"),
            Self::NoMatchingKey => to.write_str("no key of the set matches the token"),
            Self::KeyDoesNotFit => to.write_str("the key that the token names is not for its algorithm"),
            Self::KeyAlgorithm { algorithm } => write_words(to, &["the key is not for ", algorithm.name()]),
            Self::KeyUse => to.write_str("the key's `use` is not `sig`"),
            Self::KeyOperations => to.write_str("the key's `key_ops` does not include `verify`"),
            Self::Key(refusal) => refusal.write_message(to),
            Self::SignatureMismatch => to.write_str("the signature does not match"),
            Self::TooManyCandidates => to.write_str(
                "too many keys of the set may have signed the token: give each key a `kid` and name it in the token, or raise `maxCandidates`",
            ),
            Self::ClaimsJson(problem) => write_words(to, &["the payload ", problem.message()]),
            Self::ClaimMissing { claim } => write_words(to, &["the claim `", claim, "` is missing"]),
            Self::ClaimNotNumber { claim } => write_words(to, &["the claim `", claim, "` is not a finite number"]),
            Self::ClaimType { claim } => write_words(to, &["the claim `", claim, "` has the wrong type"]),
            Self::TypeMissing => to.write_str("the header has no `typ`"),
            Self::TypeMismatch { found } => write_words(to, &["the token's type `", found, "` is not accepted"]),
            Self::IssuerMismatch { found } => write_words(to, &["the issuer `", found, "` is not accepted"]),
            Self::AudienceMismatch => to.write_str("the token is for another audience"),
            Self::SubjectMismatch => to.write_str("the token is about another subject"),
            Self::Expired { exp, now } => {
                write_words(to, &["the token expired at ", &seconds(*exp), ", it is ", &seconds(*now)])
            }
            Self::NotYetValid { nbf, now } => {
                write_words(to, &["the token is not valid before ", &seconds(*nbf), ", it is ", &seconds(*now)])
            }
            Self::IssuedInFuture { iat, now } => {
                write_words(to, &["the token was issued at ", &seconds(*iat), ", it is ", &seconds(*now)])
            }
            Self::TooOld { iat, now, maximum } => {
                let [iat, now, maximum] = [iat, now, maximum].map(|time| seconds(*time));
                write_words(
                    to,
                    &[
                        "the token was issued at ",
                        &iat,
                        ", it is ",
                        &now,
                        ", ",
                        &maximum,
                        " seconds are allowed",
                    ],
                )
            }
            Self::ConfirmationNotEnforced => {
                to.write_str("the token requires proof of possession (`cnf`), which is not checked here")
            }
            Self::InsufficientScope { needed } => {
                to.write_str("the token lacks scopes, needed")?;
                needed.iter().try_for_each(|scope| write_words(to, &[" `", scope, "`"]))
            }
            Self::InsufficientPermissions => to.write_str("the token lacks permissions"),
            Self::InsufficientRoles => to.write_str("the token lacks roles"),
            Self::JwkJson(problem) => write_words(to, &["the key ", problem.message()]),
            Self::JwkMember { name } => write_words(to, &["the key's member `", name, "` is missing or malformed"]),
            Self::JwkUnsupported { name } => write_words(to, &["the key's `", name, "` is not supported"]),
            Self::JwkSymmetricInSet => to.write_str("a shared secret in a key set is ignored"),
            Self::JwksJson(problem) => write_words(to, &["the key set ", problem.message()]),
            Self::JwksKeys => to.write_str("the key set has no array `keys`"),
            Self::JwksTooLong => {
                write_words(to, &["the key set is longer than ", &count(MAXIMUM_SET_BYTES), " bytes"])
            }
            Self::JwksTooManyKeys => {
                write_words(to, &["the key set has more than ", &count(MAXIMUM_SET_KEYS), " keys"])
            }
            Self::Option { name, problem } => write_words(to, &["`", name, "` ", problem]),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_message(f)
    }
}

/// Shortens a value of a token for a message, to at most 64 characters of printable ASCII, so that it cannot fill or forge a log line.
pub(crate) fn shortened(value: &str) -> String {
    const LIMIT: usize = 64;
    let printable =
        |character: char| if matches!(character, ' '..='~') && character != '`' { character } else { '?' };
    let mut characters = value.chars();
    let mut shown: String = characters.by_ref().take(LIMIT).map(printable).collect();
    if characters.next().is_some() {
        shown.push_str("...");
    }
    shown
}
