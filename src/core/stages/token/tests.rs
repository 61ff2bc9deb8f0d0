//! Tests of `token.rs`.

use alloc::{string::ToString, vec, vec::Vec};

use super::*;

#[test]
fn parts_are_found_wherever_the_dots_stand() {
    for length in 0..40 {
        for one in 0..length {
            for other in 0..length {
                // Next to dots: bytes that differ from a dot in one bit, and the highest byte.
                for fill in [0, b'/', 0xae, 0xff, b'a'] {
                    let mut token = vec![fill; length];
                    (token[one], token[other]) = (b'.', b'.');
                    let expected: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
                    match (Parts::split(&token, 40), expected.as_slice()) {
                        (Ok(found), [header, payload, signature]) => {
                            assert_eq!((found.header, found.payload), (*header, *payload));
                            assert_eq!(found.signature, *signature);
                            assert_eq!(found.signing_input, [*header, *payload].join(&b'.'));
                        }
                        (Err(Refusal::TokenParts { found }), parts) => {
                            assert_eq!(found, parts.len());
                            assert_ne!(found, 3);
                        }
                        (found, parts) => panic!("{found:?} {parts:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn a_token_falls_into_three_parts() {
    let parts = Parts::split(b"aa.b.cc", 7).unwrap();
    assert_eq!((parts.header, parts.payload, parts.signature), (&b"aa"[..], &b"b"[..], &b"cc"[..]));
    assert_eq!(parts.signing_input, b"aa.b");
}

#[test]
fn any_other_number_of_parts_is_refused() {
    for token in ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e", "...."] {
        let found = token.split('.').count();
        assert_eq!(
            Parts::split(token.as_bytes(), 99).unwrap_err(),
            Refusal::TokenParts { found },
            "`{token}`"
        );
    }
}

#[test]
fn v19_an_encrypted_token_is_called_one() {
    let refusal = Parts::split(b"a.b.c.d.e", 9).unwrap_err();
    assert_eq!(refusal.code(), "token_parts");
    assert!(refusal.to_string().contains("encrypted token (JWE)"), "{refusal}");
    assert!(Parts::split(b"a.b.c.d", 9).unwrap_err().to_string().contains("4 parts"));
}

#[test]
fn a_token_is_refused_one_byte_past_the_limit() {
    assert!(Parts::split(b"a.b.c", 5).is_ok());
    assert_eq!(Parts::split(b"a.b.cc", 5).unwrap_err(), Refusal::TokenTooLong { maximum: 5 });
}
