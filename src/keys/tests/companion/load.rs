//! How many people log in and how many refresh tokens are used in a second: `cargo xtask load` prints and writes it.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::browser::{Browser, parameter};
use crate::client::try_form;
use crate::login::{self, PASSWORD, VERIFIER, request};
use crate::program::{Program, Serving};
use crate::test_postgres::Cluster;

/// How many clients work at once.
const CLIENTS: usize = 16;
/// How long each kind is measured, in seconds, if the variable `JOTGATE_LOAD_SECONDS` does not say it.
const SECONDS: u64 = 1;

/// Logs ada in; the refresh token.
fn log_in(server: SocketAddr) -> Option<String> {
    let answer = Browser::new(server).log_in(&request(""), "ada", PASSWORD);
    let code = parameter(&answer, "code")?;
    let form = format!(
        "grant_type=authorization_code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin&code={code}\
         &code_verifier={VERIFIER}"
    );
    refresh_token(server, &form)
}

fn refresh_token(server: SocketAddr, form: &str) -> Option<String> {
    let answer = try_form(server, "/token", form)?;
    let json: serde_json::Value = serde_json::from_str(&answer.body).ok()?;
    json["refresh_token"].as_str().map(str::to_owned)
}

/// Runs `work` with many clients at once for a while, each at one of the servers, and prints a line for `cargo xtask load`.
#[expect(clippy::print_stdout, reason = "what `cargo xtask load` reads")]
fn measure(what: &str, servers: &[Serving], work: impl Fn(SocketAddr, &mut Option<String>) -> bool + Sync) {
    let seconds = std::env::var("JOTGATE_LOAD_SECONDS").map_or(SECONDS, |seconds| seconds.parse().unwrap());
    let (times, failed) = (Mutex::new(vec![]), Mutex::new(0));
    let time = Duration::from_secs(seconds);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let server = servers[client % servers.len()].address;
            let (work, times, failed) = (&work, &times, &failed);
            scope.spawn(move || {
                let mut kept = log_in(server);
                let start = Instant::now();
                while start.elapsed() < time {
                    let began = Instant::now();
                    match work(server, &mut kept) {
                        true => times.lock().unwrap().push(began.elapsed()),
                        false => *failed.lock().unwrap() += 1,
                    }
                }
            });
        }
    });
    let (mut times, failed) = (times.into_inner().unwrap(), failed.into_inner().unwrap());
    times.sort_unstable();
    assert!(!times.is_empty() && failed == 0, "{what}: {} succeeded, {failed} failed", times.len());
    let slowest = times[times.len() * 99 / 100];
    let a_second = u64::try_from(times.len()).unwrap() / seconds;
    println!("load: {what} | {a_second} | {:.2}ms | {failed}", slowest.as_secs_f64() * 1000.0);
}

fn measure_both(place: &str, servers: &[Serving]) {
    measure(&format!("refreshes, {place}"), servers, |server, kept| {
        let token = kept.take().unwrap_or_default();
        let form = format!("grant_type=refresh_token&client_id=app&refresh_token={token}");
        *kept = refresh_token(server, &form);
        kept.is_some()
    });
    measure(&format!("logins, {place}"), servers, |server, _| log_in(server).is_some());
}

fn serve(program: &Program) -> Serving {
    let listen = ["serve", "--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1"];
    let arguments = [&listen[..], &["--attempts-per-address", "0", "--log-level", "warn"]].concat();
    Program::serving(&mut program.command(&arguments))
}

#[test]
#[ignore = "it measures: `cargo xtask load`"]
fn logins_and_refreshes_in_a_second_on_sqlite_and_on_postgresql() {
    let init = ["init", "--issuer", "https://issuer.example"];
    let sqlite = Program::with_store(&[]);
    login::add_ada(&sqlite);
    measure_both("SQLite", &[serve(&sqlite)]);
    let Some(cluster) = Cluster::start(&[]) else { return };
    let program = Program::in_database(&cluster.database().url);
    program.done(&init);
    login::add_ada(&program);
    measure_both("PostgreSQL, one server", &[serve(&program)]);
    measure_both("PostgreSQL, three servers", &[(); 3].map(|()| serve(&program)));
}
