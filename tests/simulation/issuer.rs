//! The issuer: makes the history of the store from settings and a plan. Each state has its signer and its
//! published set.

use std::sync::Arc;
use std::time::Duration;

use jotgate_core::KeySet;
use jotgate_keys::{
    Action, ClockState, ClockWatch, Document, Keks, KeyPair, Older, Phase, RsaSize, Settings, Signer,
    SigningAlgorithm, State, StoreId, StoreStamp, Times, TokenRequest, next_step, step,
};

/// A moment of true time, in milliseconds.
pub(crate) type Moment = u64;

/// When the store is made: a moment in 2027.
pub(crate) const START: Moment = 1_800_000_000_000;

/// What an operator does. Other changes happen by themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// `keys rotate`: the next key as soon as it may sign.
    Rotate,
    /// `keys revoke` of the key that signs.
    Revoke,
    /// `keys emergency`.
    Emergency,
    /// `keys stage` and `keys rotate` of another algorithm.
    Migrate(SigningAlgorithm),
    /// `settings set --max-age`. The waiting time that older settings require is cut by this many seconds, to
    /// show the damage.
    MaxAge { seconds: u64, cut: u64 },
    /// The wall clock of a process that looks twice a second is off by `by` seconds for this many milliseconds.
    /// Unless it is `watched`, the process believes it.
    Jump { by: i64, lasts: u64, watched: bool },
    /// The store is replaced by a copy that was made at that moment, and changed since then if it is `forked`.
    /// Unless the high-water mark is checked, the processes publish and sign from it.
    OlderCopy { of: Moment, forked: bool, marked: bool },
}

/// A state, from the moment of its commit.
pub(crate) struct Commit {
    pub(crate) at: Moment,
    pub(crate) state: State,
    pub(crate) signer: Signer,
    pub(crate) set: KeySet,
    pub(crate) kids: Vec<String>,
}

/// A stolen key, and until when it may be trusted anywhere.
pub(crate) struct Stolen {
    /// The commit that removed it from the set.
    pub(crate) commit: usize,
    /// The last commit in which it signed: the thief signs with its key.
    pub(crate) signed_in: usize,
    /// In true time.
    pub(crate) distrusted_from: Moment,
}

/// The history of the issuer.
pub(crate) struct History {
    pub(crate) commits: Vec<Commit>,
    pub(crate) stolen: Vec<Stolen>,
    /// The commits of emergencies: no verifier can have the keys that sign after them.
    pub(crate) emergencies: Vec<usize>,
    /// The commits that changed the settings.
    pub(crate) changes: Vec<usize>,
    /// How often a key signed beyond its period, because its successor was too young.
    pub(crate) overdue: usize,
}

/// Makes the history of `settings` up to `end`, with each deed at its moment.
///
/// Two processes maintain the store, one with the slowest clock and one with the fastest. They take turns in
/// the worst way. The slow one promotes late in its second, so its dates are early. The fast one promotes and
/// removes as early as possible.
pub(crate) fn history(
    settings: Settings,
    algorithm: SigningAlgorithm,
    deeds: &[(Moment, Deed)],
    end: Moment,
) -> History {
    let keys = [(); 2].map(|()| key(algorithm));
    let fast = settings.times().clock_difference * 1000;
    let issuer = "https://issuer.example".parse().unwrap();
    let first = State::with_successor(issuer, settings, keys, START / 1000).unwrap();
    let mut history =
        History { commits: vec![], stolen: vec![], emergencies: vec![], changes: vec![], overdue: 0 };
    history.commit(START, first);
    let mut deeds = deeds.iter().copied().peekable();
    loop {
        let state = history.state();
        let due = next_step(&state, &settings).unwrap() * 1000;
        let slow = history.promotions().count().is_multiple_of(2);
        let (clock, late) = if slow { (0, 999) } else { (fast, 0) };
        let ticks = (due + late).saturating_sub(clock).max(history.now() + 1);
        if let Some((at, deed)) = deeds.next_if(|(at, _)| *at <= ticks) {
            history.make(deed, at.max(history.now() + 1));
            continue;
        }
        if ticks > end {
            return history;
        }
        // The fast clock removes what is due, in any turn.
        let removal = state.keys().filter_map(|key| state.gone_from(key, &settings)).min();
        if removal.is_some_and(|from| from * 1000 == due) {
            history.tick((due - fast).max(history.now() + 1), fast);
        } else {
            history.tick(ticks, clock);
        }
    }
}

impl History {
    /// The newest commit at that moment.
    pub(crate) fn at(&self, moment: Moment) -> usize {
        self.commits.partition_point(|commit| commit.at <= moment).saturating_sub(1)
    }

    /// The commits in which another key signs than before.
    pub(crate) fn promotions(&self) -> impl Iterator<Item = usize> {
        (1..self.commits.len()).filter(|&place| self.signer(place) != self.signer(place - 1))
    }

    /// That commit and the changes of the settings before it. A set that left just before one of them lacks
    /// what the commit added, and may be cached for as long as it says.
    pub(crate) fn with_changes_before(&self, place: usize) -> impl Iterator<Item = usize> {
        self.changes.iter().copied().filter(move |change| *change < place).chain([place])
    }

    /// How long the set of a commit may be cached, in seconds.
    pub(crate) fn max_age(&self, place: usize) -> u64 {
        self.commits[place].state.settings().times().max_age
    }

    /// The first commit that publishes the signing key of that one.
    pub(crate) fn staged_in(&self, place: usize) -> usize {
        self.commits
            .iter()
            .position(|commit| commit.kids.iter().any(|kid| kid == self.signer(place)))
            .unwrap()
    }

    /// The commit that removed the signing key of that one, if there is one.
    pub(crate) fn removed_in(&self, place: usize) -> Option<usize> {
        let gone = |later: &usize| !self.commits[*later].kids.iter().any(|kid| kid == self.signer(place));
        (place..self.commits.len()).find(gone)
    }

    pub(crate) fn signer(&self, place: usize) -> &str {
        self.commits[place].signer.kid()
    }

    /// A token of the signer of that commit, made when its clock showed `now`, in seconds.
    pub(crate) fn token(&self, place: usize, now: u64, life: u64) -> String {
        let audience = ["api".to_owned()];
        let request = TokenRequest::new("worker", None, &audience, None, life).unwrap();
        self.commits[place].signer.sign(&request, now).unwrap()
    }

    fn now(&self) -> Moment {
        self.commits.last().map_or(START, |commit| commit.at)
    }

    fn state(&self) -> State {
        self.commits.last().unwrap().state.clone()
    }

    fn commit(&mut self, at: Moment, state: State) {
        // Checks the invariant of the state, and that the signing key is published.
        for (place, ring) in state.rings().iter().enumerate() {
            let signing = ring.keys().iter().filter(|key| matches!(key.phase, Phase::Signing { .. })).count();
            assert_eq!(signing, usize::from(place == 0), "one ring signs with one key");
        }
        let set = jotgate_keys::KeySet::new(&state).unwrap();
        let signer = Signer::new(&state).unwrap();
        assert!(set.kids().iter().any(|kid| kid == signer.kid()), "the signing key is published");
        let kids = set.kids().to_vec();
        let set = KeySet::from_jwks(std::str::from_utf8(&set.body()).unwrap()).unwrap();
        assert_eq!(set.keys().len(), kids.len(), "every published key is usable");
        self.commits.push(Commit { at, state, signer, set, kids });
    }

    /// A step of a process whose clock is ahead of true time by `clock`.
    fn tick(&mut self, at: Moment, clock: u64) {
        self.tick_at(at, (at + clock) / 1000);
    }

    /// A step of a process whose clock shows `now`, in seconds.
    fn tick_at(&mut self, at: Moment, now: u64) {
        let state = self.state();
        let made = step(&state, now, state.settings()).unwrap();
        let mut next = made.state;
        for action in made.actions {
            match action {
                Action::Stage { algorithm, .. } => next = next.stage(key(algorithm), now).unwrap(),
                Action::Promoted { retiring, .. } => {
                    let Phase::Signing { since } = state.find(&retiring).unwrap().phase else {
                        unreachable!()
                    };
                    self.overdue += usize::from(now - since > state.settings().times().period);
                }
                Action::Opened { .. } | Action::Removed { .. } | Action::Alarm(_) => {}
            }
        }
        self.commit(at, next);
    }

    fn make(&mut self, deed: Deed, at: Moment) {
        let (state, now) = (self.state(), at / 1000);
        let active = state.active().unwrap().algorithm();
        match deed {
            Deed::Rotate => self.rotate(active, at),
            Deed::Migrate(algorithm) => self.rotate(algorithm, at),
            Deed::MaxAge { seconds, cut } => {
                let times = Times { max_age: seconds, ..*state.settings().times() }.shortest();
                let next = state.with_settings(Settings::new(times).unwrap(), now);
                let older = Older {
                    may_sign_from: next.older().may_sign_from - cut,
                    distrusted_from: next.older().distrusted_from - cut,
                    ..*next.older()
                };
                let (settings, rings, revoked) =
                    (*next.settings(), next.rings().to_vec(), next.revoked().to_vec());
                let next = State::from_parts(
                    next.store_id(),
                    next.issuer().clone(),
                    settings,
                    older,
                    rings,
                    revoked,
                    vec![],
                )
                .unwrap();
                self.changes.push(self.commits.len());
                self.commit(at, next);
            }
            Deed::Jump { by, lasts, watched } => self.jump(at, by, lasts, watched),
            Deed::OlderCopy { of, forked, marked } => self.older_copy(at, of, forked, marked),
            Deed::Revoke => {
                let kid = state.signer().unwrap().kid().to_owned();
                let next = state.revoke(&kid, now).unwrap();
                self.steal(at, &next);
                self.commit(at, next.stage(key(active), now).unwrap());
            }
            Deed::Emergency => {
                let next = state.replace_all([(); 2].map(|()| key(active)), now).unwrap();
                self.steal(at, &next);
                self.emergencies.push(self.commits.len());
                self.commit(at, next);
            }
        }
    }

    /// Publishes a successor if there is none, and lets it sign at the first moment that the fast clock allows.
    /// The slow clock publishes the next one, late in its second.
    fn rotate(&mut self, algorithm: SigningAlgorithm, at: Moment) {
        let mut state = self.state();
        if state.successor(algorithm).is_none() {
            state = state.stage(key(algorithm), at / 1000).unwrap();
            self.commit(at, state.clone());
        }
        let successor = state.successor(algorithm).unwrap();
        let (kid, from) = (successor.kid().to_owned(), successor.may_sign_from);
        let fast = state.settings().times().clock_difference * 1000;
        let at = (from * 1000 - fast).max(at);
        let next = state.promote(&kid, (at + fast) / 1000).unwrap();
        self.commit(at, next.clone());
        let late = at / 1000 * 1000 + 999;
        self.commit(late, next.stage(key(algorithm), late / 1000).unwrap());
    }

    /// A process that looks twice a second while its wall clock is off, and a second before and after.
    fn jump(&mut self, at: Moment, by: i64, lasts: u64, watched: bool) {
        let times = *self.state().settings().times();
        let mut watch = ClockWatch::default();
        let (longest, off) = (times.pre_publication.max(times.retention), at..at + lasts);
        for look in (at - 1000..at + lasts + 1000).step_by(500) {
            let wall = (look / 1000).saturating_add_signed(if off.contains(&look) { by } else { 0 });
            let steady = Duration::from_millis(look - START);
            let state = watch.observe(wall, steady, times.clock_difference, longest);
            if look < at || (watched && state != ClockState::Steady) {
                continue;
            }
            if step(&self.state(), wall, self.state().settings()).is_ok_and(|made| made.changed) {
                self.tick_at(look.max(self.now() + 1), wall);
            }
        }
    }

    /// Another file replaces the store. The processes compare it with what they have seen.
    fn older_copy(&mut self, at: Moment, of: Moment, forked: bool, marked: bool) {
        let newest = self.commits.len() - 1;
        let (keks, id) = (Keks::generate().unwrap(), StoreId::generate().unwrap());
        let stamp = |state: &State, version: usize| {
            let (state, version) = (state.upgrade(id).unwrap(), version as u64 + 1);
            StoreStamp::new(&state, version, &Document::from_state(&state, &keks, version).unwrap())
        };
        let seen = stamp(&self.state(), newest);
        let (mut found, mut version) = (self.commits[self.at(of)].state.clone(), self.at(of));
        if forked {
            // The copy was changed as often as the store, by its own processes.
            let now = self.commits[version].at / 1000;
            found = found.replace_all([(); 2].map(|()| key(SigningAlgorithm::ES256)), now).unwrap();
            version = newest;
        }
        if !marked || stamp(&found, version).follows(&seen).is_ok() {
            self.commit(at, found);
        }
    }

    fn steal(&mut self, at: Moment, next: &State) {
        let revoked =
            next.revoked().iter().rfind(|revoked| revoked.kid == self.signer(self.commits.len() - 1));
        self.stolen.push(Stolen {
            commit: self.commits.len(),
            signed_in: self.at(at - 1),
            distrusted_from: revoked.unwrap().distrusted_from * 1000,
        });
    }
}

fn key(algorithm: SigningAlgorithm) -> Arc<KeyPair> {
    Arc::new(KeyPair::generate(algorithm, RsaSize::default()).unwrap())
}
