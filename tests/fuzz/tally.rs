//! Verdicts enter, their counts leave: once a second, as `cargo xtask fuzz` wants to know that none was only ever refused.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use jotgate_crypto::Algorithm;

/// What came of one algorithm's signatures.
#[derive(Clone, Copy, Default)]
struct Counts {
    accepted: u64,
    refused: u64,
    meant: u64,
}

struct Tally {
    counts: [Counts; Algorithm::ALL.len()],
    told: Option<Instant>,
}

static TALLY: Mutex<Tally> = Mutex::new(Tally {
    counts: [Counts { accepted: 0, refused: 0, meant: 0 }; Algorithm::ALL.len()],
    told: None,
});

/// How often the counts are told.
const EVERY: Duration = Duration::from_secs(1);

/// Counts a signature that all judged alike; `meant` says that aws-lc-rs or RustCrypto takes a key that ours refuses on purpose.
pub(crate) fn count(algorithm: Algorithm, accepted: bool, meant: bool) {
    let mut tally = TALLY.lock().expect("a panic ends the process");
    let counts = &mut tally.counts[algorithm as usize];
    *if accepted { &mut counts.accepted } else { &mut counts.refused } += 1;
    counts.meant += u64::from(meant);
}

/// `tally: ES256 12 34 0, …`: accepted, refused, and of these meant to be; on standard error, among libFuzzer's own lines.
pub(crate) fn tell() {
    let mut tally = TALLY.lock().expect("a panic ends the process");
    if tally.told.is_some_and(|told| told.elapsed() < EVERY) {
        return;
    }
    tally.told = Some(Instant::now());
    let rows: Vec<String> = Algorithm::ALL
        .iter()
        .zip(&tally.counts)
        .map(|(algorithm, Counts { accepted, refused, meant })| {
            format!("{} {accepted} {refused} {meant}", algorithm.name())
        })
        .collect();
    eprintln!("tally: {}", rows.join(", "));
}
