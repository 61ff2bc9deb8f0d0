//! Makes a signature from the bytes that libFuzzer chooses, then changes it. jotgate-crypto, RustCrypto and
//! aws-lc-rs must agree on both; the first difference ends the run. Both RSA kernels compute, also that of
//! WebAssembly.
//!
//! | module | what it contains |
//! |---|---|
//! | `ecdsa` | keys, nonces, and keys made for a signature, so that each number in it can be chosen |
//! | `eddsa` | keys and signatures with parts of small order, and their other encodings |
//! | `rsa_key` | keys that sign any encoding of a message |
//! | `mac` | secrets and MACs |
//! | `verdicts` | the three verdicts, and each intended difference |
//! | `input`, `numbers`, `tally` | choices, arithmetic and counts for all of them |
//!
//! `cargo xtask fuzz` builds it with instrumentation and runs it.
#![no_main]

mod ecdsa;
mod eddsa;
mod input;
mod mac;
mod numbers;
mod rsa_key;
mod tally;
mod verdicts;

use jotgate_crypto::{Algorithm, Curve, Family};

use input::Input;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::of(data);
    // Each algorithm is equally likely.
    let algorithm = input.pick(&Algorithm::ALL);
    match (algorithm.facts().family, algorithm.facts().curve) {
        (Family::Hmac, _) => mac::run(algorithm, &mut input),
        (Family::RsaPkcs1 | Family::RsaPss, _) => rsa_key::run(algorithm, &mut input),
        (Family::Ecdsa, Some(Curve::P256)) => ecdsa::run(&ecdsa::P256, &mut input),
        (Family::Ecdsa, Some(Curve::P384)) => ecdsa::run(&ecdsa::P384, &mut input),
        (Family::Ecdsa, _) => ecdsa::run(&ecdsa::P521, &mut input),
        (Family::Ed25519, _) => eddsa::run(algorithm, &mut input),
    }
    tally::print();
});
