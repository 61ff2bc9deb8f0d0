//! The refusals. Each has a stable code and contains the compared values, never the token or key material. The table in `Refusal::row`
//! is the only list of codes and classes.

mod kinds;
mod message;

use alloc::{string::String, vec::Vec};

use jotgate_crypto::{Algorithm, KeyRefusal};

pub use self::kinds::{Class, JsonProblem, Part, Reason};
pub(crate) use self::message::shortened;

/// The reason why a token, a key, a key set or an option was refused. Times are seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The token is longer than the policy allows.
    TokenTooLong {
        /// The largest accepted length, in bytes.
        maximum: usize,
    },
    /// The token does not have three parts (RFC 7515 §7.1).
    TokenParts {
        /// The number of its parts; five in an encrypted token (RFC 7516 §7.1).
        found: usize,
    },
    /// A part is not base64url, or it has padding, white space or non-zero trailing bits (RFC 7515 §2, RFC 4648 §3.5).
    Base64url {
        /// The part.
        part: Part,
    },
    /// The header is not a JSON object with a single meaning.
    HeaderJson(JsonProblem),
    /// A header parameter has the wrong type (RFC 7515 §4.1).
    HeaderParameter {
        /// Its name.
        name: &'static str,
    },
    /// The header has no `alg` (RFC 7515 §4.1.1).
    AlgorithmMissing,
    /// The header's `alg` is `none`, in any spelling (RFC 8725 §3.2).
    AlgorithmNone,
    /// The header's `alg` is unknown.
    AlgorithmUnknown {
        /// The header's value, shortened.
        algorithm: String,
    },
    /// The header's `alg` is not on the caller's list (RFC 8725 §3.1).
    AlgorithmNotAllowed {
        /// The header's value, shortened.
        algorithm: String,
        /// The caller's list.
        allowed: Vec<Algorithm>,
    },
    /// `crit` is empty, not an array of distinct strings, or names a missing parameter (RFC 7515 §4.1.11).
    CritMalformed,
    /// `crit` names an extension that the caller does not understand (RFC 7515 §4.1.11).
    CritNotUnderstood {
        /// Its name, shortened.
        name: String,
    },
    /// `b64` is not `true`: a JWT's payload is always encoded (RFC 7797 §7).
    PayloadUnencoded,
    /// No key of the set has the token's `kid`, or none fits a token without `kid`.
    NoMatchingKey,
    /// The set's key with this `kid` does not fit the token's algorithm.
    KeyDoesNotFit,
    /// The key is for another algorithm (RFC 7517 §4.4).
    KeyAlgorithm {
        /// The header's algorithm.
        algorithm: Algorithm,
    },
    /// The key's `use` is not `sig` (RFC 7517 §4.2).
    KeyUse,
    /// The key's `key_ops` does not include `verify` (RFC 7517 §4.3).
    KeyOperations,
    /// The key is invalid, or does not fit the algorithm.
    Key(KeyRefusal),
    /// The signature is not valid for this message and key.
    SignatureMismatch,
    /// More keys may have signed the token than are tried for one token (RFC 8725 §3.1). None of those that were tried did.
    TooManyCandidates,
    /// The payload is not a JSON object with a single meaning (RFC 7519 §7.2).
    ClaimsJson(JsonProblem),
    /// A claim that the policy requires is missing.
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
    /// `typ` is missing, and the policy requires it (RFC 8725 §3.11).
    TypeMissing,
    /// `typ` is not one that the policy accepts (RFC 8725 §3.11).
    TypeMismatch {
        /// The header's value, shortened.
        found: String,
    },
    /// `iss` is not one of the accepted issuers (RFC 7519 §4.1.1).
    IssuerMismatch {
        /// The token's value, shortened.
        found: String,
    },
    /// `aud` contains none of the accepted audiences (RFC 7519 §4.1.3).
    AudienceMismatch,
    /// `sub` is not the required subject (RFC 7519 §4.1.2).
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
    /// The token was issued in the future, and the policy has a maximum age.
    IssuedInFuture {
        /// The token's `iat`.
        iat: f64,
        /// The caller's time.
        now: f64,
    },
    /// The token is older than the policy allows.
    TooOld {
        /// The token's `iat`.
        iat: f64,
        /// The caller's time.
        now: f64,
        /// The largest age in seconds.
        maximum: f64,
    },
    /// The token requires proof of possession (`cnf`, RFC 7800 §3), which is not checked.
    ConfirmationNotEnforced,
    /// The token lacks scopes (RFC 6750 §3.1).
    InsufficientScope {
        /// The scopes that would suffice, for the challenge.
        needed: Vec<String>,
    },
    /// The token lacks permissions.
    InsufficientPermissions,
    /// The token lacks roles.
    InsufficientRoles,
    /// The JWK is not a JSON object with a single meaning (RFC 7517 §4).
    JwkJson(JsonProblem),
    /// A member that the JWK's `kty` requires is missing, or has the wrong type or encoding (RFC 7518 §6).
    JwkMember {
        /// Its name.
        name: &'static str,
    },
    /// The JWK's `kty` or `crv` is not supported.
    JwkUnsupported {
        /// `kty` or `crv`.
        name: &'static str,
    },
    /// A key set contains a shared secret: everyone who can read the set could sign.
    JwkSymmetricInSet,
    /// The key set is not a JSON object (RFC 7517 §5).
    JwksJson(JsonProblem),
    /// The key set has no array `keys` (RFC 7517 §5.1).
    JwksKeys,
    /// The key set is longer than [`MAXIMUM_SET_BYTES`](crate::MAXIMUM_SET_BYTES).
    JwksTooLong,
    /// The key set has more members than [`MAXIMUM_SET_KEYS`](crate::MAXIMUM_SET_KEYS).
    JwksTooManyKeys,
    /// An invalid option: a mistake in the program, not in the token.
    Option {
        /// The option's name in JavaScript.
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
    /// Returns the stable code, for programs to compare. The message may change.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.row().code
    }

    /// Returns the class of the refusal.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.row().class
    }

    /// Returns the claim (or `typ`) that failed, and how it failed. Returns `None` if no claim failed.
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
}

impl From<KeyRefusal> for Refusal {
    fn from(refusal: KeyRefusal) -> Self {
        Self::Key(refusal)
    }
}

impl core::error::Error for Refusal {}
