//! Tests of `public_form.rs`.

use alloc::{format, string::String, vec::Vec};

use base64ct::{Base64, Base64Url, Base64UrlUnpadded, Encoding};

use super::*;
use crate::{Hash, digest};

const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\
    6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==";
const X25519: &str = "MCowBQYDK2VuAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const RSA: &str = "MIGJAoGBAKFRGuhWt2iLxtDY4MmUUEqLpzXMTwzs2w8Hk1ZcK4y6h3ZyBdLMfAn5Ox3V9bCgh3JoLwV9p0oUeYtx7dJYmY0G\
    bYzJm2q0cJcH8JQk1mHc0bqk7eVQfdfZ0dAaR2Tqzw4cF0qv6mVw7m5wq3bKy0mUuFJm1m9Jx7zj4rY0JkYvAgMBAAE=";

/// Makes an OpenSSH key: its type and some bytes, each after its length.
fn ssh(kind: &str) -> Vec<u8> {
    let field = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat();
    [field(kind.as_bytes()), field(&[7; 32])].concat()
}

fn certificate() -> Vec<u8> {
    let der = |tag: u8, parts: &[&[u8]]| {
        let content = parts.concat();
        let length = content.len();
        let head = if length < 128 {
            [tag, u8::try_from(length).unwrap()].to_vec()
        } else {
            [tag, 0x81, u8::try_from(length).unwrap()].to_vec()
        };
        [head, content].concat()
    };
    let (empty, key) = (der(0x30, &[]), Base64::decode_vec(P256).unwrap());
    let signed = der(0x30, &[&der(2, &[&[7]]), &empty, &empty, &empty, &empty, &key]);
    der(0x30, &[&signed, &empty, &der(3, &[&[0, 1]])])
}

fn forms() -> Vec<(&'static str, Vec<u8>)> {
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{P256}\n-----END PUBLIC KEY-----\n");
    let line = |kind: &str| format!("{kind} {} me@example\n", Base64::encode_string(&ssh(kind)));
    let jwk = r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#;
    let text = |text: &str| text.as_bytes().to_vec();
    let mut forms: Vec<(&str, Vec<u8>)> = [
        ("PEM", text(&pem)),
        ("SPKI", Base64::decode_vec(P256).unwrap()),
        ("SPKI of another algorithm", Base64::decode_vec(X25519).unwrap()),
        ("PKCS#1", Base64::decode_vec(RSA).unwrap()),
        ("certificate", certificate()),
        ("JWK", text(jwk)),
        ("JWK with a mark", text(&format!("\u{feff}\n{jwk}\n"))),
        ("JWKS", text(&format!(r#"{{ "keys" : [ {jwk} ] }}"#))),
        ("SSH key", ssh("ssh-ed25519")),
        ("SSH2", text("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----")),
    ]
    .into();
    for kind in ["ssh-rsa", "ssh-ed25519", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com"] {
        forms.push(("line", text(&line(kind))));
        forms.push(("authorized key", text(&format!("no-pty,command=\"x\" {}", line(kind)))));
    }
    forms
}

fn refused(bytes: &[u8]) -> bool {
    refuse(bytes).is_err()
}

#[test]
fn v12_every_labelled_form_of_a_public_key_is_refused_directly_and_in_base64() {
    for (name, bytes) in forms() {
        assert!(refused(&bytes), "{name}");
        for encoded in [
            Base64::encode_string(&bytes),
            Base64Url::encode_string(&bytes),
            Base64UrlUnpadded::encode_string(&bytes),
        ] {
            assert!(refused(encoded.as_bytes()), "{name}: {encoded}");
            let lines: Vec<String> = encoded
                .as_bytes()
                .chunks(64)
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect();
            assert!(refused(format!("{}\n", lines.join("\r\n")).as_bytes()), "{name} in lines");
        }
    }
}

#[test]
fn v12_pem_has_another_code_than_the_other_forms() {
    for (name, bytes) in forms() {
        let expected = if name == "PEM" { "key_secret_is_pem" } else { "key_secret_is_public_key" };
        assert_eq!(refuse(&bytes).unwrap_err().code(), expected, "{name}");
    }
}

#[test]
fn v12_secrets_that_only_resemble_a_public_key_are_accepted() {
    let spki = Base64::decode_vec(P256).unwrap();
    for (name, bytes) in [
        ("a raw point", &spki[spki.len() - 65..]),
        ("a raw key of Ed25519", &[0xd7; 32][..]),
        ("DER that is cut", &spki[..spki.len() - 1]),
        ("the JSON text of a secret", br#"{"kty":"oct","k":"c2VjcmV0"}"#),
        ("JSON text", br#"{"EC":"RSA"}"#),
        ("a sentence", b"ssh-rsa is a name, AAAA is none"),
        ("dashes", b"-----BEGI"),
    ] {
        assert_eq!(refuse(bytes), Ok(()), "{name}");
    }
}

#[test]
fn v12_no_random_secret_is_refused() {
    for number in 0..100_000_u32 {
        let seed = number.to_be_bytes();
        let random = [digest(Hash::Sha512, &[&seed]), digest(Hash::Sha512, &[&seed, &[1]])].concat();
        for length in [32, 48, 64] {
            assert_eq!(refuse(&random[..length]), Ok(()), "{number}");
        }
        if number % 10 == 0 {
            for encoded in [Base64::encode_string(&random), Base64UrlUnpadded::encode_string(&random)] {
                assert_eq!(refuse(encoded.as_bytes()), Ok(()), "{number}");
            }
        }
    }
}
