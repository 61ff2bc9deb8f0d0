//! Public keys in ASN.1: DER or PEM enters, a key's numbers leave, still unchecked.

use alloc::vec::Vec;

use base64ct::{Base64, Encoding};
use pkcs1::RsaPublicKeyRef;
use spki::der::asn1::{AnyRef, Null};
use spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::{Curve, KeyParts, KeyRefusal};

/// Takes the one block out of PEM text and hands it to the reader of its label.
///
/// Lines may be of any length (RFC 7468 §3, "lax"): keys come out of environment variables and JSON as one line.
/// Text before or after the block, a second block and RFC 1421 headers are malformed.
pub(crate) fn read_pem(text: &str) -> Result<KeyParts, KeyRefusal> {
    let block = text.trim_ascii();
    let (label, rest) = block
        .strip_prefix("-----BEGIN ")
        .and_then(|rest| rest.split_once("-----"))
        .ok_or(KeyRefusal::Malformed)?;
    // The label decides before anything else is read: a private key is never decoded.
    let read = match label {
        "PUBLIC KEY" => read_spki,
        "RSA PUBLIC KEY" => read_pkcs1,
        _ => return Err(KeyRefusal::UnsupportedKind),
    };
    let body = rest
        .strip_suffix("-----")
        .and_then(|rest| rest.strip_suffix(label))
        .and_then(|rest| rest.strip_suffix("-----END "))
        .ok_or(KeyRefusal::Malformed)?;
    let base64: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let base64 = core::str::from_utf8(&base64).map_err(|_| KeyRefusal::Malformed)?;
    read(&Base64::decode_vec(base64).map_err(|_| KeyRefusal::Malformed)?)
}

/// Reads a SubjectPublicKeyInfo (RFC 5280 §4.1); nothing may follow it.
pub(crate) fn read_spki(der: &[u8]) -> Result<KeyParts, KeyRefusal> {
    let info = SubjectPublicKeyInfoRef::try_from(der).map_err(|_| KeyRefusal::Malformed)?;
    let key = info.subject_public_key.as_bytes().ok_or(KeyRefusal::Malformed)?;
    let parameters = info.algorithm.parameters;
    match info.algorithm.oid {
        RSA_ENCRYPTION if parameters == Some(AnyRef::from(Null)) => read_pkcs1(key),
        // RFC 4055 §1.2: the parameters must be there and be NULL.
        RSA_ENCRYPTION => Err(KeyRefusal::Malformed),
        EC_PUBLIC_KEY => read_point(named_curve(parameters)?, key),
        // RFC 8410 §3: the parameters must be absent.
        ED25519 if parameters.is_none() && key.len() == Curve::Ed25519.bytes() => {
            Ok(KeyParts::Ed25519 { x: key.to_vec() })
        }
        ED25519 => Err(KeyRefusal::Malformed),
        _ => Err(KeyRefusal::UnsupportedKind),
    }
}

/// Reads an RSAPublicKey (RFC 8017 §A.1.1); nothing may follow it.
pub(crate) fn read_pkcs1(der: &[u8]) -> Result<KeyParts, KeyRefusal> {
    let key = RsaPublicKeyRef::try_from(der).map_err(|_| KeyRefusal::Malformed)?;
    Ok(KeyParts::Rsa {
        n: key.modulus.as_bytes().to_vec(),
        e: key.public_exponent.as_bytes().to_vec(),
    })
}

/// RFC 5480 §2.1.1: only a named curve. Explicit curve parameters are how CVE-2020-0601 came about.
fn named_curve(parameters: Option<AnyRef<'_>>) -> Result<Curve, KeyRefusal> {
    let name = parameters.ok_or(KeyRefusal::Malformed)?.decode_as::<ObjectIdentifier>();
    match name {
        Ok(SECP256R1) => Ok(Curve::P256),
        Ok(SECP384R1) => Ok(Curve::P384),
        Ok(SECP521R1) => Ok(Curve::P521),
        _ => Err(KeyRefusal::UnsupportedKind),
    }
}

/// RFC 5480 §2.2: the uncompressed form must be known, the compressed one may be. It is not: the second coordinate
/// would have to be computed, and nobody publishes token keys so.
fn read_point(curve: Curve, point: &[u8]) -> Result<KeyParts, KeyRefusal> {
    match point.split_first() {
        Some((4, xy)) if xy.len() == 2 * curve.bytes() => {
            let (x, y) = xy.split_at(curve.bytes());
            Ok(KeyParts::Ec { curve, x: x.to_vec(), y: y.to_vec() })
        }
        Some((2 | 3, x)) if x.len() == curve.bytes() => Err(KeyRefusal::UnsupportedKind),
        _ => Err(KeyRefusal::Malformed),
    }
}

/// RFC 3279 §2.3.1. An RSA key bound to PSS by its own identifier (RFC 4055 §1.2) is not supported.
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
/// RFC 5480 §2.1.1.
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// RFC 5480 §2.1.1.1.
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// RFC 5480 §2.1.1.1.
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// RFC 5480 §2.1.1.1.
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
/// RFC 8410 §3.
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
