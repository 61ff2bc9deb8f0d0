//! The errors of documents, each with one code.

use std::fmt;

use super::{NEWEST_FORMAT, OLDEST_FORMAT};
use crate::{IssuerRefusal, KekError, KeyPairError, SettingsRefusal, StateError};

/// The reason why bytes are not a valid state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DocumentError {
    /// The digest does not match the rest, or is missing.
    Damaged,
    /// The JSON library failed, which never happens for valid states.
    NotWritten,
    /// The document is undamaged, but was written by a newer version of this program.
    UnknownFormat {
        /// The format in the document; `None` if it could not be read.
        format: Option<u32>,
    },
    /// A store identifier that is not 32 hexadecimal digits.
    StoreId,
    /// The name of an algorithm that this program does not sign with.
    UnknownAlgorithm,
    /// A private key whose identifier is wrong.
    KidMismatch {
        /// The identifier in the document.
        stored: String,
        /// The key's thumbprint.
        computed: String,
    },
    /// A seal that could not be made or opened.
    Kek(KekError),
    /// A private key that could not be read.
    KeyPair(KeyPairError),
    /// An invalid issuer.
    Issuer(IssuerRefusal),
    /// A setting is invalid.
    Settings(SettingsRefusal),
    /// The parts are not a valid state.
    State(StateError),
}

impl DocumentError {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Damaged => "document_damaged",
            Self::NotWritten => "document_not_written",
            Self::UnknownFormat { .. } => "document_unknown_format",
            Self::StoreId => "document_store_id",
            Self::UnknownAlgorithm => "document_unknown_algorithm",
            Self::KidMismatch { .. } => "document_kid_mismatch",
            Self::Kek(error) => error.code(),
            Self::KeyPair(error) => error.code(),
            Self::Issuer(refusal) => refusal.code(),
            Self::Settings(refusal) => refusal.code(),
            Self::State(error) => error.code(),
        }
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("the document is damaged: its digest does not fit"),
            Self::NotWritten => f.write_str("the document could not be written"),
            Self::UnknownFormat { format: Some(format) } if *format > NEWEST_FORMAT => write!(
                f,
                "the store has format {format}, and this version reads formats {OLDEST_FORMAT} to {NEWEST_FORMAT}: use the version that wrote it"
            ),
            Self::UnknownFormat { format: Some(format) } => write!(
                f,
                "the document of format {format} has members that this version does not know: use the version that wrote it"
            ),
            Self::UnknownFormat { format: None } => f.write_str("the document is of no known format"),
            Self::StoreId => f.write_str("the store identifier is not 32 hexadecimal digits"),
            Self::UnknownAlgorithm => {
                f.write_str("a ring is of an algorithm that this version does not know")
            }
            Self::KidMismatch { stored, computed } => {
                write!(f, "the private key of `{stored}` belongs to `{computed}`")
            }
            Self::Kek(error) => error.fmt(f),
            Self::KeyPair(error) => error.fmt(f),
            Self::Issuer(refusal) => refusal.fmt(f),
            Self::Settings(refusal) => refusal.fmt(f),
            Self::State(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DocumentError {}
