//! Runs the test vectors of Project Wycheproof. Each suite lists how many vectors it runs, and each intended difference with its
//! reason. A suite fails if it runs another number, or if a difference no longer exists. The suites run natively and, compiled to
//! WebAssembly, in a JavaScript engine, where RSA uses another kernel.

use std::collections::BTreeMap;

use jotgate_crypto::{Algorithm, Curve, Family, Hash, KeyParts, PreparedKey};
use wycheproof::{EllipticCurve, HashFunction, Mgf, TestResult};
use wycheproof::{ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

/// Counts the vectors that ran, were accepted, and were refused on purpose although Wycheproof accepts them.
#[derive(Default)]
struct Tally {
    ran: usize,
    accepted: usize,
    differences: BTreeMap<&'static str, usize>,
    wrong: Vec<(&'static str, usize)>,
}

impl Tally {
    /// Checks one vector. `forbidden` is the reason why a vector must be refused here even if it is valid: JWA allows less.
    fn judge(
        &mut self,
        (set, id): (&'static str, usize),
        result: TestResult,
        forbidden: Option<&'static str>,
        verdict: bool,
    ) {
        self.ran += 1;
        self.accepted += usize::from(verdict);
        let difference = match result {
            TestResult::Valid => forbidden,
            TestResult::Invalid => None,
            TestResult::Acceptable => forbidden.or(Some(NO_NULL)),
        };
        if let Some(reason) = difference {
            *self.differences.entry(reason).or_default() += 1;
        }
        let expected =
            (result == TestResult::Valid && forbidden.is_none()) || VALID_HERE.contains(&(set, id));
        if verdict != expected {
            self.wrong.push((set, id));
        }
    }

    /// Compares with the expected numbers of vectors, of accepted ones, and of each difference.
    #[track_caller]
    fn ends_with(&self, ran: usize, accepted: usize, differences: &[(&'static str, usize)]) {
        assert_eq!(self.wrong, [], "wrong verdicts");
        let seen = (self.ran, self.accepted, self.differences.clone());
        assert_eq!(seen, (ran, accepted, differences.iter().copied().collect()));
    }
}

/// Invalid in Wycheproof, because this set requires no salt and the signature has one of 32 bytes. That makes it valid for PS256.
const VALID_HERE: [(&str, usize); 1] = [("2048 SHA-256 salt 0", 69)];

const NO_NULL: &str = "RFC 8017 §8.2.2 builds the padding anew, the NULL of DigestInfo included";
const TRUNCATED: &str = "RFC 7518 §3.2 knows no truncated MAC";
const OTHER_PSS: &str =
    "RFC 7518 §3.5: MGF1 and the mask's hash and the salt's length follow from the algorithm";

/// Returns the algorithm of this family and hash, if there is one.
fn algorithm(family: Family, hash: HashFunction) -> Option<Algorithm> {
    let hash = match hash {
        HashFunction::Sha2_256 => Hash::Sha256,
        HashFunction::Sha2_384 => Hash::Sha384,
        HashFunction::Sha2_512 => Hash::Sha512,
        _ => return None,
    };
    Algorithm::ALL.into_iter().find(|algorithm| {
        let facts = algorithm.facts();
        (facts.family, facts.hash) == (family, hash)
    })
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn ecdsa_answers_as_wycheproof_says() {
    let mut tally = Tally::default();
    for (set, name) in [
        ("P-256", ecdsa::TestName::EcdsaSecp256r1Sha256P1363),
        ("P-384", ecdsa::TestName::EcdsaSecp384r1Sha384P1363),
        ("P-521", ecdsa::TestName::EcdsaSecp521r1Sha512P1363),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let curve = match group.key.curve {
                EllipticCurve::Secp256r1 => Curve::P256,
                EllipticCurve::Secp384r1 => Curve::P384,
                EllipticCurve::Secp521r1 => Curve::P521,
                other => panic!("{other:?} in {set}"),
            };
            assert_eq!(curve.name(), set);
            let parts = KeyParts::from_spki(&group.der).unwrap();
            assert!(parts == KeyParts::from_pem(&group.pem).unwrap());
            let key = PreparedKey::from_parts(&parts).unwrap();
            assert_eq!(key.curve(), Some(curve));
            let algorithm = algorithm(Family::Ecdsa, group.hash).unwrap();
            for test in group.tests {
                let verdict = key.verify(algorithm, &test.msg, &test.sig);
                tally.judge((set, test.tc_id), test.result, None, verdict);
            }
        }
    }
    tally.ends_with(860, 597, &[]);
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn ed25519_answers_as_wycheproof_says() {
    let mut tally = Tally::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let parts = KeyParts::from_spki(&group.der).unwrap();
        assert!(parts == KeyParts::from_pem(&group.pem).unwrap());
        assert!(parts == KeyParts::Ed25519 { x: group.key.pk.to_vec() });
        let key = PreparedKey::from_parts(&parts).unwrap();
        for test in group.tests {
            for algorithm in [Algorithm::EdDSA, Algorithm::Ed25519] {
                let verdict = key.verify(algorithm, &test.msg, &test.sig);
                tally.judge(("Ed25519", test.tc_id), test.result, None, verdict);
            }
        }
    }
    tally.ends_with(302, 176, &[]);
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn hmac_answers_as_wycheproof_says() {
    let mut tally = Tally::default();
    for (set, name, algorithm) in [
        ("HS256", mac::TestName::HmacSha256, Algorithm::HS256),
        ("HS384", mac::TestName::HmacSha384, Algorithm::HS384),
        ("HS512", mac::TestName::HmacSha512, Algorithm::HS512),
    ] {
        for group in mac::TestSet::load(name).unwrap().test_groups {
            let truncated = Some(group.tag_size / 8) != algorithm.facts().signature_bytes;
            for test in group.tests {
                let parts = KeyParts::Secret(test.key.to_vec().into());
                let key = PreparedKey::from_parts(&parts).unwrap();
                assert_eq!(key.bits(), group.key_size);
                let forbidden = truncated.then_some(TRUNCATED);
                let verdict = key.verify(algorithm, &test.msg, &test.tag);
                tally.judge((set, test.tc_id), test.result, forbidden, verdict);
            }
        }
    }
    tally.ends_with(522, 99, &[(TRUNCATED, 99)]);
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn rsa_pkcs1_answers_as_wycheproof_says() {
    use rsa_pkcs1_verify::TestName;
    let mut tally = Tally::default();
    for (set, name) in [
        ("2048 SHA-256", TestName::Rsa2048Sha256),
        ("2048 SHA-384", TestName::Rsa2048Sha384),
        ("2048 SHA-512", TestName::Rsa2048Sha512),
        ("3072 SHA-256", TestName::Rsa3072Sha256),
        ("3072 SHA-384", TestName::Rsa3072Sha384),
        ("3072 SHA-512", TestName::Rsa3072Sha512),
        ("4096 SHA-256", TestName::Rsa4096Sha256),
        ("4096 SHA-384", TestName::Rsa4096Sha384),
        ("4096 SHA-512", TestName::Rsa4096Sha512),
        ("8192 SHA-256", TestName::Rsa8192Sha256),
        ("8192 SHA-384", TestName::Rsa8192Sha384),
        ("8192 SHA-512", TestName::Rsa8192Sha512),
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let parts = KeyParts::from_spki(&group.der).unwrap();
            assert!(parts == KeyParts::from_pem(&group.pem).unwrap());
            assert!(parts == KeyParts::from_pkcs1(&group.asn_key).unwrap());
            let key = PreparedKey::from_parts(&parts).unwrap();
            assert_eq!(key.bits(), group.key_size);
            let algorithm = algorithm(Family::RsaPkcs1, group.hash).unwrap();
            for test in group.tests {
                let verdict = key.verify(algorithm, &test.msg, &test.sig);
                tally.judge((set, test.tc_id), test.result, None, verdict);
            }
        }
    }
    tally.ends_with(3106, 89, &[(NO_NULL, 12)]);
}

/// Also runs the sets with other salts and masks, whose valid signatures must be refused here.
#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn rsa_pss_answers_as_wycheproof_says() {
    use rsa_pss_verify::TestName;
    let mut tally = Tally::default();
    for (set, name) in [
        ("2048 SHA-256 salt 0", TestName::RsaPss2048Sha256Mgf1SaltLen0),
        ("2048 SHA-256 salt 32", TestName::RsaPss2048Sha256Mgf1SaltLen32),
        ("2048 SHA-256 MGF SHA-1", TestName::RsaPss2048Sha256Mgf1Sha1_20),
        ("2048 SHA-384 salt 48", TestName::RsaPss2048Sha384Mgf1SaltLen48),
        ("2048 SHA-512 MGF SHA-256", TestName::RsaPss2048Sha512Mgf1Sha256SaltLen32WithParams),
        ("3072 SHA-256 salt 32", TestName::RsaPss3072Sha256Mgf1SaltLen32),
        ("4096 SHA-256 salt 32", TestName::RsaPss4096Sha256Mgf1SaltLen32),
        ("4096 SHA-384 salt 48", TestName::RsaPss4096Sha384Mgf1SaltLen48),
        ("4096 SHA-512 salt 32", TestName::RsaPss4096Sha512Mgf1SaltLen32),
        ("4096 SHA-512 salt 64", TestName::RsaPss4096Sha512Mgf1SaltLen64),
        ("miscellaneous", TestName::RsaPssmisc),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let Some(algorithm) = algorithm(Family::RsaPss, group.hash) else { continue };
            let key = PreparedKey::from_parts(&KeyParts::from_pkcs1(&group.asn_key).unwrap()).unwrap();
            assert_eq!(key.bits(), group.key_size);
            let usual = group.mgf == Mgf::Mgf1
                && group.mgf_hash == Some(group.hash)
                && group.salt_size == algorithm.facts().hash.bytes();
            let forbidden = (!usual).then_some(OTHER_PSS);
            for test in group.tests {
                let verdict = key.verify(algorithm, &test.msg, &test.sig);
                tally.judge((set, test.tc_id), test.result, forbidden, verdict);
            }
        }
    }
    tally.ends_with(1441, 515, &[(OTHER_PSS, 475)]);
}
