//! One connection: its requests enter, their answers leave, within limits of time and memory.

use std::convert::Infallible;
use std::error::Error as _;
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
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::address::ClientAddress;
use super::numbers::Ended;
use super::places::Place;
use super::write_limit::WriteLimit;
use crate::Published;

/// How long a peer may take. What a request's body may take is for its route to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the head of a request, also for its beginning.
    pub(super) head: Duration,
    /// For taking an answer, from the moment at which the system takes no more of it.
    pub(super) answer: Duration,
    /// For all requests of one connection together.
    pub(super) life: Duration,
    /// For the last request, once no other is wished for.
    pub(super) last: Duration,
}

impl Patience {
    pub(super) const USUAL: Self = Self {
        head: Duration::from_secs(10),
        answer: Duration::from_secs(10),
        // With the last request, a connection lives for five minutes at most.
        life: Duration::from_secs(285),
        last: Duration::from_secs(15),
    };
}

/// The most bytes of a head, and of answers that wait to be taken: they are what a connection costs.
const BUFFER: usize = 16_384;

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct Serving {
    pub(super) routes: Router,
    pub(super) patience: Patience,
    pub(super) trusted: Arc<[IpNet]>,
    /// Where to count; `None` for a listener that is not public.
    pub(super) published: Option<Arc<Published>>,
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
        let Patience { head, answer, life, last } = self.patience;
        let service = service_fn(|request| self.answer(request, peer, &place));
        let stream = TokioIo::new(WriteLimit::new(stream, answer));
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
        let answer = if names_one_host(request.version(), request.headers()) {
            let address = ClientAddress::of(peer, &self.trusted, request.headers());
            request.extensions_mut().insert(address);
            TowerToHyperService::new(self.routes.clone()).call(request.map(Body::new)).await?
        } else {
            (StatusCode::BAD_REQUEST, "a request has exactly one valid Host\n").into_response()
        };
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

/// RFC 9112 §3.2: a request of HTTP/1.1 has exactly one `Host`, and none has several or an invalid one. It may be empty.
fn names_one_host(version: Version, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let valid = |host: &[u8]| host.is_empty() || (Authority::try_from(host).is_ok() && !host.contains(&b'@'));
    match (hosts.next(), hosts.next()) {
        (None, _) => version < Version::HTTP_11,
        (Some(host), None) => valid(host.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// Which limit of time an error of hyper comes from.
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
