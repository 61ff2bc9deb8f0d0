//! One signing key with its public half, new or from a PKCS#8 document.

mod algorithm;
mod key_pair;
mod public_jwk;

pub(crate) use algorithm::Family;
pub use algorithm::{RsaSize, SigningAlgorithm};
pub use key_pair::{KeyPair, KeyPairError};
pub use public_jwk::PublicJwk;
