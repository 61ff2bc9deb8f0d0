//! Compares the verdicts of jotgate-crypto, RustCrypto and aws-lc-rs. They must be equal, except for intended
//! differences.

use aws_lc_rs::hmac as aws_hmac;
use aws_lc_rs::signature::{
    self, EcdsaVerificationAlgorithm, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use ed25519_dalek::Verifier;
use hmac::{Hmac, KeyInit, Mac};
use jotgate_crypto::{Algorithm, Curve, Family, Hash, KeyParts, KeyRefusal, PreparedKey, digest};
use p521::ecdsa::signature::hazmat::PrehashVerifier;
use rsa::BoxedUint;
use sha2::{Sha256, Sha384, Sha512};

use crate::tally;

/// A key, a message and a signature.
pub(crate) struct Case {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: KeyParts,
    pub(crate) message: Vec<u8>,
    pub(crate) signature: Vec<u8>,
}

/// The verdict of RustCrypto or dalek.
enum Crates {
    /// Whether it verifies.
    Says(bool),
    /// It accepts the key, which ours must refuse for this reason.
    TakesMore(Meant),
}

/// Why ours refuses a key that others accept.
#[derive(Debug, PartialEq)]
enum Meant {
    /// A point of small order verifies messages that were never signed.
    SmallOrder,
    /// RFC 8032 §5.1.3 allows one encoding of a point. The others reduce y, or ignore the sign of zero.
    NotCanonical,
    /// RFC 7518 §3.3 requires 2048 bits; above 8192 bits a key wastes time.
    ModulusSize,
    /// Not a product of odd primes: `new_unchecked` panics.
    ModulusEven,
    /// Even, 1, or above 32 bits; the others accept 33.
    Exponent,
    /// An empty secret, which HMAC accepts.
    SecretEmpty,
    /// A public key as a secret leads to algorithm confusion (RFC 8725 §2.1).
    SecretIsPem,
    /// A public key in any other recognisable form.
    SecretIsPublicKey,
}

/// Returns the verdict of all three. Panics on a difference that is not intended. `hot` is the same key with
/// tables.
pub(crate) fn judge(case: &Case, hot: Option<&PreparedKey>) -> bool {
    let Case { algorithm, key, message, signature } = case;
    let prepared = PreparedKey::from_parts(key);
    let ours = prepared.as_ref().is_ok_and(|key| key.verify(*algorithm, message, signature));
    if let Some(hot) = hot {
        assert_eq!(
            ours,
            hot.verify(*algorithm, message, signature),
            "ours, then ours with tables: {}",
            shown(case)
        );
    }
    let crates = match crates(case) {
        Crates::Says(verdict) => verdict,
        Crates::TakesMore(meant) => {
            let refused = prepared.err().and_then(meaning);
            assert_eq!(refused, Some(meant), "the reason of ours, then the expected one: {}", shown(case));
            tally::count(*algorithm, false, true);
            return false;
        }
    };
    assert_eq!(ours, crates, "ours, then RustCrypto's: {}", shown(case));
    assert_eq!(ours, aws(case), "ours, then aws-lc-rs': {}", shown(case));
    tally::count(*algorithm, ours, false);
    ours
}

/// The key of a valid signature, after it has verified that often.
pub(crate) fn warmed_up(valid: &Case, successes: usize) -> PreparedKey {
    let key = PreparedKey::from_parts(&valid.key).expect("a key that signs is a key");
    for _ in 0..successes {
        assert!(key.verify(valid.algorithm, &valid.message, &valid.signature), "refused: {}", shown(valid));
    }
    key
}

/// The MAC by RustCrypto.
pub(crate) fn mac(hash: Hash, secret: &[u8], message: &[u8]) -> Vec<u8> {
    match hash {
        Hash::Sha256 => mac_by::<Hmac<Sha256>>(secret, message),
        Hash::Sha384 => mac_by::<Hmac<Sha384>>(secret, message),
        Hash::Sha512 => mac_by::<Hmac<Sha512>>(secret, message),
    }
}

fn mac_by<M: Mac + KeyInit>(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let keyed = <M as KeyInit>::new_from_slice(secret).expect("HMAC takes secrets of any length");
    keyed.chain_update(message).finalize().into_bytes().to_vec()
}

fn meaning(refusal: KeyRefusal) -> Option<Meant> {
    Some(match refusal {
        KeyRefusal::PointOfSmallOrder => Meant::SmallOrder,
        KeyRefusal::PointNotOnCurve { curve: Curve::Ed25519 } => Meant::NotCanonical,
        KeyRefusal::RsaModulusSize { .. } => Meant::ModulusSize,
        KeyRefusal::RsaModulusEven => Meant::ModulusEven,
        KeyRefusal::RsaExponent => Meant::Exponent,
        KeyRefusal::SecretEmpty => Meant::SecretEmpty,
        KeyRefusal::SecretIsPem => Meant::SecretIsPem,
        KeyRefusal::SecretIsPublicKey { .. } => Meant::SecretIsPublicKey,
        _ => return None,
    })
}

fn crates(case: &Case) -> Crates {
    let Case { algorithm, key, message, signature } = case;
    let facts = algorithm.facts();
    Crates::Says(match key {
        KeyParts::Secret(secret) if secret.is_empty() => return Crates::TakesMore(Meant::SecretEmpty),
        KeyParts::Secret(secret) if secret.windows(10).any(|bytes| bytes == b"-----BEGIN") => {
            return Crates::TakesMore(Meant::SecretIsPem);
        }
        KeyParts::Secret(_)
            if matches!(PreparedKey::from_parts(key), Err(KeyRefusal::SecretIsPublicKey { .. })) =>
        {
            return Crates::TakesMore(Meant::SecretIsPublicKey);
        }
        KeyParts::Secret(secret) => mac(facts.hash, secret, message) == *signature,
        KeyParts::Rsa { n, e } => match rsa_meant(n, e) {
            Some(meant) => return Crates::TakesMore(meant),
            None => rsa_verifies(*algorithm, n, e, message, signature),
        },
        KeyParts::Ec { curve, x, y } => {
            let point = [&[4], &x[..], y].concat();
            let hash = digest(facts.hash, &[message]);
            macro_rules! verifies {
                ($krate:ident) => {
                    $krate::ecdsa::VerifyingKey::from_sec1_bytes(&point).is_ok_and(|key| {
                        $krate::ecdsa::Signature::from_slice(signature)
                            .is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok())
                    })
                };
            }
            // Coordinates of unequal lengths could have the right length together.
            x.len() == y.len()
                && match curve {
                    Curve::P256 => verifies!(p256),
                    Curve::P384 => verifies!(p384),
                    _ => verifies!(p521),
                }
        }
        KeyParts::Ed25519 { x } => return dalek(x, message, signature),
    })
}

/// Dalek without the cofactor, as ours, and its strict form, which also refuses an R of small order. Only the
/// owner of the key can make such an R, and RFC 8032 accepts it.
fn dalek(key: &[u8], message: &[u8], signature: &[u8]) -> Crates {
    let Ok(bytes) = <&[u8; 32]>::try_from(key) else { return Crates::Says(false) };
    let Ok(key) = ed25519_dalek::VerifyingKey::from_bytes(bytes) else { return Crates::Says(false) };
    if key.to_edwards().compress().as_bytes() != bytes {
        return Crates::TakesMore(Meant::NotCanonical);
    }
    if key.is_weak() {
        return Crates::TakesMore(Meant::SmallOrder);
    }
    let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return Crates::Says(false) };
    let verdict = key.verify(message, &signature).is_ok();
    let r = curve25519_dalek::edwards::CompressedEdwardsY(*signature.r_bytes()).decompress();
    let strict = verdict && r.is_some_and(|r| !r.is_small_order());
    assert_eq!(strict, key.verify_strict(message, &signature).is_ok(), "dalek's strict verification");
    Crates::Says(verdict)
}

fn rsa_meant(n: &[u8], e: &[u8]) -> Option<Meant> {
    let [n, e] = [n, e].map(BoxedUint::from_be_slice_vartime);
    if !(2048..=8192).contains(&n.bit_width_vartime()) {
        return Some(Meant::ModulusSize);
    }
    if !n.bit_vartime(0) {
        return Some(Meant::ModulusEven);
    }
    let usable = e.bit_vartime(0) && (2..=32).contains(&e.bit_width_vartime());
    (!usable).then_some(Meant::Exponent)
}

fn rsa_verifies(algorithm: Algorithm, n: &[u8], e: &[u8], message: &[u8], made: &[u8]) -> bool {
    let [n, e] = [n, e].map(BoxedUint::from_be_slice_vartime);
    let Ok(key) = rsa::PublicKey::new_with_size_limits(n, e, 2048..=8192) else { return false };
    let pss = algorithm.facts().family == Family::RsaPss;
    match (algorithm.facts().hash, pss) {
        (Hash::Sha256, false) => key.pkcs1v15_verify::<Sha256>(message, made),
        (Hash::Sha384, false) => key.pkcs1v15_verify::<Sha384>(message, made),
        (Hash::Sha512, false) => key.pkcs1v15_verify::<Sha512>(message, made),
        (Hash::Sha256, true) => key.pss_verify::<Sha256>(message, made),
        (Hash::Sha384, true) => key.pss_verify::<Sha384>(message, made),
        (Hash::Sha512, true) => key.pss_verify::<Sha512>(message, made),
    }
    .is_ok()
}

fn aws(case: &Case) -> bool {
    let Case { algorithm, key, message, signature } = case;
    match key {
        KeyParts::Secret(secret) => {
            let hash = match algorithm.facts().hash {
                Hash::Sha256 => aws_hmac::HMAC_SHA256,
                Hash::Sha384 => aws_hmac::HMAC_SHA384,
                Hash::Sha512 => aws_hmac::HMAC_SHA512,
            };
            aws_hmac::verify(&aws_hmac::Key::new(hash, secret), message, signature).is_ok()
        }
        KeyParts::Rsa { n, e } => {
            // It refuses leading zeros, which ours and the others skip.
            let [n, e] = [n, e].map(|number| {
                let zeros = number.iter().take_while(|byte| **byte == 0).count();
                &number[zeros..]
            });
            RsaPublicKeyComponents { n, e }.verify(aws_rsa(*algorithm), message, signature).is_ok()
        }
        KeyParts::Ec { curve, x, y } => {
            let point = [&[4], &x[..], y].concat();
            x.len() == y.len()
                && UnparsedPublicKey::new(aws_ecdsa(*curve), point).verify(message, signature).is_ok()
        }
        KeyParts::Ed25519 { x } => {
            UnparsedPublicKey::new(&signature::ED25519, x).verify(message, signature).is_ok()
        }
    }
}

fn aws_rsa(algorithm: Algorithm) -> &'static RsaParameters {
    match (algorithm.facts().hash, algorithm.facts().family) {
        (Hash::Sha256, Family::RsaPss) => &signature::RSA_PSS_2048_8192_SHA256,
        (Hash::Sha384, Family::RsaPss) => &signature::RSA_PSS_2048_8192_SHA384,
        (Hash::Sha512, Family::RsaPss) => &signature::RSA_PSS_2048_8192_SHA512,
        (Hash::Sha256, _) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (Hash::Sha384, _) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Hash::Sha512, _) => &signature::RSA_PKCS1_2048_8192_SHA512,
    }
}

fn aws_ecdsa(curve: Curve) -> &'static EcdsaVerificationAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
        _ => &signature::ECDSA_P521_SHA512_FIXED,
    }
}

/// The whole case in hexadecimal, to repeat it elsewhere.
fn shown(case: &Case) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let key = match &case.key {
        KeyParts::Secret(secret) => format!("secret {}", hex(secret)),
        KeyParts::Rsa { n, e } => format!("n {} e {}", hex(n), hex(e)),
        KeyParts::Ec { x, y, .. } => format!("x {} y {}", hex(x), hex(y)),
        KeyParts::Ed25519 { x } => format!("x {}", hex(x)),
    };
    format!(
        "{} {key} message {} signature {}",
        case.algorithm.name(),
        hex(&case.message),
        hex(&case.signature)
    )
}
