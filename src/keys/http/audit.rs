//! Writes one line to the log for each token that was granted or refused, and counts it. `docs/companion-logs.md` lists the fields.

use std::net::IpAddr;

use tracing::info;

use super::grant_refusal::GrantRefusal;
use crate::Published;

/// What is known of a request for a token so far. Everything in it may come from a stranger.
#[derive(Debug, Default)]
pub(super) struct Attempt {
    /// The client's name, as the request has it.
    pub(super) client: Option<String>,
    /// Whether the store has a client of that name.
    pub(super) known: bool,
    /// `client_credentials` or `other`; `none` until the body was read, or where the parameter is missing.
    pub(super) grant: Option<&'static str>,
    /// The `resource` parameters, separated by spaces; the audience once it is decided.
    pub(super) audience: Option<String>,
    /// The `scope` parameter; the scope once it is decided.
    pub(super) scope: Option<String>,
}

/// How many characters of a stranger's text are shown. A secret has 43: one in the wrong parameter stays secret.
const SHOWN: usize = 24;

/// Notes that a token with that identifier was granted.
pub(super) fn granted(published: &Published, attempt: &Attempt, jti: &str, address: Option<IpAddr>) {
    published.numbers().count_grant(attempt.grant.unwrap_or("none"), "none");
    info!(
        client = attempt.client.as_deref().map(escape),
        jti,
        audience = attempt.audience.as_deref().map(escape),
        scope = attempt.scope.as_deref().map(escape),
        address = address.map(|address| address.to_string()),
        "token granted"
    );
}

/// Notes that no token was granted, and why.
pub(super) fn refused(
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
        address = address.map(|address| address.to_string()),
        "token refused"
    );
}

/// The first characters of a stranger's text, in printable ASCII.
fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let shown: String = chars.by_ref().take(SHOWN).collect();
    let mut shown = escape(&shown);
    if chars.next().is_some() {
        shown.push_str("...");
    }
    shown
}

/// In printable ASCII: no text can end the line, or change the direction in which it is read.
fn escape(text: &str) -> String {
    let shown = |char: char| match char {
        ' '..='~' => char.to_string(),
        other => other.escape_default().to_string(),
    };
    text.chars().map(shown).collect()
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
