//! Reads the configuration file, which has the settings of one process. Arguments override the environment, which overrides the file.
//!
//! The names are those of the arguments. Times, clients and people are in the store, not in this file.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use jotgate_keys::{DatabaseRefusal, Error, PostgresAddress, StoreError};
use toml::Value;

/// The settings for every command.
const FOR_ALL: [&str; 6] = ["store", "kek-file", "mark-file", "ledger-file", "log-format", "log-level"];
/// The additional settings for `serve`.
const FOR_SERVE: [&str; 11] = [
    "listen",
    "ops-listen",
    "tls-certificate",
    "tls-key",
    "allow-client-documents",
    "document-audience",
    "document-scope",
    "allow-non-loopback",
    "connections-per-address",
    "attempts-per-address",
    "trusted-proxy",
];

/// The checked content of a file.
pub(crate) struct Configuration {
    path: PathBuf,
    values: Vec<(String, Vec<String>)>,
}

/// A value that is in force.
pub(crate) struct Held {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) source: String,
}

impl Configuration {
    /// Reads the file that `--config` or the variable JOTGATE_CONFIG names.
    ///
    /// # Errors
    /// [`Error::Network`] with a message for a file that cannot be read, or that has an unknown name or an invalid value.
    pub(crate) fn read(arguments: &[OsString]) -> Result<Option<Self>, Error> {
        let path = named(arguments).or_else(|| std::env::var_os("JOTGATE_CONFIG"));
        // An empty one is refused when the arguments are parsed.
        let Some(path) = path.filter(|path| !path.is_empty()) else { return Ok(None) };
        let path = PathBuf::from(path);
        let failed = |detail: String| {
            Error::from(io::Error::other(format!("the configuration `{}`: {detail}", path.display())))
        };
        let text = fs::read_to_string(&path)
            .map_err(|error| failed(format!("{error}; --config or JOTGATE_CONFIG must name a TOML file")))?;
        // What the parser says may show a line, and a line may have a password.
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            failed(format!("line {} is not TOML", before.lines().count().max(1)))
        })?;
        let mut values = vec![];
        for (name, value) in table {
            if !FOR_ALL.contains(&name.as_str()) && !FOR_SERVE.contains(&name.as_str()) {
                let known = [&FOR_ALL[..], &FOR_SERVE].concat().join(", ");
                return Err(failed(format!("the name `{name}` is unknown; known are {known}")));
            }
            let texts = texts(&value).ok_or_else(|| {
                failed(format!("`{name}` is a text, a number, true or false; `trusted-proxy` and `document-audience` are lists"))
            })?;
            values.push((name, texts));
        }
        let has = |name: &str| values.iter().any(|(known, _)| known == name);
        if has("tls-certificate") != has("tls-key") {
            return Err(failed("`tls-certificate` and `tls-key` belong together".to_owned()));
        }
        let configuration = Self { path, values };
        configuration.check_password()?;
        Ok(Some(configuration))
    }

    /// Refuses a file with a password that other users can read.
    fn check_password(&self) -> Result<(), Error> {
        let store = self.values.iter().find(|(name, _)| name == "store").and_then(|(_, texts)| texts.first());
        let has_password = store
            .and_then(|store| store.parse::<PostgresAddress>().ok())
            .is_some_and(|address| address.has_password());
        let mode = fs::metadata(&self.path)?.permissions().mode() & 0o7777;
        if has_password && mode & 0o077 != 0 {
            return Err(StoreError::Exposed { path: self.path.clone(), mode }.into());
        }
        Ok(())
    }

    /// Returns the command with the file's values as its defaults.
    pub(crate) fn apply(&self, mut command: Command) -> Command {
        for (name, texts) in &self.values {
            let texts = texts.clone();
            let id = name.replace('-', "_");
            let set = move |argument: clap::Arg| argument.default_values(texts);
            command = match name.as_str() {
                name if FOR_ALL.contains(&name) => command.mut_arg(id, set),
                "ops-listen" => ["serve", "healthcheck"].into_iter().fold(command, |command, with_it| {
                    command.mut_subcommand(with_it, |with_it| with_it.mut_arg(&id, set.clone()))
                }),
                _ => command.mut_subcommand("serve", |serve| serve.mut_arg(id, set)),
            };
        }
        command
    }

    fn has(&self, name: &str) -> bool {
        self.values.iter().any(|(known, _)| known == name)
    }
}

/// Returns the values of a setting as strings. Returns `None` for anything but one value or a list of strings.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Integer(number) => Some(vec![number.to_string()]),
        Value::Boolean(choice) => Some(vec![choice.to_string()]),
        Value::Array(all) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Finds the value of `--config`, which is needed before the arguments can be parsed.
fn named(arguments: &[OsString]) -> Option<OsString> {
    let mut arguments = arguments.iter().take_while(|argument| *argument != OsStr::new("--"));
    while let Some(argument) = arguments.next() {
        if argument == OsStr::new("--config") {
            return arguments.next().cloned();
        }
        if let Some(path) = argument.to_str().and_then(|text| text.strip_prefix("--config=")) {
            return Some(path.into());
        }
    }
    None
}

/// Returns the settings in force for every command and for `serve`, and the source of each. `matches` are those of the command
/// that runs, `serve` those of a `serve` without arguments.
pub(crate) fn held(
    matches: &ArgMatches,
    serve: Option<&ArgMatches>,
    file: Option<&Configuration>,
) -> Vec<Held> {
    let of = |matches: &ArgMatches, name: &'static str| {
        let id = name.replace('-', "_");
        let raw: Vec<&OsStr> = matches.get_raw(&id).into_iter().flatten().collect();
        let value = raw.iter().map(|text| shown(text)).collect::<Vec<_>>().join(", ");
        let source = match (matches.value_source(&id), file) {
            (Some(ValueSource::CommandLine), _) => "argument".to_owned(),
            (Some(ValueSource::EnvVariable), _) => {
                format!("environment JOTGATE_{}", id.to_uppercase())
            }
            (_, Some(file)) if file.has(name) => format!("file {}", file.path.display()),
            _ => "default".to_owned(),
        };
        Held { name, value, source }
    };
    let all = FOR_ALL.into_iter().map(|name| of(matches, name));
    let more = FOR_SERVE.into_iter().filter_map(|name| serve.map(|serve| of(serve, name)));
    all.chain(more).collect()
}

/// Formats a value for people: an address without its password.
fn shown(text: &OsStr) -> String {
    let text = text.to_string_lossy();
    if !PostgresAddress::is_meant(&text) {
        return text.into_owned();
    }
    let address: Result<PostgresAddress, DatabaseRefusal> = text.parse();
    address.map_or_else(|_| "an address that can't be read".to_owned(), |address| address.to_string())
}

/// What a `serve` without arguments would take.
///
/// # Errors
/// Why it would be refused, in one line.
pub(crate) fn of_serve(command: &Command) -> Result<ArgMatches, String> {
    let line = |error: clap::Error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        line.trim_start_matches("error: ").to_owned()
    };
    let matches = command.clone().try_get_matches_from(["jotgate-keys", "serve"]).map_err(line)?;
    Ok(matches.subcommand_matches("serve").cloned().unwrap_or_default())
}
