//! Fetches a document: resolves the name once, connects to one checked address, and sends one request.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, HOST, USER_AGENT};
use axum::http::{HeaderMap, Request, StatusCode};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::public_address::{is_own, is_public};
use super::{ClientDocumentFault, ClientUrl};
use crate::Error;

/// The network through which documents are fetched.
pub(super) struct Network {
    tls: TlsConnector,
    names: Names,
    /// The time limit of a fetch: for the name, the connection and the document together.
    pub(super) limit: Duration,
}

/// How names are resolved.
enum Names {
    /// By the system. Only public addresses are allowed, on port 443.
    System,
    /// Every name resolves to one server of a test.
    #[cfg(test)]
    Test(SocketAddr),
}

/// A document as it was received.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) body: Bytes,
    /// The time that its host allows to cache it, in seconds (RFC 9111 §5.2.2); `None` if the host sets none.
    pub(super) max_age: Option<u64>,
}

const LIMIT: Duration = Duration::from_secs(10);
/// The time that one address may take to accept a connection, before the next one is tried.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// The most addresses of a host that are tried.
const MAX_TRIED: usize = 3;
/// The longest document, in bytes.
const MAX_BYTES: usize = 5 * 1024;
/// The longest head of a response, in bytes.
const MAX_HEAD: usize = 16 * 1024;
const PORT: u16 = 443;

impl Network {
    /// Returns the network of this machine, with the certificate authorities of its system.
    ///
    /// # Errors
    /// [`Error::Network`] if there are none.
    pub(super) fn of_system() -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(std::io::Error::other(
                "the system has no certificate authorities, by which hosts of client documents are trusted: install the package \
                 ca-certificates, or name a file by SSL_CERT_FILE",
            )
            .into());
        }
        Self::new(roots, Names::System)
    }

    /// A network of one server, with one authority.
    #[cfg(test)]
    pub(super) fn of_test(roots: RootCertStore, server: SocketAddr) -> Self {
        Self::new(roots, Names::Test(server)).unwrap()
    }

    fn new(roots: RootCertStore, names: Names) -> Result<Self, Error> {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let config = config.with_safe_default_protocol_versions().map_err(std::io::Error::other)?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), names, limit: LIMIT })
    }

    /// Fetches a document, without a proxy and without following a redirect. `may_ask` is called with the address before
    /// anything is sent to it.
    ///
    /// # Errors
    /// [`ClientDocumentFault`].
    pub(super) async fn fetch(
        &self,
        url: &ClientUrl,
        may_ask: impl Fn(IpAddr) -> bool,
    ) -> Result<Fetched, ClientDocumentFault> {
        let fetched = timeout(self.limit, async {
            let stream = self.connect(url, may_ask).await?;
            request(url, stream).await
        });
        fetched.await.unwrap_or(Err(ClientDocumentFault::Late))
    }

    /// Connects to one of the checked addresses.
    async fn connect(
        &self,
        url: &ClientUrl,
        may_ask: impl Fn(IpAddr) -> bool,
    ) -> Result<TlsStream<TcpStream>, ClientDocumentFault> {
        let unreachable = ClientDocumentFault::Unreachable;
        let name = ServerName::try_from(url.host().to_owned()).map_err(|_| unreachable)?;
        for address in self.addresses(url.host()).await?.into_iter().take(MAX_TRIED) {
            if !may_ask(address.ip()) {
                return Err(ClientDocumentFault::Limited);
            }
            if let Ok(Ok(stream)) = timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
                return self.tls.connect(name, stream).await.map_err(|_| unreachable);
            }
        }
        Err(unreachable)
    }

    /// Resolves a name once. Refuses it unless all its addresses are public.
    async fn addresses(&self, host: &str) -> Result<Vec<SocketAddr>, ClientDocumentFault> {
        match self.names {
            Names::System => {
                let found = lookup_host((host, PORT)).await.map_err(|_| ClientDocumentFault::HostUnknown)?;
                let found: Vec<SocketAddr> = found.collect();
                check(&found)?;
                Ok(found)
            }
            #[cfg(test)]
            Names::Test(server) => Ok(vec![server]),
        }
    }
}

/// Refuses addresses that are not public.
fn check(addresses: &[SocketAddr]) -> Result<(), ClientDocumentFault> {
    if addresses.is_empty() {
        return Err(ClientDocumentFault::HostUnknown);
    }
    let outside = |address: &SocketAddr| is_public(address.ip()) && !is_own(address.ip());
    if addresses.iter().all(outside) { Ok(()) } else { Err(ClientDocumentFault::HostPrivate) }
}

/// Sends the request, and reads the response within the limits.
async fn request(url: &ClientUrl, stream: TlsStream<TcpStream>) -> Result<Fetched, ClientDocumentFault> {
    use ClientDocumentFault as Fault;
    let request = Request::get(url.target())
        .header(HOST, url.host())
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("jotgate-keys/", env!("CARGO_PKG_VERSION")))
        .body(Body::empty())
        .map_err(|_| Fault::Malformed)?;
    let mut builder = http1::Builder::new();
    let handshake = builder.max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(|_| Fault::Unreachable)?;
    // The tasks end with this function.
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let answer = sender.send_request(request).await.map_err(|_| Fault::Unreachable)?;
    if answer.status() != StatusCode::OK {
        return Err(Fault::Status(answer.status().as_u16()));
    }
    if !is_json(answer.headers()) {
        return Err(Fault::MediaType);
    }
    let max_age = max_age(answer.headers());
    let body = axum::body::to_bytes(Body::new(answer.into_body()), MAX_BYTES).await;
    Ok(Fetched { body: body.map_err(|_| Fault::TooLong)?, max_age })
}

/// Whether the response is `application/json`, or another type with the suffix `+json` (RFC 6839 §3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media_type.strip_prefix("application/").is_some_and(|rest| rest == "json" || rest.ends_with("+json"))
}

/// Returns the time that a response may be cached, in seconds (RFC 9111 §5.2.2), or `None` if its headers set none.
fn max_age(headers: &HeaderMap) -> Option<u64> {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let directives = lines.flat_map(|line| line.split(',')).map(|word| word.trim().to_ascii_lowercase());
    let of = |word: String| match word.as_str() {
        "no-store" | "no-cache" => Some(0),
        other => other.strip_prefix("max-age=")?.trim_matches('"').parse().ok(),
    };
    directives.filter_map(of).min()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn one_address_that_leads_inside_refuses_the_name() {
        let addresses =
            |texts: &[&str]| -> Vec<SocketAddr> { texts.iter().map(|text| text.parse().unwrap()).collect() };
        assert_eq!(check(&addresses(&["11.0.0.1:443", "[2600::1]:443"])), Ok(()));
        assert_eq!(check(&[]), Err(ClientDocumentFault::HostUnknown));
        for inside in ["127.0.0.1:443", "[::1]:443", "[::ffff:10.0.0.1]:443", "169.254.169.254:443"] {
            let refused = check(&addresses(&["11.0.0.1:443", inside]));
            assert_eq!(refused, Err(ClientDocumentFault::HostPrivate), "{inside}");
        }
    }

    #[test]
    fn the_answer_says_what_it_is_and_how_long_it_may_be_kept() {
        let headers = |name: HeaderName, values: &[&str]| -> HeaderMap {
            values.iter().map(|value| (name.clone(), HeaderValue::try_from(*value).unwrap())).collect()
        };
        for (value, json) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/client-metadata+json", true),
            ("text/html", false),
            ("text/json", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            assert_eq!(is_json(&headers(CONTENT_TYPE, &[value])), json, "{value}");
        }
        for (values, expected) in [
            (&[][..], None),
            (&["public"], None),
            (&["public, max-age=60"], Some(60)),
            (&["Max-Age=\"60\""], Some(60)),
            (&["max-age=60", "max-age=30"], Some(30)),
            (&["no-store, max-age=60"], Some(0)),
            (&["max-age=x"], None),
        ] {
            assert_eq!(max_age(&headers(CACHE_CONTROL, values)), expected, "{values:?}");
        }
    }
}
