//! The counters of this process: responses, requests for tokens, and connections.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Counters and gauges in memory, from the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// By route and status.
    answers: Mutex<BTreeMap<(&'static str, u16), u64>>,
    /// By grant type and error.
    grants: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    /// By reason.
    refused: Mutex<BTreeMap<Refused, u64>>,
    /// By reason.
    ended: Mutex<BTreeMap<Ended, u64>>,
    /// TLS handshakes that failed.
    handshakes_failed: AtomicU64,
    /// The responses to a refresh that were repeated.
    repeats: AtomicU64,
    /// Open connections of the public listener.
    connections: AtomicU64,
    /// The time since which the public listener has no free place.
    full_since: Mutex<Option<Instant>>,
}

/// The reason why a connection was closed for a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refused {
    /// Its address has used its share of the places.
    AddressShare,
    /// All places are taken.
    NoPlace,
    /// The system gives no descriptor for another connection.
    NoDescriptor,
}

/// The time limit that ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ended {
    /// The head of a request did not arrive in time.
    HeadLate,
    /// A response was not received in time.
    AnswerNotTaken,
    /// The longest life of a connection.
    Lifetime,
    /// The TLS handshake did not end in time.
    HandshakeLate,
}

impl Refused {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::AddressShare => "address_share",
            Self::NoPlace => "no_place",
            Self::NoDescriptor => "no_descriptor",
        }
    }
}

impl Ended {
    const ALL: [Self; 4] = [Self::HeadLate, Self::AnswerNotTaken, Self::Lifetime, Self::HandshakeLate];

    const fn code(self) -> &'static str {
        match self {
            Self::HeadLate => "head_late",
            Self::AnswerNotTaken => "answer_not_taken",
            Self::Lifetime => "lifetime",
            Self::HandshakeLate => "handshake_late",
        }
    }
}

impl Numbers {
    pub(crate) fn count_answer(&self, route: &'static str, status: u16) {
        count(&self.answers, (route, status));
    }

    /// Counts a request for a token. The error is `none` if it was granted.
    pub(crate) fn count_grant(&self, grant: &'static str, error: &'static str) {
        count(&self.grants, (grant, error));
    }

    /// Counts a repeated response to a refresh.
    pub(crate) fn count_repeat(&self) {
        self.repeats.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_refused(&self, reason: Refused) {
        count(&self.refused, reason);
    }

    pub(crate) fn count_ended(&self, reason: Ended) {
        count(&self.ended, reason);
    }

    pub(crate) fn count_failed_handshake(&self) {
        self.handshakes_failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Records the number of open connections, and whether all places are taken.
    pub(crate) fn set_connections(&self, open: usize, full: bool) {
        self.connections.store(u64::try_from(open).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.set_full(full);
    }

    /// Records whether all places are taken.
    pub(crate) fn set_full(&self, full: bool) {
        let mut since = self.full_since.lock().unwrap_or_else(PoisonError::into_inner);
        *since = if full { since.or_else(|| Some(Instant::now())) } else { None };
    }

    /// Returns the time for which there has been no free place.
    pub(crate) fn full_for(&self) -> Duration {
        let since = *self.full_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    #[cfg(test)]
    pub(crate) fn full_since(&self, since: Instant) {
        *self.full_since.lock().unwrap() = Some(since);
    }

    /// Writes the counters and gauges in the text format of Prometheus.
    pub(crate) fn write(&self, text: &mut String) {
        let answers: Vec<_> = entries(&self.answers);
        let answers = answers
            .iter()
            .map(|((route, status), count)| (format!("route=\"{route}\",status=\"{status}\""), *count));
        counter(text, "http_answers_total", "Answers, by route and status.", answers);
        let grants = entries(&self.grants);
        let grants = grants
            .iter()
            .map(|((grant, error), count)| (format!("grant=\"{grant}\",error=\"{error}\""), *count));
        let help = "Requests for a token, by grant type and error; the error is `none` where it was granted.";
        counter(text, "token_requests_total", help, grants);
        let repeats = [(String::new(), self.repeats.load(Ordering::Relaxed))];
        let help = "Refresh tokens that were used again, with the same successor.";
        counter(text, "refresh_repeated_total", help, repeats.into_iter());
        let refused = of_all(&self.refused, [Refused::AddressShare, Refused::NoPlace, Refused::NoDescriptor]);
        let refused = refused.map(|(reason, count)| (format!("reason=\"{}\"", reason.code()), count));
        let help = "Connections that were closed because a newer one found no place.";
        counter(text, "connections_refused_total", help, refused);
        let ended = of_all(&self.ended, Ended::ALL);
        let ended = ended.map(|(reason, count)| (format!("reason=\"{}\"", reason.code()), count));
        counter(text, "connections_ended_total", "Connections that a limit of time ended.", ended);
        let failed = self.handshakes_failed.load(Ordering::Relaxed);
        let _ = write!(
            text,
            "# HELP jotgate_tls_handshakes_failed_total TLS handshakes that failed.\n# TYPE \
             jotgate_tls_handshakes_failed_total counter\njotgate_tls_handshakes_failed_total {failed}\n"
        );
        let gauge = |text: &mut String, name: &str, help: &str, value: u64| {
            let _ = write!(
                text,
                "# HELP jotgate_{name} {help}\n# TYPE jotgate_{name} gauge\njotgate_{name} {value}\n"
            );
        };
        let open = self.connections.load(Ordering::Relaxed);
        gauge(text, "connections", "Open connections of the public listener.", open);
        let help = "For how long all places for connections have been taken.";
        gauge(text, "connections_full_seconds", help, self.full_for().as_secs());
    }
}

fn count<K: Ord>(counts: &Mutex<BTreeMap<K, u64>>, key: K) {
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(1);
}

fn entries<K: Ord + Copy>(counts: &Mutex<BTreeMap<K, u64>>) -> Vec<(K, u64)> {
    let counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    counts.iter().map(|(key, count)| (*key, *count)).collect()
}

/// Returns all `keys` with their counts. Alarms need counters that exist before the first event.
fn of_all<K: Ord + Copy, const N: usize>(
    counts: &Mutex<BTreeMap<K, u64>>,
    keys: [K; N],
) -> impl Iterator<Item = (K, u64)> {
    let counted = entries(counts);
    keys.into_iter()
        .map(move |key| (key, counted.iter().find(|(known, _)| *known == key).map_or(0, |(_, count)| *count)))
}

fn counter(text: &mut String, name: &str, help: &str, values: impl Iterator<Item = (String, u64)>) {
    // Writing to a string cannot fail.
    let _ = write!(text, "# HELP jotgate_{name} {help}\n# TYPE jotgate_{name} counter\n");
    for (labels, count) in values {
        let _ = writeln!(text, "jotgate_{name}{{{labels}}} {count}");
    }
}
