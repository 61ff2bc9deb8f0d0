//! Why something was refused: one enum with a stable code each, the compared values inside, never the token and never
//! key material. The table at [`Refusal::row`] is the only place where codes and classes stand.

use alloc::{string::String, vec::Vec};
use core::fmt;

use jotgate_crypto::message::{count, say};
use jotgate_crypto::{Algorithm, KeyRefusal};

use crate::{
    json::number::seconds,
    limits::{MAXIMUM_SET_BYTES, MAXIMUM_SET_KEYS},
};

/// One of the three parts of a compact JWS (RFC 7515 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the names of the standard")]
pub enum Part {
    Header,
    Payload,
    Signature,
}

impl Part {
    const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        }
    }
}

/// What was wrong with a text that should have been a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonProblem {
    /// Not UTF-8 (RFC 8259 §8.1).
    NotUtf8,
    /// A byte order mark before it (RFC 8259 §8.1).
    ByteOrderMark,
    /// Not JSON.
    Malformed,
    /// A string with half of a surrogate pair, which is no character (RFC 8259 §8.2).
    LoneSurrogate,
    /// A number beyond the range of a double (RFC 8259 §6).
    NumberRange,
    /// JSON, but no object.
    NotObject,
    /// A member name stands twice in one object (RFC 7515 §4, RFC 7519 §4).
    DuplicateMember,
    /// Nested deeper than 128 levels.
    TooDeep,
}

impl JsonProblem {
    const fn message(self) -> &'static str {
        match self {
            Self::NotUtf8 => "is not UTF-8",
            Self::ByteOrderMark => "begins with a byte order mark",
            Self::Malformed => "is not JSON",
            Self::LoneSurrogate => "holds a lone surrogate (half of a `\\u` pair), which is no character",
            Self::NumberRange => "holds a number beyond the range of a double (about 1.8e308)",
            Self::NotObject => "is not a JSON object",
            Self::DuplicateMember => "names a member twice",
            Self::TooDeep => "is nested deeper than 128 levels",
        }
    }
}

/// The kind of refusal: the codes that users of jose compare, and two of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "`code` tells each one's meaning")]
pub enum Class {
    AlgorithmNotAllowed,
    NotSupported,
    JwsInvalid,
    SignatureVerificationFailed,
    JwtInvalid,
    JwtExpired,
    ClaimValidationFailed,
    JwkInvalid,
    JwksInvalid,
    NoMatchingKey,
    InsufficientScope,
    Option,
}

impl Class {
    /// The stable code of the class, the same as jose's where jose has it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AlgorithmNotAllowed => "ERR_JOSE_ALG_NOT_ALLOWED",
            Self::NotSupported => "ERR_JOSE_NOT_SUPPORTED",
            Self::JwsInvalid => "ERR_JWS_INVALID",
            Self::SignatureVerificationFailed => "ERR_JWS_SIGNATURE_VERIFICATION_FAILED",
            Self::JwtInvalid => "ERR_JWT_INVALID",
            Self::JwtExpired => "ERR_JWT_EXPIRED",
            Self::ClaimValidationFailed => "ERR_JWT_CLAIM_VALIDATION_FAILED",
            Self::JwkInvalid => "ERR_JWK_INVALID",
            Self::JwksInvalid => "ERR_JWKS_INVALID",
            Self::NoMatchingKey => "ERR_JWKS_NO_MATCHING_KEY",
            Self::InsufficientScope => "ERR_INSUFFICIENT_SCOPE",
            Self::Option => "ERR_OPTION",
        }
    }
}

/// How a claim failed: jose's `reason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The claim is not there.
    Missing,
    /// The claim has the wrong type.
    Invalid,
    /// The claim has another value than asked for.
    CheckFailed,
}

impl Reason {
    /// The word that jose uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::CheckFailed => "check_failed",
        }
    }
}

/// Why a token, a key, a key set or an option was refused. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The token is longer than the caller allows.
    TokenTooLong {
        /// The largest length accepted, in bytes.
        maximum: usize,
    },
    /// The token has another number of parts than three (RFC 7515 §7.1).
    TokenParts {
        /// How many it has; five in an encrypted token (RFC 7516 §7.1).
        found: usize,
    },
    /// A part is not base64url without padding, white space or stray bits (RFC 7515 §2, RFC 4648 §3.5).
    Base64url {
        /// Which one.
        part: Part,
    },
    /// The header is no JSON object that could be trusted to mean one thing.
    HeaderJson(JsonProblem),
    /// A header parameter has the wrong type (RFC 7515 §4.1).
    HeaderParameter {
        /// Its name.
        name: &'static str,
    },
    /// The header has no `alg` (RFC 7515 §4.1.1).
    AlgorithmMissing,
    /// The header says `none`, in any spelling (RFC 8725 §3.2).
    AlgorithmNone,
    /// The header's `alg` is none that jotgate knows.
    AlgorithmUnknown {
        /// What the header says, shortened.
        algorithm: String,
    },
    /// The header's `alg` is not on the caller's list (RFC 8725 §3.1).
    AlgorithmNotAllowed {
        /// What the header says, shortened.
        algorithm: String,
        /// The caller's list.
        allowed: Vec<Algorithm>,
    },
    /// `crit` is empty, not an array of distinct strings, or names a parameter that is not there (RFC 7515 §4.1.11).
    CritMalformed,
    /// `crit` names an extension that the caller doesn't understand (RFC 7515 §4.1.11).
    CritNotUnderstood {
        /// Its name, shortened.
        name: String,
    },
    /// `b64` is not `true`: a JWT's payload is always encoded (RFC 7797 §7).
    PayloadUnencoded,
    /// No key of the set bears the token's `kid`, or none fits a token without one.
    NoMatchingKey,
    /// The set's key of that `kid` is not for the token's algorithm.
    KeyDoesNotFit,
    /// The key was given for another algorithm (RFC 7517 §4.4).
    KeyAlgorithm {
        /// The header's.
        algorithm: Algorithm,
    },
    /// The key's `use` is not `sig` (RFC 7517 §4.2).
    KeyUse,
    /// The key's `key_ops` lack `verify` (RFC 7517 §4.3).
    KeyOperations,
    /// The key itself, or its fit to the algorithm.
    Key(KeyRefusal),
    /// The signature is not one of this message under this key.
    SignatureMismatch,
    /// More keys may have signed the token than may be tried for one token (RFC 8725 §3.1), and none of those tried did.
    TooManyCandidates,
    /// The payload is no JSON object that could be trusted to mean one thing (RFC 7519 §7.2).
    ClaimsJson(JsonProblem),
    /// A claim that the policy requires is not there.
    ClaimMissing {
        /// Its name.
        claim: String,
    },
    /// A time is not a finite number (RFC 7519 §2, NumericDate).
    ClaimNotNumber {
        /// Its name.
        claim: &'static str,
    },
    /// `iss`, `sub` or `aud` has the wrong type (RFC 7519 §4.1).
    ClaimType {
        /// Its name.
        claim: &'static str,
    },
    /// `typ` is not there though the policy asks for it (RFC 8725 §3.11).
    TypeMissing,
    /// `typ` is another than the policy asks for (RFC 8725 §3.11).
    TypeMismatch {
        /// What the header says, shortened.
        found: String,
    },
    /// `iss` is none of those asked for (RFC 7519 §4.1.1).
    IssuerMismatch {
        /// What the token says, shortened.
        found: String,
    },
    /// `aud` holds none of those asked for (RFC 7519 §4.1.3).
    AudienceMismatch,
    /// `sub` is another than asked for (RFC 7519 §4.1.2).
    SubjectMismatch,
    /// The token has expired (RFC 7519 §4.1.4).
    Expired {
        /// The token's `exp`.
        exp: f64,
        /// The caller's time.
        now: f64,
    },
    /// The token is not valid yet (RFC 7519 §4.1.5).
    NotYetValid {
        /// The token's `nbf`.
        nbf: f64,
        /// The caller's time.
        now: f64,
    },
    /// With a maximum age asked for: the token was issued in the future.
    IssuedInFuture {
        /// The token's `iat`.
        iat: f64,
        /// The caller's time.
        now: f64,
    },
    /// The token is older than the caller allows.
    TooOld {
        /// The token's `iat`.
        iat: f64,
        /// The caller's time.
        now: f64,
        /// The largest age in seconds.
        maximum: f64,
    },
    /// The token is bound to a key of its bearer (`cnf`, RFC 7800 §3), and nobody asks for the proof.
    ConfirmationNotEnforced,
    /// The token lacks scopes (RFC 6750 §3.1).
    InsufficientScope {
        /// What would have been enough, as the challenge names it.
        needed: Vec<String>,
    },
    /// The token lacks permissions.
    InsufficientPermissions,
    /// The token lacks roles.
    InsufficientRoles,
    /// A JWK that is no JSON object that could be trusted to mean one thing (RFC 7517 §4).
    JwkJson(JsonProblem),
    /// A JWK without a member that its `kty` asks for, or one of the wrong type or encoding (RFC 7518 §6).
    JwkMember {
        /// Its name.
        name: &'static str,
    },
    /// A JWK of a `kty` or `crv` that has no algorithm in the table.
    JwkUnsupported {
        /// The member that tells.
        name: &'static str,
    },
    /// A shared secret in a key set: whoever can read the set could sign.
    JwkSymmetricInSet,
    /// A key set that is no JSON object (RFC 7517 §5).
    JwksJson(JsonProblem),
    /// A key set without an array `keys` (RFC 7517 §5.1).
    JwksKeys,
    /// A key set of more bytes than are read.
    JwksTooLong,
    /// A key set of more members than are read.
    JwksTooManyKeys,
    /// An option that means nothing: a mistake of the program, not of the token.
    Option {
        /// The option's name, as JavaScript spells it.
        name: &'static str,
        /// What it must be.
        problem: &'static str,
    },
}

/// One row of the table of refusals.
struct Row {
    code: &'static str,
    class: Class,
    claim: Option<(&'static str, Reason)>,
}

const fn row(code: &'static str, class: Class) -> Row {
    Row { code, class, claim: None }
}

const fn claim(code: &'static str, class: Class, claim: &'static str, reason: Reason) -> Row {
    Row { code, class, claim: Some((claim, reason)) }
}

impl Refusal {
    /// The stable code: what a program compares. The text of [`fmt::Display`] may change, this does not.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.row().code
    }

    /// The kind of refusal.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.row().class
    }

    /// The claim (or `typ`) that was at fault and how, where it was one.
    #[must_use]
    pub fn claim(&self) -> Option<(&str, Reason)> {
        match self {
            Self::ClaimMissing { claim } => Some((claim, Reason::Missing)),
            Self::ClaimNotNumber { claim } | Self::ClaimType { claim } => Some((claim, Reason::Invalid)),
            _ => self.row().claim,
        }
    }

    #[rustfmt::skip] // a table is read by its columns
    const fn row(&self) -> Row {
        use Class::{
            AlgorithmNotAllowed, ClaimValidationFailed, InsufficientScope, JwkInvalid, JwksInvalid, JwsInvalid,
            JwtExpired, JwtInvalid, NoMatchingKey, NotSupported, SignatureVerificationFailed,
        };
        use JsonProblem::{ByteOrderMark, DuplicateMember, LoneSurrogate, Malformed, NotObject, NotUtf8, NumberRange, TooDeep};
        use Reason::CheckFailed;
        match self {
            Self::TokenTooLong { .. } => row("token_too_long", JwsInvalid),
            Self::TokenParts { .. } => row("token_parts", JwsInvalid),
            Self::Base64url { part: Part::Header } => row("header_base64url", JwsInvalid),
            Self::Base64url { part: Part::Payload } => row("payload_base64url", JwsInvalid),
            Self::Base64url { part: Part::Signature } => row("signature_base64url", JwsInvalid),
            Self::HeaderJson(NotUtf8 | ByteOrderMark) => row("header_not_utf8", JwsInvalid),
            Self::HeaderJson(Malformed | LoneSurrogate | NumberRange) => row("header_malformed", JwsInvalid),
            Self::HeaderJson(NotObject) => row("header_not_object", JwsInvalid),
            Self::HeaderJson(DuplicateMember) => row("header_duplicate_member", JwsInvalid),
            Self::HeaderJson(TooDeep) => row("header_too_deep", JwsInvalid),
            Self::HeaderParameter { .. } => row("header_parameter_type", JwsInvalid),
            Self::AlgorithmMissing => row("algorithm_missing", JwsInvalid),
            Self::AlgorithmNone => row("algorithm_none", AlgorithmNotAllowed),
            Self::AlgorithmUnknown { .. } => row("algorithm_unknown", NotSupported),
            Self::AlgorithmNotAllowed { .. } => row("algorithm_not_allowed", AlgorithmNotAllowed),
            Self::CritMalformed => row("crit_malformed", JwsInvalid),
            Self::CritNotUnderstood { .. } => row("crit_not_understood", NotSupported),
            Self::PayloadUnencoded => row("payload_unencoded", JwtInvalid),
            Self::NoMatchingKey => row("no_matching_key", NoMatchingKey),
            Self::KeyDoesNotFit => row("key_does_not_fit", NoMatchingKey),
            Self::KeyAlgorithm { .. } => row("key_algorithm_mismatch", AlgorithmNotAllowed),
            Self::KeyUse => row("key_use", AlgorithmNotAllowed),
            Self::KeyOperations => row("key_operations", AlgorithmNotAllowed),
            Self::Key(key @ (KeyRefusal::TypeMismatch { .. } | KeyRefusal::CurveMismatch { .. } | KeyRefusal::SecretTooShort { .. })) => row(key.code(), AlgorithmNotAllowed),
            Self::Key(key @ KeyRefusal::UnsupportedKind { .. }) => row(key.code(), NotSupported),
            Self::Key(key) => row(key.code(), JwkInvalid),
            Self::SignatureMismatch => row("signature_mismatch", SignatureVerificationFailed),
            Self::TooManyCandidates => row("too_many_candidates", SignatureVerificationFailed),
            Self::ClaimsJson(NotUtf8 | ByteOrderMark) => row("claims_not_utf8", JwtInvalid),
            Self::ClaimsJson(Malformed | LoneSurrogate | NumberRange) => row("claims_malformed", JwtInvalid),
            Self::ClaimsJson(NotObject) => row("claims_not_object", JwtInvalid),
            Self::ClaimsJson(DuplicateMember) => row("claims_duplicate_member", JwtInvalid),
            Self::ClaimsJson(TooDeep) => row("claims_too_deep", JwtInvalid),
            Self::ClaimMissing { .. } => row("claim_missing", ClaimValidationFailed),
            Self::ClaimNotNumber { .. } => row("claim_not_number", ClaimValidationFailed),
            Self::ClaimType { .. } => row("claim_type", ClaimValidationFailed),
            Self::TypeMissing => claim("type_missing", ClaimValidationFailed, "typ", CheckFailed),
            Self::TypeMismatch { .. } => claim("type_mismatch", ClaimValidationFailed, "typ", CheckFailed),
            Self::IssuerMismatch { .. } => claim("issuer_mismatch", ClaimValidationFailed, "iss", CheckFailed),
            Self::AudienceMismatch => claim("audience_mismatch", ClaimValidationFailed, "aud", CheckFailed),
            Self::SubjectMismatch => claim("subject_mismatch", ClaimValidationFailed, "sub", CheckFailed),
            Self::Expired { .. } => claim("expired", JwtExpired, "exp", CheckFailed),
            Self::NotYetValid { .. } => claim("not_yet_valid", ClaimValidationFailed, "nbf", CheckFailed),
            Self::IssuedInFuture { .. } => claim("issued_in_future", ClaimValidationFailed, "iat", CheckFailed),
            Self::TooOld { .. } => claim("too_old", JwtExpired, "iat", CheckFailed),
            Self::ConfirmationNotEnforced => claim("confirmation_not_enforced", ClaimValidationFailed, "cnf", CheckFailed),
            Self::InsufficientScope { .. } => claim("insufficient_scope", InsufficientScope, "scope", CheckFailed),
            Self::InsufficientPermissions => claim("insufficient_permissions", InsufficientScope, "permissions", CheckFailed),
            Self::InsufficientRoles => claim("insufficient_roles", InsufficientScope, "roles", CheckFailed),
            Self::JwkJson(NotUtf8 | ByteOrderMark) => row("jwk_not_utf8", JwkInvalid),
            Self::JwkJson(Malformed | LoneSurrogate | NumberRange) => row("jwk_malformed", JwkInvalid),
            Self::JwkJson(NotObject) => row("jwk_not_object", JwkInvalid),
            Self::JwkJson(DuplicateMember) => row("jwk_duplicate_member", JwkInvalid),
            Self::JwkJson(TooDeep) => row("jwk_too_deep", JwkInvalid),
            Self::JwkMember { .. } => row("jwk_member", JwkInvalid),
            Self::JwkUnsupported { .. } => row("jwk_unsupported", NotSupported),
            Self::JwkSymmetricInSet => row("jwk_symmetric_in_set", JwkInvalid),
            Self::JwksJson(NotUtf8 | ByteOrderMark) => row("jwks_not_utf8", JwksInvalid),
            Self::JwksJson(Malformed | LoneSurrogate | NumberRange) => row("jwks_malformed", JwksInvalid),
            Self::JwksJson(NotObject) => row("jwks_not_object", JwksInvalid),
            Self::JwksJson(DuplicateMember) => row("jwks_duplicate_member", JwksInvalid),
            Self::JwksJson(TooDeep) => row("jwks_too_deep", JwksInvalid),
            Self::JwksKeys => row("jwks_keys", JwksInvalid),
            Self::JwksTooLong | Self::JwksTooManyKeys => row("jwks_too_large", JwksInvalid),
            Self::Option { .. } => row("option", Class::Option),
        }
    }

    /// Writes the message of [`fmt::Display`].
    ///
    /// # Errors
    /// What the writer says.
    pub fn tell(&self, to: &mut dyn fmt::Write) -> fmt::Result {
        match self {
            Self::TokenTooLong { maximum } => {
                say(to, &["the token is longer than ", &count(*maximum), " bytes"])
            }
            Self::TokenParts { found: 5 } => to.write_str(
                "the token has five parts, as an encrypted token (JWE) has; only signed tokens (JWS) of three parts are verified",
            ),
            Self::TokenParts { found } => {
                say(to, &["the token is not three parts joined by dots: ", &count(*found), " parts"])
            }
            Self::Base64url { part } => say(to, &["the ", part.name(), " is not base64url without padding"]),
            Self::HeaderJson(problem) => say(to, &["the header ", problem.message()]),
            Self::HeaderParameter { name } => {
                say(to, &["the header parameter `", name, "` has the wrong type"])
            }
            Self::AlgorithmMissing => to.write_str("the header has no `alg`"),
            Self::AlgorithmNone => to.write_str("the token is not signed: `alg` is none"),
            Self::AlgorithmUnknown { algorithm } => {
                say(to, &["the algorithm `", algorithm, "` is not known"])
            }
            Self::AlgorithmNotAllowed { algorithm, allowed } => {
                let allowed: Vec<_> = allowed.iter().map(|algorithm| algorithm.name()).collect();
                say(to, &["the algorithm `", algorithm, "` is not allowed, only ", &allowed.join(", ")])
            }
            Self::CritMalformed => to.write_str("`crit` must name distinct header parameters that are there"),
            Self::CritNotUnderstood { name } => {
                say(to, &["the critical header parameter `", name, "` is not understood"])
            }
            Self::PayloadUnencoded => to.write_str("`b64` must be true: the payload of a token is encoded"),
            Self::NoMatchingKey => to.write_str("no key of the set matches the token"),
            Self::KeyDoesNotFit => to.write_str("the key that the token names is not for its algorithm"),
            Self::KeyAlgorithm { algorithm } => say(to, &["the key is not for ", algorithm.name()]),
            Self::KeyUse => to.write_str("the key's `use` is not `sig`"),
            Self::KeyOperations => to.write_str("the key's `key_ops` lack `verify`"),
            Self::Key(refusal) => refusal.tell(to),
            Self::SignatureMismatch => to.write_str("the signature does not match"),
            Self::TooManyCandidates => to.write_str(
                "too many keys of the set may have signed the token: give each key a `kid` and name it in the token, or raise `maxCandidates`",
            ),
            Self::ClaimsJson(problem) => say(to, &["the payload ", problem.message()]),
            Self::ClaimMissing { claim } => say(to, &["the claim `", claim, "` is missing"]),
            Self::ClaimNotNumber { claim } => say(to, &["the claim `", claim, "` is not a finite number"]),
            Self::ClaimType { claim } => say(to, &["the claim `", claim, "` has the wrong type"]),
            Self::TypeMissing => to.write_str("the header has no `typ`"),
            Self::TypeMismatch { found } => say(to, &["the token's type `", found, "` is not accepted"]),
            Self::IssuerMismatch { found } => say(to, &["the issuer `", found, "` is not accepted"]),
            Self::AudienceMismatch => to.write_str("the token is for another audience"),
            Self::SubjectMismatch => to.write_str("the token is about another subject"),
            Self::Expired { exp, now } => {
                say(to, &["the token expired at ", &seconds(*exp), ", it is ", &seconds(*now)])
            }
            Self::NotYetValid { nbf, now } => {
                say(to, &["the token is not valid before ", &seconds(*nbf), ", it is ", &seconds(*now)])
            }
            Self::IssuedInFuture { iat, now } => {
                say(to, &["the token was issued at ", &seconds(*iat), ", it is ", &seconds(*now)])
            }
            Self::TooOld { iat, now, maximum } => {
                let [iat, now, maximum] = [iat, now, maximum].map(|time| seconds(*time));
                say(
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
                to.write_str("the token is bound by `cnf` to a key whose proof is not asked for")
            }
            Self::InsufficientScope { needed } => {
                to.write_str("the token lacks scopes, needed")?;
                needed.iter().try_for_each(|scope| say(to, &[" `", scope, "`"]))
            }
            Self::InsufficientPermissions => to.write_str("the token lacks permissions"),
            Self::InsufficientRoles => to.write_str("the token lacks roles"),
            Self::JwkJson(problem) => say(to, &["the key ", problem.message()]),
            Self::JwkMember { name } => say(to, &["the key's member `", name, "` is missing or malformed"]),
            Self::JwkUnsupported { name } => say(to, &["the key's `", name, "` has no algorithm here"]),
            Self::JwkSymmetricInSet => to.write_str("a shared secret in a key set is ignored"),
            Self::JwksJson(problem) => say(to, &["the key set ", problem.message()]),
            Self::JwksKeys => to.write_str("the key set has no array `keys`"),
            Self::JwksTooLong => {
                say(to, &["the key set is longer than ", &count(MAXIMUM_SET_BYTES), " bytes"])
            }
            Self::JwksTooManyKeys => {
                say(to, &["the key set has more than ", &count(MAXIMUM_SET_KEYS), " keys"])
            }
            Self::Option { name, problem } => say(to, &["`", name, "` ", problem]),
        }
    }
}

impl From<KeyRefusal> for Refusal {
    fn from(refusal: KeyRefusal) -> Self {
        Self::Key(refusal)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(f)
    }
}

impl core::error::Error for Refusal {}

/// A value out of a token as a message may show it: printable ASCII, at most 64 characters (what an attacker wrote
/// must not fill or forge a log line).
pub(crate) fn shortened(value: &str) -> String {
    const LIMIT: usize = 64;
    let letter = |letter: char| if matches!(letter, ' '..='~') && letter != '`' { letter } else { '?' };
    let mut letters = value.chars();
    let mut shown: String = letters.by_ref().take(LIMIT).map(letter).collect();
    if letters.next().is_some() {
        shown.push_str("...");
    }
    shown
}
