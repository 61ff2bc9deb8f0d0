//! The reasons why no token is made.

use std::fmt;

/// The reason why no token is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenRefusal {
    /// A member that is empty, too long, or has control characters.
    Malformed {
        /// The member.
        name: &'static str,
    },
    /// The identifier of a new client with characters other than `A-Z a-z 0-9 . _ ~ -`, or not 1 to 128 of them.
    ClientId,
    /// An audience that is neither a name nor a URI without a fragment (RFC 8707 §2).
    Audience,
    /// A repeated member that may be given only once.
    Repeated {
        /// The member.
        what: &'static str,
    },
    /// A claim whose name is reserved for the issuer.
    ReservedClaim {
        /// The name.
        name: &'static str,
    },
    /// Own claims without a proper name, or too long for a token.
    Claims,
    /// A scope with characters that RFC 6749 §3.3 does not allow, or a repeated scope.
    Scope,
    /// A lifetime of zero, or longer than the key may sign.
    Life {
        /// The requested lifetime, in seconds.
        seconds: u64,
        /// The longest lifetime that the key may sign, in seconds.
        longest: u64,
    },
    /// The system has no randomness, or the signature failed.
    NotSigned,
}

/// The longest member, in bytes. Identifiers are short, and a token must fit into a header.
pub(super) const LONGEST_TEXT: usize = 1024;

impl TokenRefusal {
    /// Returns the stable code, for programs to compare.
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
