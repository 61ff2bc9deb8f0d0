//! The library: `run` on a free port, asked over real connections.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jotgate_keys::{
    Clock, ConnectionSettings, Document, Error, Keeper, KekSource, Keks, KeyPair, RsaSize, Settings,
    SigningAlgorithm, SqliteStore, State, Store, SystemClock, Times, run,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::client::{JWKS, ask, get_set, send};

struct Served {
    folder: tempfile::TempDir,
    keks: Arc<Keks>,
    address: SocketAddr,
    ops: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), Error>>,
}

fn key() -> Arc<KeyPair> {
    Arc::new(KeyPair::generate(SigningAlgorithm::ES256, RsaSize::default()).unwrap())
}

fn state() -> State {
    let issuer = "https://issuer.example/tenant".parse().unwrap();
    let settings = Settings::new(Times { replica_delay: 2, ..Times::default() }.shortest()).unwrap();
    State::with_successor(issuer, settings, [key(), key()], SystemClock.now()).unwrap()
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let keks = Arc::new(Keks::generate().unwrap());
        let document = Document::from_state(&state(), &keks, 1).unwrap();
        let store = SqliteStore::create(&path, &document).unwrap();
        let keeper = Keeper::new(Arc::new(store), KekSource::Given(Arc::clone(&keks))).unwrap();
        let (stop, stopped) = oneshot::channel();
        let (told, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                told.send(listener.local_addr().unwrap()).unwrap();
                let stopped = async { stopped.await.unwrap() };
                let ops = TcpListener::bind("127.0.0.1:0").await.unwrap();
                told.send(ops.local_addr().unwrap()).unwrap();
                run(
                    listener,
                    Some(ops),
                    keeper,
                    Arc::new(SystemClock),
                    ConnectionSettings::default(),
                    stopped,
                )
                .await
            })
        });
        let [address, ops] = [(); 2].map(|()| address.recv().unwrap());
        Self { folder, keks, address, ops, stop, thread }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store.sqlite")
    }

    fn stop(self) {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap().unwrap();
    }
}

#[track_caller]
fn max_age(answer: &crate::client::Answer) -> u64 {
    answer.header("cache-control").unwrap().strip_prefix("public, max-age=").unwrap().parse().unwrap()
}

/// Waits until `done`, or fails after ten seconds.
#[track_caller]
fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(10), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn the_set_is_served_with_all_that_caches_and_browsers_need() {
    let served = Served::start();
    let answer = get_set(served.address);
    assert_eq!(answer.kids().len(), 2);
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert!((240..=300).contains(&max_age(&answer)));
    let other: Vec<u64> = (0..17).map(|_| max_age(&get_set(served.address))).collect();
    assert!(other.contains(&240) && other.contains(&300), "{other:?}");
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("ETag"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    let tag = answer.header("etag").unwrap();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 20, "{tag}");
    served.stop();
}

#[test]
fn every_path_that_answers_get_answers_head_with_the_same_headers() {
    let served = Served::start();
    let public = [
        JWKS,
        "/tenant/.well-known/jwks.json",
        "/.well-known/oauth-authorization-server/tenant",
        "/tenant/.well-known/openid-configuration",
    ];
    eventually("readiness", || ask(served.ops, "GET", "/healthz/ready", &[]).status == 200);
    let ops = ["/healthz/live", "/healthz/ready", "/metrics"];
    let all = public.map(|path| (served.address, path)).into_iter().chain(ops.map(|path| (served.ops, path)));
    for (server, path) in all {
        let [get, head] = ["GET", "HEAD"].map(|method| ask(server, method, path, &[]));
        assert_eq!((get.status, head.status, head.body.as_str()), (200, 200, ""), "{path}");
        for name in ["content-type", "content-length", "etag", "access-control-allow-origin"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    served.stop();
}

#[test]
fn the_metadata_and_the_set_are_where_both_specifications_put_them_for_an_issuer_with_a_path() {
    let served = Served::start();
    for path in ["/.well-known/oauth-authorization-server/tenant", "/tenant/.well-known/openid-configuration"]
    {
        let answer = ask(served.address, "GET", path, &[]);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let document: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(document["issuer"], "https://issuer.example/tenant");
        assert_eq!(document["jwks_uri"], "https://issuer.example/tenant/.well-known/jwks.json");
        assert_eq!(ask(served.address, "HEAD", path, &[]).status, 200);
    }
    let below = ask(served.address, "GET", "/tenant/.well-known/jwks.json", &[]);
    assert_eq!(below.body, get_set(served.address).body);
    served.stop();
}

#[test]
fn health_and_metrics_are_on_the_listener_for_operations_alone() {
    let served = Served::start();
    let ask = |path| ask(served.ops, "GET", path, &[]);
    assert_eq!(ask("/healthz/live").status, 200);
    eventually("readiness", || ask("/healthz/ready").status == 200);
    let metrics = ask("/metrics");
    assert!(
        metrics.body.contains("\njotgate_store_up 1\n")
            && metrics.body.contains("\njotgate_published_keys 2\n")
    );
    assert_eq!(ask(JWKS).status, 404);
    std::fs::remove_file(served.path()).unwrap();
    eventually("the end of readiness", || ask("/healthz/ready").status == 503);
    assert_eq!(ask("/healthz/live").status, 200);
    assert!(ask("/metrics").body.contains("\njotgate_store_up 0\n"));
    get_set(served.address);
    served.stop();
}

#[test]
fn the_tag_sent_back_is_answered_by_304_and_another_by_the_set() {
    let served = Served::start();
    let tag = get_set(served.address).header("etag").unwrap().to_owned();
    for (method, sent) in
        [("GET", tag.clone()), ("HEAD", tag.clone()), ("GET", format!("W/{tag}")), ("GET", "*".into())]
    {
        let answer = ask(served.address, method, JWKS, &[("if-none-match", &sent)]);
        assert_eq!((answer.status, answer.body.as_str()), (304, ""), "{method} {sent}");
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
        assert!((240..=300).contains(&max_age(&answer)));
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
    assert_eq!(ask(served.address, "GET", JWKS, &[("if-none-match", "\"other\"")]).status, 200);
    served.stop();
}

#[test]
fn a_browser_may_ask_before_it_sends_a_tag() {
    let served = Served::start();
    let answer = ask(served.address, "OPTIONS", JWKS, &[("origin", "https://app.example")]);
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-methods"), Some("GET, HEAD"));
    assert_eq!(answer.header("access-control-allow-headers"), Some("If-None-Match"));
    served.stop();
}

#[test]
fn other_paths_are_404_and_other_methods_405() {
    let served = Served::start();
    for path in ["/", "/.well-known/jwks.json/", "/.well-known/JWKS.json", "/metrics", "/healthz/live"] {
        assert_eq!(ask(served.address, "GET", path, &[]).status, 404, "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = ask(served.address, method, JWKS, &[("content-length", "0")]);
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET,HEAD,OPTIONS"));
    }
    served.stop();
}

#[test]
fn bytes_that_are_no_request_are_answered_and_the_next_request_is_served() {
    let served = Served::start();
    for bytes in [b"\r\n\r\nGARBAGE\r\n\r\n".to_vec(), vec![0xff; 4096], vec![b'a'; 1 << 20]] {
        // The server may close before all was sent: that is an answer too.
        let sent = std::panic::catch_unwind(|| send(served.address, &bytes).status);
        assert!(!matches!(sent, Ok(status) if status < 400));
        get_set(served.address);
    }
    served.stop();
}

#[test]
fn a_change_by_another_process_is_published_within_the_replica_delay() {
    let served = Served::start();
    let before = get_set(served.address);
    let store = SqliteStore::open(&served.path()).unwrap();
    let (version, document) = store.load().unwrap();
    let keks = &served.keks;
    let ed = Arc::new(KeyPair::generate(SigningAlgorithm::EdDSA, RsaSize::default()).unwrap());
    let next = document.to_state(keks, version).unwrap().stage(ed, 1_800_000_001).unwrap();
    store.replace(version, &Document::from_state(&next, keks, version + 1).unwrap()).unwrap();
    let start = Instant::now();
    eventually("the new set", || get_set(served.address).kids().len() == 3);
    assert!(start.elapsed() < Duration::from_secs(2));
    let after = get_set(served.address);
    assert_eq!(after.kids()[1..], before.kids(), "the newest comes first");
    assert_ne!(after.header("etag"), before.header("etag"));
    served.stop();
}

#[test]
fn a_store_that_is_lost_leaves_the_set_published() {
    let served = Served::start();
    let before = get_set(served.address);
    std::fs::remove_file(served.path()).unwrap();
    // Longer than two looks.
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(get_set(served.address).body, before.body);
    assert!(!served.path().exists());
    served.stop();
}

#[test]
fn without_a_set_nothing_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let store =
        SqliteStore::create(&folder.path().join("store.sqlite"), &Document::from_bytes(vec![])).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let served = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let keks = KekSource::Given(Arc::new(Keks::generate().unwrap()));
        let keeper = Keeper::new(Arc::new(store), keks).unwrap();
        run(
            listener,
            None,
            keeper,
            Arc::new(SystemClock),
            ConnectionSettings::default(),
            std::future::pending(),
        )
        .await
    });
    assert_eq!(served.unwrap_err().code(), "document_damaged");
}

#[test]
fn stopping_ends_idle_connections_and_refuses_new_ones() {
    let served = Served::start();
    let address = served.address;
    let mut idle = TcpStream::connect(address).unwrap();
    idle.write_all(format!("GET {JWKS} HTTP/1.1\r\nhost: test\r\n\r\n").as_bytes()).unwrap();
    let mut first = [0; 1024];
    assert!(idle.read(&mut first).unwrap() > 0, "it is kept open after the answer");
    let start = Instant::now();
    served.stop();
    assert!(start.elapsed() < Duration::from_secs(2));
    let mut rest = vec![];
    idle.read_to_end(&mut rest).unwrap();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_request_under_way_is_answered_after_the_wish_to_stop() {
    let served = Served::start();
    let form = "grant_type=client_credentials&client_id=nobody&client_secret=nothing";
    let (sent, left) = form.split_at(20);
    let media_type = "content-type: application/x-www-form-urlencoded";
    let head = format!(
        "POST /token HTTP/1.1\r\nhost: test\r\n{media_type}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        form.len()
    );
    let mut slow = TcpStream::connect(served.address).unwrap();
    slow.write_all(head.as_bytes()).unwrap();
    // It is under way when its body is asked for (RFC 9110 §10.1.1); a connection that only was accepted may be closed.
    let mut asked = [0; b"HTTP/1.1 100 Continue\r\n\r\n".len()];
    slow.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    slow.write_all(sent.as_bytes()).unwrap();
    served.stop.send(()).unwrap();
    eventually("the end of listening", || TcpStream::connect(served.address).is_err());
    slow.write_all(left.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with('}'), "{answer}");
    served.thread.join().unwrap().unwrap();
}

#[test]
fn a_client_that_never_finishes_its_request_cannot_keep_the_server() {
    let served = Served::start();
    let mut slow = TcpStream::connect(served.address).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost:").unwrap();
    get_set(served.address);
    let start = Instant::now();
    served.stop();
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}

#[test]
fn k7_the_authorization_endpoint_says_that_there_is_no_login() {
    let served = Served::start();
    for (method, path) in [("GET", "/tenant/authorize"), ("POST", "/authorize")] {
        let path = format!("{path}?response_type=code&client_id=a&redirect_uri=https%3A%2F%2Fa.example");
        let answer = ask(served.address, method, &path, &[("content-length", "0")]);
        assert_eq!((answer.status, answer.header("location")), (400, None), "{method} {path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.body.contains("This issuer has no login"), "{}", answer.body);
    }
    served.stop();
}
