//! TLS of the public listener: reads the certificate, and replaces it while the server runs.
//!
//! | file | content |
//! |---|---|
//! | `server_certificate` | the certificate in use, and its replacement |
//! | `certificate_files` | the two PEM files of a certificate |
//! | `loaded` | a certificate that was checked against its key |
//! | `self_signed` | the certificate of `--dev-tls` |
//! | `tls_error` | the errors of a certificate |

mod certificate_files;
mod loaded;
mod self_signed;
mod server_certificate;
mod tls_error;

pub use certificate_files::CertificateFiles;
pub use server_certificate::{CERTIFICATE_PERIOD, ServerCertificate};
pub use tls_error::TlsError;
