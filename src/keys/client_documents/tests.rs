//! Tests with documents of a real TLS server on loopback: which are fetched, cached and refused.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::*;
use crate::test_keys::NOW;

/// The only name that the server's certificate has.
const HOST: &str = "app.example";

/// A server of documents.
pub(crate) struct Host {
    address: SocketAddr,
    certificate: CertificateDer<'static>,
    /// The first line of each request.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    /// Serves the result of `answer` for each path: a status line with header fields, and a body.
    pub(crate) async fn start(answer: impl Fn(&str) -> (String, Vec<u8>) + Send + Sync + 'static) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = config.with_single_cert(vec![cert.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(vec![])));
        let (answer, noted) = (Arc::new(answer), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, answer, noted) = (acceptor.clone(), Arc::clone(&answer), Arc::clone(&noted));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut head = vec![];
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.unwrap());
                    }
                    let head = String::from_utf8(head).unwrap();
                    let path = head.split(' ').nth(1).unwrap().to_owned();
                    noted.lock().unwrap().push(head);
                    if path == "/slow" {
                        return std::future::pending().await;
                    }
                    let (head, body) = answer(&path);
                    let head = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len());
                    // A client that has read enough may be gone.
                    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Self { address, certificate: cert.der().clone(), asked }
    }

    /// The documents of clients, all of which this server has.
    pub(crate) fn documents(&self) -> ClientDocuments {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let settings = ClientDocumentSettings {
            audiences: words(&["https://app.example/mcp"]),
            scopes: words(&["notes"]),
            offline_access: true,
        };
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        ClientDocuments::with_network(settings, Network::of_test(roots, self.address))
    }

    /// How many requests there were.
    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn url(path: &str) -> ClientUrl {
    ClientUrl::parse(&format!("https://{HOST}{path}")).unwrap()
}

/// A good document for that path.
pub(crate) fn document(path: &str) -> Vec<u8> {
    let document = json!({
        "client_id": format!("https://{HOST}{path}"),
        "client_name": "An app",
        "redirect_uris": ["https://app.example/back"],
        "grant_types": ["authorization_code", "refresh_token"],
    });
    serde_json::to_vec(&document).unwrap()
}

const GOOD: &str = "200 OK\r\ncontent-type: application/json";

/// A document, padded to so many bytes.
fn padded(path: &str, length: usize) -> Vec<u8> {
    let mut body = document(path);
    body.resize(length, b' ');
    body
}

fn answer(path: &str) -> (String, Vec<u8>) {
    let (head, body) = match path {
        "/redirect" => (
            "302 Found\r\nlocation: https://app.example/good\r\ncontent-type: application/json",
            document(path),
        ),
        "/missing" => ("404 Not Found\r\ncontent-type: application/json", document(path)),
        "/broken" => ("503 Service Unavailable", vec![]),
        "/html" => ("200 OK\r\ncontent-type: text/html", document(path)),
        "/longest" => (GOOD, padded(path, 5 * 1024)),
        "/longer" => (GOOD, padded(path, 5 * 1024 + 1)),
        "/other" => (GOOD, document("/good")),
        "/nonsense" => (GOOD, b"nonsense".to_vec()),
        _ => (GOOD, document(path)),
    };
    (head.to_owned(), body)
}

#[tokio::test]
async fn a_document_is_fetched_once_by_a_plain_request_and_remembered() {
    let host = Host::start(|path| (format!("{GOOD}\r\ncache-control: max-age=3600"), document(path))).await;
    let documents = host.documents();
    let client = documents.client(&url("/a?b=c"), None, NOW).await.unwrap();
    assert_eq!(client.id, "https://app.example/a?b=c");
    documents.client(&url("/a?b=c"), None, NOW + 3599).await.unwrap();
    assert!(documents.remembered(&url("/a?b=c"), NOW + 3599).is_some());
    assert_eq!(host.count(), 1);
    let head = host.asked.lock().unwrap()[0].to_lowercase();
    assert!(
        head.starts_with("get /a?b=c http/1.1\r\n") && head.contains("\r\nhost: app.example\r\n"),
        "{head}"
    );
    for field in ["cookie", "authorization", "referer", "origin"] {
        assert!(!head.contains(&format!("{field}:")), "{head}");
    }
    documents.client(&url("/a?b=c"), None, NOW + 3600).await.unwrap();
    assert_eq!(host.count(), 2);
}

#[tokio::test]
async fn an_answer_that_is_no_document_is_refused_and_never_kept() {
    let host = Host::start(answer).await;
    let documents = host.documents();
    assert!(documents.client(&url("/longest"), None, NOW).await.is_ok());
    for (path, code) in [
        ("/redirect", "document_status"),
        ("/missing", "document_status"),
        ("/broken", "document_status"),
        ("/html", "document_media_type"),
        ("/longer", "document_too_long"),
        ("/other", "document_other_client"),
        ("/nonsense", "document_malformed"),
    ] {
        let before = host.count();
        for _ in 0..2 {
            let refused = documents.client(&url(path), None, NOW).await.unwrap_err();
            assert_eq!(refused.code(), code, "{path}");
        }
        assert_eq!(host.count(), before + 2, "{path}: an error response must not be cached");
    }
}

#[tokio::test]
async fn a_document_that_has_expired_is_used_while_its_host_is_down_and_not_once_it_is_gone() {
    let status = Arc::new(Mutex::new("200 OK"));
    let now_sent = Arc::clone(&status);
    let host = Host::start(move |path| {
        let head = format!("{}\r\ncontent-type: application/json", now_sent.lock().unwrap());
        (head, document(path))
    })
    .await;
    let documents = host.documents();
    let ask = async |after: u64| {
        documents.client(&url("/a"), None, NOW + after).await.map_err(ClientDocumentFault::code)
    };
    assert!(ask(0).await.is_ok());
    *status.lock().unwrap() = "503 Service Unavailable";
    assert!(ask(600).await.is_ok() && ask(659).await.is_ok());
    assert_eq!(host.count(), 2, "a host that is down is asked once in a minute");
    assert!(ask(4199).await.is_ok());
    assert_eq!(ask(4200).await.unwrap_err(), "document_status", "an hour is over");
    *status.lock().unwrap() = "200 OK";
    assert!(ask(5000).await.is_ok());
    *status.lock().unwrap() = "404 Not Found";
    assert_eq!(ask(5600).await.unwrap_err(), "document_status");
    *status.lock().unwrap() = "503 Service Unavailable";
    assert_eq!(ask(5601).await.unwrap_err(), "document_status", "a document that is gone is forgotten");
}

#[tokio::test]
async fn a_host_that_is_slow_or_not_the_one_of_the_name_is_refused() {
    let host = Host::start(answer).await;
    let mut documents = host.documents();
    documents.network.limit = Duration::from_millis(300);
    let refused = documents.client(&url("/slow"), None, NOW).await.unwrap_err();
    assert_eq!(refused.code(), "document_late");
    let other = ClientUrl::parse("https://other.example/good").unwrap();
    let refused = documents.client(&other, None, NOW).await.unwrap_err();
    assert_eq!(refused.code(), "document_unreachable", "the certificate has another name");
    let stranger = Host::start(answer).await;
    documents.network = Network::of_test(RootCertStore { roots: vec![] }, stranger.address);
    let refused = documents.client(&url("/good"), None, NOW).await.unwrap_err();
    assert_eq!((refused.code(), stranger.count()), ("document_unreachable", 0), "no authority is trusted");
}

#[tokio::test]
async fn fetches_are_limited_by_who_asks_by_who_is_asked_and_in_number() {
    let host = Host::start(answer).await;
    let documents = host.documents();
    let asker = |number: u8| Some(IpAddr::from([192, 0, 2, number]));
    let fetch = async |number: u32, asker| documents.client(&url(&format!("/{number}")), asker, NOW).await;
    for number in 0..PER_ASKER.get() {
        assert!(fetch(number, asker(1)).await.is_ok(), "{number}");
    }
    assert_eq!(fetch(1000, asker(1)).await.unwrap_err(), ClientDocumentFault::Limited);
    assert!(fetch(0, asker(1)).await.is_ok(), "what is remembered needs no fetch");
    for number in PER_ASKER.get()..PER_ASKED.get() {
        assert!(fetch(number, asker(2)).await.is_ok(), "{number}");
    }
    let before = host.count();
    assert_eq!(fetch(1001, asker(3)).await.unwrap_err(), ClientDocumentFault::Limited);
    assert_eq!(host.count(), before, "a host that was asked often enough is left alone");
}

#[tokio::test]
async fn a_fetch_waits_for_its_turn_and_not_for_ever_and_takes_what_another_has_fetched() {
    let host = Host::start(answer).await;
    let documents = host.documents();
    let (one, two) = (url("/one"), url("/two"));
    let (known, _) = Client::new("app", None, &["api".to_owned()], NOW).unwrap();
    let turns = documents.at_once.try_acquire_many(AT_ONCE.try_into().unwrap()).unwrap();
    assert_eq!(documents.client(&one, None, NOW).await.unwrap_err(), ClientDocumentFault::Limited);
    let waiting =
        async { tokio::join!(documents.client(&two, None, NOW), documents.client(&two, None, NOW)) };
    let stored = async {
        documents.memory().store(two.as_str(), &Arc::new(known.clone()), None, NOW);
        drop(turns);
    };
    let ((first, second), ()) = tokio::join!(waiting, stored);
    assert_eq!((&*first.unwrap(), &*second.unwrap()), (&known, &known));
    assert_eq!(host.count(), 0, "another had fetched it meanwhile");
    assert!(documents.client(&one, None, NOW).await.is_ok());
}

#[tokio::test]
async fn the_system_resolves_names_that_lead_inside_and_they_are_refused() {
    let network = Network::of_system().unwrap();
    // RFC 6761 §6.3: it leads to loopback, or nowhere.
    let inside = ClientUrl::parse("https://a.localhost/client.json").unwrap();
    let refused = network.fetch(&inside, |_| panic!("it was about to be asked")).await.unwrap_err();
    assert!(
        matches!(refused, ClientDocumentFault::HostPrivate | ClientDocumentFault::HostUnknown),
        "{refused:?}"
    );
}
