//! Reads a certificate chain and its private key from two PEM files.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::TlsError;

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The files of a certificate: a chain in PEM, the server's own certificate first, and the private key of that certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The file with the chain.
    pub certificate: PathBuf,
    /// The file with the private key. It may be the same file.
    pub key: PathBuf,
}

/// Identifies the content of both files without reading it. `None` for a file that is missing.
pub(super) type FileStamps = [Option<FileStamp>; 2];

/// The device, inode, size and time of change of a file. A file that is renamed into place has another inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileStamp {
    file: (u64, u64),
    size: u64,
    changed: (i64, i64),
}

impl CertificateFiles {
    /// Returns the current state of both files.
    pub(super) fn stamps(&self) -> FileStamps {
        [&self.certificate, &self.key].map(|path| {
            let data = fs::metadata(path).ok()?;
            let changed = (data.mtime(), data.mtime_nsec());
            Some(FileStamp { file: (data.dev(), data.ino()), size: data.size(), changed })
        })
    }

    /// Reads the chain and the private key.
    ///
    /// # Errors
    /// [`TlsError::Unreadable`], [`TlsError::NoCertificate`], [`TlsError::NoKey`].
    pub(super) fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
        let pem = read_bounded(&self.certificate)?;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| TlsError::NoCertificate { path: self.certificate.clone() })?;
        let pem = read_bounded(&self.key)?;
        let key = PrivateKeyDer::from_pem_slice(&pem);
        Ok((chain, key.map_err(|_| TlsError::NoKey { path: self.key.clone() })?))
    }
}

fn read_bounded(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let unreadable = |detail: String| TlsError::Unreadable { path: path.to_owned(), detail };
    let read = || -> io::Result<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(Vec::new());
        File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|error| unreadable(error.to_string()))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_FILE) {
        return Err(unreadable("it has more than 1 MiB".to_owned()));
    }
    Ok(bytes)
}
