//! `serve`: addresses and signals enter, the library serves until it is asked to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jotgate_keys::{ConnectionLimits, Error, Keeper, SystemClock, Times, run};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_appender::non_blocking::ErrorCounter;

use crate::arguments::Serve;
use crate::say;

/// How often lost lines of the log are reported.
const LOST_LINES_PERIOD: Duration = Duration::from_mins(1);
/// What a shell shows for a process that a signal ended is this and the signal's number.
const SIGNALLED: i32 = 128;

pub(crate) fn serve(keeper: &Keeper, arguments: &Serve, lost: &ErrorCounter) -> Result<(), Error> {
    for address in [Some(arguments.listen), arguments.ops_listen].into_iter().flatten() {
        if !address.ip().is_loopback() && !arguments.allow_non_loopback {
            let reason = format!("{address} is no loopback address; --allow-non-loopback takes it");
            return Err(io::Error::other(reason).into());
        }
    }
    // What can't be published is told before anybody is told to come.
    let (_, state) = keeper.load()?;
    let delay = state.settings().times().replica_delay;
    if delay < Times::SHORTEST_REPLICA_DELAY {
        tracing::warn!(
            seconds = delay,
            "a change takes up to two seconds, servers look twice a second: the replica delay is too short"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let signals = [(SignalKind::terminate(), "SIGTERM"), (SignalKind::interrupt(), "SIGINT")];
        let [terminate, interrupt] =
            signals.map(|(kind, name)| Ok::<_, io::Error>((signal(kind)?, kind, name)));
        let stop = stop_signal(terminate?, interrupt?);
        tokio::spawn(report_lost_lines(lost.clone()));
        tokio::spawn(reload(signal(SignalKind::hangup())?, keeper.clone()));
        let listener = listen(arguments.listen).await?;
        let ops = match arguments.ops_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        if let Some(ops) = &ops {
            tracing::info!(address = %ops.local_addr()?, "health and metrics are here");
        }
        say(&format!("listening on http://{}\n", listener.local_addr()?))?;
        let limits = ConnectionLimits {
            per_address: arguments.connections_per_address.into(),
            trusted_proxies: arguments.trusted_proxy.clone(),
        };
        run(listener, ops, keeper.clone(), Arc::new(SystemClock), limits, stop).await
    });
    // A look at a store that hangs must not keep the process.
    runtime.shutdown_background();
    served
}

async fn listen(address: SocketAddr) -> Result<TcpListener, io::Error> {
    let explained =
        |error: io::Error| io::Error::new(error.kind(), format!("{address} can't be listened on: {error}"));
    TcpListener::bind(address).await.map_err(explained)
}

type Listened = (Signal, SignalKind, &'static str);

/// Ready at the first signal; the second ends the process at once.
async fn stop_signal(mut terminate: Listened, mut interrupt: Listened) {
    let name = next_signal(&mut terminate, &mut interrupt).await.2;
    tracing::info!(signal = name, "asked to stop; a second signal stops at once");
    tokio::spawn(async move {
        let (_, kind, _) = next_signal(&mut terminate, &mut interrupt).await;
        std::process::exit(SIGNALLED + kind.as_raw_value());
    });
}

/// Says once a minute how many lines of the log were dropped meanwhile.
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

/// Reads the key-encryption key again at each SIGHUP. What else may change is in the store, which is looked at all the time.
async fn reload(mut hangup: Signal, keeper: Keeper) {
    while hangup.recv().await.is_some() {
        let keeper = keeper.clone();
        match tokio::task::spawn_blocking(move || keeper.refresh()).await {
            Ok(Ok(())) => tracing::info!("the key-encryption key was read again"),
            Ok(Err(error)) => {
                tracing::warn!(code = error.code(), %error, "the key-encryption key before stays")
            }
            Err(_) => tracing::error!("the key-encryption key can't be read again"),
        }
    }
}

async fn next_signal<'a>(terminate: &'a mut Listened, interrupt: &'a mut Listened) -> &'a Listened {
    tokio::select! {
        _ = terminate.0.recv() => terminate,
        _ = interrupt.0.recv() => interrupt,
    }
}
