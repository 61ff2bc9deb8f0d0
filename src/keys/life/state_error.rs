//! The errors of states and of their changes, each with one code.

use std::fmt;

use crate::listing::moment;
use crate::{Purpose, SigningAlgorithm};

/// The reason why a state is invalid, or a change of it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateError {
    /// There is no ring, so an empty set would be published.
    NoRing,
    /// Two rings of one algorithm.
    RingTwice {
        /// The algorithm.
        algorithm: SigningAlgorithm,
    },
    /// A key of another algorithm than its ring's.
    ForeignKey {
        /// The key.
        kid: String,
    },
    /// Two keys with one identifier.
    KidTwice {
        /// The identifier.
        kid: String,
    },
    /// The first ring without exactly one signing key, or another ring with one.
    NotOneSigner {
        /// The ring.
        algorithm: SigningAlgorithm,
        /// The number of its signing keys.
        signing: usize,
    },
    /// No key signs for that purpose.
    NoSigner {
        /// The purpose.
        purpose: Purpose,
    },
    /// A key of an algorithm that is not for that purpose.
    PurposeAlgorithm {
        /// The purpose.
        purpose: Purpose,
        /// The key's algorithm.
        algorithm: SigningAlgorithm,
    },
    /// A ring with a second successor.
    StagedTwice {
        /// The ring.
        algorithm: SigningAlgorithm,
    },
    /// A ring without a key.
    EmptyRing {
        /// The ring.
        algorithm: SigningAlgorithm,
    },
    /// A ring without a successor where one is needed.
    NoSuccessor {
        /// The ring.
        algorithm: SigningAlgorithm,
    },
    /// An unknown key.
    UnknownKey {
        /// The key.
        kid: String,
    },
    /// Two clients with one identifier.
    ClientTwice {
        /// The identifier.
        id: String,
    },
    /// An unknown client.
    UnknownClient {
        /// The identifier.
        id: String,
    },
    /// A client that is not for logging in.
    NoLogin {
        /// The identifier.
        id: String,
    },
    /// A public client with a setting that only a confidential client may have.
    PublicClient {
        /// The identifier.
        id: String,
        /// The setting.
        what: &'static str,
    },
    /// A name that would be both a client's identifier and an audience. A token for one could then be used for the other.
    ClientIsAudience {
        /// The name.
        name: String,
    },
    /// An audience that is not one of the client's, or has no scopes of its own to remove.
    UnknownAudience {
        /// The audience.
        audience: String,
    },
    /// A claim that the client does not have.
    UnknownClaim {
        /// The name.
        name: String,
    },
    /// A secret that the client does not have.
    UnknownSecret {
        /// The client.
        id: String,
    },
    /// A client's only secret, which may not be dropped.
    OnlySecret {
        /// The client.
        id: String,
    },
    /// One more secret than a client may have.
    TooManySecrets {
        /// The client.
        id: String,
    },
    /// Something that only a store of a newer format can hold.
    NeedsUpgrade {
        /// What.
        what: &'static str,
        /// The format of the store.
        format: u32,
    },
    /// A key that is unknown or not staged.
    NotStaged {
        /// The key.
        kid: String,
    },
    /// A successor that verifiers may not have yet. Its tokens would be refused.
    TooYoung {
        /// The key.
        kid: String,
        /// The time from which it may sign, in Unix seconds.
        from: u64,
        /// The time of the clock, in Unix seconds.
        now: u64,
    },
}

impl StateError {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoRing => "state_no_ring",
            Self::RingTwice { .. } => "state_ring_twice",
            Self::ForeignKey { .. } => "state_foreign_key",
            Self::KidTwice { .. } => "state_kid_twice",
            Self::NotOneSigner { .. } => "state_not_one_signer",
            Self::NoSigner { .. } => "state_no_signer",
            Self::PurposeAlgorithm { .. } => "state_purpose_algorithm",
            Self::StagedTwice { .. } => "state_staged_twice",
            Self::EmptyRing { .. } => "state_empty_ring",
            Self::NoSuccessor { .. } => "state_no_successor",
            Self::UnknownKey { .. } => "state_unknown_key",
            Self::ClientTwice { .. } => "state_client_twice",
            Self::UnknownClient { .. } => "state_unknown_client",
            Self::NoLogin { .. } => "state_no_login",
            Self::PublicClient { .. } => "state_public_client",
            Self::ClientIsAudience { .. } => "state_client_is_audience",
            Self::UnknownAudience { .. } => "state_unknown_audience",
            Self::UnknownClaim { .. } => "state_unknown_claim",
            Self::UnknownSecret { .. } => "state_unknown_secret",
            Self::OnlySecret { .. } => "state_only_secret",
            Self::TooManySecrets { .. } => "state_too_many_secrets",
            Self::NeedsUpgrade { .. } => "store_needs_upgrade",
            Self::NotStaged { .. } => "state_not_staged",
            Self::TooYoung { .. } => "state_too_young",
        }
    }
}

impl fmt::Display for StateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRing => f.write_str("there is no key ring"),
            Self::RingTwice { algorithm } => write!(f, "there are two rings for {algorithm}"),
            Self::ForeignKey { kid } => write!(f, "the key `{kid}` is of another algorithm than its ring"),
            Self::KidTwice { kid } => write!(f, "there are two keys `{kid}`"),
            Self::NotOneSigner { algorithm, signing } => {
                write!(
                    f,
                    "the ring for {algorithm} has {signing} signing keys; the first ring of a purpose has one, no other has"
                )
            }
            Self::NoSigner { purpose } => write!(
                f,
                "no key signs {purpose}: `keys stage --purpose {}` publishes one, and a running `serve` lets it sign",
                purpose.name()
            ),
            Self::PurposeAlgorithm { purpose, algorithm } => {
                write!(f, "a key for {algorithm} can't sign {purpose}")
            }
            Self::StagedTwice { algorithm } => write!(f, "the ring for {algorithm} has two staged keys"),
            Self::EmptyRing { algorithm } => write!(f, "the ring for {algorithm} has no key"),
            Self::NoSuccessor { algorithm } => write!(
                f,
                "the ring for {algorithm} has no successor; `keys emergency` replaces all keys at once, published or not"
            ),
            Self::UnknownKey { kid } => write!(f, "there is no key `{kid}`"),
            Self::ClientTwice { id } => write!(f, "there is a client `{id}` already"),
            Self::UnknownClient { id } => write!(f, "there is no client `{id}`"),
            Self::NoLogin { id } => {
                write!(f, "the client `{id}` has no login; add another with `clients add --redirect`")
            }
            Self::PublicClient { id, what } => {
                write!(
                    f,
                    "the client `{id}` is public, and {what} is for confidential clients: add another without --public"
                )
            }
            Self::ClientIsAudience { name } => write!(
                f,
                "`{name}` would be a client and an audience at once: tokens for one would be taken for the other's"
            ),
            Self::UnknownAudience { audience } => {
                write!(f, "the client has no audience `{audience}`, or no scopes of its own for it")
            }
            Self::UnknownClaim { name } => write!(f, "the client has no claim `{name}`"),
            Self::UnknownSecret { id } => {
                write!(
                    f,
                    "the client `{id}` has no such secret; `clients secret list {id}` shows those that it has"
                )
            }
            Self::OnlySecret { id } => write!(
                f,
                "this is the only secret of the client `{id}`: add another first, or use `clients disable {id}`"
            ),
            Self::TooManySecrets { id } => {
                write!(f, "the client `{id}` has two secrets already: drop the old one first")
            }
            Self::NeedsUpgrade { what, format } => write!(
                f,
                "{what}: a store of format {format} can't hold this; run `jotgate-keys upgrade` once every server runs this version"
            ),
            Self::NotStaged { kid } => write!(f, "the key `{kid}` is not staged"),
            Self::TooYoung { kid, from, now } => {
                let (from, now) = (moment(*from), moment(*now));
                write!(
                    f,
                    "the key `{kid}` may not sign before {from}, for verifiers may not have it, and it is {now}; \
                     `keys emergency` replaces all keys at once, published or not"
                )
            }
        }
    }
}

impl std::error::Error for StateError {}
