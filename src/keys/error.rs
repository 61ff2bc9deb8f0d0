//! The errors of commands, each with one code.

use std::{fmt, io};

use crate::ledger::LedgerError;
use crate::people::PasswordError;
use crate::{
    DocumentError, IssuerRefusal, KekError, KeyPairError, SettingsRefusal, StateError, StoreError, TlsError,
    TokenRefusal,
};

/// The reason why an operation failed. Never contains a token or a private key.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The store failed.
    Store(StoreError),
    /// The content of the store could not be read.
    Document(DocumentError),
    /// The state does not allow it.
    State(StateError),
    /// There is no key-encryption key.
    Kek(KekError),
    /// There is no key.
    KeyPair(KeyPairError),
    /// The issuer is invalid.
    Issuer(IssuerRefusal),
    /// A setting is out of bounds.
    Settings(SettingsRefusal),
    /// The token asked for is refused.
    Token(TokenRefusal),
    /// The TLS certificate cannot be used.
    Tls(TlsError),
    /// The ledger failed.
    Ledger(LedgerError),
    /// A password could not be hashed.
    Password(PasswordError),
    /// Other processes changed the store at each attempt.
    Contended {
        /// The number of attempts.
        attempts: u32,
    },
    /// The clock is before the moment at which a key was published, by more than clocks differ.
    ClockBehind {
        /// When the key was published, in Unix seconds.
        published: u64,
        /// The time of the clock, in Unix seconds.
        now: u64,
    },
    /// The clock was set while the program ran, by more than clocks may differ.
    ClockJumped {
        /// By how many seconds; forwards if positive.
        by: i64,
    },
    /// A command that cannot be undone was not confirmed.
    NotConfirmed {
        /// The last word of the command.
        command: &'static str,
    },
    /// The network failed.
    Network(io::Error),
    /// An internal task ended unexpectedly.
    Stopped,
}

impl Error {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::State(error) => error.code(),
            Self::Kek(error) => error.code(),
            Self::KeyPair(error) => error.code(),
            Self::Issuer(refusal) => refusal.code(),
            Self::Settings(refusal) => refusal.code(),
            Self::Token(refusal) => refusal.code(),
            Self::Tls(error) => error.code(),
            Self::Ledger(error) => error.code(),
            Self::Password(PasswordError::Crowded) => "passwords_crowded",
            Self::Password(PasswordError::NotHashed) => "password_not_hashed",
            Self::Contended { .. } => "store_contended",
            Self::ClockBehind { .. } => "clock_behind",
            Self::ClockJumped { by } if *by < 0 => "clock_behind",
            Self::ClockJumped { .. } => "clock_ahead",
            Self::NotConfirmed { .. } => "not_confirmed",
            Self::Network(_) => "network",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Document(error) => error.fmt(f),
            Self::State(error) => error.fmt(f),
            Self::Kek(error) => error.fmt(f),
            Self::KeyPair(error) => error.fmt(f),
            Self::Issuer(refusal) => refusal.fmt(f),
            Self::Settings(refusal) => refusal.fmt(f),
            Self::Token(refusal) => refusal.fmt(f),
            Self::Tls(error) => error.fmt(f),
            Self::Ledger(error) => error.fmt(f),
            Self::Password(error) => error.fmt(f),
            Self::Contended { attempts } => {
                write!(f, "others changed the store each time in {attempts} attempts")
            }
            Self::ClockBehind { published, now } => {
                write!(f, "the clock says {now}, but a key was published at {published}; set the clock right")
            }
            Self::ClockJumped { by } => write!(
                f,
                "the clock jumped by {by} s; nothing is signed or changed by it. A jump of up to an hour is accepted after a \
                 minute; if a larger one is right, restart"
            ),
            Self::NotConfirmed { command } => write!(
                f,
                "nothing was changed: `{command}` cannot be undone and was not confirmed; confirm it on a terminal, or add --yes"
            ),
            Self::Network(error) => error.fmt(f),
            Self::Stopped => f.write_str("a task ended before its time"),
        }
    }
}

impl std::error::Error for Error {}

macro_rules! from {
    ($($variant:ident($error:ty),)*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

from! {
    Store(StoreError),
    Document(DocumentError),
    State(StateError),
    Kek(KekError),
    KeyPair(KeyPairError),
    Issuer(IssuerRefusal),
    Settings(SettingsRefusal),
    Token(TokenRefusal),
    Tls(TlsError),
    Ledger(LedgerError),
    Password(PasswordError),
    Network(io::Error),
}
