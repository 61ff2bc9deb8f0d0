//! The snapshot in memory from which the routes answer, without a lock or a store. The publisher replaces it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use axum::body::Bytes;

use super::numbers::Numbers;
use crate::proof::OwnKeys;
use crate::token::IdSigner;
use crate::{ClientDocumentSettings, Error, KeySet, ServerCertificate, Signer, State, StoreStamp, metadata};

/// One state, and everything that is served from it.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) state: State,
    pub(crate) set: KeySet,
    pub(crate) metadata: Bytes,
    pub(crate) signer: Signer,
    /// The number of tokens that the signer has signed in this process.
    pub(crate) signatures: Arc<AtomicU64>,
    /// Signs ID tokens; `None` if no key does.
    pub(crate) id_signer: Option<IdSigner>,
    /// The number of ID tokens that were signed in this process.
    pub(crate) id_signatures: Arc<AtomicU64>,
    /// Verifies tokens of this issuer in requests.
    pub(crate) own_keys: Option<OwnKeys>,
}

/// The state that the routes use. Empty until the first state was read.
#[derive(Debug, Default)]
pub struct Published {
    snapshot: ArcSwapOption<Snapshot>,
    /// Counts responses, to vary the times for which they may be cached.
    answers: AtomicUsize,
    /// The time at which the state was last known to be that of the store, in Unix seconds.
    last_seen: AtomicU64,
    /// The time at which the store was last read and the due step made, in Unix seconds.
    last_tick: AtomicU64,
    failing: AtomicBool,
    /// The reason of the last failure, with the stable code.
    failure: ArcSwapOption<Failure>,
    /// The identifier and the version of the store. Copies of a store differ in it.
    stamp: ArcSwapOption<StoreStamp>,
    overdue: AtomicBool,
    /// The TLS certificate of the public listener; `None` without TLS.
    certificate: ArcSwapOption<ServerCertificate>,
    /// The rights of clients that are described by documents; `None` if they are not accepted.
    client_documents: ArcSwapOption<ClientDocumentSettings>,
    /// The number of signed tokens by key. Locked only for reports and by a new signer.
    signatures: Mutex<Vec<(String, Arc<AtomicU64>)>>,
    numbers: Numbers,
}

/// The reason why the last read failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The stable code.
    pub code: &'static str,
    /// For people.
    pub text: String,
}

impl Snapshot {
    /// Makes everything that is served from a state.
    ///
    /// # Errors
    /// Those of [`KeySet::new`] and [`Signer::new`].
    pub fn new(state: State) -> Result<Self, Error> {
        let (set, signer) = (KeySet::new(&state)?, Signer::new(&state)?);
        let (metadata, id_signer) = (metadata(&state)?, IdSigner::new(&state)?);
        let [signatures, id_signatures] = [(); 2].map(|()| Arc::default());
        let own_keys = OwnKeys::of(&state);
        Ok(Self { state, set, metadata, signer, signatures, id_signer, id_signatures, own_keys })
    }

    /// The key set.
    #[must_use]
    pub const fn set(&self) -> &KeySet {
        &self.set
    }
}

impl Published {
    /// Returns the current snapshot, or `None` before the first was read.
    #[must_use]
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.load_full()
    }

    /// Returns the current snapshot, unless the store has not responded for longer than the replica delay. `now` in Unix seconds.
    pub(crate) fn current(&self, now: u64) -> Option<Arc<Snapshot>> {
        self.snapshot().filter(|snapshot| self.is_current(snapshot, now))
    }

    /// Returns a number that differs for each response.
    pub(crate) fn turn(&self) -> usize {
        self.answers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn publish(&self, mut snapshot: Snapshot) {
        let mut signatures = self.signatures.lock().unwrap_or_else(PoisonError::into_inner);
        // Removes the counts of removed keys. Otherwise the list would grow forever.
        signatures.retain(|(kid, _)| snapshot.state.find(kid).is_some());
        let mut count_of =
            |kid: &str, new: &mut Arc<AtomicU64>| match signatures.iter().find(|(known, _)| known == kid) {
                Some((_, count)) => *new = Arc::clone(count),
                None => signatures.push((kid.to_owned(), Arc::clone(new))),
            };
        count_of(snapshot.signer.kid(), &mut snapshot.signatures);
        if let Some(signer) = &snapshot.id_signer {
            count_of(signer.kid(), &mut snapshot.id_signatures);
        }
        drop(signatures);
        self.snapshot.store(Some(Arc::new(snapshot)));
    }

    /// Records that the published state is that of the store.
    pub(crate) fn seen(&self, now: u64) {
        self.last_seen.store(now, Ordering::Relaxed);
    }

    /// Records the outcome of the last read of the store.
    pub(crate) fn ticked(&self, now: u64, succeeded: bool, overdue: bool) {
        if succeeded {
            self.seen(now);
            self.last_tick.store(now, Ordering::Relaxed);
        }
        self.failing.store(!succeeded, Ordering::Relaxed);
        self.overdue.store(overdue, Ordering::Relaxed);
    }

    /// Records the reason why the last read failed; `None` if it succeeded.
    pub(crate) fn explain(&self, error: Option<&Error>) {
        let failure = error.map(|error| Arc::new(Failure { code: error.code(), text: error.to_string() }));
        self.failure.store(failure);
    }

    /// Returns the reason why the last read failed. The server is then not ready.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<Failure>> {
        self.failure.load_full()
    }

    pub(crate) fn set_stamp(&self, stamp: StoreStamp) {
        self.stamp.store(Some(Arc::new(stamp)));
    }

    /// Returns the identifier and the version of the store of the published state.
    #[must_use]
    pub fn stamp(&self) -> Option<Arc<StoreStamp>> {
        self.stamp.load_full()
    }

    /// Sets the TLS certificate of the public listener.
    pub(crate) fn set_certificate(&self, certificate: Arc<ServerCertificate>) {
        self.certificate.store(Some(certificate));
    }

    /// Returns the TLS certificate of the public listener, or `None` without TLS.
    #[must_use]
    pub fn certificate(&self) -> Option<Arc<ServerCertificate>> {
        self.certificate.load_full()
    }

    /// Accepts clients that are described by documents.
    pub(crate) fn allow_client_documents(&self, settings: ClientDocumentSettings) {
        self.client_documents.store(Some(Arc::new(settings)));
    }

    /// The rights of clients that are described by documents; `None` if they are not accepted.
    pub(crate) fn client_documents(&self) -> Option<Arc<ClientDocumentSettings>> {
        self.client_documents.load_full()
    }

    /// Returns the counters of this process.
    pub(crate) const fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// Returns the number of tokens that each key has signed in this process.
    pub(crate) fn signatures(&self) -> Vec<(String, u64)> {
        let signatures = self.signatures.lock().unwrap_or_else(PoisonError::into_inner);
        signatures.iter().map(|(kid, count)| (kid.clone(), count.load(Ordering::Relaxed))).collect()
    }

    /// Returns the time of the last successful read of the store, in Unix seconds.
    pub(crate) fn last_tick(&self) -> u64 {
        self.last_tick.load(Ordering::Relaxed)
    }

    /// Whether the store has responded within the replica delay. Otherwise this process could sign with a key that others have retired or
    /// revoked. A read that blocks never fails, so only the time shows it.
    pub(crate) fn is_current(&self, snapshot: &Snapshot, now: u64) -> bool {
        let delay = snapshot.state.settings().times().replica_delay;
        now.abs_diff(self.last_seen.load(Ordering::Relaxed)) <= delay.max(1)
    }

    /// Whether there has been no free place for connections for longer than the replica delay.
    pub(crate) fn is_full(&self, snapshot: &Snapshot) -> bool {
        let delay = snapshot.state.settings().times().replica_delay;
        self.numbers.full_for().as_secs() >= delay.max(1)
    }

    /// Whether the last read of the store failed.
    pub(crate) fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Whether the signer should have been replaced.
    pub(crate) fn overdue(&self) -> bool {
        self.overdue.load(Ordering::Relaxed)
    }
}
