//! Rotations killed at many moments: the store stays whole, and no key is lost.

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use jotgate_keys::{SqliteStore, State, Store};

use crate::program::Program;

/// How many rotations are killed in each of the two changes that a rotation makes.
const KILLS: u32 = 12;

/// Reading checks the invariant: exactly one signing key, one successor at most, every key whole.
fn state(program: &Program) -> State {
    let (_, document) = SqliteStore::open(&program.path()).unwrap().load().unwrap();
    document.to_state().unwrap()
}

fn signer(state: &State) -> String {
    state.rings()[0].signer().unwrap().kid().to_owned()
}

fn journal(program: &Program) -> PathBuf {
    program.path().with_file_name("store.sqlite-journal")
}

/// Lets a rotation begin `changes` changes of the store, waits a moment, and kills it. Whether it was in time.
fn kill_in(program: &Program, changes: usize, moment: Duration) -> bool {
    let mut rotate = program.command(&["keys", "rotate"]).stdout(Stdio::null()).spawn().unwrap();
    let ended = |rotate: &mut Child| rotate.try_wait().unwrap().is_some();
    for change in 1..=changes {
        while !journal(program).exists() && !ended(&mut rotate) {}
        while change < changes && journal(program).exists() {}
    }
    std::thread::sleep(moment);
    rotate.kill().unwrap();
    !rotate.wait().unwrap().success()
}

#[test]
fn a_rotation_killed_at_any_moment_leaves_one_signer_and_every_key() {
    // Without a delay nothing is waited for between the two changes.
    let program = Program::with_store(&["--replica-delay", "0"]);
    let mut known = vec![signer(&state(&program))];
    let (mut killed, mut in_a_change, mut between) = (0, 0, 0);
    for kill in 0..2 * KILLS {
        let changes = if kill % 2 == 0 { 1 } else { 2 };
        killed += u32::from(kill_in(&program, changes, Duration::from_micros(200) * (kill / 2)));
        in_a_change += u32::from(journal(&program).exists());
        let after = state(&program);
        between += u32::from(after.rings()[0].staged().is_some());
        for kid in &known {
            assert!(after.find(kid).is_some(), "`{kid}` was lost by kill {kill}");
        }
        known = after.keys().map(|key| key.kid().to_owned()).collect();
        program.done(&["token", "--sub", "somebody"]);
    }
    // Else the kills came at moments of no interest.
    assert!(killed > 0 && in_a_change > 0 && between > 0, "{killed}, {in_a_change}, {between}");
    let before = signer(&state(&program));
    program.done(&["keys", "rotate"]);
    assert_ne!(signer(&state(&program)), before, "it still turns");
}
