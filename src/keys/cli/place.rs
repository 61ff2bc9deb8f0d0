//! Finds the store, its key-encryption key, its high-water mark and its ledger.

use std::ffi::{OsStr, OsString};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jotgate_keys::ledger::{Ledger, PostgresLedger, SqliteLedger};
use jotgate_keys::{
    Clock, DatabaseRefusal, Document, Error, Keeper, KekSource, Keks, MarkFile, PostgresAddress,
    PostgresDatabase, PostgresStore, SqliteStore, State, StateError, Store, StoreError, SystemClock,
};

use crate::arguments::Cli;

/// The locations of everything that belongs to one store.
pub(crate) struct Place {
    pub(crate) store: StorePlace,
    pub(crate) kek: KekSource,
    pub(crate) mark: MarkFile,
    ledger_file: PathBuf,
}

/// The location of a store: a file, or a database.
pub(crate) enum StorePlace {
    File(PathBuf),
    Postgres(Arc<PostgresDatabase>),
}

/// The beginning of the names of the other files if the store is a database.
const BESIDE_A_DATABASE: &str = "./jotgate-keys/postgres";

impl Place {
    /// Returns the locations in the arguments and the environment. Connects to a database.
    pub(crate) fn of(cli: &Cli, store_is_argument: bool) -> Result<Self, Error> {
        let address = address(&cli.store, store_is_argument).map_err(StoreError::Database)?;
        let beside = address.as_ref().map_or_else(|| PathBuf::from(&cli.store), |_| BESIDE_A_DATABASE.into());
        let kek = match std::env::var_os("JOTGATE_KEK") {
            Some(text) => KekSource::Given(Arc::new(Keks::from_variable("JOTGATE_KEK", &text)?)),
            None => KekSource::File(cli.kek_file.clone().unwrap_or_else(|| with_suffix(&beside, ".kek"))),
        };
        let marked = match &kek {
            KekSource::File(path) => path,
            KekSource::Given(_) => &beside,
        };
        let mark = MarkFile::new(cli.mark_file.clone().unwrap_or_else(|| with_suffix(marked, ".mark")));
        let ledger_file = cli.ledger_file.clone().unwrap_or_else(|| with_suffix(&beside, ".ledger"));
        let store = match address {
            Some(address) => StorePlace::Postgres(Arc::new(PostgresDatabase::open(&address)?)),
            None => StorePlace::File(PathBuf::from(&cli.store)),
        };
        Ok(Self { store, kek, mark, ledger_file })
    }

    /// Returns the clock that all servers of this store share.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match &self.store {
            StorePlace::File(_) => Arc::new(SystemClock),
            StorePlace::Postgres(database) => Arc::clone(database) as Arc<dyn Clock>,
        }
    }

    /// Logs a warning if a failover could lose changes.
    pub(crate) fn warn_of_failover(&self) {
        if let StorePlace::Postgres(database) = &self.store
            && !database.waits_for_standby()
        {
            tracing::warn!(
                "no standby confirms commits (`synchronous_standby_names` is empty): after a failover everybody has to log in again"
            );
        }
    }

    /// Returns the keeper of an existing store.
    pub(crate) fn keeper(&self) -> Result<Keeper, Error> {
        let store: Arc<dyn Store> = match &self.store {
            StorePlace::File(path) => Arc::new(SqliteStore::open(path)?),
            StorePlace::Postgres(database) => Arc::new(PostgresStore::open(Arc::clone(database))?),
        };
        Ok(Keeper::new(store, self.kek.clone())?.with_mark(self.mark.clone()))
    }

    /// Opens the ledger of the people who log in: a separate file, or the same database.
    pub(crate) fn ledger(&self, state: &State) -> Result<Arc<dyn Ledger>, Error> {
        const WHAT: &str = "people who log in";
        state.require_format_5(WHAT)?;
        let id = state.store_id().ok_or(StateError::NeedsUpgrade { what: WHAT, format: 3 })?;
        Ok(match &self.store {
            StorePlace::File(_) => Arc::new(SqliteLedger::open(&self.ledger_file, id)?),
            StorePlace::Postgres(database) => Arc::new(PostgresLedger::open(Arc::clone(database), id)?),
        })
    }
}

impl StorePlace {
    /// Checks that no store exists, and makes the folders for the files beside it.
    pub(crate) fn prepare(&self, beside: &[&Path]) -> Result<(), Error> {
        match self {
            Self::File(path) => Ok(SqliteStore::prepare(path)?),
            Self::Postgres(database) => {
                PostgresStore::prepare(database)?;
                let folders = beside.iter().filter_map(|path| path.parent());
                for folder in folders.filter(|folder| !folder.as_os_str().is_empty()) {
                    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
                }
                Ok(())
            }
        }
    }

    /// Makes the store.
    pub(crate) fn create(&self, first: &Document) -> Result<(), Error> {
        match self {
            Self::File(path) => SqliteStore::create(path, first).map(drop)?,
            Self::Postgres(database) => PostgresStore::create(Arc::clone(database), first).map(drop)?,
        }
        Ok(())
    }

    /// Returns the location for people, without a password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Postgres(database) => database.shown().to_owned(),
        }
    }
}

/// Returns the address of a database, with its password. Returns `None` for a path.
fn address(store: &OsStr, is_argument: bool) -> Result<Option<PostgresAddress>, DatabaseRefusal> {
    let Some(text) = store.to_str().filter(|text| PostgresAddress::is_meant(text)) else { return Ok(None) };
    let address: PostgresAddress = text.parse()?;
    if is_argument && address.has_password() {
        return Err(DatabaseRefusal::PasswordInArguments);
    }
    let password = std::env::var("PGPASSWORD").ok();
    let passfile = std::env::var_os("PGPASSFILE").map(PathBuf::from).or_else(|| {
        std::env::var_os("HOME")
            .filter(|home| !home.is_empty())
            .map(|home| PathBuf::from(home).join(".pgpass"))
    });
    address.with_password_of(password.as_deref(), passfile.as_deref()).map(Some)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}
