//! The binary: passes arguments and signals to the library, and prints text. Returns an exit code.
//!
//! Exit codes: 0 done, 1 failed (one line on stderr says why), 2 invalid arguments, 3 `check` found something.

mod arguments;
mod check;
mod client_arguments;
mod clients;
mod configuration;
mod confirmation;
mod dev;
mod dev_arguments;
mod document_arguments;
mod duration;
mod healthcheck;
mod init;
mod keys;
mod place;
mod serve;
mod settings;
mod time_arguments;
mod token;
mod upgrade;
mod user_arguments;
mod users;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _};
use jotgate_keys::ledger::LedgerError;
use jotgate_keys::{Error, StoreError};
use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder};

use crate::arguments::{Cli, Command, LogFormat};
use crate::configuration::{Configuration, Held, held, of_serve};
use crate::place::Place;

/// The most lines of the log that wait to be written.
const WAITING_LINES: usize = 8192;
/// How many bytes of the log are written at once, at most: what a pipe of Linux takes whole.
const WRITTEN_AT_ONCE: usize = 4096;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let configuration = match Configuration::read(&arguments) {
        Ok(configuration) => configuration,
        Err(error) => return report(&error),
    };
    let command = match &configuration {
        Some(configuration) => configuration.apply(Cli::command()),
        None => Cli::command(),
    };
    let matches = command.clone().get_matches_from(&arguments);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let serve = of_serve(&command);
    let given = Given {
        store_is_argument: matches.value_source("store") == Some(ValueSource::CommandLine),
        held: held(&matches, serve.as_ref().ok(), configuration.as_ref()),
        serve_refused: serve.err(),
    };
    // Lines that a slow reader does not take are dropped and counted. Waiting would let it stop the server. Lines that wait together
    // are written together: the writer's thread flushes as soon as none waits.
    let out = BufWriter::with_capacity(WRITTEN_AT_ONCE, io::stderr());
    let (writer, flush) =
        NonBlockingBuilder::default().lossy(true).buffered_lines_limit(WAITING_LINES).finish(out);
    let lost = writer.error_counter();
    let log = tracing_subscriber::fmt().with_writer(writer).with_max_level(cli.log_level).with_ansi(false);
    match cli.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    let done = run_command(&cli, &given, &lost);
    // The log is written completely before the error.
    drop(flush);
    match done {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

fn report(error: &Error) -> ExitCode {
    // If this fails too, the error cannot be reported.
    let _ = writeln!(io::stderr(), "jotgate-keys: {error}");
    ExitCode::FAILURE
}

/// The arguments, and the configuration file they came from.
struct Given {
    store_is_argument: bool,
    /// The settings in force.
    held: Vec<Held>,
    /// Why a `serve` without arguments would be refused.
    serve_refused: Option<String>,
}

fn run_command(cli: &Cli, given: &Given, lost: &ErrorCounter) -> Result<ExitCode, Error> {
    // `dev` has neither a store nor a key-encryption key.
    if let Command::Dev(arguments) = &cli.command {
        dev::dev(arguments)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Another process has the store.
    if let Command::Healthcheck(arguments) = &cli.command {
        healthcheck::healthcheck(arguments)?;
        return Ok(ExitCode::SUCCESS);
    }
    let place = Place::of(cli, given.store_is_argument)?;
    match &cli.command {
        Command::Dev(_) | Command::Healthcheck(_) => Ok(()),
        Command::Init(arguments) => init::init(&place, arguments),
        Command::Serve(arguments) => {
            let keeper = place.keeper()?;
            let (_, state) = keeper.load()?;
            let keeper = match state.ledger() {
                Some(_) => match place.ledger(&state) {
                    Ok(ledger) => keeper.with_ledger(ledger),
                    // All verifiers need the key set, but few people are logging in at this moment. So the server starts without logins.
                    Err(Error::Ledger(LedgerError::File(error @ StoreError::Unavailable { .. }))) => {
                        tracing::error!(code = error.code(), %error, "logins are off until the next start: the ledger cannot be opened");
                        keeper
                    }
                    Err(error) => return Err(error),
                },
                None => keeper,
            };
            place.warn_of_failover();
            serve::serve(&keeper, place.clock(), arguments, lost)
        }
        Command::Token(arguments) => token::token(&place.keeper()?, place.clock().as_ref(), arguments),
        Command::Keys(command) => keys::keys(&place.keeper()?, place.clock().as_ref(), command),
        Command::Check(json) => {
            let refused = given.serve_refused.as_deref();
            return check::check_store(&place.keeper()?, place.clock().as_ref(), &given.held, refused, *json);
        }
        Command::Settings(command) => settings::settings(&place.keeper()?, place.clock().as_ref(), command),
        Command::Upgrade => upgrade::upgrade(&place.keeper()?),
        Command::Clients(command) => clients::clients(&place.keeper()?, place.clock().as_ref(), command),
        Command::Users(command) => {
            let (_, state) = place.keeper()?.load()?;
            users::users(place.ledger(&state)?.as_ref(), place.clock().as_ref(), command)
        }
    }?;
    Ok(ExitCode::SUCCESS)
}

/// Writes to stdout. A closed pipe is an error, not a panic.
fn say(text: &str) -> Result<(), Error> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}
