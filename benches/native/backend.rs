//! Runs both backends of jsonwebtoken in one process. It has one provider, so a provider of ours calls the selected
//! one.

use std::sync::atomic::{AtomicBool, Ordering};

use jsonwebtoken::crypto::{CryptoProvider, KeyUtils, aws_lc, rust_crypto};

static RUST_CRYPTO: AtomicBool = AtomicBool::new(false);

static EITHER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| (aws_lc::DEFAULT_PROVIDER.signer_factory)(algorithm, key),
    verifier_factory: |algorithm, key| {
        let provider = match RUST_CRYPTO.load(Ordering::Relaxed) {
            true => &rust_crypto::DEFAULT_PROVIDER,
            false => &aws_lc::DEFAULT_PROVIDER,
        };
        (provider.verifier_factory)(algorithm, key)
    },
    // For writing JWKs, which are only read here.
    key_utils: KeyUtils::new_unimplemented(),
};

#[derive(Clone, Copy)]
pub(crate) enum Backend {
    AwsLcRs,
    RustCrypto,
}

impl Backend {
    pub(crate) const BOTH: [Self; 2] = [Self::AwsLcRs, Self::RustCrypto];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AwsLcRs => "aws_lc_rs",
            Self::RustCrypto => "rust_crypto",
        }
    }

    /// Selects the backend from here on.
    pub(crate) fn choose(self) {
        // Only the first call installs it.
        let _ = EITHER.install_default();
        RUST_CRYPTO.store(matches!(self, Self::RustCrypto), Ordering::Relaxed);
    }
}
