//! Changes the times in the store. No key is dropped or used too early because of it.

use crate::{Clock, Error, Keeper, Settings, State, Times};

/// Replaces the times in the store by the result of `choose`. The promises of the old times are kept.
///
/// # Errors
/// [`Error::Settings`] if a new value is invalid or violates an inequality or a bound, and those of [`Keeper::change`].
pub fn adjust(keeper: &Keeper, choose: impl Fn(&Times) -> Times, clock: &dyn Clock) -> Result<State, Error> {
    keeper.change(|state| {
        let before = state.settings().times();
        let settings = Settings::chosen(choose(before), Some(before))?;
        Ok((settings != *state.settings()).then(|| state.with_settings(settings, clock.now())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_keys::{NOW, TestClock, keeper, state};

    #[test]
    fn other_times_are_written_once_and_the_same_ones_never() {
        let (_folder, keeper) = keeper(&state());
        let clock = TestClock::at(NOW);
        let longer = |times: &Times| Times { max_age: 600, ..*times }.shortest();
        for _ in 0..2 {
            assert_eq!(adjust(&keeper, longer, &clock).unwrap().settings().times().max_age, 600);
            assert_eq!(keeper.version().unwrap(), 2);
        }
    }

    #[test]
    fn times_that_break_an_inequality_are_refused_and_nothing_is_written() {
        let (_folder, keeper) = keeper(&state());
        let broken = |times: &Times| Times { max_age: times.max_age + 1, ..*times };
        let error = adjust(&keeper, broken, &TestClock::at(NOW)).unwrap_err();
        assert_eq!((error.code(), keeper.version().unwrap()), ("settings_break_inequality", 1));
    }
}
