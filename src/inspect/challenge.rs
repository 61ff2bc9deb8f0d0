//! Reads `WWW-Authenticate` member by member (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9449 §7.1, RFC 9470 §3, RFC 9728 §5.1).

use crate::report::{ChallengeMember, ChallengeReport};

/// Every challenge of one header line.
pub(crate) fn read(line: &str) -> Vec<ChallengeReport> {
    split(line).into_iter().map(|(scheme, members)| report(scheme, members)).collect()
}

type Members = Vec<(String, String)>;

/// Splits a line into challenges: a word without `=` after a comma, or at the start, begins the next one.
fn split(line: &str) -> Vec<(String, Members)> {
    let mut challenges: Vec<(String, Members)> = Vec::new();
    for item in items(line) {
        let (name, value) = match item.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (item.trim(), None),
        };
        // `Bearer realm="api"`: the scheme and the first member.
        let (scheme, name) = match name.split_once(char::is_whitespace) {
            Some((scheme, name)) => (Some(scheme), name.trim()),
            None if value.is_none() => (Some(name), ""),
            None => (None, name),
        };
        if let Some(scheme) = scheme {
            challenges.push((scheme.to_owned(), Vec::new()));
        }
        if let (Some(value), Some((_, members))) = (value, challenges.last_mut()) {
            members.push((name.to_owned(), unquoted(value)));
        }
    }
    challenges
}

/// The items between commas that are not inside of quotes.
fn items(line: &str) -> Vec<&str> {
    let mut quoted = false;
    let mut escaped = false;
    let is_end = |character: char| {
        if escaped {
            escaped = false;
            return false;
        }
        match character {
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' => return !quoted,
            _ => {}
        }
        false
    };
    line.split(is_end).map(str::trim).filter(|item| !item.is_empty()).collect()
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').map(|inner| inner.strip_suffix('"').unwrap_or(inner)) else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        text.extend(if character == '\\' { characters.next() } else { Some(character) });
    }
    text
}

fn report(scheme: String, members: Members) -> ChallengeReport {
    let value = |name: &str| {
        members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    let (why, action) = explained(&scheme, value("error"));
    let mut problems = Vec::new();
    for (index, (name, _)) in members.iter().enumerate() {
        if members.iter().take(index).any(|(other, _)| other.eq_ignore_ascii_case(name)) {
            problems.push(format!("`{name}` appears twice: a client may read either value."));
        }
    }
    if let Some(url) = value("resource_metadata")
        && !url.starts_with("https://")
        && !url.starts_with("http://localhost")
        && !url.starts_with("http://127.0.0.1")
    {
        problems.push("`resource_metadata` has to be an absolute https URL.".to_owned());
    }
    if value("error") == Some("insufficient_scope") && value("scope").is_none() {
        problems.push("The challenge names no `scope`: a client cannot know what to request.".to_owned());
    }
    if scheme.eq_ignore_ascii_case("DPoP") && value("algs").is_none() {
        problems.push(
            "The challenge names no `algs`: a client has to guess the algorithm of its proof.".to_owned(),
        );
    }
    if scheme.eq_ignore_ascii_case("Bearer") && members.is_empty() {
        problems.push("`Bearer` needs at least one member, such as `realm`.".to_owned());
    }
    let members =
        members.into_iter().map(|(name, value)| ChallengeMember { meaning: meaning(&name), name, value });
    ChallengeReport {
        scheme,
        members: members.collect(),
        why: why.to_owned(),
        action: action.to_owned(),
        problems,
    }
}

#[rustfmt::skip] // a table is read by its rows
fn explained(scheme: &str, error: Option<&str>) -> (&'static str, &'static str) {
    match error {
        Some("invalid_token") => ("The server refuses the token: it is expired, malformed, or not meant for this API.", "Paste the token here to see which rule fails, or get a new one."),
        Some("insufficient_scope") => ("The token is accepted, but it does not have the scopes that this request needs.", "Request a token with the scopes in `scope`."),
        Some("invalid_request") => ("The request is malformed: a parameter is missing, repeated or sent in two places.", "Send the token once, in the header `Authorization`."),
        Some("invalid_dpop_proof") => ("The server refuses the DPoP proof.", "Paste the request with its header `DPoP` here to see which check fails."),
        Some("use_dpop_nonce") => ("The server wants its nonce in the DPoP proof.", "Repeat the request with the value of the header `DPoP-Nonce` as `nonce` in a new proof."),
        Some("insufficient_user_authentication") => ("The user has to log in again, or more strongly.", "Start a new login with the named `acr_values` and `max_age`."),
        Some(_) => ("The server refuses the request with an error of its own.", "Read `error_description`."),
        None if scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("DPoP") => ("The server asks for a token; it found none in the request.", "Send the token in the header `Authorization`."),
        None => ("The server asks for another kind of login than a token.", "Check that this is the API's address and that no proxy answers for it."),
    }
}

#[rustfmt::skip] // a table is read by its rows
fn meaning(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "realm" => "The name of the protected area.",
        "error" => "Why the request was refused; absent if no token was sent.",
        "error_description" => "The reason, for developers.",
        "error_uri" => "A page about the error.",
        "scope" => "The scopes that the request needs.",
        "resource_metadata" => "The address of the API's metadata (RFC 9728), which names its issuers.",
        "acr_values" => "How strongly the user has to log in (RFC 9470).",
        "max_age" => "How many seconds old the login may be (RFC 9470).",
        "algs" => "The algorithms that the server accepts for DPoP proofs.",
        "nonce" => "A value that the client has to send back.",
        "authorization_uri" => "Where users log in (Microsoft).",
        "claims" => "What the new token has to contain, encoded in base64 (Microsoft).",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_split_at_their_schemes_and_not_inside_of_quotes() {
        let line = r#"Bearer realm="a, \"b\"", error="invalid_token", DPoP algs="ES256 EdDSA", Negotiate"#;
        let found: Vec<(String, Vec<(String, String)>)> = split(line);
        let expected = [
            ("Bearer", vec![("realm", "a, \"b\""), ("error", "invalid_token")]),
            ("DPoP", vec![("algs", "ES256 EdDSA")]),
            ("Negotiate", vec![]),
        ];
        assert_eq!(found.len(), expected.len());
        for ((scheme, members), (name, pairs)) in found.iter().zip(expected) {
            let members: Vec<(&str, &str)> =
                members.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!((scheme.as_str(), members), (name, pairs));
        }
    }
}
