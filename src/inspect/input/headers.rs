//! HTTP: header lines, whole messages, and what `curl -v` prints.

use super::Parsed;
use crate::{excerpt::Excerpt, report::FoundRequest};

const SCHEMES: [&str; 5] = ["bearer", "dpop", "basic", "digest", "negotiate"];
const METHODS: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];

/// Whether the text is the value of `WWW-Authenticate`: a scheme, then a parameter.
pub(super) fn is_challenge(text: &str) -> bool {
    let (scheme, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let parameter = rest.trim_start().split_once('=').is_some_and(|(name, value)| {
        let is_name = |character: char| character.is_ascii_alphanumeric() || "_-*".contains(character);
        !name.is_empty() && name.trim_end().chars().all(is_name) && !value.is_empty() && value != "="
    });
    SCHEMES.iter().any(|name| scheme.eq_ignore_ascii_case(name)) && (rest.is_empty() || parameter)
}

impl Parsed {
    /// Reads header lines or a whole message. Returns its kind, or `None` if the text has no header line.
    pub(super) fn headers(&mut self, whole: &Excerpt) -> Option<&'static str> {
        let mut lines: Vec<(&str, &str)> = Vec::new();
        let mut body = None;
        let mut started = false;
        for line in whole.text().split('\n') {
            let verbose = line.starts_with("* ") || line.starts_with("{ [") || line.starts_with("} [");
            let text = line.strip_prefix("> ").or_else(|| line.strip_prefix("< ")).unwrap_or(line).trim_end();
            if verbose || matches!(text, ">" | "<") {
                continue;
            }
            if self.start_line(text) {
                started = true;
            } else if let Some(header) = header(text) {
                lines.push(header);
            } else if text.is_empty() {
                continue;
            } else if (started || !lines.is_empty()) && body.is_none() {
                body = Some(whole.part(text).start().saturating_sub(whole.start()));
                if text.starts_with('{') {
                    let at = (text.as_ptr() as usize).saturating_sub(whole.text().as_ptr() as usize);
                    let rest = whole.slice(at..whole.text().len());
                    self.document(&rest.trim(char::is_whitespace));
                    break;
                }
                if super::url::is_url(text) {
                    self.form(&whole.part(text));
                }
            } else if lines.is_empty() && !started {
                return None;
            }
        }
        let known = lines.iter().any(|(name, _)| is_known(name));
        if !started && !known {
            return None;
        }
        let mut kind = "http";
        for (name, value) in &lines {
            let only = self.header(name, &whole.part(value));
            if lines.len() == 1 && !started {
                kind = only;
            }
        }
        if started || lines.len() > 1 { Some("http") } else { Some(kind) }
    }

    /// Reads `GET /path HTTP/1.1` or `HTTP/1.1 401 Unauthorized`.
    fn start_line(&mut self, line: &str) -> bool {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [version, status, ..] if version.starts_with("HTTP/") => {
                let Ok(status) = status.parse() else { return false };
                let unknown = || FoundRequest { method: String::new(), url: None, status: None };
                self.request.get_or_insert_with(unknown).status = Some(status);
                true
            }
            [method, target, rest @ ..]
                if METHODS.contains(method) && rest.iter().all(|word| word.starts_with("HTTP/")) =>
            {
                self.request = Some(FoundRequest {
                    method: (*method).to_owned(),
                    url: Some((*target).to_owned()),
                    status: None,
                });
                true
            }
            _ => false,
        }
    }

    /// Reads one header. Returns the kind of a text that is this header alone.
    pub(super) fn header(&mut self, name: &str, value: &Excerpt) -> &'static str {
        match name.to_ascii_lowercase().as_str() {
            "authorization" | "proxy-authorization" => {
                if self.scheme(value, "Authorization") {
                    self.cleaned.push("scheme");
                } else if !value.text().contains(' ') {
                    self.credential("Authorization", value);
                }
                "authorization"
            }
            "dpop" => {
                self.credential("DPoP", value);
                "dpop_proof"
            }
            "cookie" => {
                self.cookies(value, "Cookie");
                "cookie"
            }
            "set-cookie" => {
                self.cookies(value, "Set-Cookie");
                "cookie"
            }
            "www-authenticate" | "proxy-authenticate" => {
                self.challenges.push(value.text().to_owned());
                "challenge"
            }
            "location" => {
                self.url(value);
                "url"
            }
            "host" => {
                if let Some(request) = &mut self.request
                    && let Some(path) = request.url.as_deref().filter(|url| url.starts_with('/'))
                {
                    request.url = Some(format!("https://{}{path}", value.text()));
                }
                "http"
            }
            _ => {
                if super::looks_like_token(value.text()) {
                    self.credential(name, value);
                } else if self.scheme(value, name) {
                    self.cleaned.push("scheme");
                }
                "http"
            }
        }
    }
}

/// Whether a single line with this name is a header, and not any text with a colon.
fn is_known(name: &str) -> bool {
    const NAMES: [&str; 9] = [
        "authorization",
        "proxy-authorization",
        "cookie",
        "set-cookie",
        "dpop",
        "www-authenticate",
        "proxy-authenticate",
        "location",
        "host",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) || name.to_ascii_lowercase().starts_with("x-")
}

/// Splits `Name: value`.
fn header(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(':')?;
    let is_name = |character: char| character.is_ascii_alphanumeric() || "-_".contains(character);
    let name = name.trim();
    (!name.is_empty() && name.chars().all(is_name) && !value.starts_with("//")).then(|| (name, value.trim()))
}
