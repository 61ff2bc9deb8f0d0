//! A client of the tests that signs proofs and assertions.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::signature::Signer as _;
use serde_json::Value;

use crate::{KeyPair, RsaSize, SigningAlgorithm};

/// A compact JWS of any header and payload.
pub(crate) fn signed(key: &KeyPair, header: &Value, payload: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = key.try_sign(input.as_bytes()).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

pub(crate) fn new_key(algorithm: SigningAlgorithm) -> KeyPair {
    KeyPair::generate(algorithm, RsaSize::default()).unwrap()
}

/// The public key with nothing but its required members.
pub(crate) fn jwk(key: &KeyPair) -> Value {
    let mut jwk = serde_json::to_value(key.public()).unwrap();
    for name in ["kid", "use", "alg"] {
        jwk.as_object_mut().unwrap().remove(name);
    }
    jwk
}
