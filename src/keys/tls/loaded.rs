//! A certificate chain that was checked against its private key.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use tokio_rustls::rustls::crypto::aws_lc_rs::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use super::TlsError;

/// A certificate that can be used.
///
/// INVARIANT: the key belongs to the first certificate of the chain, which had not expired when it was loaded.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) key: Arc<CertifiedKey>,
    /// The end of its validity, in Unix seconds.
    pub(super) not_after: u64,
}

impl Loaded {
    /// Checks the chain and the key. `now` in Unix seconds.
    ///
    /// # Errors
    /// [`TlsError::Malformed`], [`TlsError::Expired`], [`TlsError::UnusableKey`], [`TlsError::Mismatch`].
    pub(super) fn new(
        chain: Vec<CertificateDer<'static>>,
        key: &PrivateKeyDer<'static>,
        now: u64,
    ) -> Result<Self, TlsError> {
        let first = chain.first().ok_or(TlsError::Malformed)?;
        let parsed = Certificate::from_der(first).map_err(|_| TlsError::Malformed)?;
        let not_after = parsed.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
        if now >= not_after {
            return Err(TlsError::Expired { not_after });
        }
        let key = any_supported_type(key).map_err(|_| TlsError::UnusableKey)?;
        let key = CertifiedKey::new(chain, key);
        key.keys_match().map_err(|_| TlsError::Mismatch)?;
        Ok(Self { key: Arc::new(key), not_after })
    }

    /// The SHA-256 of the first certificate, as browsers and OpenSSL show it: `AB:CD:…`.
    pub(super) fn fingerprint(&self) -> String {
        let der = self.key.cert.first().map_or(&[][..], |certificate| certificate.as_ref());
        let bytes: Vec<String> =
            digest(&SHA256, der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        bytes.join(":")
    }
}
