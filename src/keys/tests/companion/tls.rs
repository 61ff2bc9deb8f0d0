//! TLS: the binary with certificates from files, and real TLS clients (rustls, Node.js).

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::client::{JWKS, ask};
use crate::program::{Program, Serving};

/// A certificate for `localhost`, with its key, both in PEM.
struct Pair {
    certificate: String,
    key: String,
}

fn pair_until(year: i32) -> Pair {
    let mut parameters = CertificateParams::new(["localhost".to_owned()]).unwrap();
    (parameters.not_before, parameters.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(year, 1, 1));
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap().pem();
    Pair { certificate, key: key.serialize_pem() }
}

fn pair() -> Pair {
    pair_until(4000)
}

struct Site {
    program: Program,
    files: [PathBuf; 2],
}

impl Site {
    fn new(pair: &Pair) -> Self {
        let program = Program::with_store(&[]);
        let folder = program.path().parent().unwrap().to_owned();
        let site = Self { files: ["tls.pem", "tls.key"].map(|name| folder.join(name)), program };
        site.put(pair);
        site
    }

    /// Puts a certificate in place as tools do it: each file whole, one after the other.
    fn put(&self, pair: &Pair) {
        for (path, text) in self.files.iter().zip([&pair.certificate, &pair.key]) {
            let new = path.with_extension("new");
            fs::write(&new, text).unwrap();
            fs::rename(new, path).unwrap();
        }
    }

    fn words<'a>(&'a self, further: &[&'a str]) -> Vec<&'a str> {
        let [certificate, key] = self.files.each_ref().map(|path| path.to_str().unwrap());
        let words = ["serve", "--listen", "127.0.0.1:0", "--tls-certificate", certificate, "--tls-key", key];
        [&words, further].concat()
    }

    fn serve(&self) -> (Serving, SocketAddr) {
        self.serve_with(&[])
    }

    fn serve_with(&self, further: &[&str]) -> (Serving, SocketAddr) {
        // Free a moment ago; the address of this listener is not printed.
        let ops = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let ops_text = ops.to_string();
        let words = self.words(&[&["--ops-listen", &ops_text], further].concat());
        (Program::serving(&mut self.program.command(&words)), ops)
    }
}

fn metric(ops: SocketAddr, name: &str) -> u64 {
    let text = ask(ops, "GET", "/metrics", &[]).body;
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("jotgate_{name} ")));
    line.unwrap_or_else(|| panic!("{name}\n{text}")).parse().unwrap()
}

/// Waits until that holds, for 20 seconds at most.
#[track_caller]
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Connects with that certificate as the only one that is trusted.
fn connect(server: SocketAddr, trusted: &str) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let config = builder.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    StreamOwned::new(connection, stream)
}

/// The head and the body of the key set, or the error of the TLS library.
fn get_over_tls(server: SocketAddr, trusted: &str) -> std::io::Result<String> {
    let mut stream = connect(server, trusted);
    write!(stream, "GET {JWKS} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    // Ends with an error if the server closes without `close_notify`.
    stream.read_to_string(&mut text)?;
    Ok(text)
}

fn is_served(server: SocketAddr, trusted: &str) -> bool {
    get_over_tls(server, trusted).is_ok_and(|text| text.contains("\"keys\""))
}

#[test]
fn the_key_set_is_served_over_tls_with_the_header_fields_of_a_site_that_has_only_tls() {
    let pair = pair();
    let site = Site::new(&pair);
    let (serving, ops) = site.serve();
    let text = get_over_tls(serving.address, &pair.certificate).unwrap().to_ascii_lowercase();
    assert!(text.starts_with("http/1.1 200 ") && text.contains("\"keys\""), "{text}");
    for field in [
        "strict-transport-security: max-age=31536000",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: public, max-age=",
    ] {
        assert!(text.contains(&format!("\r\n{field}")), "{field}\n{text}");
    }
    assert!(metric(ops, "cert_expires_seconds") > 1_000_000_000);
    assert_eq!(metric(ops, "cert_reload_failing"), 0);
    // Plain HTTP gets no answer on this port, and a client that trusts something else ends the handshake.
    let mut plain = TcpStream::connect(serving.address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").unwrap();
    let mut answer = vec![];
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    assert!(get_over_tls(serving.address, &self::pair().certificate).is_err());
    eventually("two handshakes failed", || metric(ops, "tls_handshakes_failed_total") >= 2);
}

#[test]
fn without_tls_nothing_promises_it_and_every_answer_has_the_other_fields() {
    let program = Program::with_store(&[]);
    let serving = program.serve();
    for (path, status) in [(JWKS, 200), ("/nothing", 404), ("/token", 405)] {
        let answer = ask(serving.address, "GET", path, &[]);
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("strict-transport-security"), None);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(answer.header("cache-control").is_some());
    }
}

/// Asks with Node's own TLS, in each version; the status and the version, or whether the server refused the version.
const NODE: &str = "
const { request } = require('node:https')
const [address, ca, minVersion, maxVersion] = process.argv.slice(1)
const [host, port] = address.split(':')
const options = { host, port, servername: 'localhost', ca: require('node:fs').readFileSync(ca), minVersion, maxVersion }
if (maxVersion === 'TLSv1.1') options.ciphers = 'DEFAULT@SECLEVEL=0'
request({ ...options, path: '/.well-known/jwks.json', agent: false }, response => {
  console.log(response.statusCode, response.socket.getProtocol())
  response.resume()
}).on('error', error => console.log('refused', /alert (protocol version|handshake failure)/i.test(error.message) || error.message)).end()
";

#[test]
fn node_connects_with_tls_1_2_and_1_3_and_is_refused_below() {
    let site = Site::new(&pair());
    let (serving, _) = site.serve();
    let node = |least: &str, most: &str| {
        let mut node = Command::new("node");
        node.args(["-e", NODE, &serving.address.to_string()]).arg(&site.files[0]).args([least, most]);
        let output = node.output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(node("TLSv1.2", "TLSv1.3"), "200 TLSv1.3\n");
    assert_eq!(node("TLSv1.2", "TLSv1.2"), "200 TLSv1.2\n");
    assert_eq!(node("TLSv1", "TLSv1.1"), "refused true\n");
}

#[test]
fn a_new_certificate_is_used_after_sighup_and_after_a_change_and_a_bad_one_keeps_the_old_one() {
    let (first, second, third) = (pair(), pair(), pair());
    let site = Site::new(&first);
    let (serving, ops) = site.serve();
    let address = serving.address;
    assert!(is_served(address, &first.certificate));
    let mut open = connect(address, &first.certificate);
    open.write_all(b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(open.read(&mut [0; 1024]).unwrap() > 0);

    site.put(&second);
    serving.signal("HUP");
    eventually("the second one is used", || is_served(address, &second.certificate));
    assert!(!is_served(address, &first.certificate));
    open.write_all(b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    assert!(
        open.read(&mut [0; 1024]).unwrap() > 0,
        "a connection lives on with the certificate that it began with"
    );

    let bad = [
        Pair { certificate: first.certificate.clone(), key: third.key.clone() },
        Pair { certificate: "nonsense".to_owned(), key: third.key.clone() },
        pair_until(2021),
    ];
    for bad in &bad {
        site.put(bad);
        serving.signal("HUP");
        eventually("the metric is raised", || metric(ops, "cert_reload_failing") == 1);
        assert!(is_served(address, &second.certificate));
        site.put(&second);
        serving.signal("HUP");
        eventually("the metric is lowered", || metric(ops, "cert_reload_failing") == 0);
    }

    site.put(&third);
    eventually("a change is noticed without a signal", || is_served(address, &third.certificate));
    fs::remove_file(&site.files[1]).unwrap();
    eventually("so is a missing file", || metric(ops, "cert_reload_failing") == 1);
    assert!(is_served(address, &third.certificate));
    serving.signal("TERM");
    let ended = serving.ended();
    assert_eq!(ended.code, Some(0));
    for code in ["tls_key_mismatch", "tls_no_certificate", "tls_certificate_expired", "tls_file_unreadable"] {
        assert!(ended.log.contains(code), "{code}\n{}", ended.log);
    }
    let secret = third.key.lines().nth(1).unwrap();
    assert!(!ended.log.contains(secret));
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_at_the_start() {
    let good = pair();
    for (bad, expected) in [
        (Pair { certificate: good.certificate.clone(), key: pair().key }, "the private key does not belong"),
        (
            Pair { certificate: good.certificate.clone(), key: good.certificate.clone() },
            "contains no private key",
        ),
        (Pair { certificate: good.key.clone(), key: good.key.clone() }, "contains no certificate"),
        (Pair { certificate: "x".repeat((1 << 20) + 1), key: good.key.clone() }, "more than 1 MiB"),
        (pair_until(2021), "the TLS certificate expired 2021-01-01T00:00:00Z"),
    ] {
        let site = Site::new(&bad);
        let said = site.program.refused(&site.words(&[]));
        assert!(said.contains(expected), "{said}");
    }
    let site = Site::new(&good);
    fs::remove_file(&site.files[0]).unwrap();
    let said = site.program.refused(&site.words(&[]));
    assert!(said.contains("tls.pem` cannot be read"), "{said}");
    let half = site.program.run(&["serve", "--tls-key", "tls.key"]);
    assert_eq!(half.status.code(), Some(2));
    let said = site.program.refused(&["serve", "--listen", "0.0.0.0:0", "--dev-tls"]);
    assert!(said.contains("on this machine"), "{said}");
}

#[test]
fn with_a_certificate_others_may_reach_the_public_listener_and_still_not_the_operators() {
    let pair = pair();
    let site = Site::new(&pair);
    let words = site.words(&["--ops-listen", "0.0.0.0:0"]);
    assert!(site.program.refused(&words).contains("is not a loopback address"));
    let words: Vec<&str> = site
        .words(&[])
        .into_iter()
        .map(|word| if word == "127.0.0.1:0" { "0.0.0.0:0" } else { word })
        .collect();
    let serving = Program::serving(&mut site.program.command(&words));
    assert!(is_served(([127, 0, 0, 1], serving.address.port()).into(), &pair.certificate));
}

#[test]
fn dev_tls_prints_the_fingerprint_of_a_certificate_for_loopback_names_and_pins_no_browser() {
    let program = Program::with_store(&[]);
    let out = program.path().with_file_name("dev.pem");
    let words = ["serve", "--listen", "127.0.0.1:0", "--dev-tls", "--dev-tls-out", out.to_str().unwrap()];
    let serving = Program::serving(&mut program.command(&words));
    let pem = fs::read_to_string(&out).unwrap();
    assert!(!pem.contains("PRIVATE"));
    let text = get_over_tls(serving.address, &pem).unwrap();
    assert!(text.contains("\"keys\"") && !text.to_ascii_lowercase().contains("strict-transport"), "{text}");
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let bytes: Vec<String> =
        digest(&SHA256, &der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    serving.signal("TERM");
    assert_eq!(serving.ended().out, format!("certificate SHA-256 {}\n", bytes.join(":")));
}

#[test]
fn a_handshake_counts_as_a_connection_and_is_ended_after_ten_seconds() {
    let pair = pair();
    let site = Site::new(&pair);
    let (serving, ops) = site.serve_with(&["--connections-per-address", "3"]);
    let address = serving.address;
    // One says nothing, one sends the first bytes of a record and then a byte a second.
    let mut silent = TcpStream::connect(address).unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    let start = Instant::now();
    slow.write_all(&[22, 3, 1, 1, 0]).unwrap();
    eventually("both count", || metric(ops, "connections") == 2);
    assert!(is_served(address, &pair.certificate), "others are served meanwhile");
    slow.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let ended = loop {
        match slow.read(&mut [0; 64]) {
            Ok(0) => break start.elapsed(),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => break start.elapsed(),
            _ => {}
        }
        assert!(start.elapsed() < Duration::from_secs(30), "it is not ended");
        let _ = slow.write_all(&[1]);
    };
    assert!(ended >= Duration::from_secs(9), "{ended:?}");
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    assert_eq!(silent.read(&mut [0; 64]).unwrap(), 0);
    eventually("both are counted", || metric(ops, "connections_ended_total{reason=\"handshake_late\"}") == 2);
    // The address has three places: the oldest handshake has to go for a newer one.
    let peers: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(address).unwrap()).collect();
    eventually("one had to go", || metric(ops, "connections_refused_total{reason=\"address_share\"}") == 1);
    let start = Instant::now();
    serving.signal("TERM");
    assert_eq!(serving.ended().code, Some(0));
    assert!(start.elapsed() < Duration::from_secs(3), "handshakes do not delay the end");
    drop(peers);
}

#[test]
fn answers_that_are_not_taken_end_an_encrypted_connection() {
    let pair = pair();
    let site = Site::new(&pair);
    let (serving, ops) = site.serve();
    let mut stream = connect(serving.address, &pair.certificate);
    let requests = format!("GET {JWKS} HTTP/1.1\r\nhost: localhost\r\n\r\n").repeat(100);
    let start = Instant::now();
    while stream.write_all(requests.as_bytes()).is_ok() {
        assert!(start.elapsed() < Duration::from_secs(60), "it is not ended");
    }
    assert!(start.elapsed() >= Duration::from_secs(9));
    eventually("it is counted", || metric(ops, "connections_ended_total{reason=\"answer_not_taken\"}") == 1);
    assert!(is_served(serving.address, &pair.certificate));
}

#[test]
fn the_login_page_exists_over_dev_tls_and_not_over_plain_http() {
    let program = Program::with_store(&[]);
    let client = ["--public", "--redirect", "https://app.example/login"];
    program.done(&[&["clients", "add", "app", "--audience", "https://api.example"][..], &client].concat());
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let path = format!(
        "/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin&state=s\
         &code_challenge={challenge}&code_challenge_method=S256"
    );
    let plain = ask(program.serve().address, "GET", &path, &[]);
    assert_eq!((plain.status, plain.header("set-cookie")), (400, None));
    let out = program.path().with_file_name("dev.pem");
    let words = ["serve", "--listen", "127.0.0.1:0", "--dev-tls", "--dev-tls-out", out.to_str().unwrap()];
    let serving = Program::serving(&mut program.command(&words));
    let mut stream = connect(serving.address, &fs::read_to_string(&out).unwrap());
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 ") && text.contains("set-cookie: __Host-"), "{text}");
}
