//! Compares the time to make an access token with the time of its signature alone (aws-lc-rs). Both are measured in turns, in one process.
//!
//! Run it by `cargo run --release --package jotgate-keys --example signing`.

use std::hint::black_box;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jotgate_keys::{KeyPair, RsaSize, Settings, Signer, SigningAlgorithm, State, Times, TokenRequest};

const ROUNDS: usize = 41;
const BATCH: u32 = 1000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let now = 1_800_000_000;
    let settings = Settings::new(Times::default().shortest())?;
    let pair = KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default())?;
    let signer = Signer::new(&State::new("https://issuer.example".parse()?, settings, pair.into(), now))?;
    let audience = ["https://api.example".to_owned()];
    let request = TokenRequest::new("worker", None, &audience, Some("items:read items:write"), 1800)?;
    let token = signer.sign(&request, now)?;
    let (message, _) = token.rsplit_once('.').ok_or("a token has dots")?;

    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
    let direct = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref())?;

    let (mut ours, mut theirs) = (vec![], vec![]);
    for _ in 0..ROUNDS {
        ours.push(time(|| signer.sign(black_box(&request), now).is_ok()));
        theirs.push(time(|| direct.sign(&random, black_box(message).as_bytes()).is_ok()));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    print(&format!(
        "ES256: a token in {ours:.1} µs, the signature alone by aws-lc-rs in {theirs:.1} µs: {:.2} times",
        ours / theirs
    ));
    Ok(())
}

/// Returns the microseconds of one call.
fn time(call: impl Fn() -> bool) -> f64 {
    let began = Instant::now();
    let done = (0..BATCH).all(|_| black_box(call()));
    assert!(done, "every signature is made");
    began.elapsed().as_secs_f64() * 1e6 / f64::from(BATCH)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(ROUNDS / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
fn print(line: &str) {
    println!("{line}");
}
