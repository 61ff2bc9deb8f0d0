//! HMAC: makes a secret, a message and its MAC, then changes them.

use jotgate_crypto::{Algorithm, Hash, KeyParts};

use crate::input::Input;
use crate::verdicts::{Case, judge, mac};

/// Longer than any block of the hashes, so that some secrets are hashed.
const LONGEST: usize = 300;

pub(crate) fn run(algorithm: Algorithm, input: &mut Input<'_>) {
    let mut secret = match input.below(4) {
        0 => {
            let length = input.below(LONGEST);
            input.bytes(length)
        }
        1 => [&b"-----BEGIN PUBLIC KEY-----"[..], &input.bytes(8)].concat(),
        _ => {
            let length = input.below(LONGEST);
            input.spread(length)
        }
    };
    let mut message = input.message();
    let other = match input.below(8) {
        0 => Hash::Sha256,
        1 => Hash::Sha384,
        2 => Hash::Sha512,
        _ => algorithm.facts().hash,
    };
    let mut made = mac(other, &secret, &message);
    let case = |secret: &[u8], message: &[u8], made: &[u8]| Case {
        algorithm,
        key: KeyParts::Secret(secret.to_vec().into()),
        message: message.to_vec(),
        signature: made.to_vec(),
    };
    judge(&case(&secret, &message, &made), None);
    for _ in 0..input.below(4) {
        match input.below(4) {
            0 => input.flip(&mut made),
            1 => input.resize(&mut made),
            2 => input.change_message(&mut message),
            // HMAC pads short secrets with zeros, so an appended zero may change nothing.
            _ => secret.push(input.byte()),
        }
    }
    judge(&case(&secret, &message, &made), None);
}
