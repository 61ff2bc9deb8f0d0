//! Key pairs, each made once in the process by aws-lc-rs, with the public key in every form that ours or
//! jsonwebtoken reads.

use std::sync::LazyLock;

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair, KeyPair as _,
        RsaEncoding, RsaKeyPair, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use base64ct::{Base64, Base64UrlUnpadded, Encoding};
use jotgate_core::{Algorithm, Curve, Family, Hash};
use jotgate_crypto::KeyParts;
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde_json::{Value, json};

/// A key pair, or a shared secret.
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    private: Private,
}

enum Private {
    Secret(Vec<u8>),
    Rsa(RsaKeyPair),
    Ec { curve: Curve, pkcs8: Vec<u8>, pair: EcdsaKeyPair },
    Ed25519 { pkcs8: Vec<u8>, pair: Ed25519KeyPair },
}

pub(crate) static SECRET: LazyLock<Pair> = LazyLock::new(|| Pair::secret("secret"));
pub(crate) static OTHER_SECRET: LazyLock<Pair> = LazyLock::new(|| Pair::secret("other secret"));
pub(crate) static RSA_2048: LazyLock<Pair> = LazyLock::new(|| Pair::rsa("RSA 2048", KeySize::Rsa2048));
pub(crate) static RSA_3072: LazyLock<Pair> = LazyLock::new(|| Pair::rsa("RSA 3072", KeySize::Rsa3072));
pub(crate) static RSA_4096: LazyLock<Pair> = LazyLock::new(|| Pair::rsa("RSA 4096", KeySize::Rsa4096));
pub(crate) static P256: LazyLock<Pair> = LazyLock::new(|| Pair::ec("P-256", Curve::P256));
pub(crate) static OTHER_P256: LazyLock<Pair> = LazyLock::new(|| Pair::ec("other P-256", Curve::P256));
pub(crate) static P384: LazyLock<Pair> = LazyLock::new(|| Pair::ec("P-384", Curve::P384));
pub(crate) static P521: LazyLock<Pair> = LazyLock::new(|| Pair::ec("P-521", Curve::P521));
pub(crate) static ED25519: LazyLock<Pair> = LazyLock::new(|| Pair::ed25519("Ed25519"));

/// Every algorithm with each of its keys.
pub(crate) fn matrix() -> impl Iterator<Item = (Algorithm, &'static Pair)> {
    Algorithm::ALL
        .into_iter()
        .flat_map(|algorithm| pairs(algorithm).into_iter().map(move |pair| (algorithm, pair)))
}

fn pairs(algorithm: Algorithm) -> Vec<&'static Pair> {
    let facts = algorithm.facts();
    match (facts.family, facts.curve) {
        (Family::Hmac, _) => vec![&SECRET],
        (Family::RsaPkcs1 | Family::RsaPss, _) => vec![&RSA_2048, &RSA_3072, &RSA_4096],
        (Family::Ecdsa, Some(Curve::P256)) => vec![&P256],
        (Family::Ecdsa, Some(Curve::P384)) => vec![&P384],
        (Family::Ecdsa, _) => vec![&P521],
        (Family::Ed25519, _) => vec![&ED25519],
    }
}

impl Pair {
    /// As long as the longest hash requires.
    fn secret(name: &'static str) -> Self {
        let mut secret = vec![0; 64];
        aws_lc_rs::rand::fill(&mut secret).unwrap();
        Self { name, private: Private::Secret(secret) }
    }

    /// A secret that a user chose by mistake.
    pub(crate) fn of_secret(secret: Vec<u8>) -> Self {
        Self { name: "given secret", private: Private::Secret(secret) }
    }

    fn rsa(name: &'static str, size: KeySize) -> Self {
        Self { name, private: Private::Rsa(RsaKeyPair::generate(size).unwrap()) }
    }

    fn ec(name: &'static str, curve: Curve) -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(ecdsa(curve).0, &SystemRandom::new()).unwrap();
        let pkcs8 = pkcs8.as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(ecdsa(curve).0, &pkcs8).unwrap();
        Self { name, private: Private::Ec { curve, pkcs8, pair } }
    }

    fn ed25519(name: &'static str) -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref().to_vec();
        let pair = Ed25519KeyPair::from_pkcs8(&pkcs8).unwrap();
        Self { name, private: Private::Ed25519 { pkcs8, pair } }
    }

    /// Signs with aws-lc-rs, in the form of JWS.
    pub(crate) fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Vec<u8> {
        let hash = algorithm.facts().hash;
        match &self.private {
            Private::Secret(secret) => {
                hmac::sign(&hmac::Key::new(mac(hash), secret), message).as_ref().to_vec()
            }
            Private::Rsa(_) => self.sign_rsa(rsa(algorithm).0, message),
            Private::Ec { pair, .. } => pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec(),
            Private::Ed25519 { pair, .. } => pair.sign(message).as_ref().to_vec(),
        }
    }

    pub(crate) fn sign_rsa(&self, encoding: &'static dyn RsaEncoding, message: &[u8]) -> Vec<u8> {
        let Private::Rsa(pair) = &self.private else { panic!("{} is not an RSA key", self.name) };
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(encoding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }

    /// An ECDSA signature in DER, the form of X.509.
    pub(crate) fn sign_der(&self, message: &[u8]) -> Vec<u8> {
        let Private::Ec { pkcs8, .. } = &self.private else { panic!("{} is not an EC key", self.name) };
        let pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8).unwrap();
        pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
    }

    /// A compact JWS of any header and payload.
    pub(crate) fn token(&self, algorithm: Algorithm, header: &[u8], payload: &[u8]) -> String {
        let input = format!("{}.{}", encode(header), encode(payload));
        let signature = self.sign(algorithm, input.as_bytes());
        format!("{input}.{}", encode(&signature))
    }

    /// The numbers of the public key.
    pub(crate) fn public(&self) -> KeyParts {
        match &self.private {
            Private::Secret(secret) => KeyParts::Secret(secret.clone().into()),
            Private::Rsa(pair) => {
                let RsaPublicKeyComponents { n, e } = pair.public_key().into();
                KeyParts::Rsa { n, e }
            }
            Private::Ec { curve, pair, .. } => {
                // SEC 1 §2.3.3: 4, then both coordinates.
                let (x, y) = pair.public_key().as_ref()[1..].split_at(curve.bytes());
                KeyParts::Ec { curve: *curve, x: x.to_vec(), y: y.to_vec() }
            }
            Private::Ed25519 { pair, .. } => KeyParts::Ed25519 { x: pair.public_key().as_ref().to_vec() },
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        match self.public() {
            KeyParts::Secret(secret) => json!({ "kty": "oct", "k": encode(&secret) }),
            KeyParts::Rsa { n, e } => json!({ "kty": "RSA", "n": encode(&n), "e": encode(&e) }),
            KeyParts::Ec { curve, x, y } => {
                json!({ "kty": "EC", "crv": curve.name(), "x": encode(&x), "y": encode(&y) })
            }
            KeyParts::Ed25519 { x } => json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(&x) }),
        }
    }

    /// The JWK with an identifier.
    pub(crate) fn jwk_named(&self, kid: &str) -> Value {
        let mut jwk = self.jwk();
        jwk["kid"] = json!(kid);
        jwk
    }

    /// Each PEM form of the public key: SubjectPublicKeyInfo, and PKCS#1 for RSA.
    pub(crate) fn pems(&self) -> Vec<String> {
        let spki = |der: Result<PublicKeyX509Der<'_>, _>| pem("PUBLIC KEY", der.unwrap().as_ref());
        match &self.private {
            Private::Secret(_) => vec![],
            Private::Rsa(pair) => {
                vec![spki(pair.public_key().as_der()), pem("RSA PUBLIC KEY", pair.public_key().as_ref())]
            }
            Private::Ec { pair, .. } => vec![spki(pair.public_key().as_der())],
            Private::Ed25519 { pair, .. } => vec![spki(pair.public_key().as_der())],
        }
    }

    /// The bytes of the secret; `None` for a key pair.
    pub(crate) fn secret_bytes(&self) -> Option<&[u8]> {
        match &self.private {
            Private::Secret(secret) => Some(secret),
            _ => None,
        }
    }

    /// The key with which jsonwebtoken signs.
    pub(crate) fn encoding_key(&self) -> EncodingKey {
        match &self.private {
            Private::Secret(secret) => EncodingKey::from_secret(secret).unwrap(),
            Private::Rsa(pair) => {
                // jsonwebtoken expects the RSAPrivateKey, which follows a header of 26 bytes in the PKCS#8
                // document.
                let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
                EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..])
            }
            Private::Ec { pkcs8, .. } => EncodingKey::from_ec_der(pkcs8),
            Private::Ed25519 { pkcs8, .. } => EncodingKey::from_ed_der(pkcs8),
        }
    }

    /// The key with which jsonwebtoken verifies, other than the JWK.
    pub(crate) fn decoding_key(&self) -> DecodingKey {
        match &self.private {
            Private::Secret(secret) => DecodingKey::from_secret(secret).unwrap(),
            Private::Rsa(pair) => DecodingKey::from_rsa_der(pair.public_key().as_ref()),
            Private::Ec { pair, .. } => DecodingKey::from_ec_der(pair.public_key().as_ref()),
            Private::Ed25519 { pair, .. } => DecodingKey::from_ed_der(pair.public_key().as_ref()),
        }
    }
}

/// Whether aws-lc-rs accepts a signature.
pub(crate) fn aws_verifies(key: &KeyParts, algorithm: Algorithm, message: &[u8], made: &[u8]) -> bool {
    let hash = algorithm.facts().hash;
    match key {
        KeyParts::Secret(secret) => hmac::verify(&hmac::Key::new(mac(hash), secret), message, made).is_ok(),
        KeyParts::Rsa { n, e } => {
            RsaPublicKeyComponents { n, e }.verify(rsa(algorithm).1, message, made).is_ok()
        }
        KeyParts::Ec { curve, x, y } => {
            let point = [&[4], &x[..], &y[..]].concat();
            UnparsedPublicKey::new(ecdsa(*curve).1, point).verify(message, made).is_ok()
        }
        KeyParts::Ed25519 { x } => {
            UnparsedPublicKey::new(&signature::ED25519, x).verify(message, made).is_ok()
        }
    }
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// RFC 7468 §2: lines of 64 characters.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    let lines: Vec<&str> =
        text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn mac(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    }
}

fn rsa(algorithm: Algorithm) -> (&'static dyn RsaEncoding, &'static RsaParameters) {
    let facts = algorithm.facts();
    match (facts.family, facts.hash) {
        (Family::RsaPss, Hash::Sha256) => (&signature::RSA_PSS_SHA256, &signature::RSA_PSS_2048_8192_SHA256),
        (Family::RsaPss, Hash::Sha384) => (&signature::RSA_PSS_SHA384, &signature::RSA_PSS_2048_8192_SHA384),
        (Family::RsaPss, Hash::Sha512) => (&signature::RSA_PSS_SHA512, &signature::RSA_PSS_2048_8192_SHA512),
        (_, Hash::Sha256) => (&signature::RSA_PKCS1_SHA256, &signature::RSA_PKCS1_2048_8192_SHA256),
        (_, Hash::Sha384) => (&signature::RSA_PKCS1_SHA384, &signature::RSA_PKCS1_2048_8192_SHA384),
        (_, Hash::Sha512) => (&signature::RSA_PKCS1_SHA512, &signature::RSA_PKCS1_2048_8192_SHA512),
    }
}

/// JOSE ties each curve to one hash (RFC 7518 §3.4).
fn ecdsa(curve: Curve) -> (&'static EcdsaSigningAlgorithm, &'static EcdsaVerificationAlgorithm) {
    match curve {
        Curve::P384 => (&signature::ECDSA_P384_SHA384_FIXED_SIGNING, &signature::ECDSA_P384_SHA384_FIXED),
        Curve::P521 => (&signature::ECDSA_P521_SHA512_FIXED_SIGNING, &signature::ECDSA_P521_SHA512_FIXED),
        Curve::P256 => (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &signature::ECDSA_P256_SHA256_FIXED),
        Curve::Ed25519 => panic!("Ed25519 is not a curve for ECDSA"),
    }
}
