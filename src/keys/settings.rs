//! What the operator chose for the whole issuer: numbers of seconds enter, settings within their bounds leave.

use std::fmt;

/// Times that every process which opens the store must agree on; therefore they live in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    max_age: u64,
    longest_life: u64,
    replica_delay: u64,
}

/// A setting outside of its bounds; all in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettingsRefusal {
    /// The setting's name.
    pub name: &'static str,
    /// What was asked for.
    pub seconds: u64,
    /// The smallest accepted.
    pub minimum: u64,
    /// The largest accepted.
    pub maximum: u64,
}

/// One day: a longer `max-age` would make an emergency last as long.
const MAX_AGE_LIMIT: u64 = 86_400;
/// Thirty days: an access token that lives longer is a password.
const LIFE_LIMIT: u64 = 2_592_000;
/// One hour: a replica that lags further is down.
const REPLICA_DELAY_LIMIT: u64 = 3_600;

impl Settings {
    /// Checks the three times, in seconds: how long the published set may be cached, the longest life of a token, and
    /// the time until every running server publishes what was written to the store.
    ///
    /// # Errors
    /// The first setting that is out of bounds.
    pub const fn new(max_age: u64, longest_life: u64, replica_delay: u64) -> Result<Self, SettingsRefusal> {
        let bounds = [
            ("max-age", max_age, 1, MAX_AGE_LIMIT),
            ("longest token life", longest_life, 1, LIFE_LIMIT),
            ("replica delay", replica_delay, 0, REPLICA_DELAY_LIMIT),
        ];
        let mut rest = bounds.as_slice();
        while let [(name, seconds, minimum, maximum), tail @ ..] = rest {
            if *seconds < *minimum || *seconds > *maximum {
                return Err(SettingsRefusal {
                    name,
                    seconds: *seconds,
                    minimum: *minimum,
                    maximum: *maximum,
                });
            }
            rest = tail;
        }
        Ok(Self { max_age, longest_life, replica_delay })
    }

    /// How long verifiers may cache the published set: `max-age` of RFC 9111 §5.2.2.1, in seconds.
    #[must_use]
    pub const fn max_age(&self) -> u64 {
        self.max_age
    }

    /// The longest life of a token that new keys may sign, in seconds.
    #[must_use]
    pub const fn longest_life(&self) -> u64 {
        self.longest_life
    }

    /// The time until every running server publishes what was written to the store, in seconds.
    #[must_use]
    pub const fn replica_delay(&self) -> u64 {
        self.replica_delay
    }
}

impl SettingsRefusal {
    /// The stable code: what a program compares.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "setting_out_of_bounds"
    }
}

impl fmt::Display for SettingsRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, seconds, minimum, maximum } = self;
        write!(f, "the {name} of {seconds} s is outside of {minimum} to {maximum} s")
    }
}

impl std::error::Error for SettingsRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_has_its_bounds() {
        assert!(Settings::new(300, 1800, 2).is_ok());
        assert!(Settings::new(1, 1, 0).is_ok());
        for (max_age, longest_life, replica_delay, name) in [
            (0, 1800, 2, "max-age"),
            (MAX_AGE_LIMIT + 1, 1800, 2, "max-age"),
            (300, 0, 2, "longest token life"),
            (300, LIFE_LIMIT + 1, 2, "longest token life"),
            (300, 1800, REPLICA_DELAY_LIMIT + 1, "replica delay"),
        ] {
            let refusal = Settings::new(max_age, longest_life, replica_delay).unwrap_err();
            assert_eq!(refusal.name, name);
        }
    }
}
