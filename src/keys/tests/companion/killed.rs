//! Commands killed at many moments: the store stays whole, no key is lost, and nothing stays lying about.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime};

use jotgate_keys::State;
use rusqlite::Connection;

use crate::program::{FAST, Program};

/// How many rotations are killed, if the variable `JOTGATE_KILLS` does not say it: its long form is `cargo xtask assure`.
const KILLS: u32 = 50;
/// How many of them each store sees. The stores are worked on at once: most of the time a successor has to get old.
const KILLS_OF_A_STORE: u32 = 10;
/// How many of each other command are killed, if the same variable does not say it.
const KILLS_OF_A_COMMAND: u32 = 20;
/// Every so many turns a reader holds up the commit, so that the kill comes in the middle of it for certain.
const HELD_UP: u32 = 4;

/// The results of the kills of one store.
#[derive(Debug, Default)]
struct Tally {
    killed: u32,
    in_a_change: u32,
    after_it: u32,
}

fn signer(state: &State) -> String {
    state.signer().unwrap().kid().to_owned()
}

/// The journal of a change that is under way, or was when its process was killed: its length and when it was written.
fn journal(program: &Program) -> Option<(u64, SystemTime)> {
    let journal = fs::metadata(program.path().with_file_name("store.sqlite-journal")).ok()?;
    Some((journal.len(), journal.modified().unwrap()))
}

/// Waits until the successor may sign, so that the next rotation changes the store at once.
fn until_it_may_sign(state: &State) {
    let from = state.rings()[0].staged().unwrap().may_sign_from;
    while SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs() < from {
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A reader that prevents commits: the journal is written, but not committed.
fn reader(program: &Program) -> Connection {
    let reader = Connection::open(program.path()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let tables =
        reader.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, u32>(0)).unwrap();
    assert!(tables > 0);
    reader
}

/// Lets a rotation begin its change of the store, waits a moment, and kills it. Whether it was in time.
fn kill_in(program: &Program, moment: Duration) -> bool {
    let before = journal(program);
    let mut rotate = program.command(&["keys", "rotate"]).stdout(Stdio::null()).spawn().unwrap();
    let ended = |rotate: &mut Child| rotate.try_wait().unwrap().is_some();
    while journal(program) == before && !ended(&mut rotate) {}
    std::thread::sleep(moment);
    rotate.kill().unwrap();
    !rotate.wait().unwrap().success()
}

fn kill_many(kills: u32) -> Tally {
    let program = Program::with_store(&FAST);
    let mut known: Vec<String> = vec![];
    let mut tally = Tally::default();
    let mut turn: u32 = 0;
    // One that ended before its kill came is not counted.
    while tally.killed < kills {
        // Reading checks the invariant: exactly one signing key, one successor at most, every key whole.
        let before = program.state();
        until_it_may_sign(&before);
        let reader = turn.is_multiple_of(HELD_UP).then(|| reader(&program));
        let in_time = kill_in(&program, Duration::from_micros(300) * (turn % KILLS_OF_A_STORE));
        let in_a_change = journal(&program).is_some();
        assert!(reader.is_none() || in_a_change, "a commit that was held up is killed in the middle of it");
        drop(reader);
        let after = program.state();
        tally.killed += u32::from(in_time);
        tally.in_a_change += u32::from(in_a_change);
        tally.after_it += u32::from(in_time && signer(&after) != signer(&before));
        for kid in &known {
            assert!(after.find(kid).is_some(), "`{kid}` was lost in turn {turn}");
        }
        known = after.keys().map(|key| key.kid().to_owned()).collect();
        assert!(after.rings()[0].staged().is_some(), "a successor is always published");
        program.done(&["token", "--sub", "somebody"]);
        turn += 1;
    }
    let before = program.state();
    program.done(&["keys", "rotate"]);
    assert_ne!(signer(&program.state()), signer(&before), "it still turns");
    tally
}

/// Starts a command, and kills it after that part of the `whole` time that it takes. Whether it was in time.
fn kill_after(program: &Program, arguments: &[&str], whole: &mut Duration, part: f64) -> bool {
    let after = whole.mul_f64(part);
    let mut child = program.command(arguments).stdout(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    child.kill().unwrap();
    let in_time = !child.wait().unwrap().success();
    if !in_time {
        // It had ended by then: on a machine that has less to do than before it takes no longer than that.
        *whole = after;
    }
    in_time
}

/// How long a command takes on this machine.
fn time(program: &Program, arguments: &[&str]) -> Duration {
    let start = Instant::now();
    program.done(arguments);
    start.elapsed()
}

fn names(program: &Program) -> Vec<String> {
    let folder = fs::read_dir(program.path().parent().unwrap()).unwrap();
    let mut names: Vec<String> =
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// The parts of its time after which a command is killed.
fn parts() -> impl Iterator<Item = f64> {
    let kills = kills(KILLS_OF_A_COMMAND);
    (0..kills).map(move |turn| f64::from(turn) / f64::from(kills))
}

/// How many kills were asked for.
fn kills(usual: u32) -> u32 {
    std::env::var("JOTGATE_KILLS").map_or(usual, |kills| kills.parse().unwrap())
}

#[test]
fn an_init_killed_at_any_moment_leaves_a_whole_store_or_none_and_the_next_command_tidies_up() {
    let init = ["init", "--issuer", "https://issuer.example"];
    let mut whole = time(&Program::new(), &init);
    let (mut in_time, mut without) = (0, 0);
    for part in parts() {
        let program = Program::new();
        in_time += u32::from(kill_after(&program, &init, &mut whole, part));
        if !program.path().exists() {
            without += 1;
            program.done(&init);
        }
        program.done(&["token", "--sub", "somebody"]);
        assert_eq!(names(&program), ["store.sqlite", "store.sqlite.kek", "store.sqlite.kek.mark"]);
    }
    assert!(in_time > 2 && without > 0, "{in_time} killed in time, {without} before there was a store");
}

#[test]
fn a_rekey_killed_at_any_moment_leaves_a_store_that_opens_and_the_next_one_tidies_up() {
    let program = Program::with_store(&[]);
    let rekey = ["keys", "rekey"];
    let mut whole = time(&program, &rekey);
    let mut in_time = 0;
    for part in parts() {
        in_time += u32::from(kill_after(&program, &rekey, &mut whole, part));
        program.done(&["token", "--sub", "somebody"]);
    }
    program.done(&rekey);
    assert_eq!(fs::read_to_string(program.kek_path()).unwrap().lines().count(), 1);
    assert_eq!(names(&program), ["store.sqlite", "store.sqlite.kek", "store.sqlite.kek.mark"]);
    assert!(in_time > 2, "{in_time} killed in time");
}

#[test]
#[expect(clippy::print_stdout, reason = "what `cargo xtask assure` shows")]
fn a_rotation_killed_at_any_moment_leaves_one_signer_and_every_key() {
    let stores = kills(KILLS).div_ceil(KILLS_OF_A_STORE);
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..stores).map(|_| scope.spawn(|| kill_many(KILLS_OF_A_STORE))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let sum = |of: fn(&Tally) -> u32| tallies.iter().map(of).sum::<u32>();
    println!(
        "{} rotations were killed, {} of them in the middle of a change, {} behind it",
        sum(|tally| tally.killed),
        sum(|tally| tally.in_a_change),
        sum(|tally| tally.after_it),
    );
}
