//! The certificate in use, and its replacement while the server runs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ServerConfig};
use tracing::{info, warn};

use super::certificate_files::{CertificateFiles, FileStamps};
use super::loaded::Loaded;
use super::self_signed::self_signed;
use super::tls_error::TlsError;
use crate::Clock;

/// The period in which the files are checked for changes.
pub const CERTIFICATE_PERIOD: Duration = Duration::from_secs(5);

/// The certificate with which the public listener authenticates itself. A new connection gets the newest one.
#[derive(Debug)]
pub struct ServerCertificate {
    current: ArcSwap<Loaded>,
    /// Whether the files cannot be used, so that an older certificate is still in use.
    failing: AtomicBool,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Files {
        files: CertificateFiles,
        /// The state of the files at the last attempt to read them.
        read: Mutex<FileStamps>,
    },
    SelfSigned {
        pem: String,
    },
}

impl ServerCertificate {
    /// Reads a certificate from its files. `now` in Unix seconds. Blocks on the files.
    ///
    /// # Errors
    /// Any [`TlsError`].
    pub fn read(files: CertificateFiles, now: u64) -> Result<Self, TlsError> {
        // Read before the content, so that a change in between is detected later.
        let read = files.stamps();
        let loaded = load(&files, now)?;
        Ok(Self::new(loaded, Source::Files { files, read: Mutex::new(read) }))
    }

    /// Makes a self-signed certificate for `localhost`, `127.0.0.1` and `::1`, for development.
    ///
    /// # Errors
    /// [`TlsError::NotMade`].
    pub fn self_signed(now: u64) -> Result<Self, TlsError> {
        let (loaded, pem) = self_signed(now)?;
        Ok(Self::new(loaded, Source::SelfSigned { pem }))
    }

    fn new(loaded: Loaded, source: Source) -> Self {
        Self { current: ArcSwap::from_pointee(loaded), failing: AtomicBool::new(false), source }
    }

    /// Returns the end of its validity, in Unix seconds.
    #[must_use]
    pub fn not_after(&self) -> u64 {
        self.current.load().not_after
    }

    /// Whether the files cannot be used, so that an older certificate is still in use.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// The SHA-256 of the certificate, as browsers and OpenSSL show it: `AB:CD:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.current.load().fingerprint()
    }

    /// Returns the certificate in PEM if it is self-signed, for clients that must trust it.
    #[must_use]
    pub fn self_signed_pem(&self) -> Option<&str> {
        match &self.source {
            Source::Files { .. } => None,
            Source::SelfSigned { pem } => Some(pem),
        }
    }

    /// Reads the files again. If they cannot be used, the certificate before stays in use, and the log has a warning.
    /// A self-signed certificate stays as it is. `now` in Unix seconds. Blocks on the files.
    pub fn reload(&self, now: u64) {
        let Source::Files { files, read } = &self.source else { return };
        // Held until the end: two readers at once could leave the older certificate.
        let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = files.stamps();
        match load(files, now) {
            Ok(loaded) => {
                let seconds = loaded.not_after.saturating_sub(now);
                info!(seconds_left = seconds, "the TLS certificate was read again");
                self.current.store(Arc::new(loaded));
                self.failing.store(false, Ordering::Relaxed);
            }
            Err(error) => {
                warn!(code = error.code(), %error, "the TLS certificate before stays in use");
                self.failing.store(true, Ordering::Relaxed);
            }
        }
        *read = stamps;
    }

    /// Reads the files again whenever one of them has changed, until it is dropped.
    pub async fn follow(self: Arc<Self>, clock: Arc<dyn Clock>) {
        let Source::Files { files, .. } = &self.source else { return std::future::pending().await };
        loop {
            tokio::time::sleep(CERTIFICATE_PERIOD).await;
            let (this, files, clock) = (Arc::clone(&self), files.clone(), Arc::clone(&clock));
            // The file system may block. If this panics, the runtime logs it, and the next check continues.
            let _ = tokio::task::spawn_blocking(move || {
                if this.read_stamps() != Some(files.stamps()) {
                    this.reload(clock.now());
                }
            })
            .await;
        }
    }

    fn read_stamps(&self) -> Option<FileStamps> {
        let Source::Files { read, .. } = &self.source else { return None };
        Some(*read.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the TLS settings of connections: TLS 1.2 or 1.3, HTTP/1.1, with the current certificate.
    ///
    /// # Errors
    /// [`TlsError::UnusableKey`] if the library lacks these versions.
    pub(crate) fn config(self: Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12]);
        let builder = builder.map_err(|_| TlsError::UnusableKey)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl ResolvesServerCert for ServerCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.load().key))
    }
}

fn load(files: &CertificateFiles, now: u64) -> Result<Loaded, TlsError> {
    let (chain, key) = files.read()?;
    Loaded::new(chain, &key, now)
}
