//! `healthcheck`, as a container runtime runs it.

use std::fs;
use std::net::TcpListener;
use std::process::Command;

use crate::program::{Program, Serving, until};

const DOCKERFILE: &str = include_str!("../../../../docs/operations/Dockerfile");

/// The value of the only line of the Dockerfile that begins with that.
fn line(start: &str) -> &'static str {
    let mut lines = DOCKERFILE.lines().filter_map(|line| line.strip_prefix(start));
    let found = lines.next().unwrap();
    assert_eq!(lines.next(), None, "{start}");
    found
}

/// The words of an instruction in the form of JSON.
fn words(json: &str) -> Vec<String> {
    serde_json::from_str(&json[json.find('[').unwrap()..]).unwrap()
}

/// An address that was free a moment ago.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn the_image_runs_what_its_health_check_asks() {
    let program = Program::with_store(&[]);
    let ops = free();
    let (name, _) = line("ENV ").split_once("=127.0.0.1:").unwrap();
    // The image has port numbers of its own, this machine may use them.
    let with_image = |mut command: Command| {
        command.env(name, &ops);
        command
    };
    let entry = words(line("ENTRYPOINT "));
    assert_eq!(entry, ["jotgate-keys"]);
    let check = words(line("HEALTHCHECK "));
    assert_eq!(check[..1], entry);
    let check: Vec<&str> = check[1..].iter().map(String::as_str).collect();
    let run = || with_image(program.command(&check)).output().unwrap();
    let before = run();
    let said = String::from_utf8(before.stderr).unwrap();
    assert_eq!((before.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.contains(&format!("does `serve` run with --ops-listen {ops}?")), "{said}");

    let serve: Vec<String> =
        words(line("CMD ")).iter().map(|word| word.replace("0.0.0.0:8411", "127.0.0.1:0")).collect();
    let serve: Vec<&str> = serve.iter().map(String::as_str).collect();
    let serving = Program::serving(&mut with_image(program.command(&serve)));
    let output = run();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"live\n"[..]));
    serving.signal("TERM");
    assert_eq!(serving.ended().code, Some(0));
}

#[test]
fn a_server_without_its_store_lives_and_is_not_ready() {
    let program = Program::with_store(&[]);
    let (serving, ops): (Serving, _) = program.serve_with_ops();
    // The listener is on every address of the machine, and the check asks at loopback.
    let everywhere = format!("0.0.0.0:{}", ops.port());
    let config = program.path().with_file_name("config.toml");
    fs::write(&config, format!("ops-listen = \"{everywhere}\"\n")).unwrap();
    let config = config.display().to_string();
    until("it is ready", || {
        program.run(&["--config", &config, "healthcheck", "--ready"]).stdout == b"ready\n"
    });
    fs::remove_file(program.path()).unwrap();
    let mut said = String::new();
    until("it is not ready", || {
        let output = program.run(&["healthcheck", "--ready", "--ops-listen", &everywhere]);
        said = String::from_utf8(output.stderr).unwrap();
        output.status.code() == Some(1)
    });
    assert!(said.contains("/healthz/ready: 503: store_"), "{said}");
    assert_eq!(program.done(&["healthcheck", "--ops-listen", &everywhere]), "live\n");
    drop(serving);
}

#[test]
fn an_address_that_is_missing_or_of_another_program_is_said() {
    let program = Program::new();
    let said = program.refused(&["healthcheck"]);
    assert!(said.contains("--ops-listen") && said.contains("JOTGATE_OPS_LISTEN"), "{said}");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = other.local_addr().unwrap().to_string();
    let answers = std::thread::spawn(move || {
        use std::io::Write as _;
        other.accept().unwrap().0.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").unwrap();
    });
    let said = program.refused(&["healthcheck", "--ops-listen", &address]);
    assert!(said.contains(&address), "{said}");
    answers.join().unwrap();
}
