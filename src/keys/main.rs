//! The binary: arguments and signals enter, the library does the work, text and an exit code leave.
//!
//! Exit codes: 0 done, 1 failed (one line on stderr says why), 2 misused.

mod cli;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use jotgate_keys::{
    Clock, Document, Error, Keeper, KeyPair, Settings, Signer, SigningAlgorithm, SqliteStore, State,
    SystemClock, TokenRequest, listing, rotate, run,
};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::Level;

use crate::cli::{Cli, Command, Init, Keys, Serve, Token};

/// The life of a token for which none was asked, in seconds.
const USUAL_LIFE: u64 = 1800;
/// What a shell shows for a process that a signal ended is this and the signal's number.
const SIGNALLED: i32 = 128;

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(Level::INFO).with_ansi(false).init();
    let done = match cli.command {
        Command::Init(arguments) => init(&cli.store, &arguments),
        Command::Serve(arguments) => serve(&cli.store, &arguments),
        Command::Token(arguments) => token(&cli.store, &arguments),
        Command::Keys(Keys::List) => list(&cli.store),
        Command::Keys(Keys::Rotate) => rotate_keys(&cli.store),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this fails too.
            let _ = writeln!(io::stderr(), "jotgate-keys: {error}");
            ExitCode::FAILURE
        }
    }
}

fn init(path: &Path, arguments: &Init) -> Result<(), Error> {
    let settings = Settings::new(arguments.max_age, arguments.longest_life, arguments.replica_delay)?;
    let first = Arc::new(KeyPair::generate(SigningAlgorithm::ES256)?);
    let kid = first.kid().to_owned();
    let state = State::new(arguments.issuer.clone(), settings, first, SystemClock.now());
    SqliteStore::create(path, &Document::from_state(&state)?)?;
    say(&format!("made `{}`; the key {kid} signs for {}\n", path.display(), arguments.issuer))
}

fn token(path: &Path, arguments: &Token) -> Result<(), Error> {
    let (_, state) = keeper(path)?.load()?;
    let life = arguments.ttl.unwrap_or_else(|| USUAL_LIFE.min(state.settings().longest_life()));
    let Token { sub, client_id, audience, scope, .. } = arguments;
    let request = TokenRequest::new(sub, client_id.as_deref(), audience, scope.as_deref(), life)?;
    say(&(Signer::new(&state)?.sign(&request, SystemClock.now())? + "\n"))
}

fn list(path: &Path) -> Result<(), Error> {
    let (_, state) = keeper(path)?.load()?;
    say(&listing(&state, SystemClock.now()))
}

fn rotate_keys(path: &Path) -> Result<(), Error> {
    let mut told = Ok(());
    let mut wait = |kid: &str, time: Duration| {
        if told.is_ok() {
            told = say(&format!(
                "published {kid}; it signs in {} s, when every server has it\n",
                time.as_secs()
            ));
        }
        std::thread::sleep(time);
    };
    let rotation = rotate(&keeper(path)?, SigningAlgorithm::ES256, &SystemClock, &mut wait)?;
    told?;
    let (settings, old) = (rotation.state.settings(), rotation.state.find(&rotation.retiring));
    let (max_age, life) = (settings.max_age(), old.map_or(0, |key| key.longest_life));
    say(&format!(
        "{} signs now; {} stays published: its last tokens live for up to {life} s\n\
         wait {max_age} s (max-age) before relying on verifiers that do not fetch the set when a kid is unknown to them\n",
        rotation.signing, rotation.retiring
    ))
}

fn serve(path: &Path, arguments: &Serve) -> Result<(), Error> {
    let store = SqliteStore::open(path)?;
    if !arguments.listen.ip().is_loopback() && !arguments.allow_non_loopback {
        let reason = format!("{} is no loopback address; --allow-non-loopback takes it", arguments.listen);
        return Err(io::Error::other(reason).into());
    }
    let store = Arc::new(store);
    // What can't be published is told before anybody is told to come.
    Keeper::new(store.clone()).load()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let signals = [(SignalKind::terminate(), "SIGTERM"), (SignalKind::interrupt(), "SIGINT")];
        let [terminate, interrupt] =
            signals.map(|(kind, name)| Ok::<_, io::Error>((signal(kind)?, kind, name)));
        let stop = stop_signal(terminate?, interrupt?);
        let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
            io::Error::new(error.kind(), format!("{} can't be listened on: {error}", arguments.listen))
        })?;
        say(&format!("listening on http://{}\n", listener.local_addr()?))?;
        run(listener, store, Arc::new(SystemClock), stop).await
    });
    // A look at a store that hangs must not keep the process.
    runtime.shutdown_background();
    served
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

async fn next_signal<'a>(terminate: &'a mut Listened, interrupt: &'a mut Listened) -> &'a Listened {
    tokio::select! {
        _ = terminate.0.recv() => terminate,
        _ = interrupt.0.recv() => interrupt,
    }
}

fn keeper(path: &Path) -> Result<Keeper, Error> {
    Ok(Keeper::new(Arc::new(SqliteStore::open(path)?)))
}

/// Writes to stdout; a reader that went away is an error, not a panic.
fn say(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
