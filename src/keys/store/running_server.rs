//! The servers that share a store describe themselves in it, so that `rekey` finds out which keys each of them has.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::warn;

use crate::{Error, Keeper, StoreError};

/// A server of a store that several servers share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunningServer {
    /// Identifies the process: random digits.
    pub id: String,
    /// The machine and the process, for people.
    pub name: String,
    /// The identifiers of its key-encryption keys, in their order.
    pub kek_ids: Vec<String>,
    /// How long ago it described itself, by the clock of the store.
    pub age: Duration,
}

impl RunningServer {
    /// How long a server counts as running after it described itself last.
    pub const COUNTED: Duration = Duration::from_mins(1);
    /// How often a server describes itself.
    const PERIOD: Duration = Duration::from_secs(5);

    /// This process, with those keys.
    fn this(kek_ids: Vec<String>) -> Result<Self, StoreError> {
        let mut id = [0; 8];
        getrandom::fill(&mut id).map_err(|error| StoreError::Unavailable { detail: error.to_string() })?;
        let machine = rustix::system::uname();
        let name = format!("{} (process {})", machine.nodename().to_string_lossy(), std::process::id());
        Ok(Self {
            id: format!("{:016x}", u64::from_be_bytes(id)),
            name: name.escape_debug().to_string(),
            kek_ids,
            age: Duration::ZERO,
        })
    }
}

/// Which key encrypts a store, and which keys its servers have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// The identifier of the key-encryption key that the store is encrypted with.
    pub kek_id: String,
    /// The servers that run, if several machines may have the store.
    pub servers: Vec<RunningServer>,
}

impl Encryption {
    /// How the store of that keeper is encrypted now.
    ///
    /// # Errors
    /// Those of [`Keeper::load`].
    pub fn of(keeper: &Keeper) -> Result<Self, Error> {
        Ok(Self { kek_id: keeper.sealed_with()?, servers: keeper.store().servers()? })
    }
}

/// Describes this process in a shared store for as long as it runs. With any other store it does nothing.
#[derive(Debug)]
pub(crate) struct Presence {
    keeper: Keeper,
    described: Mutex<Described>,
}

#[derive(Debug)]
struct Described {
    server: RunningServer,
    /// When that was written last, by the steady clock.
    written: Option<Duration>,
    is_failing: bool,
    has_ended: bool,
}

impl Presence {
    pub(crate) fn new(keeper: Keeper) -> Result<Self, StoreError> {
        let server = RunningServer::this(keeper.kek_ids())?;
        let described = Described { server, written: None, is_failing: false, has_ended: false };
        Ok(Self { keeper, described: Mutex::new(described) })
    }

    /// Writes which keys this process has, if they have changed or some time has passed. `now` by the steady clock. May block
    /// on the store. A failure is reported in the log.
    pub(crate) fn renew(&self, now: Duration) {
        let (store, kek_ids) = (self.keeper.store(), self.keeper.kek_ids());
        let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = described.written.is_none_or(|at| now.saturating_sub(at) >= RunningServer::PERIOD)
            || described.server.kek_ids != kek_ids;
        if described.has_ended || !is_due || !store.is_shared() {
            return;
        }
        described.server.kek_ids = kek_ids;
        described.written = Some(now);
        let result = store.announce(&described.server);
        if let (Err(error), false) = (&result, described.is_failing) {
            warn!(code = error.code(), %error, "`keys rekey` can't see which key-encryption keys this server has");
        }
        described.is_failing = result.is_err();
    }

    /// Removes the description: this process has stopped to use the store. May block on the store.
    pub(crate) fn end(&self) {
        let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        described.has_ended = true;
        if described.written.take().is_none() {
            return;
        }
        if let Err(error) = self.keeper.store().leave(&described.server.id) {
            let seconds = RunningServer::COUNTED.as_secs();
            warn!(code = error.code(), %error, seconds, "this server still counts as running for a while");
        }
    }
}
