//! A state and a moment enter, a table for people leaves.

use std::time::{Duration, UNIX_EPOCH};

use crate::{Key, Phase, Ring, State};

/// One row for each key, the newest of each ring first: what it is, where it stands, and what happened when. `now` in
/// Unix seconds.
#[must_use]
pub fn listing(state: &State, now: u64) -> String {
    let heads = ["KID", "ALG", "STATE", "AGE", "CREATED", "FIRST SIGNED", "LAST SIGNED", "LONGEST LIFE"];
    let mut rows = vec![heads.map(str::to_owned)];
    rows.extend(state.rings().iter().flat_map(Ring::newest_first).map(|key| row(key, now)));
    let widths: Vec<usize> = (0..heads.len())
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

/// A moment in Unix seconds as people read it, in UTC.
#[must_use]
pub(crate) fn moment(seconds: u64) -> String {
    // The formatter ends with the year 9999; a stored number may not.
    let last = 253_402_300_799;
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(seconds.min(last))).to_string()
}

fn row(key: &Key, now: u64) -> [String; 8] {
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
        duration(now.saturating_sub(key.created)),
        moment(key.created),
        first,
        last,
        duration(key.longest_life),
    ]
}

fn duration(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::test_keys::{NOW, key, state};

    #[test]
    fn each_key_has_a_row_with_its_phase_and_times_newest_first() {
        let (one, two, three) = (state(), key(), key());
        let old = one.rings()[0].keys()[0].kid().to_owned();
        let state = one.stage(Arc::clone(&two), NOW + 60).unwrap().promote(two.kid(), NOW + 70).unwrap();
        let state = state.stage(Arc::clone(&three), NOW + 80).unwrap();
        let table = listing(&state, NOW + 90);
        let lines: Vec<&str> = table.lines().collect();
        let expected = [
            format!(
                "{}  ES256  staged    10s      2027-01-15T08:01:20Z  -                     -                     30m",
                three.kid()
            ),
            format!(
                "{}  ES256  signing   30s      2027-01-15T08:01:00Z  2027-01-15T08:01:10Z  -                     30m",
                two.kid()
            ),
            format!(
                "{old}  ES256  retiring  1m 30s   2027-01-15T08:00:00Z  2027-01-15T08:00:00Z  2027-01-15T08:01:10Z  30m"
            ),
        ];
        assert_eq!(lines.len(), 4);
        assert!(lines[0].starts_with("KID "));
        let words = |line: &str| {
            line.split("  ")
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        for (line, expected) in lines[1..].iter().zip(&expected) {
            assert_eq!(words(line), words(expected));
        }
    }

    #[test]
    fn a_moment_beyond_the_calendar_does_not_panic() {
        assert_eq!(moment(u64::MAX), "9999-12-31T23:59:59Z");
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
    }
}
