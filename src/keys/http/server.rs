//! Serves on the listeners until it must stop, then drains the connections.

use std::convert::Infallible;
use std::future::Future;
use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use ipnet::IpNet;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::address::{is_trusted, owner};
use super::address_limit::{AddressLimit, limit_address};
use super::audit::escape;
use super::connection::{Patience, Serving, Tls};
use super::device_authorization::device_router;
use super::places::Places;
use super::router::documents_router;
use super::token_cors::allow_registered_origins;
use super::token_endpoint::token_router_with;
use super::userinfo::userinfo_router;
use crate::client_documents::ClientDocuments;
use crate::grants::People;
use crate::ledger::{Ledger, reconcile, upkeep};
use crate::login::login_router;
use crate::people::Passwords;
use crate::{
    ClientDocumentSettings, Clock, Error, Keeper, Published, Publisher, ServerCertificate, ops_router, router,
};

/// The time limit for pending requests after the signal to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
/// The most connections of the public listener. Each takes some kilobytes and a descriptor. Systems allow a process at least a thousand
/// descriptors.
const MOST_CONNECTIONS: usize = 900;
/// The most connections of the operator's tools.
const MOST_OPS_CONNECTIONS: usize = 64;
/// The send buffer of a connection, in bytes; the system takes twice as much. Its default is megabytes, which would hide for long that a
/// client does not receive a response.
const SEND_BUFFER: usize = 32_768;
/// The pause after the system has refused a connection for lack of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The settings of the public listener: limits, proxies and certificate.
#[derive(Clone, Debug)]
pub struct ConnectionSettings {
    /// The most connections of one address, of 900 in all; by default a quarter. An IPv6 network of 64 bits counts as one address.
    pub per_address: usize,
    /// The proxies whose `X-Forwarded-For` is trusted. They may have all connections.
    pub trusted_proxies: Vec<IpNet>,
    /// The most login attempts, and the most failed token requests, of one address in a minute. `None` for no limit.
    pub attempts_per_address: Option<NonZeroU32>,
    /// The certificate for TLS; `None` for plain HTTP.
    pub certificate: Option<Arc<ServerCertificate>>,
    /// The rights of clients that are described by Client ID Metadata Documents; `None` if they are not accepted.
    pub client_documents: Option<ClientDocumentSettings>,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            per_address: MOST_CONNECTIONS / 4,
            trusted_proxies: vec![],
            attempts_per_address: None,
            certificate: None,
            client_documents: None,
        }
    }
}

/// Publishes the key set of that keeper on `listener`, and its health on `ops`, until `shutdown` is ready; then ends within
/// five seconds.
///
/// # Errors
/// [`Error::Store`] or [`Error::Document`] if there is no set to publish at the start. Once it serves, it goes on: a
/// store that fails leaves the published set as it is, and is reported in the log. [`Error::Tls`] if TLS cannot be set up.
pub async fn run(
    listener: TcpListener,
    ops: Option<TcpListener>,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    settings: ConnectionSettings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    run_with(listener, ops, keeper, clock, settings, |routes, _| routes, shutdown).await
}

/// [`run`] with other routes: `change_routes` gets the public ones.
///
/// # Errors
/// Those of [`run`].
pub(crate) async fn run_with(
    listener: TcpListener,
    ops: Option<TcpListener>,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    settings: ConnectionSettings,
    change_routes: impl FnOnce(Router, Arc<Published>) -> Router,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let (watch_clock, ledger, watched) = (Arc::clone(&clock), keeper.ledger(), keeper.clone());
    let leaver = keeper.clone();
    // Each connection inherits this size.
    SockRef::from(&listener).set_send_buffer_size(SEND_BUFFER)?;
    let first = tokio::task::spawn_blocking(move || Publisher::new(keeper, clock));
    let publisher = first.await.map_err(|_| Error::Stopped)??;
    let published = publisher.published();
    let ConnectionSettings { per_address, trusted_proxies, attempts_per_address, certificate, .. } = settings;
    let tls = certificate.clone().map(Tls::new).transpose()?;
    let upkeep_clock = Arc::clone(&watch_clock);
    let certificate_clock = Arc::clone(&watch_clock);
    if let Some(certificate) = &certificate {
        published.set_certificate(Arc::clone(certificate));
    }
    let people = people(ledger, watched.clone(), settings.client_documents.as_ref()).await?;
    match (&people, settings.client_documents) {
        (Some(_), Some(documents)) => published.allow_client_documents(documents),
        (None, Some(_)) => warn!("client documents have no effect: this issuer has no login"),
        (_, None) => {}
    }
    warn_of_old_grants(&published);
    let login = match &people {
        Some(people) => {
            let login = login_router(Arc::clone(&published), Arc::clone(&watch_clock), people.clone());
            let device = device_router(Arc::clone(&published), Arc::clone(&watch_clock), people.clone());
            let userinfo = userinfo_router(Arc::clone(&published), Arc::clone(&watch_clock), people.clone());
            documents_router(Arc::clone(&published)).merge(login).merge(device).merge(userinfo)
        }
        None => router(Arc::clone(&published)),
    };
    let routes = login.merge(token_router_with(Arc::clone(&published), Arc::clone(&watch_clock), people));
    let mut routes = change_routes(routes, Arc::clone(&published));
    if let Some(attempts) = attempts_per_address {
        routes = routes.layer(from_fn_with_state(Arc::new(AddressLimit::new(attempts)), limit_address));
    }
    let published_clients = Arc::clone(&published);
    // Added outside of the limit, so that a page can read a 429.
    let routes = routes.layer(from_fn_with_state(published_clients, allow_registered_origins));
    let public = Arc::new(Serving {
        routes,
        patience: Patience::USUAL,
        trusted: trusted_proxies.into(),
        tls,
        published: Some(Arc::clone(&published)),
    });
    let private = Arc::new(Serving {
        routes: ops_router(Arc::clone(&published), watch_clock),
        patience: Patience::USUAL,
        trusted: [].into(),
        tls: None,
        published: None,
    });
    let places = Arc::new(Places::new(MOST_CONNECTIONS, per_address, Some(published)));
    let ops_places = Arc::new(Places::new(MOST_OPS_CONNECTIONS, MOST_OPS_CONNECTIONS, None));
    let mut shutdown = pin!(shutdown);
    // Each connection has a receiver. When all are dropped, all connections have ended.
    let (stop, stopping) = watch::channel(());
    {
        let mut follow = pin!(publisher.follow());
        let mut accepting = pin!(accept(&listener, &public, &places, &stopping));
        let mut renewing = pin!(async {
            match certificate {
                Some(certificate) => certificate.follow(certificate_clock).await,
                None => std::future::pending().await,
            }
        });
        let mut keeping = pin!(async {
            match watched.ledger() {
                Some(_) => upkeep(watched, upkeep_clock).await,
                None => std::future::pending().await,
            }
        });
        let mut serving_ops = pin!(async {
            match &ops {
                Some(listener) => accept(listener, &private, &ops_places, &stopping).await,
                None => std::future::pending().await,
            }
        });
        tokio::select! {
            () = &mut shutdown => {}
            ended = &mut follow => ended?,
            never = &mut accepting => match never {},
            () = &mut renewing => {}
            () = &mut keeping => {}
            never = &mut serving_ops => match never {},
        }
    }
    // From here on, new connections are refused at once.
    drop((listener, ops, stopping));
    info!("stopping");
    stop.send_replace(());
    let leaving = tokio::task::spawn_blocking(move || leaver.leave());
    let (drained, _) = tokio::join!(
        tokio::time::timeout(DRAIN_LIMIT, stop.closed()),
        tokio::time::timeout(DRAIN_LIMIT, leaving)
    );
    if drained.is_err() {
        warn!("requests under way were cut off");
    }
    Ok(())
}

/// Returns the people who log in, if the keeper has a ledger that belongs to the same epoch as the store.
async fn people(
    ledger: Option<Arc<dyn Ledger>>,
    keeper: Keeper,
    documents: Option<&ClientDocumentSettings>,
) -> Result<Option<People>, Error> {
    let Some(ledger) = ledger else { return Ok(None) };
    let reconciled =
        tokio::task::spawn_blocking(move || reconcile(&keeper)).await.map_err(|_| Error::Stopped)?;
    if let Err(error) = reconciled {
        // All verifiers need the key set, but few people are logging in at this moment. So the server starts without logins.
        error!(code = error.code(), %error, "logins are off until the next start: the ledger cannot be used");
        return Ok(None);
    }
    let documents = documents.map(|settings| ClientDocuments::new(settings.clone())).transpose()?;
    let (passwords, documents) = (Arc::new(Passwords::default()), documents.map(Arc::new));
    Ok(Some(People { ledger, passwords, documents }))
}

/// Logs at the start which clients may use grants that RFC 9700 advises against.
fn warn_of_old_grants(published: &Published) {
    let Some(snapshot) = published.snapshot() else { return };
    for client in snapshot.state.clients() {
        let Some(login) = &client.login else { continue };
        if login.password {
            let client = escape(&client.id);
            warn!(client, "this client may use the password grant, which shows people's passwords to it");
        }
        if login.implicit {
            let client = escape(&client.id);
            warn!(client, "this client may use the implicit grant, which puts tokens into addresses");
        }
    }
}

async fn accept(
    listener: &TcpListener,
    serving: &Arc<Serving>,
    places: &Arc<Places>,
    stopping: &watch::Receiver<()>,
) -> Infallible {
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok((stream, peer)) => (stream, peer.ip().to_canonical()),
            // The client has disconnected already.
            Err(e) if matches!(e.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {
                continue;
            }
            Err(error) => {
                error!(%error, "no connection can be accepted");
                places.displace_one();
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let trusted = is_trusted(peer, &serving.trusted);
        let place = places.take((!trusted).then(|| owner(peer))).await;
        let id = place.id();
        let connection = Arc::clone(serving).serve(stream, peer, place, stopping.clone());
        places.serve(id, tokio::spawn(connection).abort_handle());
    }
}
