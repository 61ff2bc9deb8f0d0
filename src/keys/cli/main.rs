//! The binary: passes arguments and signals to the library, and prints text. Returns an exit code.
//!
//! Exit codes: 0 done, 1 failed (one line on stderr says why), 2 misused, 3 `check` found something.

mod arguments;
mod check;
mod client_arguments;
mod clients;
mod confirmation;
mod dev;
mod dev_arguments;
mod duration;
mod init;
mod keys;
mod serve;
mod settings;
mod time_arguments;
mod token;
mod upgrade;
mod user_arguments;
mod users;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use jotgate_keys::ledger::{LedgerError, SqliteLedger};
use jotgate_keys::{
    Error, Keeper, KekError, KekSource, Keks, MarkFile, SqliteStore, State, StateError, StoreError,
};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder};

use crate::arguments::{Cli, Command, LogFormat};

/// How many lines of the log may wait to be written.
const WAITING_LINES: usize = 8192;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Lines that a slow reader does not take are dropped and counted. Waiting would let it stop the server.
    let (writer, flush) =
        NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING_LINES).finish(io::stderr());
    let lost = writer.error_counter();
    let log = tracing_subscriber::fmt().with_writer(writer).with_max_level(cli.log_level).with_ansi(false);
    match cli.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    let done = run_command(&cli, &lost);
    // The log is written before the last word.
    drop(flush);
    match done {
        Ok(code) => code,
        Err(error) => {
            // If this fails too, there is nowhere left to report it.
            let _ = writeln!(io::stderr(), "jotgate-keys: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_command(cli: &Cli, lost: &ErrorCounter) -> Result<ExitCode, Error> {
    // It has neither a store nor a key-encryption key.
    if let Command::Dev(arguments) = &cli.command {
        dev::dev(arguments)?;
        return Ok(ExitCode::SUCCESS);
    }
    let kek = kek_source(cli)?;
    match &cli.command {
        Command::Dev(_) => Ok(()),
        Command::Init(arguments) => init::init(&cli.store, &kek, &mark_file(cli, &kek), arguments),
        Command::Serve(arguments) => {
            let keeper = keeper(cli, kek)?;
            let (_, state) = keeper.load()?;
            let keeper = match state.ledger() {
                Some(_) => match ledger(cli, &state) {
                    Ok(ledger) => keeper.with_ledger(Arc::new(ledger)),
                    // The key set matters to everybody, a login to the few who begin one now.
                    Err(Error::Ledger(LedgerError::File(error @ StoreError::Unavailable { .. }))) => {
                        tracing::error!(code = error.code(), %error, "nobody can log in until the next start: the ledger can't be opened");
                        keeper
                    }
                    Err(error) => return Err(error),
                },
                None => keeper,
            };
            serve::serve(&keeper, arguments, lost)
        }
        Command::Token(arguments) => token::token(&keeper(cli, kek)?, arguments),
        Command::Keys(command) => keys::keys(&keeper(cli, kek)?, command),
        Command::Check(json) => return check::check_store(&keeper(cli, kek)?, *json),
        Command::Settings(command) => settings::settings(&keeper(cli, kek)?, command),
        Command::Upgrade => upgrade::upgrade(&keeper(cli, kek)?),
        Command::Clients(command) => clients::clients(&keeper(cli, kek)?, command),
        Command::Users(command) => {
            let keeper = keeper(cli, kek)?;
            let (_, state) = keeper.load()?;
            users::users(&ledger(cli, &state)?, command)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The key-encryption key: in the environment, in the file that was named, or in the one beside the store.
fn kek_source(cli: &Cli) -> Result<KekSource, Error> {
    if let Some(text) = std::env::var_os("JOTGATE_KEK") {
        let keks = Keks::parse(text.to_str().ok_or(KekError::Malformed)?)?;
        return Ok(KekSource::Given(Arc::new(keks)));
    }
    let beside = || with_suffix(&cli.store, ".kek");
    Ok(KekSource::File(cli.kek_file.clone().unwrap_or_else(beside)))
}

/// The high-water mark: in the file that was named, or in the one beside the key-encryption key.
fn mark_file(cli: &Cli, kek: &KekSource) -> MarkFile {
    let beside = || match kek {
        KekSource::File(path) => with_suffix(path, ".mark"),
        KekSource::Given(_) => with_suffix(&cli.store, ".mark"),
    };
    MarkFile::new(cli.mark_file.clone().unwrap_or_else(beside))
}

fn keeper(cli: &Cli, kek: KekSource) -> Result<Keeper, Error> {
    let mark = mark_file(cli, &kek);
    Ok(Keeper::new(Arc::new(SqliteStore::open(&cli.store)?), kek)?.with_mark(mark))
}

/// The ledger of the people who log in: beside the store.
fn ledger(cli: &Cli, state: &State) -> Result<SqliteLedger, Error> {
    state.require_format_5("people who log in")?;
    let path = cli.ledger_file.clone().unwrap_or_else(|| with_suffix(&cli.store, ".ledger"));
    let store = state.store_id().ok_or(StateError::NeedsUpgrade { what: "people who log in", format: 3 })?;
    Ok(SqliteLedger::open(&path, store)?)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

/// Writes to stdout; a reader that went away is an error, not a panic.
fn say(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
