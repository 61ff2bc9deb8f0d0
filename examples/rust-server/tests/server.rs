//! The server as a process, with a real `jotgate-keys` as its issuer.
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const AUDIENCE: &str = "https://api.example";
const ISSUER: &str = "https://issuer.example";

/// A server that is killed at the end of the test.
struct Running {
    child: Child,
    url: String,
}

impl Running {
    /// Starts it, and waits until it prints its address.
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim_end().strip_prefix("listening on ").unwrap().to_owned();
        Self { child, url }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The companion, with a store in a folder of its own.
struct Companion {
    binary: PathBuf,
    folder: tempfile::TempDir,
}

impl Companion {
    fn new() -> Self {
        // Cargo puts the binaries of the workspace beside each other.
        let binary = Path::new(env!("CARGO_BIN_EXE_rust-server")).with_file_name("jotgate-keys");
        assert!(binary.exists(), "build `{}` first: cargo build --workspace", binary.display());
        let companion = Self { binary, folder: tempfile::tempdir().unwrap() };
        companion.run(&["init", "--issuer", ISSUER]);
        companion
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(arguments).env("JOTGATE_STORE", self.folder.path().join("keys/store.sqlite"));
        for name in ["JOTGATE_KEK", "JOTGATE_CONFIG", "JOTGATE_LISTEN"] {
            command.env_remove(name);
        }
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn serve(&self, listen: &str) -> Running {
        Running::start(&mut self.command(&["serve", "--listen", listen]))
    }

    fn token(&self, scope: &str, audience: &str) -> String {
        self.run(&["token", "--sub", "ada", "--scope", scope, "--audience", audience])
    }
}

/// The server of this example with the keys at that address.
fn server(keys: &str) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rust-server"));
    let jwks = format!("{keys}/.well-known/jwks.json");
    command.envs([
        ("ISSUER", ISSUER),
        ("AUDIENCE", AUDIENCE),
        ("JWKS_URL", &jwks),
        ("LISTEN", "127.0.0.1:0"),
    ]);
    Running::start(&mut command)
}

/// What the server answers: status, challenge and body.
#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    challenge: String,
    retry_after: String,
    body: String,
}

fn ask(method: &str, server: &Running, authorization: &[&str]) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = ureq::http::Request::builder().method(method).uri(format!("{}/items", server.url));
    for field in authorization {
        request = request.header("authorization", *field);
    }
    let mut answer = agent.run(request.body(()).unwrap()).unwrap();
    let field =
        |name: &str| answer.headers().get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let (challenge, retry_after) = (field("www-authenticate"), field("retry-after"));
    let status = answer.status().as_u16();
    Answer { status, challenge, retry_after, body: answer.body_mut().read_to_string().unwrap() }
}

#[track_caller]
fn answers(answer: &Answer, status: u16, challenge: &str) {
    assert_eq!((answer.status, answer.challenge.as_str()), (status, challenge), "{answer:?}");
}

#[test]
fn a_good_token_passes_and_every_other_request_gets_the_answer_of_rfc_6750() {
    let companion = Companion::new();
    let issuer = companion.serve("127.0.0.1:0");
    let server = server(&issuer.url);
    let bearer = |scope: &str, audience: &str| format!("Bearer {}", companion.token(scope, audience));
    let good = bearer("items:read", AUDIENCE);

    let answer = ask("GET", &server, &[&good]);
    assert_eq!((answer.status, answer.body.as_str()), (200, "items of ada\n"));
    assert_eq!(ask("POST", &server, &[&bearer("items:read items:write", AUDIENCE)]).body, "added by ada\n");

    answers(&ask("GET", &server, &[]), 401, r#"Bearer realm="items", scope="items:read""#);
    answers(
        &ask("POST", &server, &[&good]),
        403,
        r#"Bearer realm="items", error="insufficient_scope", scope="items:write", error_description="the token lacks scopes""#,
    );
    answers(
        &ask("GET", &server, &[&bearer("items:read", "https://other.example")]),
        401,
        r#"Bearer realm="items", error="invalid_token", scope="items:read", error_description="the token's aud is not accepted""#,
    );
    answers(
        &ask("GET", &server, &[&good, &good]),
        400,
        r#"Bearer realm="items", error="invalid_request", scope="items:read", error_description="the Authorization header is there more than once""#,
    );
    // One character of the signature.
    let at = good.len() - 40;
    let other = if good.get(at..=at) == Some("A") { "B" } else { "A" };
    let mut forged = good.clone();
    forged.replace_range(at..=at, other);
    answers(
        &ask("GET", &server, &[&forged]),
        401,
        r#"Bearer realm="items", error="invalid_token", scope="items:read", error_description="the signature does not match""#,
    );
}

#[test]
fn after_an_emergency_new_tokens_pass_at_once_and_old_ones_are_refused() {
    let companion = Companion::new();
    let issuer = companion.serve("127.0.0.1:0");
    let server = server(&issuer.url);
    let old = format!("Bearer {}", companion.token("items:read", AUDIENCE));
    assert_eq!(ask("GET", &server, &[&old]).status, 200);
    let published = || {
        let url = format!("{}/.well-known/jwks.json", issuer.url);
        ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap()
    };
    let before = published();
    companion.run(&["keys", "emergency", "--yes"]);
    let new = format!("Bearer {}", companion.token("items:read", AUDIENCE));
    // The companion publishes within a second. The server fetches the set again because of the unknown key.
    until(|| published() != before);
    assert_eq!(ask("GET", &server, &[&new]).status, 200);
    assert_eq!(ask("GET", &server, &[&old]).status, 401);
}

#[test]
fn without_keys_requests_with_a_token_get_503_until_the_issuer_answers() {
    let companion = Companion::new();
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let server = server(&format!("http://{address}"));
    let good = format!("Bearer {}", companion.token("items:read", AUDIENCE));
    let answer = ask("GET", &server, &[&good]);
    assert_eq!((answer.status, answer.challenge.as_str()), (503, ""));
    assert!(answer.retry_after.parse::<u32>().unwrap() >= 1, "{answer:?}");
    // Whether there are keys does not matter to a request without a token.
    assert_eq!(ask("GET", &server, &[]).status, 401);
    let _issuer = companion.serve(&address);
    until(|| ask("GET", &server, &[&good]).status == 200);
}

#[test]
fn the_commands_of_the_page_start_both_servers_and_get_an_answer() {
    let page = include_str!("../../../docs/rust.md");
    let commands = page.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_rust-server"));
    let free =
        || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (issuer, listen) = (free(), free());
    let commands = commands
        .replace("cargo run --package rust-server", &binary.display().to_string())
        .replace("8411", &issuer)
        .replace("3000", &listen);
    let folder = tempfile::tempdir().unwrap();
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    let script = format!("set -euo pipefail\ntrap 'kill $(jobs -p)' EXIT\n{commands}");
    command.args(["-c", &script]).current_dir(folder.path()).env("PATH", path);
    // The page's `serve` and server listen on other ports here, beside whatever runs on this machine.
    command.env("JOTGATE_LISTEN", format!("127.0.0.1:{issuer}")).env("LISTEN", format!("127.0.0.1:{listen}"));
    let output = command.env_remove("JOTGATE_STORE").env_remove("JOTGATE_KEK").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("200 OK") && text.contains("items of ada"), "{text}");
}

/// Waits for an event, for twenty seconds at most.
#[track_caller]
fn until(mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(50));
    }
}
