//! The errors of a TLS certificate.

use std::fmt;
use std::path::PathBuf;

use crate::listing::moment;

/// The reason why a TLS certificate cannot be used. Never contains a part of the private key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read, or has more than 1 MiB.
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The reason that the system gives.
        detail: String,
    },
    /// The file contains no certificate in PEM.
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The file contains no private key in PEM.
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// The certificate is malformed.
    Malformed,
    /// The private key is malformed, or of a type that TLS does not use.
    UnusableKey,
    /// The private key does not belong to the first certificate.
    Mismatch,
    /// The certificate has expired.
    Expired {
        /// The end of its validity, in Unix seconds.
        not_after: u64,
    },
    /// The self-signed certificate could not be made.
    NotMade,
}

impl TlsError {
    /// The stable code, for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "tls_file_unreadable",
            Self::NoCertificate { .. } => "tls_no_certificate",
            Self::NoKey { .. } => "tls_no_key",
            Self::Malformed => "tls_certificate_malformed",
            Self::UnusableKey => "tls_key_unusable",
            Self::Mismatch => "tls_key_mismatch",
            Self::Expired { .. } => "tls_certificate_expired",
            Self::NotMade => "tls_certificate_not_made",
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, detail } => {
                write!(f, "the TLS file `{}` cannot be read: {detail}", path.display())
            }
            Self::NoCertificate { path } => {
                write!(f, "`{}` contains no certificate; it must be a chain in PEM", path.display())
            }
            Self::NoKey { path } => {
                write!(f, "`{}` contains no private key; it must be PKCS #8, SEC 1 or PKCS #1 in PEM", path.display())
            }
            Self::Malformed => f.write_str("the TLS certificate is malformed"),
            Self::UnusableKey => f.write_str(
                "the private key of the TLS certificate cannot be used; use an ECDSA, RSA or Ed25519 key",
            ),
            Self::Mismatch => f.write_str(
                "the private key does not belong to the first TLS certificate; put the server's certificate first",
            ),
            Self::Expired { not_after } => {
                write!(f, "the TLS certificate expired {}; renew it", moment(*not_after))
            }
            Self::NotMade => f.write_str("the self-signed certificate could not be made"),
        }
    }
}

impl std::error::Error for TlsError {}
