//! Settings that satisfy the inequalities of a rotation, from the numbers that the operator chose.
//!
//! With R, M, F, K, T, L and S as [`Times`] names them:
//!
//! 1. pre-publication ≥ R + M + F + K: a verifier that gets a token of a new key can have the key;
//! 2. retention ≥ R + T + L + K: a verifier that gets a valid token of an old key still finds the key;
//! 3. period ≥ pre-publication: there is always a successor that is old enough;
//! 4. revocation ≥ R + M + S + F: no revoked key is trusted for longer than was promised.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Times as they were chosen, all in seconds. Every process which opens the store must agree on them; therefore they
/// live in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// How long a key signs before its successor takes over.
    pub period: u64,
    /// How long a successor is published before it signs.
    pub pre_publication: u64,
    /// How long a key stays published after its last signature.
    pub retention: u64,
    /// How long a revoked key may still be trusted somewhere: a promise, kept by the others.
    pub revocation: u64,
    /// M: how long the published set may be cached, with any stale time that it is served with (RFC 9111 §5.2.2.1).
    pub max_age: u64,
    /// T: the longest life of a token that new keys may sign.
    pub longest_life: u64,
    /// L: how long after `exp` the consumers take a token.
    pub leeway: u64,
    /// R: the time from the decision on a change until it is written to the store and every replica publishes and signs
    /// from it. A change is dated by its decision, and given up if it is not written within seconds.
    pub replica_delay: u64,
    /// K: by how much the clocks of replicas differ.
    pub clock_difference: u64,
    /// F: how long the fetch of a set takes. At least 1, for all moments here are cut to whole seconds.
    pub fetch_time: u64,
    /// S: the longest that a verifier keeps a set after failed fetches.
    pub max_stale: u64,
}

/// Times that keep the four inequalities, each within its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings(Times);

/// Why times are no settings; all numbers in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsRefusal {
    /// A number outside of its bounds.
    OutOfBounds {
        /// The setting's name.
        name: &'static str,
        /// What was asked for.
        seconds: u64,
        /// The smallest accepted.
        minimum: u64,
        /// The largest accepted.
        maximum: u64,
    },
    /// A replica delay that leaves no time to write a change and to notice it.
    ReplicaDelay {
        /// What was asked for.
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

/// One day: a longer `max-age` would make an emergency last as long.
const MAX_AGE_LIMIT: u64 = 86_400;
/// Thirty days: an access token that lives longer is a password.
const LIFE_LIMIT: u64 = 2_592_000;
/// One hour: a replica that lags further is down, a clock that differs by more is broken.
const DELAY_LIMIT: u64 = 3_600;
/// Ten years: no sum of these numbers comes near the end of the integers.
const LIMIT: u64 = 315_360_000;

impl Times {
    /// The shortest replica delay that may be chosen, in seconds: a change may wait two seconds for a lock, and servers
    /// look for it twice a second.
    pub const SHORTEST_REPLICA_DELAY: u64 = 3;

    /// The right side of inequality 1, R + M + F + K.
    #[must_use]
    pub const fn least_pre_publication(&self) -> u64 {
        sum([self.replica_delay, self.max_age, self.fetch_time, self.clock_difference])
    }

    /// The right side of inequality 2, R + T + L + K.
    #[must_use]
    pub const fn least_retention(&self) -> u64 {
        sum([self.replica_delay, self.longest_life, self.leeway, self.clock_difference])
    }

    /// The right side of inequality 4, R + M + S + F.
    #[must_use]
    pub const fn least_revocation(&self) -> u64 {
        sum([self.replica_delay, self.max_age, self.max_stale, self.fetch_time])
    }

    /// The inequality of that number, 1 to 4, with its numbers, and `relation` between its sides.
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

    /// How long a key stays published after the death of its last token, R + L + K or more. The retention is for the life of
    /// new keys; what counts for one is the life that was written with it.
    #[must_use]
    pub const fn beyond_life(&self) -> u64 {
        self.retention.saturating_sub(self.longest_life)
    }

    /// The same with the shortest pre-publication, retention and revocation that the inequalities allow.
    #[must_use]
    pub const fn shortest(mut self) -> Self {
        self.pre_publication = self.least_pre_publication();
        self.retention = self.least_retention();
        self.revocation = self.least_revocation();
        self
    }
}

impl Default for Times {
    /// Thirty days; the set cached for five minutes; tokens of half an hour; one machine; verifiers of this project.
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
            // Those that follow from the others by default come last: the cause is named, not the consequence.
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

    /// Checks times that an operator chose. They may differ from those `before` only by values that make sense; a value
    /// that an older store has may stay.
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

    /// Takes times that may break the inequalities: for simulations that must show the damage, and for nothing else.
    #[must_use]
    pub const fn dangerous_unchecked(times: Times) -> Self {
        Self(times)
    }

    /// The numbers.
    #[must_use]
    pub const fn times(&self) -> &Times {
        &self.0
    }
}

impl SettingsRefusal {
    /// The stable code: what a program compares.
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
