//! The parts of a refusal: the part of the token, the problem of a JSON text, the class, and how a claim failed.

/// One of the three parts of a compact JWS (RFC 7515 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants are the names of the standard")]
pub enum Part {
    Header,
    Payload,
    Signature,
}

impl Part {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Signature => "signature",
        }
    }
}

/// The reason why a text is not a usable JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonProblem {
    /// Not UTF-8 (RFC 8259 §8.1).
    NotUtf8,
    /// It begins with a byte order mark (RFC 8259 §8.1).
    ByteOrderMark,
    /// Not JSON.
    Malformed,
    /// A string with half of a surrogate pair (RFC 8259 §8.2).
    LoneSurrogate,
    /// A number beyond the range of a double (RFC 8259 §6).
    NumberRange,
    /// JSON, but not an object.
    NotObject,
    /// A duplicate member name in one object (RFC 7515 §4, RFC 7519 §4).
    DuplicateMember,
    /// Nested deeper than 128 levels.
    TooDeep,
}

impl JsonProblem {
    pub(super) const fn message(self) -> &'static str {
        match self {
            Self::NotUtf8 => "is not UTF-8",
            Self::ByteOrderMark => "begins with a byte order mark",
            Self::Malformed => "is not JSON",
            Self::LoneSurrogate => "contains a lone surrogate (half of a `\\u` pair)",
            Self::NumberRange => "contains a number beyond the range of a double (about 1.8e308)",
            Self::NotObject => "is not a JSON object",
            Self::DuplicateMember => "has a duplicate member",
            Self::TooDeep => "is nested deeper than 128 levels",
        }
    }
}

/// The class of a refusal: the codes that users of jose compare, and two codes that jose does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "`code` has each one's meaning")]
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
    /// Returns the stable code of the class, the same as jose's if jose has it.
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

/// How a claim failed: the member `reason` of jose's errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The claim is missing.
    Missing,
    /// The claim has the wrong type.
    Invalid,
    /// The claim does not have a required value.
    CheckFailed,
}

impl Reason {
    /// Returns the word that jose uses.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::CheckFailed => "check_failed",
        }
    }
}
