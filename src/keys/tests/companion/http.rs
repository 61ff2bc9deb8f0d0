//! The library: `run` on a free port, asked over real connections.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jotgate_keys::{
    Document, Error, KeyPair, Settings, SigningAlgorithm, SqliteStore, State, Store, SystemClock, run,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::client::{JWKS, ask, get_set, send};

struct Served {
    folder: tempfile::TempDir,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<(), Error>>,
}

fn key() -> Arc<KeyPair> {
    Arc::new(KeyPair::generate(SigningAlgorithm::ES256).unwrap())
}

fn state() -> State {
    let issuer = "https://issuer.example".parse().unwrap();
    State::new(issuer, Settings::new(300, 1800, 2).unwrap(), key(), 1_800_000_000)
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let store = SqliteStore::create(&path, &Document::from_state(&state()).unwrap()).unwrap();
        let (stop, stopped) = oneshot::channel();
        let (told, address) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                told.send(listener.local_addr().unwrap()).unwrap();
                let stopped = async { stopped.await.unwrap() };
                run(listener, Arc::new(store), Arc::new(SystemClock), stopped).await
            })
        });
        let address = address.recv().unwrap();
        Self { folder, address, stop, thread }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store.sqlite")
    }

    fn stop(self) {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap().unwrap();
    }
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
    assert_eq!(answer.kids().len(), 1);
    assert_eq!(answer.header("content-type"), Some("application/jwk-set+json"));
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("ETag"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("content-length"), Some(answer.body.len().to_string().as_str()));
    let tag = answer.header("etag").unwrap();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 20, "{tag}");
    served.stop();
}

#[test]
fn head_says_what_get_says_without_a_body() {
    let served = Served::start();
    let get = get_set(served.address);
    let head = ask(served.address, "HEAD", JWKS, &[]);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for name in ["content-type", "content-length", "cache-control", "etag", "access-control-allow-origin"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
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
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
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
    for path in
        ["/", "/.well-known/jwks.json/", "/.well-known/JWKS.json", "/.well-known/openid-configuration"]
    {
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
    let next = document.to_state().unwrap().stage(key(), 1_800_000_000).unwrap();
    store.replace(version, &Document::from_state(&next).unwrap()).unwrap();
    let start = Instant::now();
    eventually("the new set", || get_set(served.address).kids().len() == 2);
    assert!(start.elapsed() < Duration::from_secs(2));
    let after = get_set(served.address);
    assert_eq!(after.kids()[1..], before.kids());
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
        run(listener, Arc::new(store), Arc::new(SystemClock), std::future::pending()).await
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
fn a_client_that_never_finishes_its_request_cannot_keep_the_server() {
    let served = Served::start();
    let mut slow = TcpStream::connect(served.address).unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nhost:").unwrap();
    get_set(served.address);
    let start = Instant::now();
    served.stop();
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
}
