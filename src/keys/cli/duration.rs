//! Parses durations on the command line: seconds, or a number with a unit.

/// Parses whole seconds, such as `300`, or numbers with units, such as `90s`, `5m`, `2h`, `1d` or `1h 30m`.
///
/// # Errors
/// A sentence for the usage message.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    const FORMS: &str = "a duration is a number of seconds, or has a unit: 90s, 5m, 2h, 1d";
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map_err(|_| FORMS.to_owned());
    }
    let duration = humantime::parse_duration(text).map_err(|_| FORMS)?;
    if duration.subsec_nanos() != 0 {
        return Err("a duration has whole seconds".to_owned());
    }
    Ok(duration.as_secs())
}

/// Parses the lifetime of a token: [`seconds`], but at least one.
///
/// # Errors
/// A sentence for the usage message.
pub(crate) fn life(text: &str) -> Result<u64, String> {
    match seconds(text)? {
        0 => Err("a token lives for one second or more".to_owned()),
        life => Ok(life),
    }
}
