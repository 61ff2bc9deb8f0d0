//! Finds out what the pasted text is, and what is in it.

mod clean;
mod document;
mod headers;
mod shell;
mod url;

use crate::{excerpt::Excerpt, json::Members, report::FoundRequest};

/// What was found in the pasted text.
#[derive(Default)]
pub(crate) struct Parsed {
    pub(crate) kind: &'static str,
    pub(crate) cleaned: Vec<&'static str>,
    /// The credential that the report is about comes first.
    pub(crate) found: Vec<Credential>,
    pub(crate) request: Option<FoundRequest>,
    /// The values of `WWW-Authenticate`.
    pub(crate) challenges: Vec<String>,
    /// JSON documents other than keys, each with its kind.
    pub(crate) documents: Vec<(&'static str, String)>,
    /// The texts of keys.
    pub(crate) keys: Vec<String>,
    /// The codes of notes.
    pub(crate) notes: Vec<&'static str>,
}

/// A credential in the pasted text.
#[derive(Clone)]
pub(crate) struct Credential {
    pub(crate) kind: &'static str,
    /// Where it was found; empty for the text itself.
    pub(crate) location: String,
    pub(crate) text: Excerpt,
}

/// Parses the pasted text.
pub(crate) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let whole = clean::around(&Excerpt::whole(text), &mut parsed.cleaned);
    parsed.kind = parsed.read(&whole);
    parsed.sort();
    parsed
}

impl Parsed {
    /// Tries each form, the most specific first. Returns the kind.
    fn read(&mut self, whole: &Excerpt) -> &'static str {
        let text = whole.text();
        if text.is_empty() {
            return "empty";
        }
        if text.starts_with("-----BEGIN ") {
            self.keys.push(text.to_owned());
            return "pem";
        }
        if text.starts_with(['{', '[']) {
            return self.document(whole);
        }
        let command = text.trim_start_matches(['$', '>', '%', '#']).trim_start();
        if command.starts_with("curl ") || command.starts_with("curl.exe ") {
            self.command(&whole.part(command));
            return "curl";
        }
        if let Some(kind) = self.headers(whole) {
            return kind;
        }
        if headers::is_challenge(text) {
            self.challenges.push(text.to_owned());
            return "challenge";
        }
        if self.scheme(whole, "") {
            self.cleaned.push("scheme");
            return "authorization";
        }
        if url::is_url(text) {
            self.url(whole);
            return "url";
        }
        if text.contains('=') && text.contains(';') && self.cookies(whole, "Cookie") {
            return "cookie";
        }
        self.bare(whole)
    }

    /// Text without any frame: one token, or tokens among other words.
    fn bare(&mut self, whole: &Excerpt) -> &'static str {
        let token = clean::inside(whole, &mut Vec::new());
        let words = || whole.text().split_whitespace();
        let one = words().filter(|word| word.starts_with("eyJ")).count() < 2;
        let broken = is_broken_token(token.text()) && whole.text().starts_with("eyJ");
        if words().count() == 1 || (one && (looks_like_token(token.text()) || broken)) {
            let kind = self.credential("", whole);
            return if kind == "opaque_token" && token.text().len() < 16 { self.unknown() } else { kind };
        }
        let is_separator =
            |character: char| character.is_whitespace() || "\"'`,;()<>[]{}=".contains(character);
        for word in whole.text().split(is_separator).filter(|word| looks_like_token(word)) {
            self.credential("text", &whole.part(word));
        }
        self.found.first().map_or("unknown", |found| found.kind)
    }

    fn unknown(&mut self) -> &'static str {
        self.found.clear();
        "unknown"
    }

    /// Takes a credential: a token of three or five parts, a DPoP proof, or an opaque one. Returns its kind.
    fn credential(&mut self, location: &str, text: &Excerpt) -> &'static str {
        let text = clean::inside(text, &mut self.cleaned);
        let kind = kind_of(text.text());
        if !text.text().is_empty() && !self.found.iter().any(|known| known.text.text() == text.text()) {
            self.found.push(Credential { kind, location: location.to_owned(), text });
        }
        kind
    }

    /// Takes a value whose name says that it is a token, or which looks like one.
    fn named(&mut self, name: &str, location: &str, value: &Excerpt) {
        const NAMES: [&str; 10] = [
            "access_token",
            "id_token",
            "token",
            "jwt",
            "id_token_hint",
            "client_assertion",
            "assertion",
            "subject_token",
            "logout_token",
            "refresh_token",
        ];
        match name {
            "code" => {
                self.notes.push("authorization_code");
                self.found.push(Credential {
                    kind: "code",
                    location: location.to_owned(),
                    text: value.clone(),
                });
            }
            "refresh_token" if !looks_like_token(value.text()) => self.notes.push("refresh_token"),
            _ if NAMES.contains(&name) || looks_like_token(value.text()) => {
                self.credential(location, value);
            }
            _ => {
                if self.scheme(value, location) {
                    self.cleaned.push("scheme");
                }
            }
        }
    }

    /// Takes `Bearer …` and its like. Returns whether the text has such a scheme.
    fn scheme(&mut self, text: &Excerpt, location: &str) -> bool {
        let Some((scheme, credential)) = text.text().split_once(char::is_whitespace) else { return false };
        let known = ["bearer", "dpop", "token", "jwt", "gnap"];
        if !known.iter().any(|name| scheme.eq_ignore_ascii_case(name)) {
            return false;
        }
        self.credential(location, &text.part(credential.trim_start()));
        true
    }

    /// Puts the credential that the report is about first: an access token before other tokens, any token before a proof or a code.
    fn sort(&mut self) {
        let rank = |found: &Credential| match (found.kind, found.location.as_str()) {
            ("token", "Authorization" | "access_token") => 0,
            ("token", _) => 1,
            ("encrypted_token", _) => 2,
            ("dpop_proof", _) => 3,
            ("opaque_token", _) => 4,
            _ => 5,
        };
        self.found.sort_by_key(rank);
        self.notes.dedup();
    }
}

/// The kind of a credential, by its parts and the `typ` of its header.
fn kind_of(text: &str) -> &'static str {
    let parts = text.split('.').count();
    if parts == 5 && is_encrypted(text) {
        return "encrypted_token";
    }
    let header = header_of(text);
    // Some issuers write a dot into opaque tokens. A JWT that lost its signature still has a header.
    let is_cut_off = text.starts_with("eyJ") || header.as_ref().is_some_and(|header| header.starts_with('{'));
    if parts < 3 && !is_cut_off {
        return "opaque_token";
    }
    let typ = header.as_deref().and_then(Members::read).and_then(|header| header.text("typ"));
    match typ {
        Some(typ) if typ.eq_ignore_ascii_case("dpop+jwt") => "dpop_proof",
        _ => "token",
    }
}

/// Whether the header names a content encryption, as only an encrypted token does (RFC 7516 §4.1.2).
pub(crate) fn is_encrypted(text: &str) -> bool {
    header_of(text).as_deref().and_then(Members::read).is_some_and(|header| header.raw("enc").is_some())
}

/// The decoded first part.
fn header_of(text: &str) -> Option<String> {
    use base64ct::{Base64UrlUnpadded, Encoding};
    let header = text.split('.').next()?;
    String::from_utf8(Base64UrlUnpadded::decode_vec(header).ok()?).ok()
}

/// Whether the text has the parts of a token and a header that is a JSON object.
fn looks_like_token(text: &str) -> bool {
    matches!(text.split('.').count(), 3 | 5)
        && header_of(text).is_some_and(|header| Members::read(&header).is_some())
}

/// Whether the text is a token in which something is wrong: it starts as one, or has three parts of mostly the right characters.
fn is_broken_token(text: &str) -> bool {
    let dots = text.matches('.').count();
    text.starts_with("eyJ") || (dots == 2 && !text.contains(|character: char| " :/?".contains(character)))
}
