//! Runs real shell scripts through [`run`].

use super::*;

fn sh(script: &str, limit: Duration) -> Output {
    run(Command::new("sh").args(["-c", script]), limit, &Step::quiet()).unwrap()
}

#[test]
fn a_command_that_prints_for_ever_is_stopped_at_the_limit() {
    let output = sh("while :; do echo on and on; done", Duration::from_millis(300));
    assert!(!output.succeeded && output.ending.starts_with("took longer"), "{}", output.ending);
}

#[test]
fn a_silent_command_is_stopped_at_the_limit() {
    let output = sh("sleep 600", Duration::from_millis(50));
    assert!(!output.succeeded && output.ending.starts_with("took longer"), "{}", output.ending);
}

#[test]
fn both_outputs_are_complete_and_separate() {
    let output = sh("echo one; echo two >&2; printf three", Duration::from_secs(60));
    assert!(output.succeeded);
    assert_eq!((output.standard_output(), output.standard_error()), ("one\nthree\n".into(), "two\n".into()));
}
