//! Makes the public JWK of a point or a modulus.

use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Serialize;

use super::Family;
use crate::SigningAlgorithm;

/// The public half of a signing key as a JWK (RFC 7517 §4).
///
/// INVARIANT: this is an allow-list. It has no member for a private value and no map of further members, so no private value can be
/// published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kty")]
pub enum PublicJwk {
    /// A point on a NIST curve (RFC 7518 §6.2.1).
    #[serde(rename = "EC")]
    Ec {
        /// The RFC 7638 thumbprint.
        kid: String,
        /// Always `sig`.
        #[serde(rename = "use")]
        usage: &'static str,
        /// The one algorithm that the key signs with.
        alg: &'static str,
        /// The curve's registered name.
        crv: &'static str,
        /// The first coordinate, base64url.
        x: String,
        /// The second coordinate, base64url.
        y: String,
    },
    /// A point on an Edwards curve (RFC 8037 §2).
    #[serde(rename = "OKP")]
    Okp {
        /// The RFC 7638 thumbprint.
        kid: String,
        /// Always `sig`.
        #[serde(rename = "use")]
        usage: &'static str,
        /// The one algorithm that the key signs with.
        alg: &'static str,
        /// The curve's registered name.
        crv: &'static str,
        /// The point, base64url.
        x: String,
    },
    /// An RSA public key (RFC 7518 §6.3.1).
    #[serde(rename = "RSA")]
    Rsa {
        /// The RFC 7638 thumbprint.
        kid: String,
        /// Always `sig`.
        #[serde(rename = "use")]
        usage: &'static str,
        /// The one algorithm that the key signs with.
        alg: &'static str,
        /// The modulus, base64url.
        n: String,
        /// The exponent, base64url.
        e: String,
    },
}

impl PublicJwk {
    /// Returns the JWK of an uncompressed point (SEC 1 §2.3.3: `04 ‖ x ‖ y`), or of the 32 bytes of Ed25519. Returns `None` for another form
    /// or length.
    pub(crate) fn from_point(algorithm: SigningAlgorithm, point: &[u8]) -> Option<Self> {
        let facts = algorithm.facts();
        let (usage, alg) = ("sig", facts.name);
        match facts.family {
            Family::Ec { curve: crv, coordinate_bytes, .. } => {
                let (4, coordinates) = point.split_first()? else { return None };
                let (x, y) = coordinates.split_at_checked(coordinate_bytes)?;
                if y.len() != coordinate_bytes {
                    return None;
                }
                let (x, y) = (Base64UrlUnpadded::encode_string(x), Base64UrlUnpadded::encode_string(y));
                let kid = thumbprint(&format!(r#"{{"crv":"{crv}","kty":"EC","x":"{x}","y":"{y}"}}"#));
                Some(Self::Ec { kid, usage, alg, crv, x, y })
            }
            Family::Okp { curve: crv } => {
                let x = Base64UrlUnpadded::encode_string(<&[u8; 32]>::try_from(point).ok()?);
                let kid = thumbprint(&format!(r#"{{"crv":"{crv}","kty":"OKP","x":"{x}"}}"#));
                Some(Self::Okp { kid, usage, alg, crv, x })
            }
            Family::Rsa { .. } => None,
        }
    }

    /// Returns the JWK of an RSA key, whose numbers are big-endian without leading zeros. Returns `None` if the algorithm is not RSA.
    pub(crate) fn from_modulus(algorithm: SigningAlgorithm, modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let facts = algorithm.facts();
        let Family::Rsa { .. } = facts.family else { return None };
        let (n, e) = (Base64UrlUnpadded::encode_string(modulus), Base64UrlUnpadded::encode_string(exponent));
        let kid = thumbprint(&format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#));
        Some(Self::Rsa { kid, usage: "sig", alg: facts.name, n, e })
    }

    /// Returns the key's identifier: its RFC 7638 thumbprint with SHA-256, in base64url.
    #[must_use]
    pub fn kid(&self) -> &str {
        match self {
            Self::Ec { kid, .. } | Self::Okp { kid, .. } | Self::Rsa { kid, .. } => kid,
        }
    }
}

/// Hashes the required members, in the order of their names, without white space (RFC 7638 §3.2).
fn thumbprint(canonical: &str) -> String {
    Base64UrlUnpadded::encode_string(digest(&SHA256, canonical.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of RFC 7515 appendix A.3.1, and its thumbprint by `openssl` and by hand.
    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn point() -> Vec<u8> {
        [X, Y].iter().fold(vec![4], |mut point, coordinate| {
            point.extend(Base64UrlUnpadded::decode_vec(coordinate).unwrap());
            point
        })
    }

    #[test]
    fn a_point_becomes_exactly_the_seven_public_members() {
        let jwk = PublicJwk::from_point(SigningAlgorithm::ES256, &point()).unwrap();
        let json = serde_json::to_value(&jwk).unwrap();
        let expected = serde_json::json!({
            "kty": "EC", "kid": jwk.kid(), "use": "sig", "alg": "ES256", "crv": "P-256", "x": X, "y": Y,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn the_kid_is_the_thumbprint_that_a_second_library_computes() {
        let jwk = PublicJwk::from_point(SigningAlgorithm::ES256, &point()).unwrap();
        let other: jsonwebtoken::jwk::Jwk =
            serde_json::from_value(serde_json::to_value(&jwk).unwrap()).unwrap();
        crate::test_keys::second_library();
        assert_eq!(other.thumbprint(jsonwebtoken::jwk::ThumbprintHash::SHA256).unwrap(), jwk.kid());
    }

    #[test]
    fn points_of_another_form_or_length_are_refused() {
        let good = point();
        let mut compressed = good.clone();
        compressed[0] = 2;
        let long = [good.as_slice(), &[0]].concat();
        for point in [&[], &good[..1], &good[..64], long.as_slice(), compressed.as_slice()] {
            assert_eq!(PublicJwk::from_point(SigningAlgorithm::ES256, point), None);
        }
    }
}
