//! Commands that cannot be undone ask first: on a terminal, or by the flag `--yes`.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::program::Program;

/// Runs a command on a pseudo-terminal, types a line there, and returns whether it succeeded and what was shown.
fn on_a_terminal(program: &Program, arguments: &[&str], line: &str) -> (bool, String) {
    let plain = program.command(arguments);
    let words = plain.get_args().map(|word| format!("'{}'", word.to_str().unwrap()));
    let shell = words.fold("\"$JOTGATE_KEYS\"".to_owned(), |shell, word| shell + " " + &word);
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &shell, "/dev/null"]);
    script.env("JOTGATE_STORE", program.path()).env_remove("JOTGATE_KEK");
    script.env("JOTGATE_KEYS", plain.get_program());
    script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(line.as_bytes()).unwrap();
    stdin.flush().unwrap();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

/// Each command that cannot be undone, the word that confirms it, and what it says that it does.
fn commands(kid: &str) -> [(Vec<&str>, &'static str, &'static str); 3] {
    [
        (
            vec!["clients", "remove", "worker"],
            "remove",
            "This removes the client `worker` of https://issuer.example",
        ),
        (vec!["keys", "revoke", kid], "revoke", "It signs now: its successor signs at once."),
        (vec!["keys", "emergency"], "emergency", "This revokes all "),
    ]
}

fn prepared() -> (Program, String) {
    let program = Program::with_store(&[]);
    program.done(&["clients", "add", "worker", "--audience", "api"]);
    let kid = program.state().signer().unwrap().kid().to_owned();
    (program, kid)
}

#[test]
fn k12_without_a_terminal_and_without_yes_nothing_is_changed() {
    let (program, kid) = prepared();
    let before = std::fs::read(program.path()).unwrap();
    for (arguments, word, _) in commands(&kid) {
        let said = program.refused(&arguments);
        let words = format!(
            "nothing was changed: `{word}` cannot be undone and was not confirmed; confirm it on a terminal, or add --yes"
        );
        assert_eq!(said, words);
        assert_eq!(std::fs::read(program.path()).unwrap(), before);
    }
}

#[test]
fn k12_on_a_terminal_the_command_says_what_it_will_do_and_takes_only_its_own_word() {
    for index in 0..3 {
        let (program, kid) = prepared();
        let before = std::fs::read(program.path()).unwrap();
        let (arguments, word, consequence) = commands(&kid)[index].clone();
        for typed in ["\n", "y\n", "yes\n", "EMERGENCY\n"] {
            let (done, shown) = on_a_terminal(&program, &arguments, typed);
            assert!(!done && shown.contains("nothing was changed"), "{arguments:?} {typed:?}: {shown}");
            assert_eq!(std::fs::read(program.path()).unwrap(), before);
        }
        let (done, shown) = on_a_terminal(&program, &arguments, &format!("{word}\n"));
        assert!(done && shown.contains(consequence), "{arguments:?}: {shown}");
        assert!(shown.contains(&format!("Type `{word}` to go on: ")), "{shown}");
        assert_ne!(std::fs::read(program.path()).unwrap(), before);
    }
}

#[test]
fn k12_with_yes_it_is_done_at_once() {
    let (program, kid) = prepared();
    for (arguments, ..) in commands(&kid) {
        program.done(&[&arguments[..], &["--yes"]].concat());
    }
    let state = program.state();
    assert!(state.clients().is_empty() && state.find(&kid).is_none());
    assert!(state.revoked().len() >= 2, "the revoked key, and those that emergency revoked");
}

#[test]
fn k12_what_is_not_there_is_named_before_anything_is_asked() {
    let program = Program::with_store(&[]);
    assert_eq!(program.refused(&["clients", "remove", "worker"]), "there is no client `worker`");
    assert_eq!(program.refused(&["keys", "revoke", "unknown"]), "there is no key `unknown`");
}
