//! A running server whose wall clock jumps, by libfaketime, which Debian has as the package `libfaketime`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::client::{ask, ask_token, get_set};
use crate::program::{Program, secret_in, until};

/// Where Debian puts the library, if it is installed.
pub(crate) fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.filter_map(Result::ok);
    folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|path| path.exists())
}

/// Sets the clock of the server off by so many seconds, at once.
pub(crate) fn set(file: &Path, seconds: i64) {
    let draft = file.with_extension("draft");
    fs::write(&draft, format!("{seconds:+}")).unwrap();
    fs::rename(draft, file).unwrap();
}

/// Lets the clock of a server be set by that file.
pub(crate) fn follow(command: &mut Command, library: &Path, clock: &Path) {
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", clock)
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that does not run says so")]
fn k3_a_running_server_whose_clock_jumps_changes_no_key_signs_nothing_and_is_unready() {
    let Some(library) = library() else {
        println!("skipped: libfaketime is not installed (`apt-get install libfaketime`)");
        return;
    };
    let program = Program::with_store(&["--replica-delay", "3"]);
    let added = program.done(&["clients", "add", "worker", "--audience", "https://api.example"]);
    let secret = secret_in(&added);
    let clock = program.path().with_file_name("clock");
    set(&clock, 0);
    let ops = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command =
        program.command(&["serve", "--listen", "127.0.0.1:0", "--ops-listen", &ops.to_string()]);
    follow(&mut command, &library, &clock);
    let serving = Program::serving(&mut command);
    let ready = || ask(ops, "GET", "/healthz/ready", &[]);
    let body = format!("grant_type=client_credentials&client_id=worker&client_secret={secret}");
    let token = || ask_token(serving.address, &[], &body).status;
    until("it is ready", || ready().status == 200 && token() == 200);
    let before = (get_set(serving.address).body, fs::read(program.path()).unwrap());
    for (by, code) in [(10 * 365 * 86_400, "clock_ahead: "), (-400 * 86_400, "clock_behind: ")] {
        set(&clock, by);
        until("the jump is seen", || ready().body.starts_with(code));
        assert_eq!((ready().status, token()), (503, 503));
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(ready().status, 503);
        set(&clock, 0);
        until("it is ready again", || ready().status == 200 && token() == 200);
        assert_eq!((get_set(serving.address).body, fs::read(program.path()).unwrap()), before, "{code}");
    }
}
