//! The purpose of a ring: the kind of tokens that its keys sign.

use std::fmt;

use crate::SigningAlgorithm;

/// The kind of tokens that the keys of a ring sign. Each purpose has at most one signing key, and its own rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Access tokens (RFC 9068). Every state has such a ring.
    #[default]
    Access,
    /// ID tokens (OpenID Connect Core §2). Needs store format 5.
    Id,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 2] = [Self::Access, Self::Id];

    /// Returns its name in commands and listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Id => "id",
        }
    }

    /// Returns the purpose with that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// Returns the only algorithm that its keys may have, or `None` if there is a choice. RS256 is the only algorithm that every OpenID client
    /// must verify (OpenID Connect Core §15.1).
    #[must_use]
    pub const fn only_algorithm(self) -> Option<SigningAlgorithm> {
        match self {
            Self::Access => None,
            Self::Id => Some(SigningAlgorithm::RS256),
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Access => "access tokens",
            Self::Id => "ID tokens",
        })
    }
}
