//! A disk that takes no more: a command that has to write fails, and what is there stays; a server goes on with what it has.
//!
//! The limit on the size of files simulates a full disk: it fails in the same places, and needs no disk of its own.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::client::{ask_token, get_set};
use crate::program::{Program, secret_in};

/// The same command with a limit on the size of its files, in blocks of the shell.
fn limited(program: &Program, blocks: u32, arguments: &[&str]) -> Command {
    let plain = program.command(arguments);
    let mut shell = Command::new("sh");
    // Else the first write too many would end it by a signal.
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    shell.args(["-c", &limited]).arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.current_dir(plain.get_current_dir().unwrap()).stdin(Stdio::null());
    shell
}

#[test]
fn an_init_without_room_leaves_no_store_and_the_next_one_makes_it() {
    let program = Program::new();
    let init = ["init", "--issuer", "https://issuer.example"];
    let output = limited(&program, 4, &init).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("the store can't be used: "), "{said}");
    let names = fs::read_dir(program.path().parent().unwrap()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["store.sqlite.kek"]);
    program.done(&init);
    program.done(&["token", "--sub", "somebody"]);
}

#[test]
fn a_change_without_room_is_refused_and_the_store_is_as_it_was() {
    let program = Program::with_store(&[]);
    let kids = || program.state().keys().map(|key| key.kid().to_owned()).collect::<Vec<_>>();
    let before = (kids(), fs::read(program.path()).unwrap());
    for command in
        [vec!["keys", "stage", "--algorithm", "EdDSA"], vec!["keys", "rotate"], vec!["keys", "rekey"]]
    {
        let output = limited(&program, 0, &command).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains("the store can't be used: "), "{said}");
        assert_eq!((kids(), fs::read(program.path()).unwrap()), before, "{command:?}");
    }
    program.done(&["keys", "rekey"]);
    program.done(&["keys", "stage", "--algorithm", "EdDSA"]);
}

#[test]
fn a_server_that_can_write_nothing_goes_on_with_what_it_has_and_says_so() {
    let times = "--max-age 1 --replica-delay 3 --clock-difference 0 --fetch-time 1 --period 5";
    let program = Program::with_store(&times.split(' ').collect::<Vec<_>>());
    let added = program.done(&["clients", "add", "worker", "--audience", "api"]);
    let secret = secret_in(&added);
    let serve = ["serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--log-format", "json"];
    let serving = Program::serving(&mut limited(&program, 0, &serve));
    let before = get_set(serving.address).body;
    let form = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    // Four seconds after the period, in which each look fails, and longer than the replica delay.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(9) {
        assert_eq!(get_set(serving.address).body, before);
        assert_eq!(
            ask_token(serving.address, &[], &form).status,
            200,
            "what it signs with is still the store's"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(program.state().keys().count(), 2, "nothing was written");
    serving.signal("TERM");
    let log = serving.ended().log;
    assert!(log.contains("not ready; the published set stays") && log.contains("store_unavailable"), "{log}");
}
