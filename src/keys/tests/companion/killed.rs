//! Rotations killed at many moments: the store stays whole, and no key is lost.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

use jotgate_keys::State;

use crate::program::{FAST, Program};

/// How many rotations are killed, shared out among stores that are worked on at once: most of the time a successor has to
/// get old.
const KILLS: u32 = 50;
const STORES: u32 = 5;

/// What the kills of one store came to.
#[derive(Debug, Default)]
struct Tally {
    killed: u32,
    in_a_change: u32,
    after_it: u32,
}

fn signer(state: &State) -> String {
    state.signer().unwrap().kid().to_owned()
}

fn journal(program: &Program) -> PathBuf {
    program.path().with_file_name("store.sqlite-journal")
}

/// Waits until the successor may sign, so that the next rotation changes the store at once.
fn until_it_may_sign(state: &State) {
    let from = state.rings()[0].staged().unwrap().may_sign_from;
    while SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() < from {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Lets a rotation begin its change of the store, waits a moment, and kills it. Whether it was in time.
fn kill_in(program: &Program, moment: Duration) -> bool {
    let mut rotate = program.command(&["keys", "rotate"]).stdout(Stdio::null()).spawn().unwrap();
    let ended = |rotate: &mut Child| rotate.try_wait().unwrap().is_some();
    while !journal(program).exists() && !ended(&mut rotate) {}
    std::thread::sleep(moment);
    rotate.kill().unwrap();
    !rotate.wait().unwrap().success()
}

fn kill_many(kills: u32) -> Tally {
    let program = Program::with_store(&FAST);
    let mut known: Vec<String> = vec![];
    let mut tally = Tally::default();
    for kill in 0..kills {
        // Reading checks the invariant: exactly one signing key, one successor at most, every key whole.
        let before = program.state();
        until_it_may_sign(&before);
        let in_time = kill_in(&program, Duration::from_micros(300) * kill);
        let in_a_change = journal(&program).exists();
        let after = program.state();
        tally.killed += u32::from(in_time);
        tally.in_a_change += u32::from(in_a_change);
        tally.after_it += u32::from(in_time && signer(&after) != signer(&before));
        for kid in &known {
            assert!(after.find(kid).is_some(), "`{kid}` was lost by kill {kill}");
        }
        known = after.keys().map(|key| key.kid().to_owned()).collect();
        assert!(after.rings()[0].staged().is_some(), "a successor is always published");
        program.done(&["token", "--sub", "somebody"]);
    }
    let before = program.state();
    program.done(&["keys", "rotate"]);
    assert_ne!(signer(&program.state()), signer(&before), "it still turns");
    tally
}

#[test]
fn a_rotation_killed_at_any_moment_leaves_one_signer_and_every_key() {
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..STORES).map(|_| scope.spawn(|| kill_many(KILLS / STORES))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // Else the kills came at moments of no interest.
    let sum = |of: fn(&Tally) -> u32| tallies.iter().map(of).sum::<u32>();
    let sums = [sum(|tally| tally.killed), sum(|tally| tally.in_a_change)];
    assert!(sums.iter().all(|&sum| sum > 0), "{tallies:?}");
}
