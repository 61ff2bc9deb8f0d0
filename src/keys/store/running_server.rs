//! Records of the servers that share a store, so that `rekey` knows which keys each of them has.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tracing::warn;

use crate::{Store, StoreError};

/// A server of a store that several servers share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunningServer {
    /// Identifies the process: random digits.
    pub id: String,
    /// The machine and the process, for people.
    pub name: String,
    /// The identifiers of its key-encryption keys, in their order.
    pub kek_ids: Vec<String>,
    /// The age of the record, by the clock of the store.
    pub age: Duration,
}

impl RunningServer {
    /// The age of its record up to which a server counts as running.
    pub const COUNTED: Duration = Duration::from_mins(1);
    /// The period in which a server updates its record.
    const PERIOD: Duration = Duration::from_secs(5);

    /// Makes the record of this process, with those keys.
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

/// The key that encrypts a store, and the keys of its servers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// The identifier of the key-encryption key that encrypts the store.
    pub kek_id: String,
    /// The running servers, if several machines may use the store.
    pub servers: Vec<RunningServer>,
}

/// The record that this process has written to a shared store.
#[derive(Debug, Default)]
pub(super) struct Presence(Mutex<Described>);

#[derive(Debug, Default)]
struct Described {
    /// The last written record, if there is one.
    server: Option<RunningServer>,
    /// The time of the last attempt, by the steady clock.
    tried: Option<Duration>,
    is_failing: bool,
    has_ended: bool,
}

impl Presence {
    /// Writes the record of this process, if that is due.
    pub(super) fn announce(&self, store: &dyn Store, kek_ids: Vec<String>, now: Duration) {
        let mut described = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = described.tried.is_none_or(|at| now.saturating_sub(at) >= RunningServer::PERIOD)
            || described.server.as_ref().is_none_or(|server| server.kek_ids != kek_ids);
        if described.has_ended || !is_due || !store.is_shared() {
            return;
        }
        let server = match described.server.take() {
            Some(server) => Ok(RunningServer { kek_ids, ..server }),
            None => RunningServer::this(kek_ids),
        };
        let result = server.and_then(|server| store.announce(described.server.insert(server)));
        if let (Err(error), false) = (&result, described.is_failing) {
            warn!(code = error.code(), %error, "`keys rekey` can't see which key-encryption keys this server has");
        }
        described.is_failing = result.is_err();
        described.tried = Some(now);
    }

    /// Removes the record.
    pub(super) fn leave(&self, store: &dyn Store) {
        let mut described = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        described.has_ended = true;
        let Some(server) = described.server.take() else { return };
        if let Err(error) = store.leave(&server.id) {
            let seconds = RunningServer::COUNTED.as_secs();
            warn!(code = error.code(), %error, seconds, "this server still counts as running for a while");
        }
    }
}
