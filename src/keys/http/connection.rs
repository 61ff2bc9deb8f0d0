//! Serves one connection within limits of time and memory.

use std::convert::Infallible;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Request, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tracing::debug;

use super::address::ClientAddress;
use super::numbers::Ended;
use super::places::Place;
use super::transport::{SecureTransport, complete};
use super::write_limit::WriteLimit;
use crate::{Published, ServerCertificate, TlsError};

/// The time limits of a connection. The limit for a request's body is set by its route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the whole TLS handshake.
    pub(super) handshake: Duration,
    /// For the head of a request, including the wait for its first byte.
    pub(super) head: Duration,
    /// For receiving a response, from the moment at which the system's buffer is full.
    pub(super) answer: Duration,
    /// For all requests of one connection together.
    pub(super) life: Duration,
    /// For the last request, after which the connection is closed.
    pub(super) last: Duration,
}

impl Patience {
    pub(super) const USUAL: Self = Self {
        handshake: Duration::from_secs(10),
        head: Duration::from_secs(10),
        answer: Duration::from_secs(10),
        // With the last request, a connection lives for five minutes at most.
        life: Duration::from_secs(285),
        last: Duration::from_secs(15),
    };
}

/// The most bytes of a head, and of responses that wait to be sent. They determine the memory of a connection.
const BUFFER: usize = 16_384;

/// The state that all connections of a listener share.
#[derive(Debug)]
pub(super) struct Serving {
    pub(super) routes: Router,
    pub(super) patience: Patience,
    pub(super) trusted: Arc<[IpNet]>,
    /// `None` for plain HTTP.
    pub(super) tls: Option<Tls>,
    /// The counters; `None` for a listener that is not public.
    pub(super) published: Option<Arc<Published>>,
}

/// How the connections of a listener are encrypted.
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    /// Whether browsers must use only TLS for this host from now on. Not with a self-signed certificate, because browsers would then
    /// refuse other servers on `localhost`.
    only_tls: bool,
}

impl Tls {
    /// # Errors
    /// Those of [`ServerCertificate::config`].
    pub(super) fn new(certificate: Arc<ServerCertificate>) -> Result<Self, TlsError> {
        let only_tls = certificate.self_signed_pem().is_none();
        Ok(Self { acceptor: certificate.config()?.into(), only_tls })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("only_tls", &self.only_tls).finish_non_exhaustive()
    }
}

/// The name of a route in the counters. It is in the extensions of each answer of that route.
#[derive(Clone, Copy, Debug)]
pub(super) struct RouteName(pub(super) &'static str);

impl Serving {
    /// Serves a connection until its peer, a limit or `stop` ends it.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: IpAddr,
        place: Place,
        mut stop: watch::Receiver<()>,
    ) {
        let stream = WriteLimit::new(stream, self.patience.answer);
        let Some(Tls { acceptor, .. }) = &self.tls else {
            return self.serve_requests(stream, peer, place, stop).await;
        };
        // Limits the data that waits to be encrypted, like all other data that waits to be sent.
        let handshake = acceptor.accept_with(stream, |connection| connection.set_buffer_limit(Some(BUFFER)));
        let accepted = tokio::select! {
            accepted = timeout(self.patience.handshake, handshake) => accepted,
            _ = stop.changed() => return,
        };
        match accepted {
            Ok(Ok(stream)) => {
                place.step();
                self.serve_requests(stream, peer, place, stop).await;
            }
            Ok(Err(error)) => {
                debug!(%error, "a TLS handshake failed");
                if let Some(published) = &self.published {
                    published.numbers().count_failed_handshake();
                }
            }
            Err(_) => self.count_ended(Ended::HandshakeLate),
        }
    }

    async fn serve_requests(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        peer: IpAddr,
        place: Place,
        mut stop: watch::Receiver<()>,
    ) {
        let Patience { head, life, last, .. } = self.patience;
        let service = service_fn(|request| self.answer(request, peer, &place));
        let stream = TokioIo::new(stream);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(head)
            .max_buf_size(BUFFER)
            .serve_connection(stream, service);
        let mut connection = pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            why = async {
                tokio::select! {
                    _ = stop.changed() => None,
                    () = sleep(life) => Some(Ended::Lifetime),
                }
            } => {
                if let Some(why) = why {
                    self.count_ended(why);
                }
                connection.as_mut().graceful_shutdown();
                timeout(last, connection).await.unwrap_or(Ok(()))
            }
        };
        if let Err(error) = ended {
            debug!(%error, "a connection ended badly");
            if let Some(why) = cause(&error) {
                self.count_ended(why);
            }
        }
    }

    async fn answer(
        &self,
        mut request: Request<Incoming>,
        peer: IpAddr,
        place: &Place,
    ) -> Result<Response, Infallible> {
        place.step();
        let mut answer = if names_one_host(request.version(), request.headers()) {
            let address = ClientAddress::of(peer, &self.trusted, request.headers());
            request.extensions_mut().insert(address);
            let secure = SecureTransport::of(self.tls.is_some(), peer, &self.trusted, request.headers());
            request.extensions_mut().insert(secure);
            TowerToHyperService::new(self.routes.clone()).call(request.map(Body::new)).await?
        } else {
            (StatusCode::BAD_REQUEST, "a request has exactly one valid Host\n").into_response()
        };
        complete(answer.headers_mut(), self.tls.as_ref().is_some_and(|tls| tls.only_tls));
        place.step();
        if let Some(published) = &self.published {
            let route = answer.extensions().get().map_or("other", |RouteName(name)| name);
            published.numbers().count_answer(route, answer.status().as_u16());
        }
        Ok(answer)
    }

    fn count_ended(&self, why: Ended) {
        if let Some(published) = &self.published {
            published.numbers().count_ended(why);
        }
    }
}

/// Whether the request has exactly one valid `Host`, which may be empty (RFC 9112 §3.2). HTTP/1.0 requests may have none.
fn names_one_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let valid = |host: &[u8]| host.is_empty() || (Authority::try_from(host).is_ok() && !host.contains(&b'@'));
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => valid(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// Returns the time limit that caused an error of hyper.
fn cause(error: &hyper::Error) -> Option<Ended> {
    let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    if error.is_timeout() {
        return Some(Ended::HeadLate);
    }
    let source = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    source.is_some_and(timed_out).then_some(Ended::AnswerNotTaken)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn k14_a_request_names_exactly_one_valid_host() {
        let named = |version, hosts: &[&'static str]| {
            let hosts = hosts.iter().map(|host| (HOST, HeaderValue::from_static(host)));
            names_one_host(version, &hosts.collect())
        };
        let (old, new) = (Version::HTTP_10, Version::HTTP_11);
        for host in ["a.example", "a.example:80", "127.0.0.1:8411", "[::1]:80", ""] {
            assert!(named(new, &[host]) && named(old, &[host]), "{host}");
        }
        assert!(named(old, &[]) && !named(new, &[]));
        for hosts in [&["a", "a"][..], &["a", ""], &["a b"], &["a/b"], &["user@a"], &["a, b"]] {
            assert!(!named(new, hosts) && !named(old, hosts), "{hosts:?}");
        }
    }
}
