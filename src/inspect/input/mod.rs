//! Finds out what the pasted text is, and what is in it.

use crate::excerpt::Excerpt;

/// What was found in the pasted text.
pub(crate) struct Parsed {
    pub(crate) kind: &'static str,
    pub(crate) cleaned: Vec<&'static str>,
    /// The credential that the report is about comes first.
    pub(crate) found: Vec<Credential>,
}

/// A credential in the pasted text.
pub(crate) struct Credential {
    pub(crate) kind: &'static str,
    /// Where it was found; empty for the text itself.
    pub(crate) place: String,
    pub(crate) text: Excerpt,
}

/// Characters that people paste along without seeing them.
const INVISIBLE: [char; 6] = ['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{ad}'];
const QUOTES: [char; 8] = ['"', '\'', '`', '“', '”', '‘', '’', '\u{ab}'];

/// Parses the pasted text.
pub(crate) fn parse(text: &str) -> Parsed {
    let mut cleaned = Vec::new();
    let whole = clean(&Excerpt::whole(text), &mut cleaned);
    if whole.text().is_empty() {
        return Parsed { kind: "empty", cleaned, found: Vec::new() };
    }
    if whole.text().starts_with('{') {
        let kind = if whole.text().contains("\"keys\"") { "jwks" } else { "jwk" };
        return Parsed { kind, cleaned, found: Vec::new() };
    }
    if whole.text().starts_with("-----BEGIN ") {
        return Parsed { kind: "pem", cleaned, found: Vec::new() };
    }
    let (scheme, credential) = without_scheme(&whole);
    let kind = if scheme { "authorization" } else { "token" };
    if scheme {
        cleaned.push("scheme");
    }
    let credential = clean_token(&credential, &mut cleaned);
    let found = vec![Credential { kind: "token", place: String::new(), text: credential }];
    Parsed { kind, cleaned, found }
}

/// Removes what is around the text and cannot be seen.
fn clean(text: &Excerpt, cleaned: &mut Vec<&'static str>) -> Excerpt {
    let visible = text.without(|character| INVISIBLE.contains(&character));
    note(cleaned, "invisible_characters", text, &visible);
    let trimmed = visible.trim(char::is_whitespace);
    note(cleaned, "whitespace", &visible, &trimmed);
    let bare = trimmed.trim(|character| QUOTES.contains(&character) || character.is_whitespace());
    note(cleaned, "quotes", &trimmed, &bare);
    bare
}

/// Removes what is inside of a token and cannot be a part of it.
fn clean_token(text: &Excerpt, cleaned: &mut Vec<&'static str>) -> Excerpt {
    let joined = text.without(|character| matches!(character, '\n' | '\r'));
    note(cleaned, "line_breaks", text, &joined);
    let spaceless = joined.without(char::is_whitespace);
    note(cleaned, "whitespace", &joined, &spaceless);
    let decoded = spaceless.percent_decoded();
    note(cleaned, "percent_encoding", &spaceless, &decoded);
    decoded
}

fn note(cleaned: &mut Vec<&'static str>, what: &'static str, before: &Excerpt, after: &Excerpt) {
    if before.text() != after.text() && !cleaned.contains(&what) {
        cleaned.push(what);
    }
}

/// The credential without `Authorization:` and the scheme, and whether it had one.
fn without_scheme(text: &Excerpt) -> (bool, Excerpt) {
    let mut rest = text.text();
    let mut found = false;
    for prefix in ["authorization:", "proxy-authorization:", "bearer ", "dpop ", "token ", "jwt "] {
        if let Some((start, end)) = rest.split_at_checked(prefix.len())
            && start.eq_ignore_ascii_case(prefix)
        {
            (rest, found) = (end.trim_start(), true);
        }
    }
    (found, text.part(rest))
}
