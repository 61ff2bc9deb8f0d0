//! One signing key: nothing or a PKCS#8 document enters, a key that signs and its public half leave.

mod algorithm;
mod key_pair;
mod public_jwk;

pub(crate) use algorithm::Family;
pub use algorithm::{RsaSize, SigningAlgorithm};
pub use key_pair::{KeyPair, KeyPairError};
pub use public_jwk::PublicJwk;
