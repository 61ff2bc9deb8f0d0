//! One key, from a JWK, PEM text or a secret, with the algorithm and use that it is for (RFC 7517 §4).

use alloc::{
    borrow::ToOwned,
    string::{String, ToString},
    vec::Vec,
};

use jotgate_crypto::{Algorithm, Curve, Hash, KeyParts, KeyRefusal, PreparedKey, digest};
use zeroize::Zeroizing;

use crate::{
    json::document::{Document, Json, Names, Object},
    refusal::Refusal,
    text::base64url,
};

/// A key that is checked and prepared once and used for many tokens.
#[derive(Debug)]
pub struct Key {
    prepared: PreparedKey,
    parts: KeyParts,
    kid: Option<String>,
    algorithm: Option<String>,
    usage: Option<String>,
    operations: Option<Vec<String>>,
}

impl Key {
    /// Reads a JWK from JSON text (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). The private
    /// members of a private key are ignored. The JWK is trusted, so variants of the encoding are accepted: either alphabet of Base64,
    /// padding, ASCII white space, non-zero trailing bits, and coordinates of a NIST curve without leading zeros.
    ///
    /// # Errors
    /// [`Refusal::JwkJson`], [`Refusal::JwkMember`], [`Refusal::JwkUnsupported`] or [`Refusal::Key`].
    pub fn from_jwk(text: &str) -> Result<Self, Refusal> {
        Self::from_text(text, Numbers::Lax)
    }

    /// Reads a JWK from a token or a proof (RFC 7515 §4.1.3). Its sender is not trusted, so only the canonical form of each number is
    /// accepted, and no tables are built for the key (see [`PreparedKey::without_tables`]).
    ///
    /// # Errors
    /// As [`Self::from_jwk`].
    pub fn from_embedded_jwk(text: &str) -> Result<Self, Refusal> {
        Self::from_text(text, Numbers::Canonical).map(Self::without_tables)
    }

    fn from_text(text: &str, numbers: Numbers) -> Result<Self, Refusal> {
        let jwk = Document::read(text.as_bytes(), Names::Unique).map_err(Refusal::JwkJson)?;
        Self::from_members(jwk.object(), numbers)
    }

    /// Reads a public key from PEM text: `PUBLIC KEY` or `RSA PUBLIC KEY` (RFC 7468, RFC 5280 §4.1, RFC 8017 §A.1.1).
    ///
    /// # Errors
    /// [`Refusal::Key`].
    pub fn from_pem(text: &str) -> Result<Self, Refusal> {
        Self::from_parts(KeyParts::from_pem(text)?)
    }

    /// Reads the public key of an X.509 certificate in PEM (RFC 5280 §4.1). Only the key is read: no
    /// signature, date or chain is checked.
    ///
    /// # Errors
    /// [`Refusal::Key`].
    pub fn from_certificate(text: &str) -> Result<Self, Refusal> {
        Self::from_parts(KeyParts::from_certificate(text)?)
    }

    /// Takes a shared secret for HMAC.
    ///
    /// # Errors
    /// [`Refusal::Key`] if it is empty, or a public key in a recognisable form.
    pub fn from_secret(secret: &[u8]) -> Result<Self, Refusal> {
        Self::from_parts(KeyParts::Secret(Zeroizing::new(secret.to_vec())))
    }

    /// Restricts the key to an algorithm, unless it already has one.
    #[must_use]
    pub fn for_algorithm(mut self, algorithm: &str) -> Self {
        self.algorithm.get_or_insert_with(|| algorithm.to_owned());
        self
    }

    /// Prevents that tables are built for the key, for a key from a token: see [`PreparedKey::without_tables`].
    #[must_use]
    pub fn without_tables(mut self) -> Self {
        self.prepared = self.prepared.without_tables();
        self
    }

    /// Returns the key's identifier (RFC 7517 §4.5).
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Returns the only algorithm that the key is for (RFC 7517 §4.4).
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        self.algorithm.as_deref()
    }

    /// Returns the key's `use` (RFC 7517 §4.2).
    #[must_use]
    pub fn usage(&self) -> Option<&str> {
        self.usage.as_deref()
    }

    /// Returns the key's `key_ops` (RFC 7517 §4.3).
    #[must_use]
    pub fn operations(&self) -> Option<&[String]> {
        self.operations.as_deref()
    }

    /// Returns the key's kind, curve and size.
    #[must_use]
    pub fn prepared(&self) -> &PreparedKey {
        &self.prepared
    }

    /// Returns every algorithm that the key may verify.
    #[must_use]
    pub fn algorithms(&self) -> Vec<Algorithm> {
        Algorithm::ALL.into_iter().filter(|algorithm| self.fits(*algorithm, None).is_ok()).collect()
    }

    /// Returns the thumbprint of the key's public members, base64url (RFC 7638 §3). For a secret, equal
    /// thumbprints only show equal secrets.
    #[must_use]
    pub fn thumbprint(&self, hash: Hash) -> String {
        base64url::encode(&digest(hash, &[self.required_members().as_bytes()]))
    }

    /// Whether the key may verify that algorithm: type and curve (RFC 8725 §3.1), `alg`, `use`, `key_ops`, and for a
    /// secret its length, at least `minimum_secret` bytes or, without it, the hash's (RFC 7518 §3.2).
    ///
    /// # Errors
    /// [`Refusal::Key`], [`Refusal::KeyAlgorithm`], [`Refusal::KeyUse`] or [`Refusal::KeyOperations`].
    pub fn fits(&self, algorithm: Algorithm, minimum_secret: Option<usize>) -> Result<(), Refusal> {
        self.prepared.fits(algorithm)?;
        if self.algorithm.as_deref().is_some_and(|given| !is_named(algorithm, given)) {
            return Err(Refusal::KeyAlgorithm { algorithm });
        }
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Err(Refusal::KeyUse);
        }
        if self.operations.as_ref().is_some_and(|operations| !operations.iter().any(|name| name == "verify"))
        {
            return Err(Refusal::KeyOperations);
        }
        let bits = self.prepared.bits();
        if matches!(self.parts, KeyParts::Secret(_)) {
            let minimum =
                minimum_secret.map_or(algorithm.facts().minimum_key_bits, |bytes| bytes.saturating_mul(8));
            if bits < minimum {
                return Err(KeyRefusal::SecretTooShort { bits, minimum }.into());
            }
        }
        Ok(())
    }

    pub(crate) fn from_members(jwk: Object<'_>, numbers: Numbers) -> Result<Self, Refusal> {
        let parts = match text(jwk, "kty")? {
            "RSA" => rsa_parts(jwk, numbers)?,
            "EC" => ec_parts(jwk, numbers)?,
            "OKP" => okp_parts(jwk, numbers)?,
            "oct" => KeyParts::Secret(secret(jwk, "k")?),
            _ => return Err(Refusal::JwkUnsupported { name: "kty" }),
        };
        Ok(Self {
            kid: optional_text(jwk, "kid")?,
            algorithm: optional_text(jwk, "alg")?,
            usage: optional_text(jwk, "use")?,
            operations: jwk.get("key_ops").map(operations).transpose()?,
            ..Self::from_parts(parts)?
        })
    }

    fn from_parts(parts: KeyParts) -> Result<Self, Refusal> {
        let prepared = PreparedKey::from_parts(&parts)?;
        Ok(Self { prepared, parts, kid: None, algorithm: None, usage: None, operations: None })
    }

    /// Returns the key as a JWK with only its required members (RFC 7638 §3.2), for the host's cryptography. Returns `None` for a secret.
    #[must_use]
    pub fn public_jwk(&self) -> Option<Zeroizing<String>> {
        (!matches!(self.parts, KeyParts::Secret(_))).then(|| self.required_members())
    }

    /// Writes the required members in the order of their names, without white space (RFC 7638 §3.2).
    fn required_members(&self) -> Zeroizing<String> {
        let kty = self.prepared.key_type().name();
        let encode = |bytes: &[u8]| Zeroizing::new(base64url::encode(bytes));
        // Each text is concatenated in one step. A string that grows would leave parts of a secret in freed memory.
        Zeroizing::new(match &self.parts {
            KeyParts::Secret(k) => [r#"{"k":""#, &encode(k), r#"","kty":""#, kty, END].concat(),
            KeyParts::Rsa { n, e } => {
                // RFC 7518 §6.3.1.1: as few bytes as possible.
                let [n, e] = [n, e].map(|number| encode(without_zeros(number)));
                [r#"{"e":""#, &e, r#"","kty":""#, kty, r#"","n":""#, &n, END].concat()
            }
            KeyParts::Ec { curve, x, y } => {
                let [x, y] = [x, y].map(|coordinate| encode(coordinate));
                [CURVE, curve.name(), r#"","kty":""#, kty, r#"","x":""#, &x, r#"","y":""#, &y, END].concat()
            }
            KeyParts::Ed25519 { x } => {
                [CURVE, Curve::Ed25519.name(), r#"","kty":""#, kty, r#"","x":""#, &encode(x), END].concat()
            }
        })
    }
}

/// The most operations that a key may name.
const MAX_OPERATIONS: usize = 64;

/// The beginning of a JWK with a curve, and the end of every JWK.
const CURVE: &str = r#"{"crv":""#;
const END: &str = r#""}"#;

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[inline(never)] // This and the next two: docs/decisions/0012.
fn rsa_parts(jwk: Object<'_>, numbers: Numbers) -> Result<KeyParts, Refusal> {
    Ok(KeyParts::Rsa { n: numbers.read(jwk, "n")?, e: numbers.read(jwk, "e")? })
}

#[inline(never)]
fn ec_parts(jwk: Object<'_>, numbers: Numbers) -> Result<KeyParts, Refusal> {
    match Curve::from_name(text(jwk, "crv")?) {
        Some(curve @ (Curve::P256 | Curve::P384 | Curve::P521)) => {
            let coordinate = |name| numbers.read(jwk, name).map(|read| numbers.widen(read, curve.bytes()));
            Ok(KeyParts::Ec { curve, x: coordinate("x")?, y: coordinate("y")? })
        }
        _ => Err(Refusal::JwkUnsupported { name: "crv" }),
    }
}

#[inline(never)]
fn okp_parts(jwk: Object<'_>, numbers: Numbers) -> Result<KeyParts, Refusal> {
    match Curve::from_name(text(jwk, "crv")?) {
        Some(Curve::Ed25519) => Ok(KeyParts::Ed25519 { x: numbers.read(jwk, "x")? }),
        _ => Err(Refusal::JwkUnsupported { name: "crv" }),
    }
}

fn text<'j>(jwk: Object<'j>, name: &'static str) -> Result<&'j str, Refusal> {
    jwk.get(name).and_then(Json::as_str).ok_or(Refusal::JwkMember { name })
}

/// The accepted encodings of the numbers of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// Only as in RFC 7518 §6.
    Canonical,
    /// Also variants with only one possible meaning: see [`Key::from_jwk`].
    Lax,
}

impl Numbers {
    fn read(self, jwk: Object<'_>, name: &'static str) -> Result<Vec<u8>, Refusal> {
        let text = text(jwk, name)?.as_bytes();
        let bytes = if self == Self::Lax { base64url::decode_lax(text) } else { base64url::decode(text) };
        bytes.ok_or(Refusal::JwkMember { name })
    }

    /// Restores the leading zeros of a coordinate (RFC 7518 §6.2.1.2).
    fn widen(self, mut coordinate: Vec<u8>, bytes: usize) -> Vec<u8> {
        if self == Self::Lax && !coordinate.is_empty() && coordinate.len() < bytes {
            let missing = bytes - coordinate.len();
            coordinate.splice(..0, core::iter::repeat_n(0, missing));
        }
        coordinate
    }
}

/// Whether a key's `alg` is this algorithm, by either of its names.
fn is_named(algorithm: Algorithm, given: &str) -> bool {
    Algorithm::from_name(given).is_some_and(|given| given.is_same(algorithm))
}

#[inline(never)]
fn secret(jwk: Object<'_>, name: &'static str) -> Result<Zeroizing<Vec<u8>>, Refusal> {
    base64url::decode_secret(text(jwk, name)?.as_bytes()).ok_or(Refusal::JwkMember { name })
}

fn optional_text(jwk: Object<'_>, name: &'static str) -> Result<Option<String>, Refusal> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Json::String(value)) => Ok(Some(value.to_string())),
        Some(_) => Err(Refusal::JwkMember { name }),
    }
}

#[inline(never)]
fn operations(value: Json<'_>) -> Result<Vec<String>, Refusal> {
    const REFUSED: Refusal = Refusal::JwkMember { name: "key_ops" };
    let names = value.as_array().ok_or(REFUSED)?;
    let mut read: Vec<String> = Vec::new();
    for name in names.items() {
        let name = name.as_str().ok_or(REFUSED)?;
        // RFC 7517 §4.3 forbids duplicates. Eight operations are registered, so a long list is refused.
        if read.len() == MAX_OPERATIONS || read.iter().any(|other| other == name) {
            return Err(REFUSED);
        }
        read.push(name.to_owned());
    }
    Ok(read)
}

#[cfg(test)]
mod tests;
