//! Why no token was made.

use std::fmt;

/// Why no token was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// A member that is empty, too long, or has control characters.
    Malformed {
        /// Which.
        name: &'static str,
    },
    /// The identifier of a new client with characters other than `A-Z a-z 0-9 . _ ~ -`, or not 1 to 128 of them.
    ClientId,
    /// An audience that is neither a name nor a URI without a fragment (RFC 8707 §2).
    Audience,
    /// Something that may be given once, a second time.
    Repeated {
        /// What.
        what: &'static str,
    },
    /// A claim whose name is reserved for the issuer.
    ReservedClaim {
        /// The name.
        name: &'static str,
    },
    /// Own claims without a proper name, or too long for a token.
    Claims,
    /// A scope with characters that RFC 6749 §3.3 does not allow, or a second time.
    Scope,
    /// A life of no seconds, or longer than the key may sign.
    Life {
        /// What was asked for, in seconds.
        seconds: u64,
        /// The longest that the key may sign, in seconds.
        longest: u64,
    },
    /// The system gave no randomness, or the signature failed.
    NotSigned,
}

/// What a member may have in bytes: identifiers are short, and a token has to fit into a header.
pub(super) const LONGEST_TEXT: usize = 1024;

impl TokenRefusal {
    /// The stable code: what a program compares.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "token_malformed_request",
            Self::ClientId => "client_id",
            Self::Audience => "audience_malformed",
            Self::Repeated { .. } => "repeated",
            Self::ReservedClaim { .. } => "claim_reserved",
            Self::Claims => "claims_malformed",
            Self::Scope => "token_invalid_scope",
            Self::Life { .. } => "token_life",
            Self::NotSigned => "token_not_signed",
        }
    }
}

impl fmt::Display for TokenRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { name } => {
                write!(f, "the {name} must have 1 to {LONGEST_TEXT} bytes and no control characters")
            }
            Self::ClientId => f.write_str(
                "a client identifier has 1 to 128 characters, each a letter, a digit or one of . _ ~ -; it does not begin with u_",
            ),
            Self::Audience => {
                f.write_str("an audience is a name without white space, or a URI without a fragment (#…)")
            }
            Self::Repeated { what } => write!(f, "{what} is repeated"),
            Self::ReservedClaim { name } => {
                write!(f, "the claim `{name}` is reserved: only the issuer may set it")
            }
            Self::Claims => f.write_str(
                "a claim has a name of 1 to 128 bytes without control characters; all claims of a client have 4096 bytes at most",
            ),
            Self::Scope => f.write_str("a scope is a list of different words, separated by single spaces"),
            Self::Life { seconds, longest } => {
                write!(f, "a life of {seconds} s was asked for, the key signs 1 to {longest} s")
            }
            Self::NotSigned => f.write_str("the token could not be signed"),
        }
    }
}

impl std::error::Error for TokenRefusal {}
