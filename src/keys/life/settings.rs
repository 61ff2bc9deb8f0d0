//! The settings of rotations: times that an operator chose, and that satisfy four inequalities.
//!
//! With R, M, F, K, T, L and S as [`Times`] names them:
//!
//! 1. pre-publication ≥ R + M + F + K: a verifier that gets a token of a new key can have the key.
//! 2. retention ≥ R + T + L + K: a verifier that gets a valid token of an old key still finds the key.
//! 3. period ≥ pre-publication: there is always a successor that may sign.
//! 4. revocation ≥ R + M + S + F: no revoked key is trusted for longer than promised.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The chosen times, in seconds. They are in the store, because all processes with this store must agree on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// The time that a key signs before its successor takes over.
    pub period: u64,
    /// The time that a successor is published before it signs.
    pub pre_publication: u64,
    /// The time that a key stays published after its last signature.
    pub retention: u64,
    /// The longest time that some verifiers may still trust a revoked key. This is a promise, which the other times keep.
    pub revocation: u64,
    /// M: the time that the published set may be cached, including any stale time (RFC 9111 §5.2.2.1).
    pub max_age: u64,
    /// T: the longest lifetime of tokens of new keys.
    pub longest_life: u64,
    /// L: the time after `exp` for which verifiers accept a token.
    pub leeway: u64,
    /// R: the time from the decision on a change until it is written and every replica publishes and signs by it. A change is dated by its
    /// decision, and given up if it is not written within seconds.
    pub replica_delay: u64,
    /// K: the largest difference between the clocks of replicas.
    pub clock_difference: u64,
    /// F: the longest time of a fetch of the set. At least 1, because all times here are whole seconds.
    pub fetch_time: u64,
    /// S: the longest time that a verifier uses a set after failed fetches.
    pub max_stale: u64,
}

/// Checked times: they satisfy the four inequalities, and each is within its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings(Times);

/// The reason why times are refused. All numbers are seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsRefusal {
    /// A time is outside of its bounds.
    OutOfBounds {
        /// The setting's name.
        name: &'static str,
        /// The chosen value.
        seconds: u64,
        /// The smallest accepted.
        minimum: u64,
        /// The largest accepted.
        maximum: u64,
    },
    /// A replica delay that leaves no time to write a change and to notice it.
    ReplicaDelay {
        /// The chosen value.
        seconds: u64,
    },
    /// An inequality that does not hold.
    Broken {
        /// Its number, 1 to 4.
        inequality: u8,
        /// All the numbers.
        times: Times,
    },
}

/// One day. With a longer `max-age`, verifiers would trust a stolen key for as long.
const MAX_AGE_LIMIT: u64 = 86_400;
/// Thirty days. An access token with a longer lifetime is like a password.
const LIFE_LIMIT: u64 = 2_592_000;
/// One hour. A replica with a larger delay is down, and a clock with a larger difference is broken.
const DELAY_LIMIT: u64 = 3_600;
/// Ten years. Sums of such numbers cannot overflow.
const LIMIT: u64 = 315_360_000;

impl Times {
    /// The shortest replica delay that may be chosen, in seconds. A change may wait two seconds for a lock, and servers read the store twice
    /// a second.
    pub const SHORTEST_REPLICA_DELAY: u64 = 3;

    /// Returns the right side of inequality 1, R + M + F + K.
    #[must_use]
    pub const fn least_pre_publication(&self) -> u64 {
        sum([self.replica_delay, self.max_age, self.fetch_time, self.clock_difference])
    }

    /// Returns the right side of inequality 2, R + T + L + K.
    #[must_use]
    pub const fn least_retention(&self) -> u64 {
        sum([self.replica_delay, self.longest_life, self.leeway, self.clock_difference])
    }

    /// Returns the right side of inequality 4, R + M + S + F.
    #[must_use]
    pub const fn least_revocation(&self) -> u64 {
        sum([self.replica_delay, self.max_age, self.max_stale, self.fetch_time])
    }

    /// Formats the inequality with that number, 1 to 4, with its values and `relation` between its sides.
    pub(crate) fn inequality(&self, number: u8, relation: &str) -> String {
        let (r, m, k) = (self.replica_delay, self.max_age, self.clock_difference);
        let (fetch, life, leeway, stale) = (self.fetch_time, self.longest_life, self.leeway, self.max_stale);
        match number {
            1 => format!(
                "pre-publication {} s {relation} R + M + F + K = {r} + {m} + {fetch} + {k} = {} s",
                self.pre_publication,
                self.least_pre_publication()
            ),
            2 => format!(
                "retention {} s {relation} R + T + L + K = {r} + {life} + {leeway} + {k} = {} s",
                self.retention,
                self.least_retention()
            ),
            3 => format!(
                "period {} s {relation} pre-publication {} s (at least R + M + F + K = {r} + {m} + {fetch} + {k} = {} s)",
                self.period,
                self.pre_publication,
                self.least_pre_publication()
            ),
            _ => format!(
                "revocation {} s {relation} R + M + S + F = {r} + {m} + {stale} + {fetch} = {} s",
                self.revocation,
                self.least_revocation()
            ),
        }
    }

    /// Returns the time that a key stays published after its last token has expired, at least R + L + K. It is the retention without the
    /// lifetime of tokens, because each key has its own longest lifetime.
    #[must_use]
    pub const fn beyond_life(&self) -> u64 {
        self.retention.saturating_sub(self.longest_life)
    }

    /// Returns these times with the shortest pre-publication, retention and revocation that the inequalities allow.
    #[must_use]
    pub const fn shortest(mut self) -> Self {
        self.pre_publication = self.least_pre_publication();
        self.retention = self.least_retention();
        self.revocation = self.least_revocation();
        self
    }
}

impl Default for Times {
    /// Returns the defaults: keys for thirty days, a set that is cached for five minutes, tokens for half an hour, one machine, and verifiers
    /// of this project.
    fn default() -> Self {
        Self {
            period: 2_592_000,
            pre_publication: 0,
            retention: 0,
            revocation: 0,
            max_age: 300,
            longest_life: 1800,
            leeway: 60,
            replica_delay: 10,
            clock_difference: 5,
            fetch_time: 10,
            max_stale: 3600,
        }
        .shortest()
    }
}

impl Settings {
    /// Checks the bounds and the inequalities.
    ///
    /// # Errors
    /// The first number that is out of bounds, or the first inequality that does not hold.
    pub fn new(times: Times) -> Result<Self, SettingsRefusal> {
        for (name, seconds, minimum, maximum) in [
            ("period", times.period, 1, LIMIT),
            ("max-age", times.max_age, 1, MAX_AGE_LIMIT),
            ("longest token life", times.longest_life, 1, LIFE_LIMIT),
            ("leeway", times.leeway, 0, DELAY_LIMIT),
            ("replica delay", times.replica_delay, 0, DELAY_LIMIT),
            ("clock difference", times.clock_difference, 0, DELAY_LIMIT),
            ("fetch time", times.fetch_time, 1, DELAY_LIMIT),
            ("max-stale of verifiers", times.max_stale, 0, LIMIT),
            // Times that depend on others by default are last, so that the cause is reported and not the consequence.
            ("pre-publication", times.pre_publication, 0, LIMIT),
            ("retention", times.retention, 0, LIMIT),
            ("revocation", times.revocation, 0, LIMIT),
        ] {
            if seconds < minimum || seconds > maximum {
                return Err(SettingsRefusal::OutOfBounds { name, seconds, minimum, maximum });
            }
        }
        for (inequality, left, right) in [
            (1, times.pre_publication, times.least_pre_publication()),
            (2, times.retention, times.least_retention()),
            (3, times.period, times.pre_publication),
            (4, times.revocation, times.least_revocation()),
        ] {
            if left < right {
                return Err(SettingsRefusal::Broken { inequality, times });
            }
        }
        Ok(Self(times))
    }

    /// Checks times that an operator chose. Values that differ from those in `before` must be valid for new stores. Values of an older store may
    /// stay.
    ///
    /// # Errors
    /// Those of [`Settings::new`], and [`SettingsRefusal::ReplicaDelay`].
    pub fn chosen(times: Times, before: Option<&Times>) -> Result<Self, SettingsRefusal> {
        let seconds = times.replica_delay;
        let changed = before.is_none_or(|before| before.replica_delay != seconds);
        if changed && seconds < Times::SHORTEST_REPLICA_DELAY {
            return Err(SettingsRefusal::ReplicaDelay { seconds });
        }
        Self::new(times)
    }

    /// Accepts times that may violate the inequalities. Only for simulations that must show the damage.
    #[must_use]
    pub const fn dangerous_unchecked(times: Times) -> Self {
        Self(times)
    }

    /// Returns the times.
    #[must_use]
    pub const fn times(&self) -> &Times {
        &self.0
    }
}

impl SettingsRefusal {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::OutOfBounds { .. } => "setting_out_of_bounds",
            Self::ReplicaDelay { .. } => "setting_replica_delay",
            Self::Broken { .. } => "settings_break_inequality",
        }
    }
}

impl fmt::Display for SettingsRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfBounds { name, seconds, minimum, maximum } => {
                write!(f, "the {name} of {seconds} s is outside of {minimum} to {maximum} s")
            }
            Self::ReplicaDelay { seconds } => write!(
                f,
                "the replica delay of {seconds} s is too short: a change may wait two seconds to be written, and servers \
                 look for it twice a second; choose {} s or more",
                Times::SHORTEST_REPLICA_DELAY
            ),
            Self::Broken { inequality, times } => {
                write!(f, "inequality {inequality} does not hold: {}", times.inequality(*inequality, "<"))
            }
        }
    }
}

impl std::error::Error for SettingsRefusal {}

const fn sum([a, b, c, d]: [u64; 4]) -> u64 {
    a.saturating_add(b).saturating_add(c).saturating_add(d)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_has_its_bounds() {
        assert!(Settings::new(Times::default()).is_ok());
        for (change, name) in [
            ((|t| t.max_age = 0) as fn(&mut Times), "max-age"),
            (|t| t.max_age = MAX_AGE_LIMIT + 1, "max-age"),
            (|t| t.longest_life = 0, "longest token life"),
            (|t| t.longest_life = LIFE_LIMIT + 1, "longest token life"),
            (|t| t.replica_delay = DELAY_LIMIT + 1, "replica delay"),
            (|t| t.fetch_time = 0, "fetch time"),
            (|t| t.period = 0, "period"),
            (|t| t.max_stale = u64::MAX, "max-stale of verifiers"),
        ] {
            let mut times = Times::default();
            change(&mut times);
            let refusal = Settings::new(times.shortest()).unwrap_err();
            assert!(matches!(refusal, SettingsRefusal::OutOfBounds { name: found, .. } if found == name));
        }
    }

    #[test]
    fn one_second_short_of_an_inequality_is_refused_with_its_numbers() {
        let exact = Times { period: 325, ..Times::default() };
        assert!(Settings::new(exact).is_ok());
        for (change, words) in [
            (
                (|t| t.pre_publication -= 1) as fn(&mut Times),
                "inequality 1 does not hold: pre-publication 324 s < R + M + F + K = 10 + 300 + 10 + 5 = 325 s",
            ),
            (
                |t| t.retention -= 1,
                "inequality 2 does not hold: retention 1874 s < R + T + L + K = 10 + 1800 + 60 + 5 = 1875 s",
            ),
            (
                |t| t.period -= 1,
                "inequality 3 does not hold: period 324 s < pre-publication 325 s \
                 (at least R + M + F + K = 10 + 300 + 10 + 5 = 325 s)",
            ),
            (
                |t| t.revocation -= 1,
                "inequality 4 does not hold: revocation 3919 s < R + M + S + F = 10 + 300 + 3600 + 10 = 3920 s",
            ),
        ] {
            let mut times = exact;
            change(&mut times);
            let refusal = Settings::new(times).unwrap_err();
            assert_eq!((refusal.to_string().as_str(), refusal.code()), (words, "settings_break_inequality"));
        }
    }
}
