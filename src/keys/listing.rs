//! Formats keys, clients, secrets and settings as tables for people.

use std::time::{Duration, UNIX_EPOCH};

use crate::life::rotation_due_for;
use crate::{Client, Encryption, Key, Phase, Revoked, Ring, State};

/// Formats one row for each key, the newest of each ring first: its algorithm, phase, past changes and next step. Revoked keys follow, as
/// long as some verifiers may trust them. `now` in Unix seconds.
#[must_use]
pub fn listing(state: &State, now: u64) -> String {
    let heads = [
        "KID",
        "ALG",
        "STATE",
        "SIGNS",
        "AGE",
        "CREATED",
        "FIRST SIGNED",
        "LAST SIGNED",
        "LONGEST LIFE",
        "NEXT STEP",
    ];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(state.rings().iter().flat_map(Ring::newest_first).map(|key| row(state, key, now)));
    rows.extend(state.revoked().iter().map(|revoked| revoked_row(revoked, now)));
    table(&rows)
}

/// Formats one row for each client, without secrets.
#[must_use]
pub fn client_listing(clients: &[Client]) -> String {
    let heads = ["CLIENT", "STATE", "ADDED", "SECRETS", "TOKENS LIVE", "SCOPES", "AUDIENCES", "CLAIMS"];
    let mut rows = vec![heads.map(str::to_owned)];
    let list = |words: Vec<String>| if words.is_empty() { "-".to_owned() } else { words.join(" ") };
    rows.extend(clients.iter().map(|client| {
        let audience = |audience: &String| match client.audience_scopes.get(audience) {
            Some(scopes) => format!("{audience} ({})", list(scopes.clone())),
            None => audience.clone(),
        };
        [
            // An identifier in an older store may contain any character, such as a line end.
            client.id.escape_debug().to_string(),
            (if client.disabled { "disabled" } else { "enabled" }).to_owned(),
            moment(client.created),
            client.secrets.len().to_string(),
            duration(client.token_life),
            list(client.scopes.clone()),
            list(client.audiences.iter().map(audience).collect()),
            list(client.claims.keys().map(|name| name.escape_debug().to_string()).collect()),
        ]
    }));
    table(&rows)
}

/// Formats one row for each secret of a client: its identifier, never the secret. `now` in Unix seconds.
#[must_use]
pub fn secret_listing(client: &Client, now: u64) -> String {
    let mut rows = vec![["SECRET", "ADDED", "AGE"].map(str::to_owned)];
    rows.extend(
        client.secrets.iter().map(|secret| {
            [secret.id(), moment(secret.created), duration(now.saturating_sub(secret.created))]
        }),
    );
    table(&rows)
}

/// Formats one row for each time, the inequalities that they satisfy, and the limits that previous settings still impose. `now` in Unix
/// seconds.
#[must_use]
pub fn settings_listing(state: &State, now: u64) -> String {
    let times = state.settings().times();
    let mut rows = vec![["SETTING", "SECONDS", "TIME", "WHAT IT IS"].map(str::to_owned)];
    rows.extend(
        [
            ("period", times.period, "how long a key signs"),
            ("pre-publication", times.pre_publication, "how long a successor is published before it signs"),
            ("retention", times.retention, "how long a key stays published after its last signature"),
            ("revocation", times.revocation, "how long a revoked key may be trusted somewhere"),
            ("max-age", times.max_age, "M: how long verifiers may cache the key set"),
            ("longest-life", times.longest_life, "T: the longest life of a token"),
            ("leeway", times.leeway, "L: how long after its end verifiers take a token"),
            ("replica-delay", times.replica_delay, "R: until every server follows a change"),
            ("clock-difference", times.clock_difference, "K: by how much servers' clocks differ"),
            ("fetch-time", times.fetch_time, "F: how long the fetch of a key set takes"),
            ("max-stale", times.max_stale, "S: how long verifiers keep a set after failed fetches"),
        ]
        .map(|(name, seconds, what)| {
            [name.to_owned(), seconds.to_string(), duration(seconds), what.to_owned()]
        }),
    );
    let inequalities = (1..=4).map(|number| format!("{number}. {}\n", times.inequality(number, ">=")));
    let older = state.older();
    let bind = if older.last() > now {
        format!(
            "settings of before still bind: no key that is staged now signs before {}, none that retires is gone before {} \
             and its longest life after that, and one that is revoked may be trusted until {}\n",
            moment(older.may_sign_from),
            moment(older.retired_until),
            moment(older.distrusted_from)
        )
    } else {
        String::new()
    };
    format!("{}\n{}{bind}", table(&rows), inequalities.collect::<String>())
}

/// Formats the key-encryption key of the store, and one row for each server that shares the store.
#[must_use]
pub fn server_listing(Encryption { kek_id, servers }: &Encryption) -> String {
    let mut text = format!("the store is encrypted with the key-encryption key {kek_id}\n");
    if !servers.is_empty() {
        let mut rows = vec![["SERVER", "SEEN", "KEY-ENCRYPTION KEYS"].map(str::to_owned)];
        rows.extend(servers.iter().map(|server| {
            let seen = format!("{} ago", duration(server.age.as_secs()));
            [server.name.clone(), seen, server.kek_ids.join(" ")]
        }));
        text.push_str(&table(&rows));
    }
    text
}

/// Formats rows of cells as lines. Each column is as wide as its widest cell.
pub(crate) fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let widths: Vec<usize> = (0..N)
        .map(|column| rows.iter().filter_map(|row| row.get(column)).map(String::len).max().unwrap_or(0))
        .collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            cells.join("  ").trim_end().to_owned() + "\n"
        })
        .collect()
}

/// Formats a time in Unix seconds for people, in UTC.
#[must_use]
pub(crate) fn moment(seconds: u64) -> String {
    // The formatter ends with the year 9999, but a stored number may be larger.
    let last = 253_402_300_799;
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds.min(last))).to_string()
}

/// The next step of a key, and its time in Unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// A running server lets it sign then.
    Signs(u64),
    /// A running server lets it sign then. `keys rotate` may let it sign at any time before.
    SignsOrBefore(u64),
    /// `keys rotate` may let it sign from then on.
    MaySign(u64),
    /// Its successor takes over.
    Retires(u64),
    /// It is removed from the set.
    Goes(u64),
    /// No verifier trusts it any more.
    Distrusted(u64),
}

impl NextStep {
    /// Returns the next step of a published key.
    pub(crate) fn of(state: &State, key: &Key, now: u64) -> Self {
        let settings = state.settings();
        let purpose = state.purpose_of(key.kid());
        let requested = state.next_signer().filter(|next| state.purpose_of(next.kid()) == purpose);
        let requested = requested.map_or(u64::MAX, |key| key.may_sign_from);
        let due = rotation_due_for(state, purpose, settings).min(requested);
        match key.phase {
            Phase::Staged => {
                let ring = state.ring_for(purpose);
                let active = ring.is_some_and(|ring| ring.algorithm() == key.pair.algorithm());
                let first = ring.is_some_and(|ring| ring.signer().is_none());
                if first || state.next_signer().is_some_and(|next| next.kid() == key.kid()) {
                    Self::Signs(key.may_sign_from)
                } else if active && now >= key.may_sign_from {
                    Self::SignsOrBefore(due.max(now))
                } else {
                    Self::MaySign(key.may_sign_from)
                }
            }
            Phase::Signing { .. } => Self::Retires(due),
            Phase::Retiring { .. } => Self::Goes(state.gone_from(key, settings).unwrap_or_default()),
        }
    }

    fn text(self, now: u64) -> String {
        match self {
            Self::Signs(at) => format!("signs {}", moment(at)),
            Self::SignsOrBefore(at) => format!("signs {}, or at any time before", moment(at)),
            Self::MaySign(at) if at <= now => "may sign at any time: `keys rotate --algorithm`".to_owned(),
            Self::MaySign(at) => format!("may sign {}", moment(at)),
            Self::Retires(at) => format!("retires {}", moment(at)),
            Self::Goes(at) => format!("goes {}", moment(at)),
            Self::Distrusted(at) => format!("trusted nowhere {}", moment(at)),
        }
    }
}

fn row(state: &State, key: &Key, now: u64) -> [String; 10] {
    let none = || "-".to_owned();
    let (phase, first, last) = match key.phase {
        Phase::Staged => ("staged", none(), none()),
        Phase::Signing { since } => ("signing", moment(since), none()),
        Phase::Retiring { since, until } => ("retiring", moment(since), moment(until)),
    };
    [
        key.kid().to_owned(),
        key.pair.algorithm().name().to_owned(),
        phase.to_owned(),
        state.purpose_of(key.kid()).to_string(),
        duration(now.saturating_sub(key.created)),
        moment(key.created),
        first,
        last,
        duration(key.longest_life),
        NextStep::of(state, key, now).text(now),
    ]
}

fn revoked_row(revoked: &Revoked, now: u64) -> [String; 10] {
    let [created, first, last, life] = [(); 4].map(|()| "-".to_owned());
    let next = NextStep::Distrusted(revoked.distrusted_from).text(now);
    let age = duration(now.saturating_sub(revoked.at));
    let (kid, algorithm) = (revoked.kid.clone(), revoked.algorithm.name().to_owned());
    [kid, algorithm, "revoked".to_owned(), "-".to_owned(), age, created, first, last, life, next]
}

fn duration(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::test_keys::{GATE, NOW, key, state};

    #[test]
    fn each_key_has_a_row_with_its_phase_its_times_and_its_next_step_newest_first() {
        let (one, two, three, four) = (state(), key(), key(), key());
        let old = one.signer().unwrap().kid().to_owned();
        let state =
            one.stage(Arc::clone(&two), NOW + 60).unwrap().promote(two.kid(), NOW + 60 + GATE).unwrap();
        let state = state.stage(Arc::clone(&four), NOW + 400).unwrap().revoke(four.kid(), NOW + 400).unwrap();
        let state = state.stage(Arc::clone(&three), NOW + 420).unwrap();
        let lines: Vec<Vec<String>> = listing(&state, NOW + 480)
            .lines()
            .map(|line| {
                line.split("  ").map(|word| word.trim().to_owned()).filter(|w| !w.is_empty()).collect()
            })
            .collect();
        let text = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(lines[0].len(), 10);
        let (day, dash) = ("2027-01-15T08:", "-");
        let at = |time: &str| format!("{day}{time}Z");
        assert_eq!(
            lines[1],
            text(&[
                three.kid(),
                "ES256",
                "staged",
                "access tokens",
                "1m",
                &at("07:00"),
                dash,
                dash,
                "30m",
                &format!("may sign {}", at("12:03"))
            ])
        );
        assert_eq!(
            lines[2],
            text(&[
                two.kid(),
                "ES256",
                "signing",
                "access tokens",
                "7m",
                &at("01:00"),
                &at("06:03"),
                dash,
                "30m",
                "retires 2027-02-14T08:06:03Z"
            ])
        );
        assert_eq!(
            lines[3],
            text(&[
                &old,
                "ES256",
                "retiring",
                "access tokens",
                "8m",
                &at("00:00"),
                &at("00:00"),
                &at("06:03"),
                "30m",
                &format!("goes {}", at("37:05"))
            ])
        );
        let revoked = text(&[
            four.kid(),
            "ES256",
            "revoked",
            dash,
            "1m 20s",
            dash,
            dash,
            dash,
            dash,
            "trusted nowhere 2027-01-15T09:11:43Z",
        ]);
        assert_eq!(lines[4], revoked);
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn the_settings_are_shown_with_what_they_must_keep_and_what_still_binds() {
        let state = state();
        let shown = settings_listing(&state, NOW);
        let row = |name: &str| shown.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
        assert_eq!(
            row("max-age"),
            "max-age           300      5m        M: how long verifiers may cache the key set"
        );
        assert_eq!(row("1. "), "1. pre-publication 303 s >= R + M + F + K = 2 + 300 + 1 + 0 = 303 s");
        assert_eq!(row("4. "), "4. revocation 3903 s >= R + M + S + F = 2 + 300 + 3600 + 1 = 3903 s");
        assert!(!shown.contains("of before"));
        let later = state.with_settings(*state.settings(), NOW);
        let shown = settings_listing(&later, NOW + 3902);
        assert!(shown.contains("no key that is staged now signs before 2027-01-15T08:05:03Z, "), "{shown}");
        assert!(shown.ends_with(" may be trusted until 2027-01-15T09:05:03Z\n"), "{shown}");
        assert!(!settings_listing(&later, NOW + 3903).contains("of before"));
    }

    #[test]
    fn a_moment_beyond_the_calendar_does_not_panic() {
        assert_eq!(moment(u64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
    }
}
