//! Runs the binary with arguments on a store of its own, and returns its output.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::client::ask;
use jotgate_keys::{Keeper, KekSource, PostgresDatabase, PostgresStore, SqliteStore, State, Store};

/// Settings with which a successor may sign after five seconds.
pub(crate) const FAST: [&str; 8] =
    ["--max-age", "1", "--replica-delay", "3", "--clock-difference", "0", "--fetch-time", "1"];

/// The secret in what `clients add` and `clients secret add` print.
#[track_caller]
pub(crate) fn secret_in(said: &str) -> &str {
    said.lines().find_map(|line| line.strip_prefix("client_secret: ")).unwrap()
}

/// Waits for an event, for twenty seconds at most.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) struct Program {
    folder: tempfile::TempDir,
    /// The address of the database with the store; `None` for a file.
    database: Option<String>,
}

/// `serve`, killed if a test fails before it is stopped.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    child: Child,
    out: BufReader<std::process::ChildStdout>,
}

/// One of several servers of an issuer, with a folder, a key-encryption key and a high-water mark of its own.
pub(crate) struct Replica {
    pub(crate) program: Program,
    pub(crate) serving: Serving,
    pub(crate) ops: SocketAddr,
}

impl Replica {
    #[track_caller]
    pub(crate) fn start(program: Program) -> Self {
        let (serving, ops) = program.serve_with_ops();
        Self { program, serving, ops }
    }

    pub(crate) fn is_ready(&self) -> bool {
        ask(self.ops, "GET", "/healthz/ready", &[]).status == 200
    }
}

/// How `serve` ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// What it printed after the first line.
    pub(crate) out: String,
    pub(crate) log: String,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: None }
    }

    /// With its store in that database, which may have none yet.
    pub(crate) fn in_database(url: &str) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: Some(url.to_owned()) }
    }

    /// With a store, made with these further arguments.
    #[track_caller]
    pub(crate) fn with_store(arguments: &[&str]) -> Self {
        let program = Self::new();
        program.done(&[&["init", "--issuer", "https://issuer.example"], arguments].concat());
        program
    }

    /// With the store of format 3 that `tests/format3` holds.
    pub(crate) fn with_format_3() -> Self {
        Self::with_fixture("format3")
    }

    /// With the store of format 4 that `tests/format4` holds.
    pub(crate) fn with_format_4() -> Self {
        Self::with_fixture("format4")
    }

    fn with_fixture(name: &str) -> Self {
        let program = Self::new();
        SqliteStore::prepare(&program.path()).unwrap();
        let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name);
        for path in [program.path(), program.kek_path()] {
            std::fs::copy(fixture.join(path.file_name().unwrap()), &path).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        program
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("keys").join("store.sqlite")
    }

    /// What is in the store.
    pub(crate) fn state(&self) -> State {
        Keeper::new(self.store(), KekSource::File(self.kek_path())).unwrap().load().unwrap().1
    }

    fn store(&self) -> Arc<dyn Store> {
        match &self.database {
            Some(url) => {
                let database = PostgresDatabase::open(&url.parse().unwrap()).unwrap();
                Arc::new(PostgresStore::open(Arc::new(database)).unwrap())
            }
            None => Arc::new(SqliteStore::open(&self.path()).unwrap()),
        }
    }

    /// The secrets: the key-encryption key, and the private keys as they are stored.
    #[track_caller]
    pub(crate) fn secrets(&self) -> Vec<String> {
        let (_, document) = self.store().load().unwrap();
        let text = String::from_utf8(document.as_bytes().to_vec()).unwrap();
        let keys =
            text.split("\"private\":\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned());
        let mut secrets: Vec<String> = keys.collect();
        secrets.push(std::fs::read_to_string(self.kek_path()).unwrap().trim().to_owned());
        assert!(secrets.iter().all(|secret| secret.len() > 40) && secrets.len() > 2);
        secrets
    }

    pub(crate) fn kek_path(&self) -> PathBuf {
        match self.database {
            Some(_) => self.folder.path().join("jotgate-keys/postgres.kek"),
            None => self.path().with_file_name("store.sqlite.kek"),
        }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jotgate-keys"));
        command
            .args(arguments)
            .env("JOTGATE_STORE", self.database.as_ref().map_or_else(|| self.path(), PathBuf::from))
            .env_remove("JOTGATE_KEK")
            .current_dir(self.folder.path());
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs what must succeed, silently on stderr; what it printed.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{arguments:?}: {out}");
        out
    }

    /// Runs what must succeed with that text on stdin; what it printed.
    #[track_caller]
    pub(crate) fn with_input(&self, arguments: &[&str], input: &str) -> String {
        Self::run_with_input(&mut self.command(arguments), input)
    }

    /// Runs a command that must succeed with that text on stdin; what it printed.
    #[track_caller]
    pub(crate) fn run_with_input(command: &mut Command, input: &str) -> String {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{command:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Adds a person with that password.
    #[track_caller]
    pub(crate) fn add_user(&self, arguments: &[&str], password: &str) -> String {
        self.with_input(&[&["users", "add"][..], arguments].concat(), &format!("{password}\n"))
    }

    /// Runs what must fail with exit code 1; the one line that it said.
    #[track_caller]
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout), (Some(1), vec![]), "{arguments:?}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
        err.strip_prefix("jotgate-keys: ").unwrap().trim_end().to_owned()
    }

    #[track_caller]
    pub(crate) fn serve(&self) -> Serving {
        // Tests fail as often as they like, from one address.
        Self::serving(&mut self.command(&["serve", "--listen", "127.0.0.1:0", "--attempts-per-address", "0"]))
    }

    /// A `serve` with its operator's listener, and the address of that.
    #[track_caller]
    pub(crate) fn serve_with_ops(&self) -> (Serving, SocketAddr) {
        // Free a moment ago; the address of this listener is not printed.
        let ops = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let ops_text = ops.to_string();
        let listen = ["serve", "--listen", "127.0.0.1:0", "--ops-listen", &ops_text];
        let arguments = [&listen[..], &["--attempts-per-address", "0"]].concat();
        (Self::serving(&mut self.command(&arguments)), ops)
    }

    /// Starts a `serve`, and waits until it listens.
    #[track_caller]
    pub(crate) fn serving(command: &mut Command) -> Serving {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let (scheme, address) = line.strip_prefix("listening on ").unwrap().split_once("://").unwrap();
        assert!(["http", "https"].contains(&scheme), "{line}");
        let address = address.trim_end().parse().unwrap();
        Serving { address, child, out }
    }
}

impl Serving {
    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// Kills it, and waits for its end.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Goes away as a reader of its log.
    pub(crate) fn drop_log(&mut self) {
        drop(self.child.stderr.take().unwrap());
    }

    pub(crate) fn ended(mut self) -> Ended {
        let (mut out, mut log) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        Ended { code: self.child.wait().unwrap().code(), out, log }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already where the test got on.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
