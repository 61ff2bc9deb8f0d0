//! `keys rotate --no-wait`: the command ends at once, and a running server finishes the rotation.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::program::{FAST, Program};

fn signer(program: &Program) -> String {
    program.state().signer().unwrap().kid().to_owned()
}

/// A store whose next successor may not sign yet: one rotation is just over.
fn just_rotated(arguments: &[&str]) -> Program {
    let program = Program::with_store(arguments);
    program.done(&["keys", "rotate", "--no-wait"]);
    program
}

#[test]
fn k13_the_first_rotation_without_waiting_is_done_at_once() {
    let program = Program::with_store(&[]);
    let before = signer(&program);
    let said = program.done(&["keys", "rotate", "--no-wait"]);
    assert!(said.contains(" signs now; "), "{said}");
    assert_ne!(signer(&program), before);
}

#[test]
fn k13_the_second_rotation_does_not_keep_the_shell_and_says_that_serve_finishes_it() {
    let program = just_rotated(&[]);
    let before = signer(&program);
    let start = Instant::now();
    let said = program.done(&["keys", "rotate", "--no-wait"]);
    assert!(start.elapsed() < Duration::from_secs(30), "the successor may not sign for minutes");
    assert!(said.starts_with("published ") && said.contains("; it may sign in 3"), "{said}");
    assert!(said.ends_with("a running `serve` finishes the rotation then\n"), "{said}");
    assert_eq!(signer(&program), before, "a key that is too young never signs");
    let kid = said.split([' ', ';']).nth(1).unwrap();
    let list: Value = serde_json::from_str(&program.done(&["keys", "list", "--json"])).unwrap();
    let row = list["keys"].as_array().unwrap().iter().find(|key| key["kid"] == kid).unwrap();
    assert_eq!((&row["next"]["step"], &row["next"]["at"]), (&"signs".into(), &row["may_sign_from"]));
    // A repeated request is the same request.
    let version = std::fs::read(program.path()).unwrap();
    assert!(program.done(&["keys", "rotate", "--no-wait"]).contains(kid));
    assert_eq!(std::fs::read(program.path()).unwrap(), version);
}

#[test]
fn k13_a_running_server_finishes_the_rotation() {
    let program = just_rotated(&FAST);
    let serving = program.serve();
    let before = signer(&program);
    let said = program.done(&["keys", "rotate", "--no-wait"]);
    let kid = said.split([' ', ';']).nth(1).unwrap();
    let may_sign_from = program.state().find(kid).unwrap().may_sign_from;
    let start = Instant::now();
    loop {
        // Read once: it may change at any time.
        let signs = signer(&program);
        if signs == kid {
            break;
        }
        assert_eq!(signs, before);
        assert!(start.elapsed() < Duration::from_secs(20), "{}", program.done(&["keys", "list"]));
        std::thread::sleep(Duration::from_millis(100));
    }
    let state = program.state();
    let Some(jotgate_keys::Phase::Signing { since }) = state.find(kid).map(|key| key.phase) else {
        panic!("{kid} signs")
    };
    assert!(since >= may_sign_from && state.next_signer().is_none());
    // The change comes before its line in the log.
    std::thread::sleep(Duration::from_secs(1));
    serving.signal("TERM");
    assert!(serving.ended().log.contains("the successor signs"));
}

#[test]
fn k13_without_a_server_a_later_rotation_finishes_it() {
    let program = just_rotated(&FAST);
    let said = program.done(&["keys", "rotate", "--no-wait"]);
    let kid = said.split([' ', ';']).nth(1).unwrap();
    let waited = program.done(&["keys", "rotate"]);
    assert!(waited.contains(&format!("{kid} signs now; ")), "{waited}");
    assert!(
        waited.contains(
            "to end here and let a running `serve` finish it: Ctrl-C, then `keys rotate --no-wait`\n"
        )
    );
    assert!(program.state().next_signer().is_none());
}

#[test]
fn k13_a_store_of_format_3_is_not_changed_and_the_upgrade_is_named() {
    let program = Program::with_format_3();
    // The algorithm has no ring in this store: its first key may never sign at once.
    let before = std::fs::read(program.path()).unwrap();
    let said = program.refused(&["keys", "rotate", "--algorithm", "ES384", "--no-wait"]);
    assert!(
        said.starts_with("a rotation that `serve` finishes (--no-wait): ") && said.contains("upgrade"),
        "{said}"
    );
    assert_eq!(std::fs::read(program.path()).unwrap(), before);
}
