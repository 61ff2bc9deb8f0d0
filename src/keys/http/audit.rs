//! Writes one line to the log for each token that was granted or refused, and counts it. `docs/companion-logs.md` lists the fields.

use std::net::IpAddr;

use tracing::info;

use super::grant_refusal::GrantRefusal;
use crate::Published;

/// The known facts about a request for a token. All of them may be invented by an attacker.
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    /// The client's identifier in the request.
    pub(crate) client: Option<String>,
    /// Whether the store has that client.
    pub(crate) known: bool,
    /// The grant type, or `other`; `none` until the body was read, or where the parameter is missing.
    pub(crate) grant: Option<&'static str>,
    /// The `resource` parameters, separated by spaces; the audience once it is decided.
    pub(crate) audience: Option<String>,
    /// The `scope` parameter; the scope once it is decided.
    pub(crate) scope: Option<String>,
    /// The `sub` of the person whose token it is.
    pub(crate) subject: Option<String>,
    /// The number of times that this response to a refresh was repeated.
    pub(crate) repeats: Option<u64>,
}

/// The most characters of an untrusted text in the log. A secret has 43, so a secret in the wrong parameter is not revealed.
const SHOWN: usize = 24;

/// Logs that a token with that `jti` was granted.
pub(crate) fn granted(published: &Published, attempt: &Attempt, jti: &str, address: Option<IpAddr>) {
    published.numbers().count_grant(attempt.grant.unwrap_or("none"), "none");
    if let Some(repeats) = attempt.repeats {
        published.numbers().count_repeat();
        info!(
            event = "refresh_repeated",
            client = attempt.client.as_deref().map(escape),
            subject = attempt.subject,
            repeats,
            address = address.map(|address| address.to_string()),
            "a refresh token was used again: its successor was sent once more"
        );
    }
    info!(
        client = attempt.client.as_deref().map(escape),
        jti,
        audience = attempt.audience.as_deref().map(escape),
        scope = attempt.scope.as_deref().map(escape),
        subject = attempt.subject,
        address = address.map(|address| address.to_string()),
        "token granted"
    );
}

/// Logs that no token was granted, and the reason.
pub(crate) fn refused(
    published: &Published,
    attempt: &Attempt,
    refusal: GrantRefusal,
    address: Option<IpAddr>,
) {
    published.numbers().count_grant(attempt.grant.unwrap_or("none"), refusal.error());
    let client = attempt.client.as_deref().map(|id| if attempt.known { escape(id) } else { cut(id) });
    info!(
        client,
        reason = refusal.reason(),
        error = refusal.error(),
        audience = attempt.audience.as_deref().map(cut),
        scope = attempt.scope.as_deref().map(cut),
        subject = attempt.subject,
        address = address.map(|address| address.to_string()),
        "token refused"
    );
}

/// Logs that a client revoked a refresh token. `ended`: whether the token was valid.
pub(crate) fn revoked(attempt: &Attempt, ended: bool, address: Option<IpAddr>) {
    info!(
        client = attempt.client.as_deref().map(escape),
        ended,
        address = address.map(|address| address.to_string()),
        "token revoked"
    );
}

/// Returns the first characters of an untrusted text, in printable ASCII.
pub(crate) fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let shown: String = chars.by_ref().take(SHOWN).collect();
    let mut shown = escape(&shown);
    if chars.next().is_some() {
        shown.push_str("...");
    }
    shown
}

/// Escapes a text to printable ASCII, so that it cannot end the line or change the writing direction.
pub(crate) fn escape(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            ' '..='~' => shown.push(char),
            other => shown.extend(other.escape_default()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k5_a_strangers_text_is_cut_below_the_length_of_a_secret_and_escaped() {
        assert_eq!(cut(&"x".repeat(43)), format!("{}...", "x".repeat(SHOWN)));
        assert_eq!(cut(&"x".repeat(SHOWN)), "x".repeat(SHOWN));
        assert_eq!(cut("a\nb\u{202e}\u{9b}31m\u{e9}"), r"a\nb\u{202e}\u{9b}31m\u{e9}");
        assert_eq!(escape("we:ird n\u{e9} \"q\""), r#"we:ird n\u{e9} "q""#);
    }
}
