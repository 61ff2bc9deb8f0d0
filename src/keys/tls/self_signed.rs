//! Makes the certificate of `serve --dev-tls`.

use std::time::Duration;

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::TlsError;
use super::loaded::Loaded;

/// The names and addresses in the certificate.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// The time that it is valid. A server that runs longer must be restarted.
const LIFE: Duration = Duration::from_hours(30 * 24);
/// The accepted difference between the clocks of this machine and of a client in a virtual machine.
const CLOCK_DIFFERENCE: Duration = Duration::from_hours(1);

/// Makes a new certificate for loopback names with a new key, valid from `now` (Unix seconds). Also returns it in PEM, without the key.
///
/// # Errors
/// [`TlsError::NotMade`].
pub(super) fn self_signed(now: u64) -> Result<(Loaded, String), TlsError> {
    let made = || -> Result<_, rcgen::Error> {
        let mut parameters = CertificateParams::new(NAMES.map(str::to_owned))?;
        parameters.distinguished_name.push(DnType::CommonName, "jotgate-keys --dev-tls");
        let now = date_time_ymd(1970, 1, 1) + Duration::from_secs(now);
        (parameters.not_before, parameters.not_after) = (now - CLOCK_DIFFERENCE, now + LIFE);
        let key = KeyPair::generate()?;
        Ok((parameters.self_signed(&key)?, key.serialize_der()))
    };
    let (certificate, key) = made().map_err(|_| TlsError::NotMade)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key));
    Ok((Loaded::new(vec![certificate.der().clone()], &key, now)?, certificate.pem()))
}
