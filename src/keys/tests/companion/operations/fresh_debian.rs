//! Runs the page word by word on a fresh Debian: real packages, users, systemd, nginx and a restart of the machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Starts the script when the machine has started. systemd ends with the script's exit status, and `systemd-nspawn` with it.
const RUN_PAGE: &str = "[Unit]\nAfter=multi-user.target\n[Service]\nType=exec\nEnvironment=HOME=/root\n\
     WorkingDirectory=/srv/jotgate\nStandardOutput=append:/srv/printed\nStandardError=append:/srv/printed\n\
     ExecStart=bash /srv/page.sh\n[Install]\nWantedBy=multi-user.target\n";

/// Runs the page in the first start of the machine, and its restore again as on a new machine. Then the service must outlast a
/// database that is away, and a restart.
const AROUND: &str = r#"
set -euo pipefail
ready() {
  for turn in $(seq 200); do curl -fs http://127.0.0.1:8412/healthz/ready && return; sleep 0.1; done
  return 1
}
ended() {
  code=$?
  [ $code = 0 ] || journalctl --no-pager --lines=60
  systemctl exit $code
}
trap ended EXIT
if [ ! -e /srv/restarted ]; then
  . /srv/commands.sh
  systemctl stop jotgate-keys
  mv /var/lib/jotgate-keys/kek /srv/kek
  rm /var/lib/jotgate-keys/mark*
  install -o jotgate-keys -m 0600 /srv/kek /var/lib/jotgate-keys/kek
  . /srv/restore.sh
  systemctl stop postgresql
  systemctl restart --no-block jotgate-keys
  for turn in $(seq 300); do
    restarts=$(systemctl show --property=NRestarts --value jotgate-keys)
    [ "$restarts" -lt 7 ] || break
    sleep 0.1
  done
  systemctl start postgresql
  ready
  touch /srv/restarted
  trap - EXIT
  systemctl reboot
else
  ready
  curl --fail --silent --show-error https://issuer.example/.well-known/jwks.json
fi
"#;

/// The exit status of `systemd-nspawn` if the machine asked to be started again.
const RESTARTED: i32 = 133;

/// Runs a command; returns what it printed.
fn run(words: &[&str]) -> String {
    let output = Command::new(words[0]).args(&words[1..]).output();
    let output = output.unwrap_or_else(|error| panic!("`{}`: {error}", words[0]));
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {}\n{text}", output.status);
    text.into_owned()
}

/// Why a Debian cannot be started here.
fn obstacle(release: &str) -> Option<&'static str> {
    let runs = |words: &[&str]| {
        Command::new(words[0]).args(&words[1..]).output().is_ok_and(|output| output.status.success())
    };
    if !release.lines().any(|line| line == "ID=debian") {
        return Some("the program is built for the C library of this machine, which is not a Debian");
    }
    if run(&["id", "-u"]).trim() != "0" {
        return Some("only root can start a Debian in a container");
    }
    if !runs(&["debootstrap", "--version"]) || !runs(&["systemd-nspawn", "--version"]) {
        return Some(
            "debootstrap or systemd-nspawn is missing (`apt-get install debootstrap systemd-container`)",
        );
    }
    None
}

/// A Debian as `debootstrap` makes it, with the packages of the page downloaded but not installed. It is kept for the next time.
fn fresh(codename: &str, install: &str) -> PathBuf {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("debian-{codename}"));
    let complete = kept.join("srv/complete");
    if fs::read_to_string(&complete).is_ok_and(|packages| packages == install) {
        return kept;
    }
    let tree = kept.to_str().unwrap();
    run(&["rm", "-rf", "--one-file-system", tree]);
    run(&["debootstrap", "--include=dbus", codename, tree]);
    let download = format!("apt-get update && {install} --download-only");
    run(&["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "-D", tree, "sh", "-c", &download]);
    fs::write(complete, install).unwrap();
    kept
}

#[test]
#[ignore = "`cargo xtask assure` runs it: it downloads and starts a Debian"]
#[expect(clippy::print_stdout, reason = "a test that does not run says so")]
fn the_page_runs_word_by_word_on_a_fresh_debian() {
    let release = fs::read_to_string("/etc/os-release").unwrap();
    if let Some(why) = obstacle(&release) {
        println!("skipped: {why}");
        return;
    }
    let codename = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME=")).unwrap();
    let commands: String = super::commands().collect();
    let install = commands.lines().find(|line| line.starts_with("apt-get install")).unwrap();
    let kept = fresh(codename, install);
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let root = folder.path().join("debian");
    let at = |path: &str| root.join(path).display().to_string();
    run(&["cp", "-a", kept.to_str().unwrap(), root.to_str().unwrap()]);
    // What the page takes for granted: files that were copied, a name, a certificate.
    run(&["mkdir", "-p", &at("srv/jotgate"), &at("etc/ssl/issuer.example")]);
    run(&["cp", env!("CARGO_BIN_EXE_jotgate-keys"), &at("srv/jotgate/jotgate-keys")]);
    run(&["cp", "-r", super::FOLDER, &at("srv/jotgate/operations")]);
    fs::write(at("etc/hosts"), "127.0.0.1 localhost fresh issuer.example\n").unwrap();
    fs::write(at("etc/hostname"), "fresh\n").unwrap();
    let certificate = at("etc/ssl/issuer.example/fullchain.pem");
    let names = ["-subj", "/CN=issuer.example", "-addext", "subjectAltName=DNS:issuer.example"];
    let own = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let files = ["-days", "9", "-out", &certificate, "-keyout", &at("etc/ssl/issuer.example/privkey.pem")];
    run(&[&own[..], &names, &files].concat());
    run(&["install", "-D", &certificate, &at("usr/local/share/ca-certificates/issuer.example.crt")]);
    fs::write(at("srv/commands.sh"), &commands).unwrap();
    let restore = super::commands().find(|block| block.contains("pg_restore")).unwrap();
    fs::write(at("srv/restore.sh"), restore).unwrap();
    fs::write(at("srv/page.sh"), AROUND).unwrap();
    fs::write(at("etc/systemd/system/page.service"), RUN_PAGE).unwrap();
    run(&["systemctl", &format!("--root={}", root.display()), "enable", "page.service"]);

    // A network of its own: its ports are those of the page.
    let start = ["systemd-nspawn", "--boot", "--quiet", "--private-network", "--register=no", "--keep-unit"];
    for ending in [RESTARTED, 0] {
        let mut boot = Command::new("timeout");
        boot.arg("900").args(start).args(["--console=pipe", "-D"]).arg(&root);
        let output = boot.output().unwrap();
        let printed = fs::read_to_string(root.join("srv/printed")).unwrap_or_default();
        let console = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(ending), "{console}\n{printed}");
    }
    let printed = fs::read_to_string(root.join("srv/printed")).unwrap();
    for said in
        ["the key", "ready", "\"keys\"", "nothing is unusual", "keys are revoked", "goes on as version"]
    {
        assert!(printed.contains(said), "`{said}` is not in {printed}");
    }
    for complaint in ["Permission denied", "not found", "WARN", "rror:"] {
        assert!(!printed.contains(complaint), "`{complaint}` is in {printed}");
    }
}
