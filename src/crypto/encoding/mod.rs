//! Encodings of keys: DER, X.509 and PKCS#1 structures, and PEM.

pub(crate) mod der;
pub(crate) mod pem;
pub(crate) mod spki;
