//! The life of keys as a pure function of a state, a moment and settings: the next state, and the actions.
//! No clock, no I/O, no randomness.
//!
//! It lets an aged successor sign when the period is over, drops unneeded keys, and asks for a key where a
//! successor is missing. A successor that is too young never signs: the old key goes on, and an alarm is raised.

use std::fmt;

use crate::listing::moment;
use crate::{Error, Phase, RsaSize, Settings, SigningAlgorithm, State};

/// What a moment brings.
#[derive(Clone, Debug)]
pub struct Step {
    /// The state from now on.
    pub state: State,
    /// Whether it differs from the state before.
    pub changed: bool,
    /// What happened and what is to be done, in this order.
    pub actions: Vec<Action>,
}

/// What happened, or is to be done by the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The successor signs now.
    Promoted {
        /// The key that signs.
        kid: String,
        /// The key that signed, still published.
        retiring: String,
    },
    /// A key is not published any more: no live token of it is left.
    Removed {
        /// The key.
        kid: String,
    },
    /// A key has to be made and staged.
    Stage {
        /// For which ring.
        algorithm: SigningAlgorithm,
        /// How long an RSA key has to be.
        size: RsaSize,
    },
    /// A person has to look.
    Alarm(Alarm),
}

/// Why the signer is not replaced although its period is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// Not every verifier can have the successor.
    SuccessorTooYoung {
        /// The successor.
        kid: String,
        /// From when on it may sign, in Unix seconds.
        from: u64,
    },
    /// There is none.
    NoSuccessor,
}

/// Makes the step that is due at `now` (Unix seconds), if one is.
///
/// # Errors
/// [`Error::ClockBehind`] if processes have dated their changes later than `now`, by more than clocks may differ.
/// [`Error::State`] if the state has no signer, which no [`State`] is.
pub fn step(state: &State, now: u64, settings: &Settings) -> Result<Step, Error> {
    if let Some(published) = state.ahead_of(now) {
        return Err(Error::ClockBehind { published, now });
    }
    let (mut next, gone) = state.without_the_past(now, settings);
    let mut changed = !gone.is_empty() || next.revoked() != state.revoked();
    let mut actions: Vec<Action> = gone.into_iter().map(|kid| Action::Removed { kid }).collect();
    let signer = next.signer()?.kid().to_owned();
    let requested = next.next_signer().filter(|key| now >= key.may_sign_from).map(|key| key.kid().to_owned());
    if let Some(kid) = requested {
        next = next.promote(&kid, now)?;
        changed = true;
        actions.push(Action::Promoted { kid, retiring: signer });
    } else if now >= rotation_due(&next, settings)? {
        let algorithm = next.active()?.algorithm();
        match next.successor(algorithm) {
            Some(successor) if now >= successor.may_sign_from => {
                let (kid, retiring) = (successor.kid().to_owned(), signer);
                next = next.promote(&kid, now)?;
                changed = true;
                actions.push(Action::Promoted { kid, retiring });
            }
            Some(successor) => {
                let (kid, from) = (successor.kid().to_owned(), successor.may_sign_from);
                actions.push(Action::Alarm(Alarm::SuccessorTooYoung { kid, from }));
            }
            None => actions.push(Action::Alarm(Alarm::NoSuccessor)),
        }
    }
    let (algorithm, size) = (next.active()?.algorithm(), next.signer()?.pair.rsa_size());
    if next.successor(algorithm).is_none() {
        actions.push(Action::Stage { algorithm, size });
    }
    Ok(Step { state: next, changed, actions })
}

/// When the signer's period is over, in Unix seconds.
///
/// # Errors
/// [`Error::State`] if the state has no signer, which no [`State`] is.
pub fn rotation_due(state: &State, settings: &Settings) -> Result<u64, Error> {
    let since = match state.signer()?.phase {
        Phase::Signing { since } => since,
        Phase::Staged | Phase::Retiring { .. } => 0,
    };
    Ok(since.saturating_add(settings.times().period))
}

/// When [`step`] will next change the state, in Unix seconds.
///
/// # Errors
/// [`Error::State`] if the state has no signer, which no [`State`] is.
pub fn next_step(state: &State, settings: &Settings) -> Result<u64, Error> {
    let young = state.successor(state.active()?.algorithm()).map_or(0, |key| key.may_sign_from);
    let requested = state.next_signer().map_or(u64::MAX, |key| key.may_sign_from);
    let rotation = rotation_due(state, settings)?.max(young).min(requested);
    let gone = state.keys().filter_map(|key| state.gone_from(key, settings));
    let distrusted = state.revoked().iter().map(|revoked| revoked.distrusted_from);
    Ok(gone.chain(distrusted).fold(rotation, u64::min))
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
        assert_eq!(
            step.changed,
            step.state.keys().count() != state.keys().count()
                || step.state.signer().unwrap().kid() != state.signer().unwrap().kid()
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
        let stage = Action::Stage { algorithm: SigningAlgorithm::ES256, size: RsaSize::Bits2048 };
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
}
