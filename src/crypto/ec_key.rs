//! A point on a NIST curve: coordinates enter, checked it stays, a yes or no leaves.

#[cfg(feature = "crates-engine")]
use by_crates::{P256Key, P384Key};

#[cfg(not(feature = "crates-engine"))]
use crate::engine::ecdsa::{P256Key, P384Key};
use crate::{Curve, Hash, KeyRefusal, digest};

/// A public key of ECDSA.
pub(crate) enum EcKey {
    P256(P256Key),
    P384(P384Key),
    P521(by_crates::P521Key),
}

impl EcKey {
    /// Checks that both coordinates have the field's width, lie below its prime, and are of a point on the curve
    /// (never the point at infinity, which has none). The cofactor is 1: there is no subgroup to check.
    pub(crate) fn from_parts(curve: Curve, x: &[u8], y: &[u8]) -> Result<Self, KeyRefusal> {
        for coordinate in [x, y] {
            if coordinate.len() != curve.bytes() {
                return Err(KeyRefusal::CoordinateLength { curve, bytes: coordinate.len() });
            }
        }
        match curve {
            Curve::P256 => P256Key::from_coordinates(x, y).map(Self::P256),
            Curve::P384 => P384Key::from_coordinates(x, y).map(Self::P384),
            Curve::P521 => by_crates::P521Key::from_coordinates(x, y).map(Self::P521),
            Curve::Ed25519 => None,
        }
        .ok_or(KeyRefusal::PointNotOnCurve { curve })
    }

    pub(crate) const fn curve(&self) -> Curve {
        match self {
            Self::P256(_) => Curve::P256,
            Self::P384(_) => Curve::P384,
            Self::P521(_) => Curve::P521,
        }
    }

    /// ECDSA (FIPS 186-5 §6.4.2) over `R || S` (RFC 7518 §3.4), both in 1..n. The larger of the two values of S is
    /// accepted: JWS does not forbid it, and half of all signers give it.
    pub(crate) fn verify(&self, hash: Hash, message: &[u8], signature: &[u8]) -> bool {
        let digest = digest(hash, message);
        match self {
            Self::P256(key) => key.verify(&digest, signature),
            Self::P384(key) => key.verify(&digest, signature),
            Self::P521(key) => key.verify(&digest, signature),
        }
    }
}

/// The same interface by RustCrypto's crates.
pub(crate) mod by_crates {
    use alloc::vec::Vec;

    use p521::ecdsa::signature::hazmat::PrehashVerifier;

    #[cfg(any(test, feature = "crates-engine"))]
    pub(crate) struct P256Key(p256::ecdsa::VerifyingKey);

    #[cfg(any(test, feature = "crates-engine"))]
    impl P256Key {
        pub(crate) fn from_coordinates(x: &[u8], y: &[u8]) -> Option<Self> {
            p256::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed(x, y)).ok().map(Self)
        }

        pub(crate) fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
            p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| self.0.verify_prehash(digest, &signature).is_ok())
        }
    }

    #[cfg(any(test, feature = "crates-engine"))]
    pub(crate) struct P384Key(p384::ecdsa::VerifyingKey);

    #[cfg(any(test, feature = "crates-engine"))]
    impl P384Key {
        pub(crate) fn from_coordinates(x: &[u8], y: &[u8]) -> Option<Self> {
            p384::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed(x, y)).ok().map(Self)
        }

        pub(crate) fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
            p384::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| self.0.verify_prehash(digest, &signature).is_ok())
        }
    }

    pub(crate) struct P521Key(p521::ecdsa::VerifyingKey);

    impl P521Key {
        pub(crate) fn from_coordinates(x: &[u8], y: &[u8]) -> Option<Self> {
            p521::ecdsa::VerifyingKey::from_sec1_bytes(&uncompressed(x, y)).ok().map(Self)
        }

        #[inline(never)]
        pub(crate) fn verify(&self, digest: &[u8], signature: &[u8]) -> bool {
            p521::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| self.0.verify_prehash(digest, &signature).is_ok())
        }
    }

    /// SEC 1 §2.3.3.
    fn uncompressed(x: &[u8], y: &[u8]) -> Vec<u8> {
        [&[4], x, y].concat()
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;
    use crate::KeyParts;
    use crate::known_answers::{self, ES256_TOKEN, ES512_TOKEN, hex, signed};

    fn coordinates(parts: KeyParts) -> (Curve, Vec<u8>, Vec<u8>) {
        match parts {
            KeyParts::Ec { curve, x, y } => (curve, x, y),
            other => panic!("{other:?}"),
        }
    }

    fn key(parts: KeyParts) -> EcKey {
        let (curve, x, y) = coordinates(parts);
        EcKey::from_parts(curve, &x, &y).ok().unwrap()
    }

    fn all() -> [KeyParts; 3] {
        [known_answers::p256(), known_answers::p384(), known_answers::p521()]
    }

    #[test]
    fn a_coordinate_of_another_length_is_refused() {
        for (curve, x, y) in all().map(coordinates) {
            let bytes = curve.bytes();
            for wrong in [0, 1, bytes - 1, bytes + 1, 2 * bytes] {
                let other = vec![0; wrong];
                let refusal = Some(KeyRefusal::CoordinateLength { curve, bytes: wrong });
                assert_eq!(EcKey::from_parts(curve, &other, &y).err(), refusal);
                assert_eq!(EcKey::from_parts(curve, &x, &other).err(), refusal);
            }
        }
    }

    #[test]
    fn a_point_off_the_curve_is_refused() {
        for (curve, x, y) in all().map(coordinates) {
            let mut off = y.clone();
            *off.last_mut().unwrap() ^= 1;
            let zero = vec![0; curve.bytes()];
            let high = vec![0xff; curve.bytes()];
            for (x, y) in [(&x, &off), (&y, &x), (&zero, &zero), (&x, &zero), (&high, &y), (&x, &high)] {
                let refusal = Some(KeyRefusal::PointNotOnCurve { curve });
                assert_eq!(EcKey::from_parts(curve, x, y).err(), refusal);
            }
        }
    }

    #[test]
    fn a_coordinate_that_is_not_reduced_is_refused() {
        // The point with x = 5 on P-256, and the same with x = 5 + p.
        let y = hex("459243b9aa581806fe913bce99817ade11ca503c64d9a3c533415c083248fbcc");
        let mut x = hex("0000000000000000000000000000000000000000000000000000000000000005");
        assert!(EcKey::from_parts(Curve::P256, &x, &y).is_ok());
        x = hex("ffffffff00000001000000000000000000000001000000000000000000000004");
        let refusal = Some(KeyRefusal::PointNotOnCurve { curve: Curve::P256 });
        assert_eq!(EcKey::from_parts(Curve::P256, &x, &y).err(), refusal);
    }

    #[test]
    fn another_curve_or_hash_or_message_is_refused() {
        let (message, signature) = signed(ES256_TOKEN);
        assert!(key(known_answers::p256()).verify(Hash::Sha256, message, &signature));
        assert!(!key(known_answers::p256()).verify(Hash::Sha384, message, &signature));
        assert!(!key(known_answers::p256()).verify(Hash::Sha256, &message[1..], &signature));
        assert!(!key(known_answers::p384()).verify(Hash::Sha256, message, &signature));
        let (message, signature) = signed(ES512_TOKEN);
        assert!(key(known_answers::p521()).verify(Hash::Sha512, message, &signature));
        assert!(!key(known_answers::p521()).verify(Hash::Sha256, message, &signature));
    }

    #[test]
    fn both_values_of_s_are_accepted() {
        let (message, mut signature) = signed(ES256_TOKEN);
        // n − s, for the s of RFC 7515 §A.3, which is the larger one.
        signature[32..]
            .copy_from_slice(&hex("3af5f82b73c38f1b270ed250f7b5ab7f168169e7b4844dea647a4b3878bfd07c"));
        assert!(key(known_answers::p256()).verify(Hash::Sha256, message, &signature));
    }

    #[test]
    fn r_and_s_of_zero_or_not_below_n_are_refused() {
        let (message, signature) = signed(ES256_TOKEN);
        let n = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        for wrong in [vec![0; 32], n, vec![0xff; 32]] {
            for half in [0..32, 32..64] {
                let mut signature = signature.clone();
                signature[half].copy_from_slice(&wrong);
                assert!(!key(known_answers::p256()).verify(Hash::Sha256, message, &signature));
            }
        }
        assert!(!key(known_answers::p256()).verify(Hash::Sha256, message, &[0; 64]));
    }
}
