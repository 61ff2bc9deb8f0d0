//! Commands with a file or an input that is missing, unreadable or garbled: each says in one line what is wrong and what to do.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::program::Program;

const COMMANDS: [&[&str]; 7] = [
    &["check"],
    &["keys", "list"],
    &["keys", "rotate", "--no-wait"],
    &["token", "--sub", "a", "--audience", "b"],
    &["clients", "list"],
    &["users", "list"],
    &["serve", "--listen", "127.0.0.1:0"],
];

/// What breaks a file, and the words that every command says then.
type Broken = (fn(&Path), &'static [&'static str]);

/// Bytes that are neither UTF-8 nor SQLite.
const GARBLED: &[u8] = &[0xfe; 5000];

/// A store with a person, in a ledger.
fn with_a_person() -> Program {
    let program = Program::with_store(&[]);
    program.add_user(&["ada"], "correct horse battery staple");
    program
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

/// Runs commands on a broken store: all are refused with these words.
#[track_caller]
fn all_refused(program: &Program, commands: &[&[&str]], words: &[&str]) {
    for command in commands {
        let said = program.refused(command);
        for word in words {
            assert!(said.contains(word), "{command:?} does not say `{word}`: {said}");
        }
    }
}

#[test]
fn a_broken_store_is_named_with_what_to_do() {
    let broken: [Broken; 6] = [
        (
            |path| fs::remove_file(path).unwrap(),
            &["there is no store at", "`jotgate-keys init` makes one", "--store"],
        ),
        (|path| write(path, b""), &["is not a store of this program", "from its backup", "--store"]),
        (|path| write(path, GARBLED), &["is not a store of this program", "from its backup", "--store"]),
        (
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
            },
            &["is not a store of this program", "--store"],
        ),
        (
            |path| fs::File::options().write(true).open(path).unwrap().set_len(5000).unwrap(),
            &["is damaged", "backup", "keys restored"],
        ),
        (
            |path| {
                let mut bytes = fs::read(path).unwrap();
                bytes[4100..7000].fill(0x55);
                write(path, &bytes);
            },
            &["is damaged", "nothing was changed", "backup", "keys restored"],
        ),
    ];
    for (break_it, words) in broken {
        let program = with_a_person();
        break_it(&program.path());
        all_refused(&program, &COMMANDS, &[&["store.sqlite"], words].concat());
    }
}

#[test]
fn a_broken_key_encryption_key_is_named_with_what_to_do() {
    let no_key: &'static [&str] = &["contains no key-encryption key", "put back", "from its backup"];
    let broken: [Broken; 4] = [
        (
            |path| fs::remove_file(path).unwrap(),
            &[
                "the key-encryption key `",
                "is missing",
                "put it back from its backup",
                "--kek-file",
                "JOTGATE_KEK_FILE",
                "a new issuer alone",
            ],
        ),
        (|path| write(path, b""), no_key),
        (|path| write(path, GARBLED), no_key),
        (
            |path| {
                fs::remove_file(path).unwrap();
                fs::create_dir(path).unwrap();
                fs::set_permissions(path, Permissions::from_mode(0o700)).unwrap();
            },
            no_key,
        ),
    ];
    for (break_it, words) in broken {
        let program = with_a_person();
        break_it(&program.kek_path());
        all_refused(&program, &COMMANDS, &[&["store.sqlite.kek`"], words].concat());
    }
    for value in ["", "short", "%%%"] {
        let program = with_a_person();
        let output = program.command(&["check"]).env("JOTGATE_KEK", value).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains("the variable JOTGATE_KEK contains no key-encryption key"), "{said}");
        assert!(value.is_empty() || !said.contains(value), "{said}");
    }
}

#[test]
fn a_broken_mark_or_ledger_is_named_with_what_to_do() {
    let program = with_a_person();
    write(&program.path().with_file_name("store.sqlite.kek.mark"), GARBLED);
    all_refused(
        &program,
        &COMMANDS,
        &["store.sqlite.kek.mark`", "it is no mark", "remove it if", "--mark-file"],
    );
    let program = with_a_person();
    let ledger = program.path().with_file_name("store.sqlite.ledger");
    fs::remove_file(&ledger).unwrap();
    fs::create_dir(&ledger).unwrap();
    let words = ["store.sqlite.ledger`", "is not a ledger of this program", "backup", "--ledger-file"];
    all_refused(&program, &[&["users", "list"], &["serve", "--listen", "127.0.0.1:0"]], &words);
}

#[test]
fn files_that_the_user_of_the_program_may_not_use_are_named_with_what_to_do() {
    let program = with_a_person();
    let folder = program.path().parent().unwrap().to_owned();
    // Root may read every file, so another user runs the commands, with a copy of the program that it can reach.
    let reachable = folder.join("jotgate-keys");
    fs::copy(env!("CARGO_BIN_EXE_jotgate-keys"), &reachable).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    let refused = |words: &[&str]| {
        let mut command =
            std::process::Command::new(if is_root { "setpriv".as_ref() } else { reachable.as_os_str() });
        if is_root {
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&reachable);
        }
        let output = command.args(["keys", "list", "--store"]).arg(program.path()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
    };
    // The folder of the test is closed to others.
    for path in [folder.parent().unwrap(), &folder] {
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }
    if is_root {
        refused(&["store.sqlite` can't be opened", "must belong to the user"]);
        for path in [program.path(), folder.join("store.sqlite.kek.mark")] {
            std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
        }
    }
    fs::set_permissions(program.kek_path(), Permissions::from_mode(0o000)).unwrap();
    refused(&["the key-encryption key", "can't be read (Permission denied", "mode 0600", "--kek-file"]);
}

#[test]
fn a_broken_configuration_or_password_is_named_with_what_to_do() {
    let program = with_a_person();
    let path = program.path().with_file_name("config.toml");
    let named = path.display().to_string();
    all_refused(
        &program,
        &[&["--config", &named, "check"]],
        &[&named, "No such file", "--config or JOTGATE_CONFIG"],
    );
    write(&path, GARBLED);
    all_refused(&program, &[&["--config", &named, "check"]], &[&named, "UTF-8", "TOML"]);
    // A value that only `serve` reads.
    write(&path, b"listen = \"nowhere\"\n");
    let checked = program.run(&["--config", &named, "check"]);
    let said = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(checked.status.code(), Some(3));
    assert!(
        said.starts_with("serve_refused: `serve` would not start: invalid value 'nowhere' for '--listen"),
        "{said}"
    );
    for (input, words) in [
        (&b""[..], "stdin has no password: write it as the first line"),
        (b"\n", "at least 15 characters"),
        (&GARBLED[..100], "the password can't be read from stdin"),
    ] {
        let mut command = program.command(&["users", "add", "bob"]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
        assert!(said.contains(words), "{said}");
    }
}
