//! Compares the wall clock with a clock that cannot be set, and finds jumps. The readings are arguments.

use std::time::Duration;

use crate::{Clock, Times};

/// Watches the wall clock of one process.
#[derive(Clone, Debug, Default)]
pub struct ClockWatch {
    /// The time of the last reading, in milliseconds of the steady clock.
    last: i128,
    /// The trusted difference between both clocks, in milliseconds.
    trusted: Option<i128>,
    /// The new difference after a jump, and its time.
    jumped: Option<Jumped>,
    /// The time until which no step is made after a jump.
    frozen_until: i128,
}

#[derive(Clone, Copy, Debug)]
struct Jumped {
    difference: i128,
    since: i128,
}

/// The state of the wall clock, which decides what may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockState {
    /// The clock is trusted. Everything may be done.
    Steady,
    /// It jumped a while ago and is trusted again. Keys do not change until all promises from before the jump have ended. So no promise is
    /// broken, whichever time is right.
    Settling,
    /// It has just jumped. Nothing may be done.
    Jumped {
        /// The seconds of the jump; positive if forwards.
        by: i64,
    },
}

/// The clocks may drift apart by this fraction (1/100) of the time that passes. Slewing corrects clocks by less.
const DRIFT: i128 = 100;
/// The time that a clock must be stable after a jump before it is trusted again, in milliseconds.
const CALM: i128 = 60_000;
/// The largest jump after which a clock is trusted again automatically, in milliseconds: a pause of the machine. After a larger jump, a
/// person has to decide.
const LARGEST: i128 = 3_600_000;

/// The longest time between two readings that can be compared.
const TOGETHER: Duration = Duration::from_millis(250);
/// The most attempts to read both clocks, if the process was interrupted between the readings.
const READINGS: usize = 10;

impl ClockWatch {
    /// Reads both clocks. `times` contains the largest clock difference and the promised times.
    pub fn look(&mut self, clock: &dyn Clock, times: &Times) -> ClockState {
        let read = || (clock.steady(), clock.now(), clock.steady());
        let mut readings = std::iter::repeat_with(read).take(READINGS);
        let together = readings.find(|(before, _, after)| after.saturating_sub(*before) <= TOGETHER);
        let (_, wall, steady) = together.unwrap_or_else(read);
        let longest = times.pre_publication.max(times.retention);
        self.observe(wall, steady, times.clock_difference, longest)
    }

    /// Takes one reading of both clocks: `wall` in Unix seconds, `steady` from any fixed moment on. `allowed` is the largest
    /// difference in seconds that is not a jump. `longest` is the longest promised time in seconds.
    pub fn observe(&mut self, wall: u64, steady: Duration, allowed: u64, longest: u64) -> ClockState {
        let steady = i128::try_from(steady.as_millis()).unwrap_or(i128::MAX);
        let difference = i128::from(wall).saturating_mul(1000).saturating_sub(steady);
        let passed = steady.saturating_sub(self.last).max(0);
        self.last = steady;
        let trusted = *self.trusted.get_or_insert(difference);
        let gap = difference.saturating_sub(trusted);
        // The wall clock is read in whole seconds.
        let limit = i128::from(allowed).saturating_add(1).saturating_mul(1000);
        if gap.abs() <= limit {
            let drift = passed / DRIFT;
            self.trusted = Some(trusted.saturating_add(gap.clamp(-drift, drift)));
            self.jumped = None;
            return if steady < self.frozen_until { ClockState::Settling } else { ClockState::Steady };
        }
        let same = |jump: &Jumped| difference.saturating_sub(jump.difference).abs() <= limit;
        let jump = self.jumped.filter(same).unwrap_or(Jumped { difference, since: steady });
        self.jumped = Some(jump);
        if gap.abs() <= LARGEST && steady.saturating_sub(jump.since) >= CALM {
            self.trusted = Some(difference);
            self.jumped = None;
            self.frozen_until = jump.since.saturating_add(i128::from(longest).saturating_mul(1000));
            return ClockState::Settling;
        }
        let seconds = gap.saturating_add(500).div_euclid(1000);
        ClockState::Jumped { by: i64::try_from(seconds).unwrap_or(i64::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const YEAR: u64 = 31_536_000;

    /// Looks twice a second for that many seconds, while the wall clock is off by `by` seconds.
    fn run(watch: &mut ClockWatch, from: &mut u64, seconds: u64, by: i64) -> Vec<ClockState> {
        let look = |half: u64| {
            let steady = *from * 1000 + half * 500;
            let wall = (NOW + steady / 1000).saturating_add_signed(by);
            watch.observe(wall, Duration::from_millis(steady), 5, 1875)
        };
        let seen = (0..2 * seconds).map(look).collect();
        *from += seconds;
        seen
    }

    fn is(states: &[ClockState], expected: ClockState) -> bool {
        states.iter().all(|state| *state == expected)
    }

    #[test]
    fn k3_a_jump_is_seen_at_once_in_both_directions_and_is_over_when_the_clock_is_back() {
        for by in [(10 * YEAR).cast_signed(), -400 * 86_400, 7, -7] {
            let (mut watch, mut from) = (ClockWatch::default(), 0);
            assert!(is(&run(&mut watch, &mut from, 100, 0), ClockState::Steady));
            assert!(is(&run(&mut watch, &mut from, 2, by), ClockState::Jumped { by }), "{by}");
            assert!(is(&run(&mut watch, &mut from, 100, 0), ClockState::Steady), "{by}");
        }
    }

    #[test]
    fn k3_what_clocks_may_differ_by_is_no_jump_and_slow_corrections_are_followed() {
        let (mut watch, mut from) = (ClockWatch::default(), 0);
        for by in [0, 5, 0, -5, 0] {
            assert!(is(&run(&mut watch, &mut from, 100, by), ClockState::Steady), "{by}");
        }
        // Half a per cent for a day.
        for by in 0..432 {
            assert!(is(&run(&mut watch, &mut from, 200, by), ClockState::Steady), "{by}");
        }
    }

    #[test]
    fn k3_a_machine_that_was_paused_is_trusted_after_a_minute_and_changes_keys_when_every_promise_is_over() {
        let (mut watch, mut from) = (ClockWatch::default(), 0);
        run(&mut watch, &mut from, 100, 0);
        assert!(is(&run(&mut watch, &mut from, 60, 30), ClockState::Jumped { by: 30 }));
        assert!(is(&run(&mut watch, &mut from, 1875 - 60, 30), ClockState::Settling));
        assert!(is(&run(&mut watch, &mut from, 100, 30), ClockState::Steady));
    }

    #[test]
    fn k3_a_clock_that_is_off_by_more_than_an_hour_is_never_trusted_by_itself() {
        let (mut watch, mut from) = (ClockWatch::default(), 0);
        run(&mut watch, &mut from, 100, 0);
        assert!(is(&run(&mut watch, &mut from, 10_000, 3700), ClockState::Jumped { by: 3700 }));
    }
}
