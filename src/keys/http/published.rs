//! The snapshot in memory that the routes answer from, without a lock or a store. The publisher replaces it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use axum::body::Bytes;

use super::numbers::Numbers;
use crate::proof::OwnKeys;
use crate::token::IdSigner;
use crate::{ClientDocumentSettings, Error, KeySet, ServerCertificate, Signer, State, StoreStamp, metadata};

/// One state, with everything made from it that is served.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) state: State,
    pub(crate) set: KeySet,
    pub(crate) metadata: Bytes,
    pub(crate) signer: Signer,
    /// How many tokens the signer has signed here.
    pub(crate) signatures: Arc<AtomicU64>,
    /// Signs ID tokens; `None` if no key does.
    pub(crate) id_signer: Option<IdSigner>,
    /// How many of those it has signed here.
    pub(crate) id_signatures: Arc<AtomicU64>,
    /// Verifies tokens of this issuer that come back.
    pub(crate) own_keys: Option<OwnKeys>,
}

/// What the routes see; empty until the first state was read.
#[derive(Debug, Default)]
pub struct Published {
    snapshot: ArcSwapOption<Snapshot>,
    /// Counts answers, to spread the times for which they may be cached.
    answers: AtomicUsize,
    /// When the state was last known to be the store's, in Unix seconds.
    last_seen: AtomicU64,
    /// When a look at the store last succeeded, with the step that was due, in Unix seconds.
    last_tick: AtomicU64,
    failing: AtomicBool,
    /// Why, with the stable code.
    failure: ArcSwapOption<Failure>,
    /// Which store it is, in which version. Copies of a store differ in it.
    stamp: ArcSwapOption<StoreStamp>,
    overdue: AtomicBool,
    /// The TLS certificate of the public listener; `None` without TLS.
    certificate: ArcSwapOption<ServerCertificate>,
    /// What clients that describe themselves may ask for; `None` if that is off.
    client_documents: ArcSwapOption<ClientDocumentSettings>,
    /// How many tokens were signed here, by key. Locked for reports and by a new signer alone.
    signatures: Mutex<Vec<(String, Arc<AtomicU64>)>>,
    numbers: Numbers,
}

/// Why the last look failed.
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
    /// The snapshot now; `None` before the first was read.
    #[must_use]
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.load_full()
    }

    /// The snapshot now, unless the store has not answered for longer than the replica delay. `now` in Unix seconds.
    pub(crate) fn current(&self, now: u64) -> Option<Arc<Snapshot>> {
        self.snapshot().filter(|snapshot| self.is_current(snapshot, now))
    }

    /// A number that differs from answer to answer.
    pub(crate) fn turn(&self) -> usize {
        self.answers.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn publish(&self, mut snapshot: Snapshot) {
        let mut signatures = self.signatures.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of keys that are gone go too, or a list that only grows would be reported for ever.
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

    /// Notes that the published state is the store's.
    pub(crate) fn seen(&self, now: u64) {
        self.last_seen.store(now, Ordering::Relaxed);
    }

    /// Notes how the last look at the store ended.
    pub(crate) fn ticked(&self, now: u64, succeeded: bool, overdue: bool) {
        if succeeded {
            self.seen(now);
            self.last_tick.store(now, Ordering::Relaxed);
        }
        self.failing.store(!succeeded, Ordering::Relaxed);
        self.overdue.store(overdue, Ordering::Relaxed);
    }

    /// Notes why the last look failed; `None` if it did not.
    pub(crate) fn explain(&self, error: Option<&Error>) {
        let failure = error.map(|error| Arc::new(Failure { code: error.code(), text: error.to_string() }));
        self.failure.store(failure);
    }

    /// Why the last look failed, which is a reason to be unready.
    #[must_use]
    pub fn failure(&self) -> Option<Arc<Failure>> {
        self.failure.load_full()
    }

    pub(crate) fn set_stamp(&self, stamp: StoreStamp) {
        self.stamp.store(Some(Arc::new(stamp)));
    }

    /// Which store the published state is from, and in which version.
    #[must_use]
    pub fn stamp(&self) -> Option<Arc<StoreStamp>> {
        self.stamp.load_full()
    }

    /// Notes the TLS certificate of the public listener.
    pub(crate) fn set_certificate(&self, certificate: Arc<ServerCertificate>) {
        self.certificate.store(Some(certificate));
    }

    /// The TLS certificate of the public listener; `None` without TLS.
    #[must_use]
    pub fn certificate(&self) -> Option<Arc<ServerCertificate>> {
        self.certificate.load_full()
    }

    /// Notes that clients may describe themselves.
    pub(crate) fn allow_client_documents(&self, settings: ClientDocumentSettings) {
        self.client_documents.store(Some(Arc::new(settings)));
    }

    /// What clients that describe themselves may ask for; `None` if that is off.
    pub(crate) fn client_documents(&self) -> Option<Arc<ClientDocumentSettings>> {
        self.client_documents.load_full()
    }

    /// What is counted here.
    pub(crate) const fn numbers(&self) -> &Numbers {
        &self.numbers
    }

    /// How many tokens each key has signed here.
    pub(crate) fn signatures(&self) -> Vec<(String, u64)> {
        let signatures = self.signatures.lock().unwrap_or_else(PoisonError::into_inner);
        signatures.iter().map(|(kid, count)| (kid.clone(), count.load(Ordering::Relaxed))).collect()
    }

    /// When a look at the store last succeeded, in Unix seconds.
    pub(crate) fn last_tick(&self) -> u64 {
        self.last_tick.load(Ordering::Relaxed)
    }

    /// Whether the store has answered within the replica delay. A process without news for longer may sign with a key
    /// that others have retired or revoked, and does not know it; nor would a look that hangs ever fail.
    pub(crate) fn is_current(&self, snapshot: &Snapshot, now: u64) -> bool {
        let delay = snapshot.state.settings().times().replica_delay;
        now.abs_diff(self.last_seen.load(Ordering::Relaxed)) <= delay.max(1)
    }

    /// Whether there has been no free place for connections for longer than the replica delay.
    pub(crate) fn is_full(&self, snapshot: &Snapshot) -> bool {
        let delay = snapshot.state.settings().times().replica_delay;
        self.numbers.full_for().as_secs() >= delay.max(1)
    }

    /// Whether the store failed at the last look.
    pub(crate) fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Whether the signer should have been replaced.
    pub(crate) fn overdue(&self) -> bool {
        self.overdue.load(Ordering::Relaxed)
    }
}
