//! Makes the step that is due in the store.

use tracing::info;

use super::spare::Spare;
use crate::{Action, Clock, Error, Keeper, State, Step, step};

/// Makes the step that is due, if one is, and gives the state after it. Any number of processes may do so at once.
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
            // Said by the publisher, which knows what it has said already.
            Action::Alarm(_) => {}
        }
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{GATE, NOW, TestClock, keeper, state};

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
