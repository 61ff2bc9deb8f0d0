//! `serve`: reads the addresses and the certificate, and serves until a signal.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use jotgate_keys::{
    CertificateFiles, Clock, ConnectionSettings, Error, Keeper, ServerCertificate, Times, run,
};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_appender::non_blocking::ErrorCounter;

use crate::arguments::Serve;
use crate::say;

/// The period in which dropped lines of the log are reported.
const LOST_LINES_PERIOD: Duration = Duration::from_mins(1);
/// Added to a signal's number, this is the exit code that shells show for a process that the signal ended.
const SIGNALLED: i32 = 128;

pub(crate) fn serve(
    keeper: &Keeper,
    clock: Arc<dyn Clock>,
    arguments: &Serve,
    lost: &ErrorCounter,
) -> Result<(), Error> {
    check_addresses(arguments)?;
    let client_documents = arguments.documents.chosen()?;
    let certificate = certificate(arguments, clock.as_ref())?.map(Arc::new);
    // A store that cannot be published is an error before the address is printed.
    let (_, state) = keeper.load()?;
    keeper.announce(clock.steady());
    let delay = state.settings().times().replica_delay;
    if delay < Times::SHORTEST_REPLICA_DELAY {
        tracing::warn!(
            seconds = delay,
            "a change takes up to two seconds, servers look twice a second: the replica delay is too short"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let stop = stop_signals()?;
        tokio::spawn(report_lost_lines(lost.clone()));
        tokio::spawn(reload(
            signal(SignalKind::hangup())?,
            keeper.clone(),
            Arc::clone(&clock),
            certificate.clone(),
        ));
        let listener = listen(arguments.listen).await?;
        let ops = match arguments.ops_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        if let Some(ops) = &ops {
            tracing::info!(address = %ops.local_addr()?, "health and metrics are here");
        }
        let scheme = if certificate.is_some() { "https" } else { "http" };
        let mut ready = format!("listening on {scheme}://{}\n", listener.local_addr()?);
        if let Some(certificate) = certificate.as_ref().filter(|_| arguments.dev_tls) {
            ready.push_str(&format!("certificate SHA-256 {}\n", certificate.fingerprint()));
        }
        say(&ready)?;
        notify(&[NotifyState::Ready]);
        let settings = ConnectionSettings {
            per_address: arguments.connections_per_address.into(),
            trusted_proxies: arguments.trusted_proxy.clone(),
            attempts_per_address: NonZeroU32::new(arguments.attempts_per_address),
            certificate,
            client_documents,
        };
        run(listener, ops, keeper.clone(), clock, settings, stop).await
    });
    // A blocked call to the store must not keep the process alive.
    runtime.shutdown_background();
    if served.is_err() {
        keeper.leave();
    }
    served
}

/// Refuses to listen without TLS on addresses that other machines can reach, unless that is allowed.
fn check_addresses(arguments: &Serve) -> Result<(), Error> {
    let refused = |address: SocketAddr, what: &str| {
        Err(io::Error::other(format!("{address} is not a loopback address; {what}")).into())
    };
    let Serve { listen, ops_listen, allow_non_loopback, .. } = arguments;
    if arguments.dev_tls && !listen.ip().is_loopback() {
        return refused(*listen, "--dev-tls is for trying things out on this machine");
    }
    if !listen.ip().is_loopback() && arguments.tls_certificate.is_none() && !allow_non_loopback {
        return refused(
            *listen,
            "give --tls-certificate and --tls-key, or --allow-non-loopback for plain HTTP",
        );
    }
    match ops_listen {
        Some(address) if !address.ip().is_loopback() && !allow_non_loopback => {
            refused(*address, "--allow-non-loopback allows it")
        }
        _ => Ok(()),
    }
}

/// Returns the certificate in the arguments, or `None` for plain HTTP.
fn certificate(arguments: &Serve, clock: &dyn Clock) -> Result<Option<ServerCertificate>, Error> {
    let now = clock.now();
    if arguments.dev_tls {
        let certificate = ServerCertificate::self_signed(now)?;
        if let (Some(path), Some(pem)) = (&arguments.dev_tls_out, certificate.self_signed_pem()) {
            std::fs::write(path, pem).map_err(|error| {
                io::Error::new(error.kind(), format!("`{}` cannot be written: {error}", path.display()))
            })?;
        }
        return Ok(Some(certificate));
    }
    let (Some(certificate), Some(key)) = (&arguments.tls_certificate, &arguments.tls_key) else {
        return Ok(None);
    };
    let files = CertificateFiles { certificate: certificate.clone(), key: key.clone() };
    Ok(Some(ServerCertificate::read(files, now)?))
}

pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, io::Error> {
    let explained =
        |error: io::Error| io::Error::new(error.kind(), format!("{address} can't be listened on: {error}"));
    TcpListener::bind(address).await.map_err(explained)
}

type Listened = (Signal, SignalKind, &'static str);

/// Returns a future that is ready at the first SIGTERM or SIGINT. The second ends the process at once.
///
/// # Errors
/// The system's error, if it cannot report signals.
pub(crate) fn stop_signals() -> Result<impl Future<Output = ()>, io::Error> {
    let signals = [(SignalKind::terminate(), "SIGTERM"), (SignalKind::interrupt(), "SIGINT")];
    let [terminate, interrupt] = signals.map(|(kind, name)| Ok::<_, io::Error>((signal(kind)?, kind, name)));
    Ok(stop_signal(terminate?, interrupt?))
}

/// Waits for the first signal. The second ends the process at once.
async fn stop_signal(mut terminate: Listened, mut interrupt: Listened) {
    let name = next_signal(&mut terminate, &mut interrupt).await.2;
    tracing::info!(signal = name, "asked to stop; a second signal stops at once");
    notify(&[NotifyState::Stopping]);
    tokio::spawn(async move {
        let (_, kind, _) = next_signal(&mut terminate, &mut interrupt).await;
        std::process::exit(SIGNALLED + kind.as_raw_value());
    });
}

/// Logs once a minute how many lines of the log were dropped.
async fn report_lost_lines(lost: ErrorCounter) {
    let mut reported = lost.dropped_lines();
    loop {
        tokio::time::sleep(LOST_LINES_PERIOD).await;
        let now = lost.dropped_lines();
        if now > reported {
            tracing::warn!(count = now - reported, "lines of the log were dropped: its reader is too slow");
        }
        reported = now;
    }
}

/// Reads the key-encryption key and the TLS certificate again at each SIGHUP. Everything else that may change is in the store, which
/// is read continuously.
async fn reload(
    mut hangup: Signal,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    certificate: Option<Arc<ServerCertificate>>,
) {
    while hangup.recv().await.is_some() {
        let since = NotifyState::monotonic_usec_now();
        notify(&[Some(NotifyState::Reloading), since.ok()].into_iter().flatten().collect::<Vec<_>>());
        if let Some(certificate) = certificate.clone() {
            let now = clock.now();
            let read = tokio::task::spawn_blocking(move || certificate.reload(now));
            if read.await.is_err() {
                tracing::error!("the TLS certificate can't be read again");
            }
        }
        let keeper = keeper.clone();
        // Keys that do not open the store must not replace keys that do.
        let now = clock.steady();
        let read = move || {
            keeper.check_kek()?;
            keeper.refresh()?;
            // Announced before the reload ends, because the next step of `keys rekey` may follow at once.
            keeper.announce(now);
            Ok::<_, Error>(())
        };
        match tokio::task::spawn_blocking(read).await {
            Ok(Ok(())) => tracing::info!("the key-encryption key was read again"),
            Ok(Err(error)) => {
                tracing::warn!(code = error.code(), %error, "the key-encryption key before stays")
            }
            Err(_) => tracing::error!("the key-encryption key can't be read again"),
        }
        notify(&[NotifyState::Ready]);
    }
}

/// Reports the state of this process to the service manager, if there is one (`NOTIFY_SOCKET`, sd_notify(3)).
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager can't be reached");
    }
}

async fn next_signal<'a>(terminate: &'a mut Listened, interrupt: &'a mut Listened) -> &'a Listened {
    tokio::select! {
        _ = terminate.0.recv() => terminate,
        _ = interrupt.0.recv() => interrupt,
    }
}
