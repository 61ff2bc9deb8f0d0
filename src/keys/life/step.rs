//! The life of keys as a pure function: from a state, a time and settings to the next state and actions. No clock, no I/O, no randomness.
//!
//! If the period is over, a successor that may sign becomes the signer. Unneeded keys are removed. If a successor is missing, a new key is
//! requested. A successor that may not sign yet never signs: the old key continues to sign, and an alarm is raised.

use std::fmt;

use crate::listing::moment;
use crate::{Error, Phase, Purpose, RsaSize, Settings, SigningAlgorithm, State};

/// The result of a step.
#[derive(Clone, Debug)]
pub struct Step {
    /// The next state.
    pub state: State,
    /// Whether it differs from the state before.
    pub changed: bool,
    /// The events and the actions for the caller, in their order.
    pub actions: Vec<Action>,
}

/// An event, or an action for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The successor signs now.
    Promoted {
        /// The key that signs.
        kid: String,
        /// The key that signed, still published.
        retiring: String,
    },
    /// The first key of a purpose signs now.
    Opened {
        /// The key that signs.
        kid: String,
    },
    /// A key is no longer published, because all its tokens have expired.
    Removed {
        /// The key.
        kid: String,
    },
    /// The caller must make and stage a key.
    Stage {
        /// The purpose of the key.
        purpose: Purpose,
        /// The algorithm of the key.
        algorithm: SigningAlgorithm,
        /// The length of an RSA key.
        size: RsaSize,
    },
    /// A person must check the keys.
    Alarm(Alarm),
}

/// The reason why the signer is not replaced although its period is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Some verifiers may not have the successor yet.
    SuccessorTooYoung {
        /// The successor.
        kid: String,
        /// The time from which it may sign, in Unix seconds.
        from: u64,
    },
    /// There is no successor.
    NoSuccessor,
}

/// Makes the step that is due at `now` (Unix seconds), if one is.
///
/// # Errors
/// [`Error::ClockBehind`] if processes have dated their changes later than `now`, by more than clocks may differ.
/// [`Error::State`] if the state has no signer, which never happens for a valid state.
pub fn step(state: &State, now: u64, settings: &Settings) -> Result<Step, Error> {
    if let Some(published) = state.ahead_of(now) {
        return Err(Error::ClockBehind { published, now });
    }
    let (mut next, gone) = state.without_the_past(now, settings);
    let mut changed =
        !gone.is_empty() || next.revoked() != state.revoked() || next.past_keys() != state.past_keys();
    let mut actions: Vec<Action> = gone.into_iter().map(|kid| Action::Removed { kid }).collect();
    next.active()?;
    for purpose in Purpose::ALL.into_iter().filter(|purpose| state.ring_for(*purpose).is_some()) {
        if let Some(after) = advance(&next, purpose, now, settings, &mut actions)? {
            next = after;
            changed = true;
        }
    }
    Ok(Step { state: next, changed, actions })
}

/// Makes the rotation of one purpose, if it is due. Adds to `actions`.
fn advance(
    state: &State,
    purpose: Purpose,
    now: u64,
    settings: &Settings,
    actions: &mut Vec<Action>,
) -> Result<Option<State>, Error> {
    let Some(ring) = state.ring_for(purpose) else { return Ok(None) };
    let (algorithm, successor) = (ring.algorithm(), ring.staged());
    let Some(signer) = ring.signer() else {
        let Some(first) = successor.filter(|first| now >= first.may_sign_from) else { return Ok(None) };
        let next = state.promote(first.kid(), now)?;
        actions.push(Action::Opened { kid: first.kid().to_owned() });
        actions.push(Action::Stage { purpose, algorithm, size: first.pair.rsa_size() });
        return Ok(Some(next));
    };
    let requested = state.next_signer().filter(|key| now >= key.may_sign_from);
    let requested = requested.filter(|key| state.purpose_of(key.kid()) == purpose);
    let due = now >= rotation_due_for(state, purpose, settings);
    let promoted = match (requested, due.then_some(successor)) {
        (Some(key), _) => Some(key),
        (None, Some(Some(key))) if now >= key.may_sign_from => Some(key),
        (None, Some(Some(key))) => {
            let (kid, from) = (key.kid().to_owned(), key.may_sign_from);
            actions.push(Action::Alarm(Alarm::SuccessorTooYoung { kid, from }));
            None
        }
        (None, Some(None)) => {
            actions.push(Action::Alarm(Alarm::NoSuccessor));
            None
        }
        (None, None) => None,
    };
    let next = promoted.map(|key| state.promote(key.kid(), now)).transpose()?;
    if let Some(key) = promoted {
        actions.push(Action::Promoted { kid: key.kid().to_owned(), retiring: signer.kid().to_owned() });
    }
    let after = next.as_ref().unwrap_or(state);
    if let Some(ring) = after.ring_for(purpose).filter(|ring| ring.staged().is_none()) {
        let size = after.signer_for(purpose)?.pair.rsa_size();
        actions.push(Action::Stage { purpose, algorithm: ring.algorithm(), size });
    }
    Ok(next)
}

/// Returns the end of the period of the key that signs access tokens, in Unix seconds.
///
/// # Errors
/// [`Error::State`] if the state has no signer, which never happens for a valid state.
pub fn rotation_due(state: &State, settings: &Settings) -> Result<u64, Error> {
    state.signer()?;
    Ok(rotation_due_for(state, Purpose::Access, settings))
}

/// Returns the end of the period of the signer of that purpose, in Unix seconds; the largest number if no key signs yet.
pub(crate) fn rotation_due_for(state: &State, purpose: Purpose, settings: &Settings) -> u64 {
    match state.signer_for(purpose).map(|key| key.phase) {
        Ok(Phase::Signing { since }) => since.saturating_add(settings.times().period),
        Ok(Phase::Staged | Phase::Retiring { .. }) => 0,
        Err(_) => u64::MAX,
    }
}

/// Returns the time at which [`step`] will next change the state, in Unix seconds.
///
/// # Errors
/// [`Error::State`] if the state has no signer, which never happens for a valid state.
pub fn next_step(state: &State, settings: &Settings) -> Result<u64, Error> {
    state.signer()?;
    let of = |purpose: Purpose| match state.ring_for(purpose).map(|ring| (ring.signer(), ring.staged())) {
        None => u64::MAX,
        Some((None, first)) => first.map_or(u64::MAX, |first| first.may_sign_from),
        Some((Some(_), successor)) => {
            rotation_due_for(state, purpose, settings).max(successor.map_or(0, |key| key.may_sign_from))
        }
    };
    let requested = state.next_signer().map_or(u64::MAX, |key| key.may_sign_from);
    let rotation = Purpose::ALL.into_iter().map(of).fold(requested, u64::min);
    let gone = state.keys().filter_map(|key| state.gone_from(key, settings));
    let distrusted = state.revoked().iter().map(|revoked| revoked.distrusted_from);
    let forgotten = state.past_keys().iter().map(|key| key.until);
    Ok(gone.chain(distrusted).chain(forgotten).fold(rotation, u64::min))
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SuccessorTooYoung { kid, from } => {
                write!(f, "the successor `{kid}` may not sign before {}; the old key goes on", moment(*from))
            }
            Self::NoSuccessor => f.write_str("there is no successor; the old key goes on"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::test_keys::{GATE, NOW, key, settings, state};

    const DUE: u64 = NOW + 2_592_000;

    #[track_caller]
    fn stepped(state: &State, now: u64) -> Step {
        let step = step(state, now, &settings()).unwrap();
        let signers = |state: &State| {
            Purpose::ALL.map(|purpose| state.signer_for(purpose).map(|key| key.kid().to_owned()))
        };
        assert_eq!(
            step.changed,
            step.state.keys().count() != state.keys().count()
                || signers(&step.state) != signers(state)
                || step.state.revoked() != state.revoked()
        );
        step
    }

    fn signer(state: &State) -> String {
        state.signer().unwrap().kid().to_owned()
    }

    #[test]
    fn a_missing_successor_is_asked_for_at_once_and_not_only_when_it_is_needed() {
        let Step { changed, actions, .. } = stepped(&state(), NOW);
        let (purpose, algorithm) = (Purpose::Access, SigningAlgorithm::ES256);
        let stage = Action::Stage { purpose, algorithm, size: RsaSize::Bits2048 };
        assert_eq!((changed, actions), (false, vec![stage]));
    }

    #[test]
    fn an_aged_successor_signs_in_the_second_in_which_the_period_ends_and_not_before() {
        let (one, two) = (state(), key());
        let staged = one.stage(Arc::clone(&two), NOW).unwrap();
        assert!(stepped(&staged, DUE - 1).actions.is_empty());
        assert_eq!(next_step(&staged, &settings()).unwrap(), DUE);
        let Step { state, actions, .. } = stepped(&staged, DUE);
        let promoted = Action::Promoted { kid: two.kid().to_owned(), retiring: signer(&one) };
        assert_eq!(actions[0], promoted);
        assert!(matches!(actions[1..], [Action::Stage { .. }]));
        assert_eq!(signer(&state), two.kid());
    }

    #[test]
    fn a_successor_that_is_too_young_never_signs_the_old_key_goes_on_and_an_alarm_is_raised() {
        let (one, two) = (state(), key());
        let late = one.stage(Arc::clone(&two), DUE).unwrap();
        for now in [DUE, DUE + GATE - 1] {
            let Step { state, actions, .. } = stepped(&late, now);
            let (kid, from) = (two.kid().to_owned(), DUE + GATE);
            assert_eq!(actions, [Action::Alarm(Alarm::SuccessorTooYoung { kid, from })]);
            assert_eq!(signer(&state), signer(&one));
        }
        assert_eq!(next_step(&late, &settings()).unwrap(), DUE + GATE);
        assert_eq!(signer(&stepped(&late, DUE + GATE).state), two.kid());
        assert_eq!(stepped(&one, DUE).actions[0], Action::Alarm(Alarm::NoSuccessor));
    }

    #[test]
    fn a_retiring_key_goes_in_the_second_in_which_its_last_token_is_dead_everywhere() {
        let (one, two, three) = (state(), key(), key());
        let staged = one.stage(Arc::clone(&two), NOW).unwrap();
        let turned = staged.promote(two.kid(), NOW + GATE).unwrap().stage(three, NOW + GATE).unwrap();
        let gone = NOW + GATE + settings().times().least_retention();
        assert_eq!(next_step(&turned, &settings()).unwrap(), gone);
        assert!(stepped(&turned, gone - 1).actions.is_empty());
        let Step { state, actions, .. } = stepped(&turned, gone);
        assert_eq!(actions, [Action::Removed { kid: signer(&one) }]);
        assert!(state.find(&signer(&one)).is_none());
    }

    #[test]
    fn retirement_counts_the_life_that_was_written_with_the_key() {
        let (one, two) = (state(), key());
        let turned = one.stage(Arc::clone(&two), NOW).unwrap().promote(two.kid(), NOW + GATE).unwrap();
        let mut times = *settings().times();
        times.longest_life = 60;
        let shorter = Settings::new(times.shortest()).unwrap();
        let old = turned.find(&signer(&one)).unwrap();
        assert_eq!(turned.gone_from(old, &shorter), turned.gone_from(old, &settings()));
    }

    #[test]
    fn a_revocation_is_remembered_for_as_long_as_somebody_may_trust_the_key() {
        let (one, two) = (state(), key());
        let revoked = one.stage(Arc::clone(&two), NOW).unwrap().revoke(two.kid(), NOW).unwrap();
        let over = NOW + settings().times().least_revocation();
        assert_eq!(stepped(&revoked, over - 1).state.revoked().len(), 1);
        assert_eq!(stepped(&revoked, over).state.revoked().len(), 0);
    }

    /// A state of format 5 with that first key for ID tokens, staged at [`NOW`].
    fn with_id_key(first: &Arc<crate::KeyPair>) -> State {
        let id = crate::StoreId::generate().unwrap();
        let seal = crate::LedgerSeal::generate().unwrap();
        let state = state().upgrade(id).unwrap().with_ledger(seal).unwrap().stage(key(), NOW).unwrap();
        state.stage_for(Purpose::Id, Arc::clone(first), NOW).unwrap()
    }

    #[test]
    fn the_first_key_for_id_tokens_signs_in_the_second_in_which_every_verifier_has_it_and_not_before() {
        let first = crate::test_keys::key_for(SigningAlgorithm::RS256);
        let opened = with_id_key(&first);
        assert_eq!(opened.signer_for(Purpose::Id).unwrap_err().code(), "state_no_signer");
        assert_eq!(next_step(&opened, &settings()).unwrap(), NOW + GATE);
        assert!(stepped(&opened, NOW + GATE - 1).actions.is_empty());
        let Step { state, changed, actions } = stepped(&opened, NOW + GATE);
        let (purpose, algorithm) = (Purpose::Id, SigningAlgorithm::RS256);
        let stage = Action::Stage { purpose, algorithm, size: RsaSize::Bits2048 };
        assert_eq!(
            (changed, &actions[..]),
            (true, &[Action::Opened { kid: first.kid().to_owned() }, stage][..])
        );
        assert_eq!(state.signer_for(Purpose::Id).unwrap().kid(), first.kid());
        assert_eq!(signer(&state), signer(&opened), "access tokens keep their signer");
    }

    #[test]
    fn each_purpose_rotates_by_itself_and_keeps_the_inequalities() {
        let [first, second] = [(); 2].map(|()| crate::test_keys::key_for(SigningAlgorithm::RS256));
        let opened = stepped(&with_id_key(&first), NOW + GATE).state;
        // Staged as late as it can be: too young when the period is over.
        let (due, late) = (NOW + GATE + settings().times().period, DUE + 1);
        let access = stepped(&opened, DUE).state.stage(key(), DUE).unwrap();
        let staged = access.stage_for(Purpose::Id, Arc::clone(&second), late + GATE).unwrap();
        assert_eq!(signer(&staged), signer(&access));
        let (kid, from) = (second.kid().to_owned(), late + 2 * GATE);
        let alarm = Action::Alarm(Alarm::SuccessorTooYoung { kid, from });
        let actions = stepped(&staged, due.max(late + GATE)).actions;
        assert!(actions.contains(&alarm), "{actions:?}");
        let turned = stepped(&staged, from).state;
        assert_eq!(turned.signer_for(Purpose::Id).unwrap().kid(), second.kid());
        assert_eq!(signer(&turned), signer(&staged), "the other purpose is untouched");
        let old = turned.find(first.kid()).unwrap();
        let gone = from + settings().times().least_retention();
        assert_eq!(turned.gone_from(old, &settings()), Some(gone));
        let revoked =
            turned.stage_for(Purpose::Id, crate::test_keys::key_for(SigningAlgorithm::RS256), from).unwrap();
        let early = revoked.revoke(second.kid(), from).unwrap_err();
        assert_eq!(early.code(), "state_too_young");
        let after = revoked.revoke(second.kid(), from + GATE).unwrap();
        assert_eq!(after.revoked()[0].distrusted_from, from + GATE + settings().times().least_revocation());
        assert_eq!(signer(&after), signer(&turned));
    }

    #[test]
    fn keys_for_id_tokens_are_rsa_keys_of_a_state_of_format_5() {
        let rsa = || crate::test_keys::key_for(SigningAlgorithm::RS256);
        assert_eq!(state().stage_for(Purpose::Id, rsa(), NOW).unwrap_err().code(), "store_needs_upgrade");
        let opened = with_id_key(&rsa());
        assert_eq!(opened.stage_for(Purpose::Id, key(), NOW).unwrap_err().code(), "state_purpose_algorithm");
        assert_eq!(opened.stage_for(Purpose::Id, rsa(), NOW).unwrap_err().code(), "state_staged_twice");
        assert_eq!(opened.with_id_keys([rsa(), rsa()], NOW).unwrap_err().code(), "state_ring_twice");
    }
}
