//! Client ID Metadata Documents: a client's identifier is the https URL of a document that describes the client
//! (draft-ietf-oauth-client-id-metadata-document-02).
//!
//! Such a client is not registered. The callers fetch documents only for a person who has logged in. This module limits the addresses,
//! the number and the size of fetches.

mod client_url;
mod description;
mod fault;
mod fetch;
mod public_address;
mod remembered;
mod settings;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{info, warn};

pub(crate) use client_url::ClientUrl;
pub(crate) use fault::ClientDocumentFault;
pub use settings::ClientDocumentSettings;

use self::description::describe;
use self::fetch::{Fetched, Network};
use self::remembered::Remembered;
use crate::http::{AddressCounter, escape};
use crate::{Client, Error};

/// Fetches and caches the documents of clients.
pub(crate) struct ClientDocuments {
    settings: ClientDocumentSettings,
    network: Network,
    remembered: Mutex<Remembered>,
    /// Counts fetches by the address of the requester.
    askers: Mutex<AddressCounter>,
    /// Counts fetches by the address that they go to.
    asked: Mutex<AddressCounter>,
    all: DefaultDirectRateLimiter,
    at_once: Semaphore,
}

/// The most fetches that one address may cause in a minute.
const PER_ASKER: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
/// The most fetches to one address in a minute.
const PER_ASKED: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);
/// The most fetches in a minute.
const PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(119);
/// The most concurrent fetches.
const AT_ONCE: usize = 8;
/// The time that a fetch waits for its turn. Meanwhile another one often fetches the same document.
const TURN_LIMIT: Duration = Duration::from_secs(3);
/// The most addresses that are counted.
const MAX_ADDRESSES: usize = 4096;

impl ClientDocuments {
    /// Reads the certificate authorities of the system.
    ///
    /// # Errors
    /// [`Error::Network`] if the system has none.
    pub(crate) fn new(settings: ClientDocumentSettings) -> Result<Self, Error> {
        Ok(Self::with_network(settings, Network::of_system()?))
    }

    fn with_network(settings: ClientDocumentSettings, network: Network) -> Self {
        let counter =
            |per_minute| Mutex::new(AddressCounter::new(Quota::per_minute(per_minute), MAX_ADDRESSES));
        Self {
            settings,
            network,
            remembered: Mutex::default(),
            askers: counter(PER_ASKER),
            asked: counter(PER_ASKED),
            all: RateLimiter::direct(Quota::per_minute(PER_MINUTE)),
            at_once: Semaphore::new(AT_ONCE),
        }
    }

    /// Whether an identifier may be that of a client with a document. It must not be an audience, so that a token for one cannot be used
    /// for the other.
    pub(crate) fn may_be(&self, url: &ClientUrl, audiences: &[String]) -> bool {
        ![&self.settings.audiences[..], audiences].concat().iter().any(|audience| audience == url.as_str())
    }

    /// Returns the client of a cached document. `now` in Unix seconds.
    pub(crate) fn remembered(&self, url: &ClientUrl, now: u64) -> Option<Arc<Client>> {
        self.memory().find(url.as_str(), now)
    }

    /// Returns the client that a document describes. The document is cached, or fetched now. The caller must ensure that a person has
    /// logged in. `asker` is the address of the person's browser or of the client; `now` in Unix seconds. If the host cannot be
    /// reached, a document that has expired recently is used.
    ///
    /// # Errors
    /// [`ClientDocumentFault`].
    pub(crate) async fn client(
        &self,
        url: &ClientUrl,
        asker: Option<IpAddr>,
        now: u64,
    ) -> Result<Arc<Client>, ClientDocumentFault> {
        if let Some(known) = self.remembered(url, now) {
            return Ok(known);
        }
        let Ok(Ok(_turn)) = timeout(TURN_LIMIT, self.at_once.acquire()).await else {
            return Err(ClientDocumentFault::Limited);
        };
        if let Some(known) = self.remembered(url, now) {
            return Ok(known);
        }
        let fault = match self.fetch(url, asker, now).await {
            Ok(client) => {
                info!(event = "client_document", client = escape(url.as_str()), "client document fetched");
                return Ok(client);
            }
            Err(fault) => fault,
        };
        let stale = if fault.is_temporary() { self.memory().find_stale(url.as_str(), now) } else { None };
        let outcome =
            if stale.is_some() { "the former client document is used" } else { "client document refused" };
        warn!(event = "client_document", client = escape(url.as_str()), reason = fault.code(), "{outcome}");
        stale.ok_or(fault)
    }

    /// Fetches a document within the limits, and caches it.
    async fn fetch(
        &self,
        url: &ClientUrl,
        asker: Option<IpAddr>,
        now: u64,
    ) -> Result<Arc<Client>, ClientDocumentFault> {
        if asker.is_some_and(|asker| counted(&self.askers, asker)) || self.all.check().is_err() {
            return Err(ClientDocumentFault::Limited);
        }
        let fetched = self.network.fetch(url, |address| !counted(&self.asked, address)).await;
        let described = fetched.and_then(|Fetched { body, max_age }| {
            Ok((Arc::new(describe(url, &body, &self.settings, now)?), max_age))
        });
        let mut memory = self.memory();
        match described {
            Ok((client, life)) => {
                memory.store(url.as_str(), &client, life, now);
                Ok(client)
            }
            Err(fault) => {
                if !fault.is_temporary() {
                    memory.remove(url.as_str());
                }
                Err(fault)
            }
        }
    }

    fn memory(&self) -> MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts a fetch for an address. Returns whether the address has reached its limit.
fn counted(counter: &Mutex<AddressCounter>, address: IpAddr) -> bool {
    counter.lock().unwrap_or_else(PoisonError::into_inner).count(address).is_some()
}

impl fmt::Debug for ClientDocuments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientDocuments").field("settings", &self.settings).finish_non_exhaustive()
    }
}
