//! `docs/operations.md`: its commands are run, its unit is checked by systemd, its metrics exist.

mod fresh_debian;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::client::ask;
use crate::program::Program;
use crate::test_postgres::Cluster;

const PAGE: &str = include_str!("../../../../docs/operations.md");
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operations");
const UNIT: &str = include_str!("../../../../docs/operations/jotgate-keys.service");

/// What needs root or a running systemd. `systemctl` runs the unit's own `ExecStart`, and waits for it as systemd does.
const STAND_INS: &str = r#"
apt-get() { test "$1" = install; }
useradd() { test "$1" = --system; }
runuser() { test "$1 $3" = "-u --"; shift 3; "$@"; }
install() {
  local words=()
  while [ $# -gt 0 ]; do if [ "$1" = -o ]; then shift; else words+=("$1"); fi; shift; done
  command install "${words[@]}"
}
start() {
  $(commands_of jotgate-keys.service) > "$ROOT/out" 2>> "$ROOT/log" & echo $! > "$ROOT/pid"
  for turn in $(seq 200); do
    if grep -q listening "$ROOT/out" && curl -fs http://127.0.0.1:8412/healthz/ready > /dev/null; then return 0; fi
    sleep 0.1
  done
  cat "$ROOT/log" >&2; return 1
}
stop() { kill "$(cat "$ROOT/pid")"; while kill -0 "$(cat "$ROOT/pid")" 2> /dev/null; do sleep 0.05; done; }
reload() {
  local before
  before="$(grep -c 'was read again' "$ROOT/log")" || true
  kill -HUP "$(cat "$ROOT/pid")"
  for turn in $(seq 200); do
    if [ "$(grep -c 'was read again' "$ROOT/log")" -gt "$before" ]; then return 0; fi
    sleep 0.1
  done
  cat "$ROOT/log" >&2; return 1
}
commands_of() { sed -n 's/^ExecStart=//p' "/etc/systemd/system/$1" | sed s/%%/%/g; }
systemctl() {
  case "$*" in
    daemon-reload | "enable --now jotgate-keys-backup.timer") ;;
    "enable --now jotgate-keys" | "start jotgate-keys") start ;;
    "stop jotgate-keys") stop ;;
    "restart jotgate-keys") stop; start ;;
    "reload jotgate-keys") reload ;;
    "start jotgate-keys-backup.service") commands_of jotgate-keys-backup.service | (cd /var/backups/jotgate-keys && bash -e) ;;
    *) echo "systemctl $*: unknown" >&2; return 1 ;;
  esac
}
trap 'kill "$(cat "$ROOT/pid")"' EXIT
"#;

/// The blocks of shell commands of the page, in its order.
fn blocks() -> impl Iterator<Item = &'static str> {
    PAGE.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap())
}

/// The shell commands of the page for one machine with PostgreSQL. Other tests run those of a database elsewhere and of SQLite.
fn commands() -> impl Iterator<Item = &'static str> {
    blocks().filter(|block| !block.contains("db.example") && !block.contains("sqlite3"))
}

/// All but TLS, which needs nginx and the port 443.
#[test]
fn every_command_of_the_page_runs_in_its_order() {
    let Some(cluster) = Cluster::start(&[]) else { return };
    cluster.sql("postgres", "CREATE ROLE postgres LOGIN SUPERUSER");
    let root = tempfile::tempdir().unwrap();
    for folder in ["etc/systemd/system", "usr/local/bin", "var/lib", "operations"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    let [etc, var, local] =
        ["etc", "var", "usr/local"].map(|name| root.path().join(name).display().to_string());
    let free =
        || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (port, ops) = (free(), free());
    let here = |text: &str| {
        text.replace("?host=", &format!("?port={}&host=", cluster.port))
            .replace("/run/postgresql", &cluster.folder.display().to_string())
            .replace("/etc/", &format!("{etc}/"))
            .replace("/var/", &format!("{var}/"))
            .replace("/usr/local", &local)
            .replace("8411", &port)
            .replace("8412", &ops)
    };
    fs::copy(env!("CARGO_BIN_EXE_jotgate-keys"), root.path().join("jotgate-keys")).unwrap();
    for entry in fs::read_dir(FOLDER).unwrap() {
        let entry = entry.unwrap();
        let text = here(&fs::read_to_string(entry.path()).unwrap());
        fs::write(root.path().join("operations").join(entry.file_name()), text).unwrap();
    }
    let blocks: String = commands().filter(|block| !block.contains("/etc/ssl")).collect();
    let script = format!("set -euo pipefail\n{STAND_INS}\nexport JOTGATE_LISTEN=127.0.0.1:8411\n{blocks}");
    let path = format!("{local}/bin:{}:{}", cluster.bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-c", &here(&script)])
        .current_dir(root.path())
        .env("ROOT", root.path())
        .env("PATH", path)
        .env("PGPORT", cluster.port.to_string())
        .env_remove("JOTGATE_STORE")
        .output()
        .unwrap();
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    for said in ["the key", "ready\n", "nothing is unusual", "keys are revoked"] {
        assert!(text.contains(said), "`{said}` is not in {text}");
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a test that does not run says so")]
fn both_files_of_sqlite_are_backed_up_and_restored() {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        println!("skipped: sqlite3 is not installed (`apt-get install sqlite3`)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_jotgate-keys")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let run = |script: &str| {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(folder.path()).env("PATH", &path);
        let output = command.env_remove("JOTGATE_STORE").output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}: {text}");
        text.into_owned()
    };
    let [backup, restore] = blocks().filter(|block| block.contains("sqlite3")).collect::<Vec<_>>()[..] else {
        panic!("the page has one block to back up and one to restore");
    };
    let add = |name: &str| {
        run(&format!(
            "jotgate-keys clients add {name} --audience https://api.example
            echo 'correct horse battery staple {name}' | jotgate-keys users add {name}"
        ))
    };
    run("jotgate-keys init --issuer https://issuer.example");
    add("before");
    run(backup);
    add("after");
    assert!(run(restore).contains("the store goes on as version "));
    let listed = run("jotgate-keys clients list; jotgate-keys users list; jotgate-keys check");
    assert!(listed.matches("before").count() >= 2 && !listed.contains("after"), "{listed}");
}

#[test]
fn systemd_takes_the_unit_and_finds_it_hardly_exposed() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("jotgate-keys.service");
    fs::write(&unit, UNIT.replace("/usr/local/bin/jotgate-keys", env!("CARGO_BIN_EXE_jotgate-keys")))
        .unwrap();
    let analyze = |words: &[&str]| {
        let output = Command::new("systemd-analyze").args(words).arg(&unit).output();
        let output = output.expect("`systemd-analyze` is missing: install systemd");
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {text}");
        text
    };
    assert_eq!(analyze(&["verify", "--man=no"]), "");
    // The threshold is ten times the exposure: 2.0.
    let text = analyze(&["security", "--offline=true", "--threshold=20", "--no-pager"]);
    assert!(text.contains("Overall exposure level"), "{text}");
}

#[test]
fn a_service_manager_is_notified_of_readiness_reload_and_end() {
    let program = Program::with_store(&[]);
    let path = program.path().with_file_name("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let next = || {
        let mut bytes = [0; 256];
        let length = socket.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let mut command = program.command(&["serve", "--listen", "127.0.0.1:0"]);
    let serving = Program::serving(command.env("NOTIFY_SOCKET", &path));
    assert_eq!(next().trim(), "READY=1");
    serving.signal("HUP");
    let reloading = next();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(next().trim(), "READY=1");
    serving.signal("TERM");
    assert_eq!(next().trim(), "STOPPING=1");
    assert_eq!(serving.ended().code, Some(0));
}

#[test]
fn the_page_has_an_alert_for_each_metric_or_says_that_there_is_none() {
    let names = |text: &str| -> BTreeSet<String> {
        let words = text.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        words.filter(|word| word.starts_with("jotgate_") && word.len() > 8).map(str::to_owned).collect()
    };
    let documented =
        names(include_str!("../../../../docs/companion-logs.md").split("## Metrics").nth(1).unwrap());
    let alerts = names(PAGE.split("## Alerts").nth(1).unwrap().split("## When").next().unwrap());
    assert_eq!(alerts, documented);
    let program = Program::with_store(&[]);
    let (_serving, ops) = program.serve_with_ops();
    let real = names(&ask(ops, "GET", "/metrics", &[]).body);
    assert!(real.is_subset(&documented), "{:?}", real.difference(&documented));
}
