//! Clusters of PostgreSQL for tests: real servers in temporary folders, run by a user without rights.

use std::fs::{self, File};
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A server with its data. Both go when this is dropped, or when the process of the test ends in any way.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) bin: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    /// Removes the folder when its standard input closes.
    _keeper: Kept,
    server: std::sync::Mutex<Option<Kept>>,
    databases: AtomicU32,
}

/// A process that ends with its standard input.
#[derive(Debug)]
struct Kept {
    child: Child,
    input: Option<ChildStdin>,
}

/// A database of a cluster that no other test uses.
#[derive(Debug)]
pub(crate) struct TestDatabase {
    /// Its address.
    pub(crate) url: String,
}

/// The cluster that the tests of this process share; `None`, and it is said, where PostgreSQL is not installed.
pub(crate) fn cluster() -> Option<&'static Cluster> {
    static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
    SHARED.get_or_init(|| Cluster::start(&[])).as_ref()
}

/// Where the programs of the newest installed version are.
#[expect(clippy::print_stdout, reason = "a test that does not run says so")]
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    // All programs are beside the one that a link may lead to.
    let program = folders.into_iter().rev().find_map(|folder| folder.join("initdb").canonicalize().ok());
    let found = program.and_then(|program| program.parent().map(Path::to_owned));
    if found.is_none() {
        assert!(std::env::var_os("JOTGATE_COMPLETE").is_none(), "PostgreSQL is not installed");
        println!("skipped: PostgreSQL is not installed (`apt-get install postgresql`)");
    }
    found
}

/// Runs the rest of a script as a user without rights, if this one is root: a server refuses to run as root.
const AS_USER: &str = "user() { if [ \"$(id -u)\" = 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups \"$@\"; else \"$@\"; fi; }\n";

impl Cluster {
    /// Makes a cluster, and starts its server with these further settings (`name=value`).
    pub(crate) fn start(settings: &[&str]) -> Option<Self> {
        let bin = programs()?;
        let cluster = Self::empty(bin);
        cluster.run(
            "initdb",
            &["-D", "data", "-U", "keys", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        );
        cluster.configure(settings);
        cluster.begin();
        Some(cluster)
    }

    /// A folder for a cluster.
    pub(crate) fn empty(bin: PathBuf) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let keeper = Kept::start(
            "chown -f nobody:nogroup \"$1\"; cat > /dev/null; sleep 0.2; rm -rf \"$1\"",
            &[&folder],
        );
        let cluster = Self {
            bin,
            folder,
            port,
            _keeper: keeper,
            server: std::sync::Mutex::default(),
            databases: AtomicU32::new(0),
        };
        if is_root() {
            until("the folder belongs to the user", || owner(&cluster.folder) != 0);
        }
        cluster
    }

    /// Writes the settings.
    pub(crate) fn configure(&self, settings: &[&str]) {
        let mut text = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\nmax_connections = 200\n",
            self.port,
            self.folder.display()
        );
        for setting in settings {
            let (name, value) = setting.split_once('=').unwrap();
            text.push_str(&format!("{name} = '{value}'\n"));
        }
        fs::write(self.folder.join("data/postgresql.auto.conf"), text).unwrap();
        // One role needs a password; the tests trust the others.
        let access = "host all locked 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\nlocal all all trust\n\
                      host replication all 127.0.0.1/32 trust\n";
        fs::write(self.folder.join("data/pg_hba.conf"), access).unwrap();
    }

    /// Runs a program of PostgreSQL in the folder, which must succeed.
    #[track_caller]
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) {
        let script = format!("{AS_USER}cd \"$1\"; shift; user \"$@\"");
        let output = Command::new("sh")
            .args(["-c", &script, "sh"])
            .arg(&self.folder)
            .arg(self.bin.join(program))
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts the server, and waits until it answers.
    pub(crate) fn begin(&self) {
        // The server ends with the pipe, also if this process is killed.
        let script = format!(
            "{AS_USER}cd \"$1\"; user \"$2\" -D data >> log 2>&1 & cat > /dev/null; \
             kill -INT $(head -n 1 \"$1/data/postmaster.pid\") 2> /dev/null; wait"
        );
        let kept = Kept::start(&script, &[&self.folder, &self.bin.join("postgres")]);
        *self.server.lock().unwrap() = Some(kept);
        let port = self.port.to_string();
        until("PostgreSQL answers", || {
            let ready = Command::new(self.bin.join("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &port])
                .status();
            ready.unwrap().success()
        });
    }

    /// Stops the server as for a restart, and waits for its end.
    pub(crate) fn stop(&self) {
        *self.server.lock().unwrap() = None;
    }

    /// A new, empty database.
    pub(crate) fn database(&self) -> TestDatabase {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::SeqCst));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        TestDatabase { url: format!("postgres://keys@127.0.0.1:{}/{name}", self.port) }
    }

    /// Runs a statement as the owner of everything; what it printed.
    #[track_caller]
    pub(crate) fn sql(&self, database: &str, statement: &str) -> String {
        let output = Command::new(self.bin.join("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "keys"])
            .args(["-p", &self.port.to_string(), "-d", database, "-c", statement])
            .output()
            .unwrap();
        assert!(output.status.success(), "{statement}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Kept {
    fn start(script: &str, arguments: &[&Path]) -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", script, "sh"]).args(arguments).stdin(Stdio::piped());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let input = child.stdin.take();
        Self { child, input }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits for an event, for half a minute at most.
#[track_caller]
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

fn owner(path: &Path) -> u32 {
    use std::os::unix::fs::MetadataExt as _;
    File::open(path).and_then(|file| file.metadata()).map_or(0, |found| found.uid())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").map_err(|_: io::Error| ()).is_ok_and(|found| found.uid() == 0)
}
