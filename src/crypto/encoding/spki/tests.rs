//! Tests of `spki.rs`.

use super::*;
use crate::known_answers;
use alloc::string::ToString;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding};
use pkcs1::RsaPublicKeyRef;
use spki::SubjectPublicKeyInfoRef;

fn pem(label: &str, body: &str) -> alloc::string::String {
    alloc::format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn der(base64: &str) -> Vec<u8> {
    Base64::decode_vec(base64).unwrap()
}

#[track_caller]
fn is_read(body: &str, expected: &KeyParts) {
    assert!(KeyParts::from_pem(&pem("PUBLIC KEY", body)).as_ref() == Ok(expected));
    assert!(KeyParts::from_spki(&der(body)).as_ref() == Ok(expected));
}

#[track_caller]
fn is_refused(body: &str, code: &str) {
    assert_eq!(KeyParts::from_pem(&pem("PUBLIC KEY", body)).unwrap_err().code(), code);
    assert_eq!(KeyParts::from_spki(&der(body)).unwrap_err().code(), code);
}

const UNSUPPORTED: &str = "key_kind_unsupported";

/// Returns the numbers of a key as the second reader reads them.
fn by_library(der: &[u8]) -> Option<KeyParts> {
    let info = SubjectPublicKeyInfoRef::try_from(der).ok()?;
    let key = info.subject_public_key.as_bytes()?;
    let parameters = info.algorithm.parameters;
    match info.algorithm.oid.to_string().as_str() {
        "1.2.840.113549.1.1.1" => {
            let key = RsaPublicKeyRef::try_from(key)
                .ok()
                .filter(|_| parameters.is_some_and(|null| null.is_null()))?;
            Some(KeyParts::Rsa {
                n: key.modulus.as_bytes().to_vec(),
                e: key.public_exponent.as_bytes().to_vec(),
            })
        }
        "1.2.840.10045.2.1" => {
            let curve = match parameters?.decode_as::<spki::ObjectIdentifier>().ok()?.to_string().as_str() {
                "1.2.840.10045.3.1.7" => Curve::P256,
                "1.3.132.0.34" => Curve::P384,
                "1.3.132.0.35" => Curve::P521,
                _ => return None,
            };
            let (x, y) = key.strip_prefix(&[4])?.split_at_checked(curve.bytes())?;
            (y.len() == curve.bytes()).then(|| KeyParts::Ec { curve, x: x.to_vec(), y: y.to_vec() })
        }
        "1.3.101.112" if parameters.is_none() && key.len() == 32 => {
            Some(KeyParts::Ed25519 { x: key.to_vec() })
        }
        _ => None,
    }
}

#[test]
fn each_kind_of_public_key_is_read() {
    is_read(RSA, &known_answers::rsa());
    is_read(P256, &known_answers::p256());
    is_read(P384, &known_answers::p384());
    is_read(P521, &known_answers::p521());
    is_read(ED25519_KEY, &known_answers::ed25519());
    assert!(KeyParts::from_pem(&pem("RSA PUBLIC KEY", RSA_PKCS1)) == Ok(known_answers::rsa()));
    assert!(KeyParts::from_pkcs1(&der(RSA_PKCS1)) == Ok(known_answers::rsa()));
}

#[test]
fn lines_of_any_length_and_surrounding_white_space_are_accepted() {
    let (one_line, narrow) = P256.split_at(60);
    let narrow: Vec<&str> = narrow.split_inclusive('h').collect();
    let body = alloc::format!("{one_line} \t\r\n{}", narrow.join("\r\n"));
    let text = alloc::format!("\r\n \t{}\n\n", pem("PUBLIC KEY", &body));
    assert!(KeyParts::from_pem(&text) == Ok(known_answers::p256()));
    let text = alloc::format!("-----BEGIN PUBLIC KEY-----{P256}-----END PUBLIC KEY-----");
    assert!(KeyParts::from_pem(&text) == Ok(known_answers::p256()));
}

#[test]
fn blocks_with_other_labels_are_unsupported_with_any_content() {
    for label in [
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "EC PARAMETERS",
        "CERTIFICATE",
        "public key",
        " PUBLIC KEY",
    ] {
        for body in [P256, "", "*"] {
            let refusal = KeyParts::from_pem(&pem(label, body)).unwrap_err();
            assert_eq!(refusal.code(), UNSUPPORTED, "{label}");
        }
    }
}

#[test]
fn text_that_is_not_one_pem_block_is_malformed() {
    let good = pem("PUBLIC KEY", P256);
    for text in [
        "-----BEGIN ",
        "-----BEGIN PUBLIC KEY",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
        &good.replace("-----END PUBLIC KEY-----", ""),
        &good.replace("END PUBLIC", "END RSA PUBLIC"),
        &good.replace("BEGIN PUBLIC", "BEGIN RSA PUBLIC"),
        &good.replace("BEGIN PUBLIC KEY-----", "BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"),
        &good.replace('=', ""),
        &good.replace("MFkw", "MFk*"),
        &good.replace("MFkw", "MFkü"),
        &good.replace("MFkw", "MFk_"),
        &alloc::format!("{good}{good}"),
        &pem("RSA PUBLIC KEY", P256),
        &pem("RSA PUBLIC KEY", RSA),
        &pem("PUBLIC KEY", RSA_PKCS1),
    ] {
        assert_eq!(KeyParts::from_pem(text).err(), Some(KeyRefusal::Malformed), "`{text}`");
    }
}

#[test]
fn another_algorithm_curve_or_form_of_point_is_unsupported() {
    for body in [X25519, SECP256K1, P256_COMPRESSED, P256_EXPLICIT] {
        is_refused(body, UNSUPPORTED);
    }
}

#[test]
fn a_hybrid_point_is_malformed() {
    is_refused(P256_HYBRID, "key_malformed");
}

#[test]
fn algorithm_parameters_that_the_standard_forbids_are_malformed() {
    // RSA without its NULL, Ed25519 with one, EC without a curve.
    let mut rsa = der(RSA);
    let null = 17..19;
    assert_eq!(rsa.drain(null).collect::<Vec<u8>>(), [5, 0]);
    rsa[3] -= 2;
    rsa[5] -= 2;
    let mut ed25519 = der(ED25519_KEY);
    ed25519.splice(9..9, [5, 0]);
    ed25519[1] += 2;
    ed25519[3] += 2;
    let mut p256 = der(P256);
    p256.drain(13..23);
    p256[1] -= 10;
    p256[3] -= 10;
    for key in [rsa, ed25519, p256] {
        let good = SubjectPublicKeyInfoRef::try_from(&key[..]);
        assert!(good.is_ok(), "only the parameters are wrong: {good:?}");
        assert_eq!(KeyParts::from_spki(&key).err(), Some(KeyRefusal::Malformed));
    }
}

#[test]
fn every_cut_and_every_appended_byte_is_malformed() {
    for body in [RSA, P256, P384, P521, ED25519_KEY] {
        let key = der(body);
        for end in 0..key.len() {
            assert_eq!(KeyParts::from_spki(&key[..end]).err(), Some(KeyRefusal::Malformed), "{end}");
        }
        let longer = [&key[..], &[0]].concat();
        assert_eq!(KeyParts::from_spki(&longer).err(), Some(KeyRefusal::Malformed));
    }
    let key = der(RSA_PKCS1);
    for end in 0..key.len() {
        assert_eq!(KeyParts::from_pkcs1(&key[..end]).err(), Some(KeyRefusal::Malformed), "{end}");
    }
    let longer = [&key[..], &[0]].concat();
    assert_eq!(KeyParts::from_pkcs1(&longer).err(), Some(KeyRefusal::Malformed));
}

#[test]
fn no_changed_byte_panics_or_gives_a_key_of_another_shape() {
    for body in [RSA, P256, P384, P521, ED25519_KEY] {
        let key = der(body);
        for (at, value) in
            (0..key.len()).flat_map(|at| [0, 1, 2, 4, 5, 6, 0x30, 0x7f, 0x80, 0xff].map(|v| (at, v)))
        {
            let mut changed = key.clone();
            changed[at] = value;
            let read = KeyParts::from_spki(&changed);
            assert!(read.as_ref().ok() == by_library(&changed).as_ref(), "byte {at} as {value}");
            match read {
                Ok(KeyParts::Ec { curve, x, y }) => {
                    assert_eq!((x.len(), y.len()), (curve.bytes(), curve.bytes()));
                }
                Ok(KeyParts::Ed25519 { x }) => assert_eq!(x.len(), 32),
                Ok(KeyParts::Rsa { n, e }) => assert!(n.first() != Some(&0) && e.first() != Some(&0)),
                Ok(KeyParts::Secret(_)) => panic!("a secret out of a public key"),
                Err(_) => {}
            }
        }
    }
}

#[test]
fn an_rsa_number_that_is_negative_or_padded_with_zeros_is_malformed() {
    for key in [[0x30, 6, 2, 1, 0x83, 2, 1, 3], [0x30, 6, 2, 1, 3, 2, 1, 0x83]] {
        assert_eq!(KeyParts::from_pkcs1(&key).err(), Some(KeyRefusal::Malformed));
    }
    assert_eq!(KeyParts::from_pkcs1(&[0x30, 7, 2, 2, 0, 3, 2, 1, 3]).err(), Some(KeyRefusal::Malformed));
    assert!(KeyParts::from_pkcs1(&[0x30, 6, 2, 1, 3, 2, 1, 3]).is_ok());
}

#[test]
fn the_key_of_a_certificate_is_read_only_by_from_certificate() {
    for (body, expected) in [
        (RSA_CERTIFICATE, known_answers::rsa()),
        (P256_CERTIFICATE, known_answers::p256()),
        (P256_CERTIFICATE_V1, known_answers::p256()),
        (ED25519_CERTIFICATE, KeyParts::from_spki(&der(ED25519_KEY)).unwrap()),
    ] {
        let text = pem("CERTIFICATE", body);
        assert!(KeyParts::from_certificate(&text) == Ok(expected));
        assert_eq!(KeyParts::from_pem(&text).unwrap_err().code(), UNSUPPORTED);
    }
    for label in ["PUBLIC KEY", "PRIVATE KEY", "TRUSTED CERTIFICATE", "CERTIFICATE REQUEST"] {
        let refusal = KeyParts::from_certificate(&pem(label, P256_CERTIFICATE)).unwrap_err();
        assert_eq!(refusal.code(), UNSUPPORTED, "{label}");
    }
    let refusal = KeyParts::from_certificate(&pem("CERTIFICATE", X25519_CERTIFICATE)).unwrap_err();
    assert_eq!(refusal.code(), UNSUPPORTED);
}

#[test]
fn an_incomplete_certificate_is_malformed() {
    for body in [RSA_CERTIFICATE, P256_CERTIFICATE, P256_CERTIFICATE_V1, ED25519_CERTIFICATE] {
        let whole = der(body);
        for end in 0..whole.len() {
            assert_eq!(read_certificate(&whole[..end]).err(), Some(KeyRefusal::Malformed), "{end}");
        }
        let longer = [&whole[..], &[0]].concat();
        assert_eq!(read_certificate(&longer).err(), Some(KeyRefusal::Malformed));
    }
    for body in ["", "AA==", "*", P256, RSA_PKCS1] {
        let refusal = KeyParts::from_certificate(&pem("CERTIFICATE", body)).err();
        assert_eq!(refusal, Some(KeyRefusal::Malformed), "{body}");
    }
}

#[test]
fn v16_the_first_certificate_of_a_chain_is_read() {
    let chain = [pem("CERTIFICATE", P256_CERTIFICATE), pem("CERTIFICATE", RSA_CERTIFICATE)].concat();
    for text in [chain.clone(), chain.replace('\n', "\\n"), alloc::format!("subject=a\n{chain}the end")] {
        assert!(KeyParts::from_certificate(&text) == Ok(known_answers::p256()));
    }
}

#[test]
fn v19_the_refusal_names_the_kind_of_an_unsupported_key() {
    for (body, found) in [
        (X25519, "an X25519 key"),
        (SECP256K1, "an EC key on another curve"),
        (P256_COMPRESSED, "an EC key whose point is compressed"),
        (P256_EXPLICIT, "an EC key with explicit curve parameters instead of a named curve"),
    ] {
        let refusal = KeyParts::from_spki(&der(body)).unwrap_err();
        assert!(refusal.to_string().contains(found), "{refusal}");
    }
}

#[test]
fn no_changed_byte_of_a_certificate_panics_or_gives_another_key_unless_it_is_one_of_the_keys_own() {
    let whole = der(P256_CERTIFICATE);
    let key = der(P256);
    let from = whole.windows(key.len()).position(|part| part == key).unwrap();
    for (at, value) in
        (0..whole.len()).flat_map(|at| [0, 1, 2, 5, 0x30, 0x7f, 0x80, 0xa3, 0xff].map(|v| (at, v)))
    {
        let mut changed = whole.clone();
        changed[at] = value;
        if let Ok(parts) = read_certificate(&changed) {
            let own = (from..from + key.len()).contains(&at);
            assert!(own || parts == known_answers::p256(), "byte {at} as {value}");
        }
    }
}

// The keys of known_answers.rs, written by OpenSSL.
const RSA: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0l8W2\
    6mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo\
    9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxv\
    b3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXp\
    oQIDAQAB";
const RSA_PKCS1: &str = "MIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEz\
    P1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSXndS5\
    z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxX\
    FvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQAB";
const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\
    6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==";
const P256_COMPRESSED: &str =
    "MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU=";
const P256_HYBRID: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAHf83OJ3D2xF1Bg8vub9tLe1gHMzV7\
    6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==";
const P256_EXPLICIT: &str = "MIIBSzCCAQMGByqGSM49AgEwgfcCAQEwLAYHKoZIzj0BAQIhAP////8AAAABAAAA\
    AAAAAAAAAAAA////////////////MFsEIP////8AAAABAAAAAAAAAAAAAAAA////\
    ///////////8BCBaxjXYqjqT57PrvVV2mIa8ZR0GsMxTsPY7zjw+J9JgSwMVAMSd\
    NgiG5wSTamZ44ROdJreBn36QBEEEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5\
    RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9QIhAP////8AAAAA\
    //////////+85vqtpxeehPO5ysL8YyVRAgEBA0IABH/Nzidw9sRdQYPL7m/bS3tY\
    BzM1e+nvE7rPbjx70VRFx/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0=";
const P384: &str = "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEKDwdc2XOR4jyn46/I07f/q1v6Zf76l/6\
    LVjMnfp7HFCLBVJvVbnrsgQPBbSPttDhlHXJkGHkG4i6Uu/bjBaQRxph2GfteZcp\
    2cks0B29IlYw2E7eMqePnmRmTNrFEu+M";
const P521: &str = "MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQB6SkFDxJPxrxVx9U5M2Xfne9KsMIs\
    sleY+TTrBOPGuuNwGlenkQ6dgb82MVno68sVXWNJ9L22zPipTFxZx6rBAaQANKZE\
    DjdnUNI3H9G9wsjztx0vTuXqNDLIFcyjFWD+XZOH7HdLVYOGMOXLv1qMvgqR3QBk\
    xpmaH25uZ/rd7eTIyPY=";
const ED25519_KEY: &str = "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const X25519: &str = "MCowBQYDK2VuAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const SECP256K1: &str = "MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEXL3wZG5dtOqjmPNl8up6Dj1Bm34DMOOc\
    6Svd7crE+bxq68pAuiVZYKMXjW2GGlTbqBPQuBP957WlCCYoCHJk2g==";
const RSA_CERTIFICATE: &str = "MIICaDCCAg+gAwIBAgIUVFWYgddShWTK7V3gnuQfIaQgBTgwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOaXNzdWVyLmV4YW1w\
    bGUwIBcNMjYxMTIzMTQ0MTQ5WhgPMjEyNjEwMzAxNDQxNDlaMBkxFzAVBgNVBAMMDmlzc3Vlci5leGFtcGxlMIIBIjANBgkq\
    hkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp\
    +Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pCgNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0\
    LOL+bSf63kpaSHSXndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k\
    G4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQABo2gw\
    ZjAZBgNVHREEEjAQgg5pc3N1ZXIuZXhhbXBsZTAJBgNVHRMEAjAAMB0GA1UdDgQWBBQzGIiPp7+DkM3e011UielRYxna2TAf\
    BgNVHSMEGDAWgBSizqr+9aIM8gKZbiYK8Y6w1szZmTAKBggqhkjOPQQDAgNHADBEAiByYac7mcUFu15oZMzbShojcSwHJBDd\
    t8b2J6UlkivOugIgaJJ39lz6+ly9cU0PApd6XcZYPoAKaStdajCCN1Fd3uU=";
const P256_CERTIFICATE: &str = "MIIBnjCCAUSgAwIBAgIUASJTYomh7GAZIINP8So4d7pblFYwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOaXNzdWVyLmV4YW1w\
    bGUwIBcNMjYxMTIzMTQ0MTQ5WhgPMjEyNjEwMzAxNDQxNDlaMBkxFzAVBgNVBAMMDmlzc3Vlci5leGFtcGxlMFkwEwYHKoZI\
    zj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkL\
    JK2KRiMohYjlraNoMGYwGQYDVR0RBBIwEIIOaXNzdWVyLmV4YW1wbGUwCQYDVR0TBAIwADAdBgNVHQ4EFgQUzo0Wsckzjrf+\
    OXmZrkW+7j+1hoYwHwYDVR0jBBgwFoAUos6q/vWiDPICmW4mCvGOsNbM2ZkwCgYIKoZIzj0EAwIDSAAwRQIhALtuDKMGsQyQ\
    4Mu8mXFol3/D8TBG+81CeODo85C4/bzCAiAQJXte0+sNQ1iuD2pJLIB00waf4zCpJ0GgOK37FvskCg==";
/// Without a version and without extensions.
const P256_CERTIFICATE_V1: &str = "MIIBLjCB1QIUILvg38s99Tmlj28kyfi2OT4ouoMwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOaXNzdWVyLmV4YW1wbGUwIBcN\
    MjYxMTIzMTQ0MTUwWhgPMjEyNjEwMzAxNDQxNTBaMBkxFzAVBgNVBAMMDmlzc3Vlci5leGFtcGxlMFkwEwYHKoZIzj0CAQYI\
    KoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMo\
    hYjlrTAKBggqhkjOPQQDAgNIADBFAiEAh4iq/MdPVMAGICY84Z+RHt6yBTDwnxNEHjWoYdRwtMUCIAvyy+UX2Bkvd5z725la\
    UfXX7e25OaKHC5xofkYQYiV9";
const ED25519_CERTIFICATE: &str = "MIIBbzCCARWgAwIBAgIUQMkBADxfqmyEZOlFOIkVYLPzuP8wCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOaXNzdWVyLmV4YW1w\
    bGUwIBcNMjYxMTIzMTQ0MTQ5WhgPMjEyNjEwMzAxNDQxNDlaMBkxFzAVBgNVBAMMDmlzc3Vlci5leGFtcGxlMCowBQYDK2Vw\
    AyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURqjaDBmMBkGA1UdEQQSMBCCDmlzc3Vlci5leGFtcGxlMAkGA1Ud\
    EwQCMAAwHQYDVR0OBBYEFFsnqlWJF5dw5HV1sWKh3tl7i/xtMB8GA1UdIwQYMBaAFKLOqv71ogzyApluJgrxjrDWzNmZMAoG\
    CCqGSM49BAMCA0gAMEUCICrK07a7c2Nw9PBFdSLm9s61AA93xn6Byhnbz9pntMBtAiEA6ikm9wJs/NegHhHT1VzXMBpwAO7Q\
    Hyqpjllix1ujUnQ=";
const X25519_CERTIFICATE: &str = "MIIBcDCCARWgAwIBAgIUPdWQiN61j/o49Fmtgd61MxC9DIowCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOaXNzdWVyLmV4YW1w\
    bGUwIBcNMjYxMTIzMTQ0MTUwWhgPMjEyNjEwMzAxNDQxNTBaMBkxFzAVBgNVBAMMDmlzc3Vlci5leGFtcGxlMCowBQYDK2Vu\
    AyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURqjaDBmMBkGA1UdEQQSMBCCDmlzc3Vlci5leGFtcGxlMAkGA1Ud\
    EwQCMAAwHQYDVR0OBBYEFFsnqlWJF5dw5HV1sWKh3tl7i/xtMB8GA1UdIwQYMBaAFKLOqv71ogzyApluJgrxjrDWzNmZMAoG\
    CCqGSM49BAMCA0kAMEYCIQDFjD5ocNx27XxKXzylKzzlAw35MgZzKZdc55ik14nr9QIhAOhmjPqJb/aSHgbaotmIvBfJNqyl\
    fchGf8sBBcKeNz0q";
