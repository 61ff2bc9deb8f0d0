//! The reasons why a database is not used.

use std::fmt;
use std::path::PathBuf;

/// The reason why a database is not used. Never contains a password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseRefusal {
    /// The address is not a URL of PostgreSQL.
    Address {
        /// The problem.
        detail: String,
    },
    /// The address was an argument with a password, which every user of the machine can read.
    PasswordInArguments,
    /// TLS would be missing or unverified on the way to another machine.
    Unverified {
        /// The value of `sslmode`.
        mode: String,
    },
    /// The certificates that verify the server cannot be read.
    RootCertificates {
        /// The problem.
        detail: String,
    },
    /// The password file is readable for other users, or cannot be read.
    Passfile {
        /// Its path.
        path: PathBuf,
        /// The problem.
        detail: String,
    },
    /// A setting of the server allows to lose a confirmed commit.
    NotDurable {
        /// The setting of the server.
        setting: &'static str,
        /// Its value.
        value: String,
    },
    /// The server is a standby, which accepts no changes.
    Standby,
    /// The version of the server is too old.
    TooOld {
        /// Its version, as `server_version` has it.
        version: String,
    },
}

impl DatabaseRefusal {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "database_address",
            Self::PasswordInArguments => "database_password_in_arguments",
            Self::Unverified { .. } => "database_unverified",
            Self::RootCertificates { .. } => "database_root_certificates",
            Self::Passfile { .. } => "database_passfile",
            Self::NotDurable { .. } => "database_not_durable",
            Self::Standby => "database_standby",
            Self::TooOld { .. } => "database_too_old",
        }
    }
}

impl std::error::Error for DatabaseRefusal {}

impl fmt::Display for DatabaseRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { detail } => {
                write!(f, "the address of the database: {detail}; write postgres://USER@HOST/DATABASE")
            }
            Self::PasswordInArguments => f.write_str(
                "the password of the database must not be in the arguments, where others can read it; use JOTGATE_STORE, \
                 PGPASSWORD or a password file (PGPASSFILE)",
            ),
            Self::Unverified { mode } => write!(
                f,
                "`sslmode={mode}` does not verify the database's server; only `verify-full` is used for another machine"
            ),
            Self::RootCertificates { detail } => write!(
                f,
                "the certificates that verify the database's server: {detail}; name a file with `sslrootcert=PATH` in the \
                 address"
            ),
            Self::Passfile { path, detail } => {
                write!(f, "the password file `{}`: {detail}", path.display())
            }
            Self::NotDurable { setting, value } => write!(
                f,
                "the database runs with `{setting}={value}`: a commit may be lost after it was answered; set it to `on`"
            ),
            Self::Standby => f.write_str(
                "the database is a standby, which takes no changes; name the primary, or every host of the cluster",
            ),
            Self::TooOld { version } => {
                write!(f, "the database has version {version}; version 13 or later is needed")
            }
        }
    }
}
