//! The binary: arguments and signals enter, the library does the work, text and an exit code leave.
//!
//! Exit codes: 0 done, 1 failed (one line on stderr says why), 2 misused.

mod arguments;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use jotgate_keys::{
    Client, Clock, Document, Error, Keeper, KekError, KekSource, Keks, KeyPair, Settings, Signer,
    SqliteStore, State, SystemClock, TokenRequest, client_listing, listing, rekey, replace_all_keys,
    revoke_key, rotate, run, stage_key,
};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::Level;

use crate::arguments::{
    AddClient, Cli, Clients, Command, Init, Keys, LogFormat, NamedClient, Rotate, Serve, Stage, Token,
};

/// The life of a token for which none was asked, in seconds.
const USUAL_LIFE: u64 = 1800;
/// Less than this, in seconds, is not enough for a server that looks twice a second and may have to wait for a lock.
const LEAST_REPLICA_DELAY: u64 = 2;
/// What a shell shows for a process that a signal ended is this and the signal's number.
const SIGNALLED: i32 = 128;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let log = tracing_subscriber::fmt().with_writer(io::stderr).with_max_level(Level::INFO).with_ansi(false);
    match cli.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    match run_command(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if this fails too.
            let _ = writeln!(io::stderr(), "jotgate-keys: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_command(cli: &Cli) -> Result<(), Error> {
    let kek = kek_source(cli)?;
    match &cli.command {
        Command::Init(arguments) => init(&cli.store, &kek, arguments),
        Command::Serve(arguments) => serve(&keeper(&cli.store, kek)?, arguments),
        Command::Token(arguments) => token(&keeper(&cli.store, kek)?, arguments),
        Command::Keys(command) => keys(&keeper(&cli.store, kek)?, command),
        Command::Clients(command) => clients(&keeper(&cli.store, kek)?, command),
    }
}

/// The key-encryption key: in the environment, in the file that was named, or in the one beside the store.
fn kek_source(cli: &Cli) -> Result<KekSource, Error> {
    if let Some(text) = std::env::var_os("JOTGATE_KEK") {
        let keks = Keks::parse(text.to_str().ok_or(KekError::Malformed)?)?;
        return Ok(KekSource::Given(Arc::new(keks)));
    }
    let beside = || {
        let mut name = cli.store.file_name().unwrap_or_default().to_owned();
        name.push(".kek");
        cli.store.with_file_name(name)
    };
    Ok(KekSource::File(cli.kek_file.clone().unwrap_or_else(beside)))
}

fn init(path: &Path, kek: &KekSource, arguments: &Init) -> Result<(), Error> {
    let settings = Settings::new(arguments.times.times())?;
    let new = || KeyPair::generate(arguments.algorithm, arguments.rsa.size).map(Arc::new);
    let pairs = [new()?, new()?];
    let kid = pairs.each_ref().map(|pair| pair.kid().to_owned());
    let state = State::with_successor(arguments.issuer.clone(), settings, pairs, SystemClock.now())?;
    SqliteStore::prepare(path)?;
    // Durable before the store that can't be read without it.
    let keks = kek.read_or_make()?;
    SqliteStore::create(path, &Document::from_state(&state, &keks, 1)?)?;
    let [first, successor] = kid;
    let (path, issuer) = (path.display(), &arguments.issuer);
    say(&format!(
        "made `{path}`; the key {first} signs for {issuer}, its successor is {successor}\n{}",
        kept_in(kek)
    ))
}

fn kept_in(kek: &KekSource) -> String {
    match kek {
        KekSource::File(path) => {
            let path = path.display();
            format!(
                "the private keys are encrypted with the key in `{path}`: keep a copy, apart from the store's\n"
            )
        }
        KekSource::Given(_) => "the private keys are encrypted with the key in JOTGATE_KEK\n".to_owned(),
    }
}

fn token(keeper: &Keeper, arguments: &Token) -> Result<(), Error> {
    let (_, state) = keeper.load()?;
    let longest = state.signer()?.longest_life;
    let life = arguments.ttl.unwrap_or_else(|| USUAL_LIFE.min(longest));
    let Token { sub, client_id, audience, scope, .. } = arguments;
    let request = TokenRequest::new(sub, client_id.as_deref(), audience, scope.as_deref(), life)?;
    say(&(Signer::new(&state)?.sign(&request, SystemClock.now())? + "\n"))
}

fn keys(keeper: &Keeper, command: &Keys) -> Result<(), Error> {
    match command {
        Keys::List => say(&listing(&keeper.load()?.1, SystemClock.now())),
        Keys::Stage(arguments) => stage(keeper, arguments),
        Keys::Rotate(arguments) => rotate_keys(keeper, arguments),
        Keys::Revoke(arguments) => revoke(keeper, &arguments.kid),
        Keys::Emergency => emergency(keeper),
        Keys::Rekey => {
            let id = rekey(keeper)?;
            say(&format!(
                "the private keys are encrypted with the key {id} now\n{}",
                kept_in(keeper.source())
            ))
        }
    }
}

fn clients(keeper: &Keeper, command: &Clients) -> Result<(), Error> {
    match command {
        Clients::List => say(&client_listing(keeper.load()?.1.clients())),
        Clients::Add(AddClient { id, scope, audience }) => {
            let (client, secret) = Client::new(id, scope.as_deref(), audience, SystemClock.now())?;
            keeper.change(|state| Ok(Some(state.add_client(client.clone())?)))?;
            say(&format!("client_id: {id}\nclient_secret: {}\n", secret.as_str()))
        }
        Clients::Disable(NamedClient { id }) => {
            keeper.change(|state| Ok(Some(state.disable_client(id)?)))?;
            say(&format!("{id} gets no more tokens\n"))
        }
        Clients::Remove(NamedClient { id }) => {
            keeper.change(|state| Ok(Some(state.remove_client(id)?)))?;
            say(&format!("{id} is forgotten\n"))
        }
    }
}

fn stage(keeper: &Keeper, arguments: &Stage) -> Result<(), Error> {
    let (_, state) = keeper.load()?;
    let algorithm = arguments.algorithm.unwrap_or(state.signer()?.pair.algorithm());
    let there = state.successor(algorithm).is_some();
    let (kid, state) = stage_key(keeper, algorithm, arguments.rsa.size, &SystemClock)?;
    let from = state.find(&kid).map_or(0, |key| key.may_sign_from);
    let (verb, left) = (if there { "was published already" } else { "is published" }, left(from));
    say(&format!("{kid} {verb}; it may sign {left}: `keys rotate --algorithm {algorithm}`\n"))
}

fn rotate_keys(keeper: &Keeper, arguments: &Rotate) -> Result<(), Error> {
    let mut told = Ok(());
    let mut wait = |kid: &str, time: Duration| {
        if told.is_ok() {
            told = say(&format!(
                "published {kid}; it signs in {} s, when every verifier can have it\n",
                time.as_secs()
            ));
        }
        std::thread::sleep(time);
    };
    let rotation = rotate(keeper, arguments.algorithm, &SystemClock, &mut wait)?;
    told?;
    let life = rotation.state.find(&rotation.retiring).map_or(0, |key| key.longest_life);
    say(&format!(
        "{} signs now; {} stays published: its last tokens live for up to {life} s\n",
        rotation.signing, rotation.retiring
    ))
}

fn revoke(keeper: &Keeper, kid: &str) -> Result<(), Error> {
    let state = revoke_key(keeper, kid, &SystemClock)?;
    say(&format!("{kid} is revoked; {} signs\n{}", state.signer()?.kid(), trusted(&state)))
}

fn emergency(keeper: &Keeper) -> Result<(), Error> {
    let state = replace_all_keys(keeper, &SystemClock)?;
    let count = state.revoked().len();
    let signer = state.signer()?.kid();
    say(&format!("{count} keys are revoked; {signer} signs, new to every verifier\n{}", trusted(&state)))
}

fn trusted(state: &State) -> String {
    let seconds = state.settings().times().revocation;
    format!("verifiers that keep to the settings trust what was revoked for {seconds} s at most\n")
}

/// How long it is until then.
fn left(from: u64) -> String {
    match from.saturating_sub(SystemClock.now()) {
        0 => "at any time".to_owned(),
        seconds => format!("in {seconds} s"),
    }
}

fn serve(keeper: &Keeper, arguments: &Serve) -> Result<(), Error> {
    for address in [Some(arguments.listen), arguments.ops_listen].into_iter().flatten() {
        if !address.ip().is_loopback() && !arguments.allow_non_loopback {
            let reason = format!("{address} is no loopback address; --allow-non-loopback takes it");
            return Err(io::Error::other(reason).into());
        }
    }
    // What can't be published is told before anybody is told to come.
    let (_, state) = keeper.load()?;
    let delay = state.settings().times().replica_delay;
    if delay < LEAST_REPLICA_DELAY {
        tracing::warn!(
            seconds = delay,
            "servers look at the store twice a second: the replica delay is too short"
        );
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let served = runtime.block_on(async {
        let signals = [(SignalKind::terminate(), "SIGTERM"), (SignalKind::interrupt(), "SIGINT")];
        let [terminate, interrupt] =
            signals.map(|(kind, name)| Ok::<_, io::Error>((signal(kind)?, kind, name)));
        let stop = stop_signal(terminate?, interrupt?);
        let listener = listen(arguments.listen).await?;
        let ops = match arguments.ops_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        if let Some(ops) = &ops {
            tracing::info!(address = %ops.local_addr()?, "health and metrics are here");
        }
        say(&format!("listening on http://{}\n", listener.local_addr()?))?;
        run(listener, ops, keeper.clone(), Arc::new(SystemClock), stop).await
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

async fn next_signal<'a>(terminate: &'a mut Listened, interrupt: &'a mut Listened) -> &'a Listened {
    tokio::select! {
        _ = terminate.0.recv() => terminate,
        _ = interrupt.0.recv() => interrupt,
    }
}

fn keeper(path: &Path, kek: KekSource) -> Result<Keeper, Error> {
    Keeper::new(Arc::new(SqliteStore::open(path)?), kek)
}

/// Writes to stdout; a reader that went away is an error, not a panic.
fn say(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
