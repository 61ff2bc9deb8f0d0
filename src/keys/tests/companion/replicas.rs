//! Three servers with one PostgreSQL: they rotate at once, one is stopped and goes on, one is cut off, one is killed, and the
//! database is restarted, killed, and taken over by a standby.
//!
//! The bounded form runs with `cargo xtask test --rest`, the long one with `cargo xtask assure`.

use std::collections::BTreeMap;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::browser::{Browser, claims, parameter};
use crate::client::{ask, ask_token, get_set, try_form};
use crate::login;
use crate::program::{FAST, Program, Replica, Serving, secret_in};
use crate::test_postgres::{Cluster, until};

/// Beside [`FAST`]: keys that sign for twelve seconds, and tokens that live for four.
const SHORT: [&str; 6] = ["--period", "12", "--longest-life", "4", "--leeway", "0"];
/// How long a server may take to stop signing after it was cut off: the replica delay, and a second for this machine.
const STOPS_WITHIN: Duration = Duration::from_secs(5);
/// How many faults there are, if the variable `JOTGATE_FAULTS` does not say it: two of each kind.
const FAULTS: u32 = 10;

/// How often there is a failover of each kind: an hour of them in the long form.
fn failovers() -> u32 {
    std::env::var("JOTGATE_FAULTS").map_or(1, |faults| faults.parse::<u32>().unwrap().div_ceil(5))
}

impl Replica {
    /// A token, or why there is none.
    fn token(&self, form: &str) -> Result<String, u16> {
        let answer = try_form(self.serving.address, "/token", form).ok_or(0_u16)?;
        let json: serde_json::Value = serde_json::from_str(&answer.body).map_err(|_| answer.status)?;
        json["access_token"].as_str().map(str::to_owned).ok_or(answer.status)
    }

    /// The version and the digest of the store that it publishes.
    fn stamp(&self) -> Vec<String> {
        let metrics = ask(self.ops, "GET", "/metrics", &[]).body;
        let lines = metrics.lines().filter(|line| line.starts_with("jotgate_store_"));
        lines.filter(|line| !line.starts_with("jotgate_store_up")).map(str::to_owned).collect()
    }
}

/// Another server of the store of `first`, which reaches the database at `url`.
fn another(first: &Program, url: &str) -> Program {
    let program = Program::in_database(url);
    fs::create_dir(program.kek_path().parent().unwrap()).unwrap();
    fs::copy(first.kek_path(), program.kek_path()).unwrap();
    program
}

/// A client of the issuer, and the form with which it asks for a token.
fn worker(program: &Program) -> String {
    let added = program.done(&["clients", "add", "worker", "--audience", "https://api.example"]);
    let secret = secret_in(&added);
    format!("grant_type=client_credentials&client_id=worker&client_secret={secret}")
}

/// A way to a server that can be cut: bytes wait then, as in a network that loses all.
struct Way {
    address: SocketAddr,
    port: Arc<AtomicU16>,
    is_cut: Arc<AtomicBool>,
}

impl Way {
    fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, is_cut) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let (port, cut) = (Arc::new(AtomicU16::new(port)), Arc::clone(&is_cut));
        let leads_to = Arc::clone(&port);
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(("127.0.0.1", leads_to.load(Ordering::SeqCst))) else {
                    continue;
                };
                for (from, to) in [(&near, &far), (&far, &near)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    let cut = Arc::clone(&cut);
                    std::thread::spawn(move || forward(&from, &to, &cut));
                }
            }
        });
        Self { address, port, is_cut }
    }

    /// Leads new connections to another server, as an address that moves does. Those of before stay.
    fn lead_to(&self, port: u16) {
        self.port.store(port, Ordering::SeqCst);
    }

    fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }
}

fn forward(mut from: &TcpStream, mut to: &TcpStream, is_cut: &AtomicBool) {
    use std::io::{Read as _, Write as _};
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut bytes) {
        while is_cut.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(20));
        }
        if to.write_all(&bytes[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = from.shutdown(std::net::Shutdown::Both);
}

/// Tokens that are alive, by the key that signed them: until when, in Unix seconds.
#[derive(Default)]
struct Alive(BTreeMap<String, u64>);

impl Alive {
    fn note(&mut self, token: &str) {
        let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
        let until = claims(token)["exp"].as_u64().unwrap();
        let known = self.0.entry(kid).or_default();
        *known = until.max(*known);
    }

    /// Every key that signed a token that is alive is in the set that each of these servers publishes.
    #[track_caller]
    fn check<'a>(&self, replicas: impl Iterator<Item = &'a Replica>) {
        for replica in replicas {
            let kids = get_set(replica.serving.address).kids();
            let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
            for (kid, until) in &self.0 {
                assert!(*until <= now || kids.contains(kid), "`{kid}` is lost for {} s", until - now);
            }
        }
    }
}

/// Asks each server for tokens for a while, and checks the published sets meanwhile.
fn work(replicas: &[Replica], form: &str, alive: &mut Alive, time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        for replica in replicas {
            if let Ok(token) = replica.token(form) {
                alive.note(&token);
            }
        }
        alive.check(replicas.iter());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Asks all servers to rotate at once; most find that another one has done so.
fn rotate_at_once(replicas: &[Replica]) {
    std::thread::scope(|scope| {
        for replica in replicas {
            scope.spawn(|| replica.program.run(&["keys", "rotate", "--no-wait"]));
        }
    });
}

#[test]
#[ignore = "it takes minutes: `cargo xtask test --rest`"]
#[expect(clippy::print_stdout, reason = "what `cargo xtask assure` shows")]
fn three_servers_with_every_fault_keep_one_signer_and_every_key_and_converge() {
    let faults = std::env::var("JOTGATE_FAULTS").map_or(FAULTS, |faults| faults.parse().unwrap());
    let Some(cluster) = Cluster::start(&[]) else { return };
    let database = cluster.database();
    let way = Way::to(cluster.port);
    let first = Program::in_database(&database.url);
    first.done(&[&["init", "--issuer", "https://issuer.example"], &FAST[..], &SHORT].concat());
    let form = worker(&first);
    let second = another(&first, &database.url);
    let third =
        another(&first, &database.url.replace(&cluster.port.to_string(), &way.address.port().to_string()));
    let mut replicas: Vec<Replica> = [first, second, third].into_iter().map(Replica::start).collect();
    let mut alive = Alive::default();
    for fault in 0..faults {
        until("all are ready", || replicas.iter().all(Replica::is_ready));
        rotate_at_once(&replicas);
        work(&replicas, &form, &mut alive, Duration::from_secs(1));
        match fault % 5 {
            0 => stop_and_go_on(&mut replicas, &form, &mut alive),
            1 => cut_off(&replicas, &way, &form, &mut alive),
            2 => {
                let killed = replicas.remove(1);
                let Replica { program, mut serving, .. } = killed;
                serving.kill();
                work(&replicas, &form, &mut alive, Duration::from_secs(1));
                replicas.insert(1, Replica::start(program));
            }
            3 => {
                cluster.stop();
                work(&replicas, &form, &mut alive, Duration::from_secs(1));
                cluster.begin();
            }
            _ => {
                cluster.kill();
                work(&replicas, &form, &mut alive, Duration::from_secs(1));
                cluster.begin();
            }
        }
        until("all are ready again", || replicas.iter().all(Replica::is_ready));
        work(&replicas, &form, &mut alive, Duration::from_secs(1));
        // Reading checks the invariant: exactly one signing key in each ring, one successor at most, every key whole.
        assert!(replicas[0].program.state().signer().is_ok());
    }
    until("all publish the same", || {
        let stamps: Vec<_> = replicas.iter().map(Replica::stamp).collect();
        stamps.iter().all(|stamp| stamp.len() == 2 && *stamp == stamps[0])
    });
    println!("{faults} faults; {} keys have signed", alive.0.len());
    assert!(alive.0.len() > 2, "keys have changed meanwhile");
}

/// A server sleeps while the others change the signer. When it wakes up, it signs with the new one or not at all.
fn stop_and_go_on(replicas: &mut [Replica], form: &str, alive: &mut Alive) {
    let (sleeper, others) = replicas.split_first_mut().unwrap();
    let signer = |replica: &Replica| replica.program.state().signer().unwrap().kid().to_owned();
    let before = signer(&others[0]);
    sleeper.serving.signal("STOP");
    others[0].program.done(&["keys", "rotate"]);
    work(others, form, alive, Duration::from_secs(4));
    sleeper.serving.signal("CONT");
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        if let Ok(token) = sleeper.token(form) {
            let kid = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
            assert_ne!(kid, before, "it signed with the key of before its sleep");
            alive.note(&token);
        }
    }
}

/// A server without its database serves the set, stops signing in time, and is unready.
fn cut_off(replicas: &[Replica], way: &Way, form: &str, alive: &mut Alive) {
    let (cut, others) = replicas.split_last().unwrap();
    way.cut(true);
    let start = Instant::now();
    while let Ok(token) = cut.token(form) {
        alive.note(&token);
        assert!(start.elapsed() < STOPS_WITHIN, "it still signs");
        alive.check(others.iter());
    }
    until("it is unready", || !cut.is_ready());
    for _ in 0..10 {
        assert_eq!(cut.token(form), Err(503));
        assert_eq!(get_set(cut.serving.address).status, 200);
        assert!(others.iter().all(|replica| replica.token(form).is_ok()), "the others sign");
        std::thread::sleep(Duration::from_millis(200));
    }
    way.cut(false);
}

/// A primary, a standby, and the address of both.
fn primary_and_standby(settings: &[&str]) -> Option<(Cluster, Cluster, String)> {
    let primary = Cluster::start(&[&["wal_keep_size=64"], settings].concat())?;
    let standby = primary.standby();
    let name = primary.database().url.rsplit('/').next().unwrap().to_owned();
    let url = format!("postgres://keys@127.0.0.1:{},127.0.0.1:{}/{name}", primary.port, standby.port);
    Some((primary, standby, url))
}

impl Cluster {
    /// Ends the server and what it began, as a power cut does.
    fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        let kill = std::process::Command::new("kill").args(["-9", &pid]).status().unwrap();
        assert!(kill.success());
        self.stop();
    }

    /// A standby of this one that has caught up.
    fn standby(&self) -> Self {
        let standby = Self::empty(self.bin.clone());
        let port = self.port.to_string();
        standby.run(
            "pg_basebackup",
            &["-h", "127.0.0.1", "-p", &port, "-U", "keys", "-D", "data", "-c", "fast"],
        );
        fs::write(standby.folder.join("data/standby.signal"), "").unwrap();
        standby.configure(&[&format!(
            "primary_conninfo=host=127.0.0.1 port={port} user=keys application_name=standby"
        )]);
        standby.begin();
        until("the standby follows", || {
            self.sql("postgres", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1"
        });
        standby
    }

    /// Waits until the standby has all.
    fn catch_up(&self, standby: &Self) {
        let at = self.sql("postgres", "SELECT pg_current_wal_lsn()");
        let caught_up = format!("SELECT pg_last_wal_replay_lsn() >= '{at}'::pg_lsn");
        until("the standby has caught up", || standby.sql("postgres", &caught_up) == "t");
    }

    fn promote(&self) {
        assert_eq!(self.sql("postgres", "SELECT pg_promote()"), "t");
    }
}

/// A person's refresh token.
fn refresh_token(serving: &Serving) -> String {
    let answer = Browser::new(serving.address).log_in(&login::request(""), "ada", login::PASSWORD);
    let code = parameter(&answer, "code").unwrap();
    let form = format!(
        "grant_type=authorization_code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin&code={code}\
         &code_verifier={}",
        login::VERIFIER
    );
    let answer = ask_token(serving.address, &[], &form);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    json["refresh_token"].as_str().unwrap().to_owned()
}

/// Uses a refresh token: the status, and the next token.
fn refresh(serving: &Serving, token: &str) -> (u16, String) {
    let form = format!("grant_type=refresh_token&client_id=app&refresh_token={token}");
    let Some(answer) = try_form(serving.address, "/token", &form) else { return (0, String::new()) };
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    (answer.status, json["refresh_token"].as_str().unwrap_or_default().to_owned())
}

#[test]
#[ignore = "it takes minutes: `cargo xtask test --rest`"]
fn a_standby_that_lacks_the_last_commit_is_a_rolled_back_store_and_ends_every_login() {
    for _ in 0..failovers() {
        fail_over_to_an_older_copy();
    }
}

fn fail_over_to_an_older_copy() {
    let Some((primary, standby, url)) = primary_and_standby(&[]) else { return };
    let program = Program::in_database(&url);
    program.done(&["init", "--issuer", "https://issuer.example", "--replica-delay", "3"]);
    login::add_ada(&program);
    let form = worker(&program);
    let serving = login::serve(&program);
    let kept = refresh_token(&serving);
    primary.catch_up(&standby);
    // The standby misses a revocation, and the use of a refresh token.
    standby.stop();
    let stolen = program.state().signer().unwrap().kid().to_owned();
    program.done(&["keys", "revoke", &stolen, "--yes"]);
    let (status, next) = refresh(&serving, &kept);
    assert_eq!(status, 200);
    until("the key is gone", || !get_set(serving.address).kids().contains(&stolen));
    primary.kill();
    standby.begin();
    standby.promote();
    until("nothing is signed", || ask_token(serving.address, &[], &form).status == 503);
    until("it is found out", || {
        let output = program.run(&["keys", "list"]);
        String::from_utf8_lossy(&output.stderr).contains("older copy")
    });
    assert!(!get_set(serving.address).kids().contains(&stolen), "the published set stays");
    program.done(&["keys", "restored", "--yes"]);
    until("it signs again", || ask_token(serving.address, &[], &form).status == 200);
    // Both tokens were valid once: neither is any more, and a new login works.
    until("the logins have ended", || refresh(&serving, &kept).0 == 400);
    assert_eq!(refresh(&serving, &next).0, 400);
    assert_eq!(refresh(&serving, &refresh_token(&serving)).0, 200);
    serving.signal("TERM");
    let log = serving.ended().log;
    assert!(log.contains("store_rolled_back") && log.contains("ledger_epoch"), "{log}");
    assert!(log.contains("no standby confirms commits"), "{log}");
}

#[test]
#[ignore = "it takes minutes: `cargo xtask test --rest`"]
fn logins_go_on_after_a_failover_only_if_commits_waited_for_the_standby() {
    for is_synchronous in [true, false].into_iter().cycle().take(2 * failovers() as usize) {
        let Some((primary, standby, url)) = primary_and_standby(&[]) else { return };
        if is_synchronous {
            primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = 'standby'");
            primary.sql("postgres", "SELECT pg_reload_conf()");
        }
        let first = Program::in_database(&url);
        first.done(&["init", "--issuer", "https://issuer.example", "--replica-delay", "3"]);
        login::add_ada(&first);
        let second = another(&first, &url);
        let (mut one, two) = (login::serve(&first), login::serve(&second));
        let token = refresh_token(&one);
        // Logins and refreshes go on while a server dies.
        one.kill();
        let (status, token) = refresh(&two, &token);
        assert_eq!(status, 200);
        if is_synchronous {
            // A change that no standby confirms is an error, in time; afterwards everything goes on.
            standby.stop();
            let start = Instant::now();
            let output = first.run(&["users", "disable", "ada"]);
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.contains("has not confirmed a change in time"), "{said}");
            assert!(start.elapsed() < Duration::from_secs(10));
            // Of a process that was killed meanwhile, too: another one ends its wait.
            let mut killed = first.command(&["users", "enable", "ada"]).spawn().unwrap();
            let waiting = || {
                primary.sql("postgres", "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            };
            until("it waits for the standby", || waiting() != "0");
            killed.kill().unwrap();
            killed.wait().unwrap();
            assert_ne!(waiting(), "0");
            until("the wait is over", || waiting() == "0");
            standby.begin();
            until("the standby confirms again", || first.run(&["users", "enable", "ada"]).status.success());
        }
        let token = if is_synchronous { refresh_token(&two) } else { token };
        primary.catch_up(&standby);
        primary.kill();
        standby.promote();
        let mut outcome = (503, String::new());
        until("the ledger answers", || {
            outcome = refresh(&two, &token);
            outcome.0 != 503
        });
        assert_eq!(outcome.0, if is_synchronous { 200 } else { 400 }, "synchronous: {is_synchronous}");
        two.signal("TERM");
        let log = two.ended().log;
        assert_eq!(log.contains("ledger_epoch"), !is_synchronous, "{log}");
        assert_eq!(log.contains("no standby confirms commits"), !is_synchronous, "{log}");
    }
}

#[test]
#[ignore = "it takes minutes: `cargo xtask test --rest`"]
fn a_server_follows_an_address_that_moves_to_another_primary_while_the_old_one_goes_on() {
    let Some((primary, standby, url)) = primary_and_standby(&[]) else { return };
    let way = Way::to(primary.port);
    let name = url.rsplit('/').next().unwrap();
    let program = Program::in_database(&format!("postgres://keys@127.0.0.1:{}/{name}", way.address.port()));
    program.done(&["init", "--issuer", "https://issuer.example", "--replica-delay", "3"]);
    login::add_ada(&program);
    let serving = login::serve(&program);
    let token = refresh_token(&serving);
    primary.catch_up(&standby);
    standby.promote();
    // A login that the new primary does not know.
    let lost = refresh_token(&serving);
    way.lead_to(standby.port);
    let sessions = || {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND pid <> pg_backend_pid()"
        );
        primary.sql("postgres", &sql)
    };
    until("no connection to the old one is left", || sessions() == "0");
    until("the logins have ended", || refresh(&serving, &token).0 == 400);
    assert_eq!(refresh(&serving, &lost).0, 400);
    assert_eq!(refresh(&serving, &refresh_token(&serving)).0, 200);
    serving.signal("TERM");
    let log = serving.ended().log;
    assert!(log.contains("ledger_epoch"), "{log}");
}
