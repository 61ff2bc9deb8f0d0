//! What the keys of a ring sign.

use std::fmt;

use crate::SigningAlgorithm;

/// What the keys of a ring sign. Each purpose has one signing key at most, and rotates by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Access tokens (RFC 9068). Every state has such a ring.
    #[default]
    Access,
    /// ID tokens (OpenID Connect Core §2). Needs store format 5.
    Id,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::Access, Self::Id];

    /// Its name in commands and listings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Id => "id",
        }
    }

    /// The purpose of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name)
    }

    /// The one algorithm that its keys may have; `None` if there is a choice. Every OpenID client can verify RS256
    /// (OpenID Connect Core §15.1), and only that can be expected.
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
