//! Listeners, a store, a clock and the wish to stop enter; it serves until then, and drains.

use std::future::Future;
use std::io::ErrorKind;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tracing::{debug, error, info, warn};

use crate::{Clock, Error, Keeper, Publisher, ops_router, router, token_router};

/// How long a client may take for the head of a request, or stay silent between two.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How long requests under way may take after the wish to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// How many connections are served at once by a listener; more wait in the system's queue. Each takes some kilobytes and a
/// descriptor, of which systems give a process a thousand or more.
const MOST_CONNECTIONS: usize = 900;
/// How long to wait after the system has no connection to give, for want of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Publishes the key set of that keeper on `listener`, and tells on `ops` how it is, until `shutdown` is ready, then ends within five seconds.
///
/// # Errors
/// [`Error::Store`] or [`Error::Document`] if there is no set to publish at the start. Once it serves, it goes on: a
/// store that fails leaves the published set as it is, and is reported in the log.
pub async fn run(
    listener: TcpListener,
    ops: Option<TcpListener>,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let watch = Arc::clone(&clock);
    let first = tokio::task::spawn_blocking(move || Publisher::new(keeper, clock));
    let publisher = first.await.map_err(|_| Error::Stopped)??;
    let routes = router(publisher.published()).merge(token_router(publisher.published(), Arc::clone(&watch)));
    let ops_routes = ops_router(publisher.published(), watch);
    let mut shutdown = pin!(shutdown);
    let drain = GracefulShutdown::new();
    {
        let mut follow = pin!(publisher.follow());
        let mut accepting = pin!(accept(&listener, &routes, &drain));
        let mut telling = pin!(async {
            match &ops {
                Some(listener) => accept(listener, &ops_routes, &drain).await,
                None => std::future::pending().await,
            }
        });
        tokio::select! {
            () = &mut shutdown => {}
            ended = &mut follow => ended?,
            never = &mut accepting => match never {},
            never = &mut telling => match never {},
        }
    }
    // From here on new connections are refused, not kept waiting.
    drop((listener, ops));
    info!("stopping");
    if tokio::time::timeout(DRAIN_LIMIT, drain.shutdown()).await.is_err() {
        warn!("requests under way were cut off");
    }
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    routes: &Router,
    drain: &GracefulShutdown,
) -> std::convert::Infallible {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        // INVARIANT: nobody closes it.
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { std::future::pending().await };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            // The client was gone before it was greeted.
            Err(e) if matches!(e.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {
                continue;
            }
            Err(error) => {
                error!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_LIMIT)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes.clone()));
        let connection = drain.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                debug!(%error, "a connection ended badly");
            }
            drop(place);
        });
    }
}
