//! The arguments of `settings`, and the times that `init` takes too.

use clap::{Args, Subcommand};
use jotgate_keys::Times;

use crate::client_arguments::Json;
use crate::duration::seconds;

/// The commands for the times that all servers share.
#[derive(Debug, Subcommand)]
pub(crate) enum Settings {
    /// Show all times, and the inequalities that they satisfy
    #[command(after_help = "Example:
  jotgate-keys settings show
  jotgate-keys settings show --json")]
    Show(Json),
    /// Change some times; the others stay
    #[command(
        group = clap::ArgGroup::new("any").args(ChosenTimes::NAMES).required(true).multiple(true),
        override_usage = "jotgate-keys settings set --NAME <DURATION> …",
        after_help = "Example:
  jotgate-keys settings set --max-age 10m --replica-delay 20s

A duration is a number of seconds, or has a unit: 90s, 5m, 2h, 1d.

A pre-publication, retention or revocation that was as short as the inequalities allow stays so; one that was longer stays
as it is. Times that break an inequality are refused with their numbers, and nothing is changed. Running servers follow
within the replica delay. What older settings promised is kept: a key that has signed keeps its longest life, and after a
shorter max-age no new key signs while a set may be cached for the longer one."
    )]
    Set(ChosenTimes),
}

/// See [`Times`].
#[derive(Debug, Args)]
pub(crate) struct ChosenTimes {
    /// The time that a key signs before its successor takes over [initially: 30 days]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    period: Option<u64>,
    /// The time that a successor is published before it signs [initially: R + M + F + K]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    pre_publication: Option<u64>,
    /// The time that a key stays published after its last signature [initially: R + T + L + K]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    retention: Option<u64>,
    /// The time that some verifiers may still trust a revoked key [initially: R + M + S + F]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    revocation: Option<u64>,
    /// M: the time that verifiers may cache the key set [initially: 300]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    max_age: Option<u64>,
    /// T: the longest lifetime of a token [initially: 1800]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    longest_life: Option<u64>,
    /// L: the time that verifiers accept a token after its end [initially: 60]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    leeway: Option<u64>,
    /// R: the time until a change is written and every running server publishes and signs by it; at least 3 [initially: 10]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    replica_delay: Option<u64>,
    /// K: the largest difference between the clocks of servers [initially: 5]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    clock_difference: Option<u64>,
    /// F: the longest time that a fetch of the key set takes [initially: 10]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    fetch_time: Option<u64>,
    /// S: the longest time that a verifier uses a set after failed fetches: its maxStale [initially: 3600]
    #[arg(long, value_name = "DURATION", value_parser = seconds)]
    max_stale: Option<u64>,
}

impl ChosenTimes {
    const NAMES: [&str; 11] = [
        "period",
        "pre_publication",
        "retention",
        "revocation",
        "max_age",
        "longest_life",
        "leeway",
        "replica_delay",
        "clock_difference",
        "fetch_time",
        "max_stale",
    ];

    /// Returns the previous times with the chosen ones. A time that was the shortest that the inequalities allow stays the shortest.
    pub(crate) fn over(&self, before: &Times) -> Times {
        let chosen = Times {
            period: self.period.unwrap_or(before.period),
            max_age: self.max_age.unwrap_or(before.max_age),
            longest_life: self.longest_life.unwrap_or(before.longest_life),
            leeway: self.leeway.unwrap_or(before.leeway),
            replica_delay: self.replica_delay.unwrap_or(before.replica_delay),
            clock_difference: self.clock_difference.unwrap_or(before.clock_difference),
            fetch_time: self.fetch_time.unwrap_or(before.fetch_time),
            max_stale: self.max_stale.unwrap_or(before.max_stale),
            ..*before
        };
        let (was, least) = (before.shortest(), chosen.shortest());
        let follows = |before: u64, was: u64, least: u64| if before == was { least } else { before };
        let derived = |of: fn(&Times) -> u64| follows(of(before), of(&was), of(&least));
        Times {
            pre_publication: self.pre_publication.unwrap_or_else(|| derived(|times| times.pre_publication)),
            retention: self.retention.unwrap_or_else(|| derived(|times| times.retention)),
            revocation: self.revocation.unwrap_or_else(|| derived(|times| times.revocation)),
            ..chosen
        }
    }
}
