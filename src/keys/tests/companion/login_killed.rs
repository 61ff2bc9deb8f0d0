//! `serve` killed during logins and refreshes: no code and no refresh token is used twice, and no login that ended comes back.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::browser::{Browser, parameter};
use crate::client::try_form;
use crate::login::{PASSWORD, VERIFIER, request, served};
use crate::program::{Program, Serving};

/// How many servers are killed, if the variable `JOTGATE_KILLS` does not say it.
const KILLS: u32 = 50;
/// How many programs refresh at once.
const CLIENTS: usize = 4;

/// What the clients know of one login.
#[derive(Debug, Default)]
struct Login {
    /// The refresh token that was received last.
    token: String,
    /// It was ended by a use of an old token.
    ended: bool,
}

fn post(server: SocketAddr, form: &str) -> Option<(u16, Value)> {
    let answer = try_form(server, "/token", form)?;
    Some((answer.status, serde_json::from_str(&answer.body).ok()?))
}

fn redeem(server: SocketAddr, code: &str) -> Option<(u16, Value)> {
    let form = format!(
        "grant_type=authorization_code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin&code={code}\
         &code_verifier={VERIFIER}"
    );
    post(server, &form)
}

fn refresh(server: SocketAddr, token: &str) -> Option<(u16, Value)> {
    post(server, &format!("grant_type=refresh_token&client_id=app&refresh_token={token}"))
}

/// Many old tokens come from one address, which may fail as often as it likes.
fn serve(program: &Program) -> Serving {
    let unlimited = ["--attempts-per-address", "0", "--trusted-proxy", "127.0.0.1"];
    Program::serving(&mut program.command(&[&["serve", "--listen", "127.0.0.1:0"][..], &unlimited].concat()))
}

#[test]
#[expect(clippy::print_stdout, reason = "what `cargo xtask assure` shows")]
fn a_server_killed_during_logins_and_refreshes_uses_nothing_twice_and_revives_nothing() {
    let kills = std::env::var("JOTGATE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let (program, _) = served();
    let mut serving = serve(&program);
    let mut browser = Browser::new(serving.address);
    let mut redeemed: Vec<String> = vec![];
    let mut ended: Vec<String> = vec![];
    let mut refreshes = 0;
    let mut codes: Vec<String> = vec![];
    for turn in 0..kills {
        browser.moved_to(serving.address);
        // Two codes: one to be redeemed while the server is killed, one for a login that ends.
        while codes.len() < 2 {
            let page = browser.get(&request(""));
            let answer = match page.body.contains("type=\"password\"") {
                true => browser.log_in(&request(""), "ada", PASSWORD),
                false => browser.submit(&request(""), &page, &[("step", "allow")]),
            };
            codes.push(parameter(&answer, "code").unwrap());
        }
        let (killed_code, code) = (codes.pop().unwrap(), codes.pop().unwrap());
        let (_, json) = redeem(serving.address, &code).unwrap();
        let zero = json["refresh_token"].as_str().unwrap().to_owned();
        redeemed.push(code);
        // One login is ended for good by the use of an old token.
        if turn % 5 == 0 {
            let one =
                refresh(serving.address, &zero).unwrap().1["refresh_token"].as_str().unwrap().to_owned();
            let two = refresh(serving.address, &one).unwrap().1["refresh_token"].as_str().unwrap().to_owned();
            assert_eq!(refresh(serving.address, &zero).unwrap().0, 400);
            ended.push(two);
        }
        let address = serving.address;
        let stop = AtomicBool::new(false);
        let successes = Mutex::new(vec![]);
        let login = Mutex::new(Login { token: zero, ended: turn % 5 == 0 });
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    if let Some((200, json)) = redeem(address, &killed_code) {
                        successes.lock().unwrap().push(json["refresh_token"].as_str().unwrap().to_owned());
                    }
                });
            }
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let mut login = login.lock().unwrap();
                    if login.ended {
                        break;
                    }
                    match refresh(address, &login.token) {
                        Some((200, json)) => login.token = json["refresh_token"].as_str().unwrap().to_owned(),
                        Some(_) => login.ended = true,
                        None => break,
                    }
                }
            });
            std::thread::sleep(Duration::from_micros(700 * u64::from(turn % 40)));
            serving.kill();
            stop.store(true, Ordering::Relaxed);
        });
        assert!(TcpStream::connect(address).is_err());
        drop(serving);
        serving = serve(&program);
        let successes = successes.into_inner().unwrap();
        assert!(successes.len() <= 1, "turn {turn}: a code was redeemed {} times", successes.len());
        // What was redeemed before the kill is not redeemed after it; a code may be lost with its answer.
        let again = redeem(serving.address, &killed_code).unwrap();
        assert!(successes.is_empty() || again.0 == 400, "turn {turn}: the code was redeemed twice");
        if again.0 == 200 {
            redeemed.push(killed_code);
        }
        // The login goes on with the token that was received last: its answer may be lost, not its successor.
        let login = login.into_inner().unwrap();
        if !login.ended {
            let (status, json) = refresh(serving.address, &login.token).unwrap();
            assert_eq!(status, 200, "turn {turn}: {json}");
            refreshes += 1;
        }
    }
    for token in &ended {
        assert_eq!(refresh(serving.address, token).unwrap().0, 400, "a login that ended came back");
    }
    let distinct: BTreeSet<&String> = redeemed.iter().collect();
    assert_eq!(distinct.len(), redeemed.len());
    for code in redeemed.iter().rev().take(5) {
        assert_eq!(redeem(serving.address, code).unwrap().0, 400);
    }
    println!(
        "{kills} servers were killed; {refreshes} logins went on, {} had ended and stayed so",
        ended.len()
    );
}
