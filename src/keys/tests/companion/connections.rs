//! Peers that hold connections open, in every form: the key set is answered meanwhile, and they are ended.
//!
//! Each form runs against the real process. Peers come from many loopback addresses, as one address has a share of the places only.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::client::{JWKS, ask, ask_token, send};
use crate::program::{Program, Serving};

/// As many as the public listener has places.
const PLACES: usize = 900;
/// Set by `cargo xtask assure`: the forms that take long.
const LONG: &str = "JOTGATE_LONG_CONNECTIONS";
/// How long an answer may take while a server is held.
const ANSWERED: Duration = Duration::from_secs(15);
/// Peers are ended after ten seconds; a busy machine may need longer until all of them have come so far.
const ALL_ENDED: Duration = Duration::from_secs(120);
/// The most memory that may be resident, in KiB.
const MEMORY: u64 = 96 * 1024;

/// Held by the tests that keep every processor busy: side by side they would measure each other.
static BUSY: Mutex<()> = Mutex::new(());

struct Held {
    // Removed with its folder at the end.
    _program: Program,
    serving: Serving,
    ops: SocketAddr,
}

fn start(further: &[&str]) -> Held {
    let program = Program::with_store(&[]);
    // A port that was free a moment ago: the process prints the public address alone.
    let ops = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ops_text = ops.to_string();
    let words = ["serve", "--listen", "127.0.0.1:0", "--ops-listen", &ops_text];
    let serving = Program::serving(&mut program.command(&[&words[..], further].concat()));
    Held { _program: program, serving, ops }
}

impl Held {
    fn metric(&self, name: &str) -> u64 {
        let text = ask(self.ops, "GET", "/metrics", &[]).body;
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("jotgate_{name} ")));
        line.unwrap_or_else(|| panic!("{name}\n{text}")).parse().unwrap()
    }

    /// The most memory that has been resident, in KiB.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.serving.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn assert_small(&self) {
        assert!(self.memory() < MEMORY, "{} KiB", self.memory());
    }
}

/// A connection from another loopback address: each of so many addresses has as many.
async fn connect(server: SocketAddr, number: usize, addresses: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // Answers that are not taken fill it sooner.
    socket.set_recv_buffer_size(4096).unwrap();
    let last = u8::try_from(number % addresses + 1).unwrap();
    socket.bind((Ipv4Addr::new(127, 0, 7, last), 0).into()).unwrap();
    socket.connect(server).await.unwrap()
}

/// Asks for the key set once, from an address of its own; how long it took.
async fn key_set(server: SocketAddr) -> Duration {
    let start = Instant::now();
    let mut stream = connect(server, 199, 200).await;
    let request = format!("GET {JWKS} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(ANSWERED, stream.read_to_string(&mut answer)).await.expect("no answer in time").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"keys\""), "{answer}");
    start.elapsed()
}

/// Asks for the key set again and again, until the server has ended every peer. Peers never end by themselves.
async fn key_set_until_all_ended(server: SocketAddr, peers: Vec<JoinHandle<()>>) {
    let start = Instant::now();
    while !peers.iter().all(JoinHandle::is_finished) {
        assert!(start.elapsed() < ALL_ENDED, "some connections are not ended");
        key_set(server).await;
        sleep(Duration::from_millis(200)).await;
    }
    for peer in peers {
        peer.await.unwrap();
    }
}

/// Asks for the key set again and again, for two seconds.
async fn key_set_throughout(server: SocketAddr) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) {
        key_set(server).await;
        sleep(Duration::from_millis(100)).await;
    }
}

/// Whether the server has ended that connection, within a short time.
async fn is_ended(mut stream: TcpStream) -> bool {
    let mut rest = vec![0; 1 << 16];
    loop {
        match timeout(Duration::from_secs(2), stream.read(&mut rest)).await {
            Ok(Ok(0) | Err(_)) => return true,
            Ok(Ok(_)) => {}
            Err(_) => return false,
        }
    }
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(work);
}

/// Sends key-set requests without an end and reads no answer, until the server ends it.
async fn pipeline(mut stream: impl AsyncWrite + Unpin) {
    let requests = format!("GET {JWKS} HTTP/1.1\r\nhost: test\r\n\r\n").repeat(100);
    while stream.write_all(requests.as_bytes()).await.is_ok() {}
}

#[test]
fn k1_answers_that_are_not_taken_end_their_connections_and_others_are_answered_meanwhile() {
    let _turn = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
    let held = start(&[]);
    let server = held.serving.address;
    block_on(async {
        let mut peers = vec![];
        for number in 0..PLACES {
            peers.push(tokio::spawn(pipeline(connect(server, number, 5).await)));
        }
        key_set_until_all_ended(server, peers).await;
    });
    assert!(held.metric("connections_ended_total{reason=\"answer_not_taken\"}") > 100);
    held.assert_small();
}

/// So many in the long form, a fraction of them in the quick one.
fn in_long_form(count: usize, quick: usize) -> usize {
    if std::env::var_os(LONG).is_some() { count } else { quick }
}

#[test]
fn k1_an_answer_that_is_taken_byte_by_byte_ends_its_connection() {
    let _turn = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
    let held = start(&[]);
    let server = held.serving.address;
    block_on(async {
        let mut peers = vec![];
        for number in 0..in_long_form(PLACES, 200) {
            let (mut read, write) = connect(server, number, 5).await.into_split();
            let reading = tokio::spawn(async move {
                let mut byte = [0];
                while read.read(&mut byte).await.is_ok_and(|count| count > 0) {
                    sleep(Duration::from_secs(1)).await;
                }
            });
            peers.push(tokio::spawn(async move {
                pipeline(write).await;
                reading.abort();
            }));
        }
        key_set_until_all_ended(server, peers).await;
    });
    assert!(held.metric("connections_ended_total{reason=\"answer_not_taken\"}") > 100);
    held.assert_small();
}

/// Sends the first text at once, and then one byte a second until the server ends it.
async fn trickle(mut stream: TcpStream, first: &str) {
    stream.write_all(first.as_bytes()).await.unwrap();
    loop {
        sleep(Duration::from_secs(1)).await;
        if stream.write_all(b"a").await.is_err() || has_ended(&stream).await {
            return;
        }
    }
}

fn trickled(first: &'static str) {
    let held = start(&[]);
    let server = held.serving.address;
    block_on(async {
        let mut peers = vec![];
        for number in 0..in_long_form(PLACES, 200) {
            peers.push(tokio::spawn(trickle(connect(server, number, 5).await, first)));
        }
        key_set_until_all_ended(server, peers).await;
    });
    held.assert_small();
}

#[test]
fn k1_a_head_that_comes_byte_by_byte_ends_its_connection() {
    trickled("GET / HTTP/1.1\r\nhost: test\r\nx: ");
}

#[test]
fn k1_a_body_that_comes_byte_by_byte_ends_its_connection() {
    trickled(
        "POST /token HTTP/1.1\r\nhost: test\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: 9999\r\n\r\n",
    );
}

#[test]
fn k1_a_body_that_no_route_reads_ends_its_connection() {
    trickled("GET /.well-known/jwks.json HTTP/1.1\r\nhost: test\r\ncontent-length: 9999\r\n\r\n");
}

#[test]
fn k1_large_heads_and_bodies_cost_little_memory() {
    let _turn = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
    let held = start(&[]);
    let server = held.serving.address;
    block_on(async {
        let mut peers = vec![];
        for number in 0..PLACES {
            let mut stream = connect(server, number, 5).await;
            let start = if number % 2 == 0 {
                "GET / HTTP/1.1\r\nhost: test\r\nx: ".to_owned()
            } else {
                "POST /token HTTP/1.1\r\nhost: test\r\ncontent-length: 400000\r\n\r\n".to_owned()
            };
            stream.write_all(start.as_bytes()).await.unwrap();
            let much = vec![b'a'; 400_000];
            peers.push(tokio::spawn(async move {
                let _ = timeout(Duration::from_secs(3), stream.write_all(&much)).await;
                stream
            }));
        }
        key_set_throughout(server).await;
        drop(peers);
    });
    held.assert_small();
}

#[test]
fn k1_ten_thousand_idle_connections_keep_nobody_out() {
    let _turn = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = wanted.maximum.unwrap_or(20_000);
    let raised = rustix::process::Rlimit { current: Some(most), ..wanted };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, raised).unwrap();
    // The other tests need some of them. Where the system gives fewer descriptors, as many as it gives.
    let count = usize::try_from(most.saturating_sub(6000)).unwrap().min(in_long_form(10_000, 2_000));
    assert!(count > 2 * PLACES, "{most} descriptors are too few for this test");
    let held = start(&[]);
    let server = held.serving.address;
    block_on(async {
        let mut idle = vec![];
        for number in 0..count {
            idle.push(connect(server, number, 40).await);
            if number % 500 == 0 {
                key_set(server).await;
            }
        }
        assert!(held.metric("connections") >= 800, "{}", held.metric("connections"));
        assert!(held.metric("connections_refused_total{reason=\"no_place\"}") > 500);
        key_set_throughout(server).await;
        // All come again with a request under way.
        for (number, stream) in idle.iter_mut().enumerate() {
            let mut again = connect(server, number, 40).await;
            let _ = again.write_all(b"GET / HTTP/1.1\r\n").await;
            *stream = again;
            if number % 500 == 0 {
                key_set(server).await;
            }
        }
        key_set_throughout(server).await;
    });
    held.assert_small();
}

#[test]
fn k1_one_address_has_a_share_of_the_places_and_its_newest_connections_are_the_ones_that_stay() {
    let held = start(&["--connections-per-address", "10"]);
    let server = held.serving.address;
    block_on(async {
        let mut idle = vec![];
        for _ in 0..30 {
            idle.push(connect(server, 0, 1).await);
        }
        let other = connect(server, 1, 2).await;
        while held.metric("connections_refused_total{reason=\"address_share\"}") < 20 {
            sleep(Duration::from_millis(20)).await;
        }
        let newest = idle.split_off(20);
        for stream in idle {
            assert!(is_ended(stream).await);
        }
        assert_eq!(held.metric("connections"), 11);
        for stream in newest.into_iter().chain([other]) {
            assert!(!has_ended(&stream).await);
        }
        // The same address is answered, too.
        let mut again = connect(server, 0, 1).await;
        again.write_all(format!("GET {JWKS} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes()).await.unwrap();
        let mut first = [0; 12];
        again.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
    });
    held.serving.signal("TERM");
    let log = held.serving.ended().log;
    assert!(log.contains("connections were closed for newer ones") && log.contains("127.0.7.1"), "{log}");
}

/// Whether the server has ended that connection already, or begun to answer it.
async fn has_ended(stream: &TcpStream) -> bool {
    timeout(Duration::from_millis(10), stream.peek(&mut [0])).await.is_ok()
}

#[test]
fn k1_a_trusted_proxy_has_no_share_and_names_the_address_in_the_log() {
    let held = start(&["--connections-per-address", "10", "--trusted-proxy", "127.0.0.0/24"]);
    let server = held.serving.address;
    let many: Vec<_> = (0..50).map(|_| std::net::TcpStream::connect(server).unwrap()).collect();
    let form = "grant_type=client_credentials&client_id=nobody&client_secret=nothing";
    for forwarded in ["203.0.113.9", "1.2.3.4, 203.0.113.9, 127.0.0.7"] {
        assert_eq!(ask_token(server, &[("x-forwarded-for", forwarded)], form).status, 400);
    }
    assert_eq!(held.metric("connections_refused_total{reason=\"address_share\"}"), 0);
    assert!(held.metric("connections") >= 50);
    drop(many);
    held.serving.signal("TERM");
    let log = held.serving.ended().log;
    let refused: Vec<&str> = log.lines().filter(|line| line.contains("token refused")).collect();
    assert_eq!(refused.len(), 2, "{log}");
    assert!(refused.iter().all(|line| line.contains("203.0.113.9") && !line.contains("1.2.3.4")), "{log}");
}

/// Runs for five minutes, so only in the long form.
#[test]
fn k1_a_connection_that_goes_on_asking_lives_for_five_minutes_at_most() {
    if std::env::var_os(LONG).is_none() {
        return;
    }
    let held = start(&[]);
    let server = held.serving.address;
    let start = Instant::now();
    block_on(async {
        let mut stream = connect(server, 0, 1).await;
        let request = format!("HEAD {JWKS} HTTP/1.1\r\nhost: test\r\n\r\n");
        let mut answer = [0; 4096];
        while stream.write_all(request.as_bytes()).await.is_ok()
            && stream.read(&mut answer).await.is_ok_and(|count| count > 0)
        {
            assert!(start.elapsed() < Duration::from_secs(310));
            sleep(Duration::from_millis(500)).await;
        }
    });
    assert!(start.elapsed() > Duration::from_secs(270), "{:?}", start.elapsed());
    assert_eq!(held.metric("connections_ended_total{reason=\"lifetime\"}"), 1);
}

#[test]
fn k14_a_request_without_a_host_or_with_two_is_answered_by_400() {
    let held = start(&[]);
    for server in [held.serving.address, held.ops] {
        for (head, status) in [
            ("HTTP/1.1\r\n", 400),
            ("HTTP/1.1\r\nhost: a\r\nhost: a\r\n", 400),
            ("HTTP/1.1\r\nhost: a\r\nHost: b\r\n", 400),
            ("HTTP/1.1\r\nhost: a b\r\n", 400),
            ("HTTP/1.0\r\nhost: a\r\nhost: b\r\n", 400),
            ("HTTP/1.0\r\n", 404),
            ("HTTP/1.1\r\nhost: a\r\n", 404),
        ] {
            let request = format!("GET /nothing {head}connection: close\r\n\r\n");
            assert_eq!(send(server, request.as_bytes()).status, status, "{head}");
        }
    }
}
