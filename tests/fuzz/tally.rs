//! Counts the verdicts and prints them once a second. `cargo xtask fuzz` fails if an algorithm was only ever
//! accepted or refused.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use jotgate_crypto::Algorithm;

/// The counts of one algorithm.
#[derive(Clone, Copy, Default)]
struct Counts {
    accepted: u64,
    refused: u64,
    meant: u64,
}

struct Tally {
    counts: [Counts; Algorithm::ALL.len()],
    printed: Option<Instant>,
}

static TALLY: Mutex<Tally> = Mutex::new(Tally {
    counts: [Counts { accepted: 0, refused: 0, meant: 0 }; Algorithm::ALL.len()],
    printed: None,
});

/// How often the counts are printed.
const EVERY: Duration = Duration::from_secs(1);

/// Counts a signature on which all agree. `meant`: aws-lc-rs or RustCrypto accepts the key, and ours refuses it
/// on purpose.
pub(crate) fn count(algorithm: Algorithm, accepted: bool, meant: bool) {
    let mut tally = TALLY.lock().expect("a panic ends the process");
    let counts = &mut tally.counts[algorithm as usize];
    *if accepted { &mut counts.accepted } else { &mut counts.refused } += 1;
    counts.meant += u64::from(meant);
}

/// Prints `tally: ES256 12 34 0, …` to standard error: accepted, refused, and refused on purpose.
pub(crate) fn print() {
    let mut tally = TALLY.lock().expect("a panic ends the process");
    if tally.printed.is_some_and(|printed| printed.elapsed() < EVERY) {
        return;
    }
    tally.printed = Some(Instant::now());
    let rows: Vec<String> = Algorithm::ALL
        .iter()
        .zip(&tally.counts)
        .map(|(algorithm, Counts { accepted, refused, meant })| {
            format!("{} {accepted} {refused} {meant}", algorithm.name())
        })
        .collect();
    eprintln!("tally: {}", rows.join(", "));
}
