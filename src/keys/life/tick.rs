//! Makes the step that is due in the store.

use tracing::info;

use super::spare::Spare;
use crate::{Action, Clock, Error, Keeper, State, Step, step};

/// Makes the step that is due, if there is one. Returns the state after it. Any number of processes may call this concurrently.
///
/// # Errors
/// [`Error::KeyPair`] and those of [`Keeper::change`].
pub fn tick(keeper: &Keeper, clock: &dyn Clock) -> Result<State, Error> {
    let mut spare = Spare::default();
    let mut done = vec![];
    let state = keeper.change(|state| {
        let now = clock.now();
        let Step { state: next, changed, actions } = step(state, now, state.settings())?;
        let wanted = actions.iter().any(|action| matches!(action, Action::Stage { .. }));
        done = actions;
        if !changed && !wanted {
            return Ok(None);
        }
        spare.succeed(next, now).map(Some)
    })?;
    for action in done {
        match action {
            Action::Promoted { kid, retiring } => info!(kid, retiring, "the successor signs"),
            Action::Removed { kid } => info!(kid, "the key is not published any more"),
            Action::Opened { kid } => info!(kid, "the first key for ID tokens signs"),
            Action::Stage { purpose, algorithm, .. } => {
                info!(purpose = purpose.name(), %algorithm, "a successor is published");
            }
            // The publisher logs alarms, because it knows which ones it has logged already.
            Action::Alarm(_) => {}
        }
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{GATE, NOW, TestClock, keeper, key_for, state};
    use crate::{Phase, Purpose, SigningAlgorithm};

    #[test]
    fn a_year_of_ticks_rotates_each_month_and_keeps_what_is_needed() {
        let (_folder, keeper) = keeper(&state());
        let clock = TestClock::at(NOW);
        let mut signers = vec![];
        for _ in 0..12 * 30 {
            let state = tick(&keeper, &clock).unwrap();
            assert!(state.successor(state.active().unwrap().algorithm()).is_some());
            signers.push(state.signer().unwrap().kid().to_owned());
            clock.advance(86_400);
        }
        signers.dedup();
        assert_eq!(signers.len(), 12);
        assert_eq!(keeper.load().unwrap().1.keys().count(), 2, "the retired are gone");
    }

    /// Makes a state of format 5 with a newly opened ring for ID tokens.
    fn with_id_ring() -> State {
        let (id, seal) = (crate::StoreId::generate().unwrap(), crate::LedgerSeal::generate().unwrap());
        let state = state().upgrade(id).unwrap().with_ledger(seal).unwrap();
        state.stage_for(Purpose::Id, key_for(SigningAlgorithm::RS256), NOW).unwrap()
    }

    #[test]
    fn half_a_year_of_ticks_rotates_both_purposes_and_each_keeps_the_inequalities() {
        let (_folder, keeper) = keeper(&with_id_ring());
        let clock = TestClock::at(NOW);
        let mut signers: [Vec<crate::Key>; 2] = [vec![], vec![]];
        let mut before = keeper.load().unwrap().1;
        for _ in 0..6 * 30 {
            let state = tick(&keeper, &clock).unwrap();
            let (now, times) = (clock.now(), *state.settings().times());
            for (purpose, seen) in Purpose::ALL.into_iter().zip(&mut signers) {
                let Ok(signer) = state.signer_for(purpose) else { continue };
                let Phase::Signing { since } = signer.phase else { panic!("{:?}", signer.phase) };
                // 1, but for the very first key of the store; 3.
                assert!(
                    since == NOW || since >= signer.published + times.least_pre_publication(),
                    "{purpose}"
                );
                assert!(now - since <= times.period + 86_400, "{purpose}");
                if seen.last().is_none_or(|last| last.kid() != signer.kid()) {
                    seen.push(signer.clone());
                }
            }
            // 2: whatever went had its last token dead.
            for gone in before.keys().filter(|key| state.find(key.kid()).is_none()) {
                let Phase::Retiring { until, .. } = gone.phase else { panic!("{:?}", gone.phase) };
                assert!(now >= until + times.least_retention());
            }
            before = state;
            clock.advance(86_400);
        }
        assert_eq!(signers.map(|seen| seen.len()), [6, 6]);
        assert_eq!(before.keys().count(), 4, "a signer and a successor for each purpose");
        assert_eq!(before.past_keys().len(), 1, "those of longer than 30 days ago are forgotten");
    }

    #[test]
    fn a_tick_without_a_step_writes_nothing() {
        let (_folder, keeper) = keeper(&state());
        let clock = TestClock::at(NOW);
        tick(&keeper, &clock).unwrap();
        assert_eq!(keeper.version().unwrap(), 2);
        clock.advance(GATE);
        tick(&keeper, &clock).unwrap();
        assert_eq!(keeper.version().unwrap(), 2);
    }
}
