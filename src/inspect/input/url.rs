//! URLs and forms: the parameters that carry a token or a code.

use super::Parsed;
use crate::excerpt::Excerpt;

/// Parameters that only OAuth and OpenID Connect have.
const PARAMETERS: [&str; 7] =
    ["access_token=", "id_token=", "code=", "error=", "refresh_token=", "client_assertion=", "assertion="];

/// Whether the text is a URL, or the query or fragment of one.
pub(super) fn is_url(text: &str) -> bool {
    let scheme = text.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
    });
    let parameters = text.trim_start_matches(['#', '?', '&']);
    let form = PARAMETERS
        .iter()
        .any(|name| parameters.starts_with(name) || parameters.contains(&format!("&{name}")));
    !text.trim().contains(char::is_whitespace)
        && (scheme || form || text.starts_with('/') && text.contains(['?', '#']))
}

impl Parsed {
    /// Takes the parameters of query and fragment.
    pub(super) fn url(&mut self, url: &Excerpt) {
        let text = url.text();
        let start = text.find(['?', '#']).map_or(0, |at| at + 1);
        let has_address = text.contains("://") || text.starts_with('/');
        if has_address && start == 0 {
            return;
        }
        let before = self.found.len();
        self.form(&url.slice(start..text.len()));
        let tokens = self.found.iter().skip(before).any(|found| found.kind != "code");
        if tokens && has_address {
            self.notes.push("sent_in_url");
        }
    }

    /// Takes the parameters of a form (`application/x-www-form-urlencoded`).
    pub(super) fn form(&mut self, form: &Excerpt) {
        for pair in form.text().split(['&', '#', '?']) {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = form.part(value).percent_decoded();
            self.named(name, name, &value);
        }
    }

    /// Takes the values of cookies. Returns whether one is a token.
    pub(super) fn cookies(&mut self, cookies: &Excerpt, location: &str) -> bool {
        let before = self.found.len();
        for pair in cookies.text().split(';') {
            let Some((name, value)) = pair.trim().split_once('=') else { continue };
            let value = cookies.part(value.trim_matches('"')).percent_decoded();
            if super::looks_like_token(value.text()) {
                self.credential(&format!("{location} {name}"), &value);
            }
        }
        self.found.len() > before
    }
}
