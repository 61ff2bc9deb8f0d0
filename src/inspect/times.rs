//! Times as people read them: ISO 8601 in UTC, and relative to the time of evaluation.

use crate::report::TimeReport;

/// Values from here on are milliseconds: the year 5138 in seconds.
pub(crate) const MILLISECONDS_FROM: f64 = 1e11;
/// The last second that ISO 8601 writes with four digits of the year: 9999-12-31T23:59:59Z.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// Renders a time that is given in seconds since 1970-01-01T00:00:00Z. A value that can only be milliseconds is read as such. `local`
/// renders it in the host's time zone. Returns `None` for a time that ISO 8601 cannot write with four digits of the year.
pub(crate) fn time(value: f64, now: f64, local: &dyn Fn(f64) -> Option<String>) -> Option<TimeReport> {
    let milliseconds = value.abs() >= MILLISECONDS_FROM;
    let seconds = if milliseconds { value / 1000.0 } else { value };
    let iso = iso(seconds)?;
    Some(TimeReport { seconds, iso, local: local(seconds), relative: relative(seconds - now), milliseconds })
}

/// ISO 8601 in UTC, to the second.
pub(crate) fn iso(seconds: f64) -> Option<String> {
    if !(0.0..=LAST_SECOND).contains(&seconds) {
        return None;
    }
    let seconds = whole(seconds);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    Some(format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60))
}

/// The Gregorian date of a number of days since 1970-01-01, for years up to 9999.
fn date(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

/// A difference of times in words, such as `in 5 minutes` or `42 seconds ago`.
pub(crate) fn relative(difference: f64) -> String {
    let amount = duration(difference.abs());
    if difference.abs() < 1.0 {
        "now".to_owned()
    } else if difference > 0.0 {
        format!("in {amount}")
    } else {
        format!("{amount} ago")
    }
}

/// A duration in its largest unit, such as `1 day` or `90 minutes`. The unit is chosen so that its number is at least 2, or exactly 1.
pub(crate) fn duration(seconds: f64) -> String {
    const UNITS: [(u64, &str); 5] =
        [(31_557_600, "year"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let seconds = whole(seconds);
    let fits = |(length, _): &(u64, &str)| seconds >= 2 * length || seconds == *length;
    let (length, unit) = UNITS.into_iter().find(fits).unwrap_or((1, "second"));
    let number = seconds / length;
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn whole(seconds: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float is cut to the range of the integer; callers pass no negative number"
    )]
    let whole = seconds as u64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0.0, "1970-01-01T00:00:00Z"),
            (951_782_400.0, "2000-02-29T00:00:00Z"),
            (1_700_000_000.5, "2023-11-14T22:13:20Z"),
            (4_107_542_399.0, "2100-02-28T23:59:59Z"),
            (4_107_542_400.0, "2100-03-01T00:00:00Z"),
            (LAST_SECOND, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(iso(seconds).unwrap(), expected);
        }
        assert!(iso(-1.0).is_none() && iso(LAST_SECOND + 1.0).is_none() && iso(f64::NAN).is_none());
    }

    #[test]
    fn differences_are_words() {
        for (seconds, expected) in [
            (0.4, "now"),
            (1.0, "in 1 second"),
            (-42.0, "42 seconds ago"),
            (90.0, "in 90 seconds"),
            (300.0, "in 5 minutes"),
            (-3600.0, "1 hour ago"),
            (5400.0, "in 90 minutes"),
            (-172_800.0, "2 days ago"),
            (1e9, "in 31 years"),
        ] {
            assert_eq!(relative(seconds), expected);
        }
    }

    #[test]
    fn milliseconds_are_recognised() {
        let time = time(1_700_000_000_000.0, 1_700_000_060.0, &|_| None).unwrap();
        assert!(time.milliseconds);
        assert_eq!((time.iso.as_str(), time.relative.as_str()), ("2023-11-14T22:13:20Z", "1 minute ago"));
    }
}
