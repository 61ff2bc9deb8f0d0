//! Reads public keys in DER. The numbers of a key are returned unchecked.

use crate::encoding::der::{BIT_STRING, Der, EXPLICIT_0, INTEGER, NULL, OBJECT_IDENTIFIER, SEQUENCE, Value};
use crate::{Curve, KeyParts, KeyRefusal};

impl KeyParts {
    /// Reads a SubjectPublicKeyInfo in DER (RFC 5280 §4.1): RSA (RFC 3279 §2.3.1), EC on a named curve (RFC 5480
    /// §2.1.1) or Ed25519 (RFC 8410 §4). Nothing may follow it.
    ///
    /// # Errors
    /// [`KeyRefusal::Malformed`], or [`KeyRefusal::UnsupportedKind`] for another algorithm or curve, for explicit curve
    /// parameters and for compressed points.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyRefusal> {
        read_key(Der::new(der).only_fields().ok_or(KeyRefusal::Malformed)?)
    }

    /// Reads an RSAPublicKey in DER (RFC 8017 §A.1.1). Nothing may follow it.
    ///
    /// # Errors
    /// [`KeyRefusal::Malformed`].
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, KeyRefusal> {
        let numbers = || {
            let mut fields = Der::new(der).only_fields()?;
            let numbers = (fields.unsigned()?, fields.unsigned()?);
            fields.end()?;
            Some(numbers)
        };
        let (n, e) = numbers().ok_or(KeyRefusal::Malformed)?;
        Ok(Self::Rsa { n: n.to_vec(), e: e.to_vec() })
    }
}

/// Reads the key of a certificate (RFC 5280 §4.1). Nothing may follow the certificate. Its other fields must have the right type,
/// but their contents are ignored.
pub(crate) fn read_certificate(der: &[u8]) -> Result<KeyParts, KeyRefusal> {
    read_key(certified(der).ok_or(KeyRefusal::Malformed)?)
}

/// Returns the fields of the SubjectPublicKeyInfo in a certificate.
pub(crate) fn certified(der: &[u8]) -> Option<Der<'_>> {
    let mut certificate = Der::new(der).only_fields()?;
    let mut signed = certificate.fields()?;
    certificate.take(SEQUENCE)?; // signatureAlgorithm
    certificate.take(BIT_STRING)?; // signatureValue
    certificate.end()?;

    if let Some(version) = signed.take_if(EXPLICIT_0) {
        Der::new(version).only(INTEGER)?;
    }
    signed.take(INTEGER)?; // serialNumber
    for _signature_issuer_validity_subject in 0..4 {
        signed.take(SEQUENCE)?;
    }
    let key = signed.fields()?;
    // The unique identifiers and the extensions have context-specific tags.
    while !signed.is_empty() {
        signed.next().filter(|field| field.tag & 0xc0 == 0x80)?;
    }
    Some(key)
}

/// Reads the fields of a SubjectPublicKeyInfo.
fn read_key(fields: Der<'_>) -> Result<KeyParts, KeyRefusal> {
    let (algorithm, parameters, key) = info(fields).ok_or(KeyRefusal::Malformed)?;
    match algorithm {
        RSA_ENCRYPTION if matches!(parameters, Some(Value { tag: NULL, content: [] })) => {
            KeyParts::from_pkcs1(key)
        }
        // RFC 4055 §1.2: the parameters must be present and NULL.
        RSA_ENCRYPTION => Err(KeyRefusal::Malformed),
        EC_PUBLIC_KEY => read_point(named_curve(parameters)?, key),
        // RFC 8410 §3: the parameters must be absent.
        ED25519 if parameters.is_none() && key.len() == Curve::Ed25519.bytes() => {
            Ok(KeyParts::Ed25519 { x: key.to_vec() })
        }
        ED25519 => Err(KeyRefusal::Malformed),
        RSASSA_PSS => Err(unsupported("an RSA key that is bound to PSS by its own identifier")),
        X25519 => Err(unsupported("an X25519 key, which makes no signatures")),
        _ => Err(unsupported("a public key of another algorithm")),
    }
}

const fn unsupported(found: &'static str) -> KeyRefusal {
    KeyRefusal::UnsupportedKind { found }
}

/// Whether the bytes are a SubjectPublicKeyInfo with any algorithm.
pub(crate) fn is_spki(der: &[u8]) -> bool {
    Der::new(der).only_fields().and_then(info).is_some()
}

/// Returns the algorithm, its parameters and the key from the fields of a SubjectPublicKeyInfo.
fn info(mut fields: Der<'_>) -> Option<(&[u8], Option<Value<'_>>, &[u8])> {
    let mut identifier = fields.fields()?;
    let key = fields.bytes()?;
    fields.end()?;
    let algorithm = identifier.take(OBJECT_IDENTIFIER)?;
    let parameters = if identifier.is_empty() { None } else { Some(identifier.next()?) };
    identifier.end()?;
    Some((algorithm, parameters, key))
}

/// Reads a named curve (RFC 5480 §2.1.1). Explicit curve parameters are refused: they caused CVE-2020-0601.
fn named_curve(parameters: Option<Value<'_>>) -> Result<Curve, KeyRefusal> {
    let Value { tag, content } = parameters.ok_or(KeyRefusal::Malformed)?;
    match content {
        SECP256R1 if tag == OBJECT_IDENTIFIER => Ok(Curve::P256),
        SECP384R1 if tag == OBJECT_IDENTIFIER => Ok(Curve::P384),
        SECP521R1 if tag == OBJECT_IDENTIFIER => Ok(Curve::P521),
        _ if tag == SEQUENCE => {
            Err(unsupported("an EC key with explicit curve parameters instead of a named curve"))
        }
        _ => Err(unsupported("an EC key on another curve than P-256, P-384 and P-521")),
    }
}

/// Reads an uncompressed point. Support for compressed points is optional (RFC 5480 §2.2). They are refused: the second coordinate
/// would have to be computed, and token keys are not published in this form.
fn read_point(curve: Curve, point: &[u8]) -> Result<KeyParts, KeyRefusal> {
    match point.split_first() {
        Some((4, xy)) if xy.len() == 2 * curve.bytes() => {
            let (x, y) = xy.split_at(curve.bytes());
            Ok(KeyParts::Ec { curve, x: x.to_vec(), y: y.to_vec() })
        }
        Some((2 | 3, x)) if x.len() == curve.bytes() => {
            Err(unsupported("an EC key whose point is compressed"))
        }
        _ => Err(KeyRefusal::Malformed),
    }
}

/// 1.2.840.113549.1.1.1 (RFC 3279 §2.3.1).
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// 1.2.840.113549.1.1.10 (RFC 4055 §1.2).
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// 1.2.840.10045.2.1 (RFC 5480 §2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
/// 1.2.840.10045.3.1.7 (RFC 5480 §2.1.1.1).
const SECP256R1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
/// 1.3.132.0.34 (RFC 5480 §2.1.1.1).
const SECP384R1: &[u8] = &[0x2b, 0x81, 4, 0, 34];
/// 1.3.132.0.35 (RFC 5480 §2.1.1.1).
const SECP521R1: &[u8] = &[0x2b, 0x81, 4, 0, 35];
/// 1.3.101.112 (RFC 8410 §3).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// 1.3.101.110 (RFC 8410 §3).
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];

#[cfg(test)]
mod tests;
