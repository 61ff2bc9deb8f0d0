//! JSON documents: keys, metadata, token responses, and any other that contains tokens.

use super::{Parsed, clean};
use crate::{
    excerpt::Excerpt,
    json::{self, Members},
};

/// How deep a document is searched for tokens.
const MAXIMUM_DEPTH: usize = 6;

impl Parsed {
    /// Reads a JSON document. Returns its kind.
    pub(super) fn document(&mut self, whole: &Excerpt) -> &'static str {
        let text = whole.text();
        let Some(members) = Members::read(text) else {
            // A broken set or key is still one: the key's report says what is wrong.
            if text.contains("\"keys\"") || text.contains("\"kty\"") {
                self.keys.push(text.to_owned());
                return if text.contains("\"keys\"") { "jwks" } else { "jwk" };
            }
            self.documents.push(("json", text.to_owned()));
            self.search(whole, "", 0);
            return "json";
        };
        let has = |name: &str| members.raw(name).is_some();
        if has("keys") {
            self.keys.push(text.to_owned());
            return "jwks";
        }
        if has("kty") {
            self.keys.push(text.to_owned());
            return "jwk";
        }
        let kind = if has("access_token") || has("id_token") || has("refresh_token") {
            "token_response"
        } else if has("resource") && !has("issuer") {
            "resource_metadata"
        } else if has("issuer") && (has("jwks_uri") || has("token_endpoint") || has("authorization_endpoint"))
        {
            "issuer_metadata"
        } else if matches!(members.raw("active"), Some("true" | "false")) {
            "introspection"
        } else if members.text("error").is_some() && !has("status") {
            "error_response"
        } else {
            "json"
        };
        self.documents.push((kind, text.to_owned()));
        self.search(whole, "", 0);
        kind
    }

    /// Searches a value for tokens.
    fn search(&mut self, value: &Excerpt, name: &str, depth: usize) {
        if depth > MAXIMUM_DEPTH {
            return;
        }
        let text = value.text();
        if let Some(members) = Members::read(text) {
            for (name, raw) in members.0 {
                self.search(&value.part(raw), &name, depth + 1);
            }
        } else if let Some(items) = json::items(text) {
            for raw in items {
                self.search(&value.part(raw), name, depth + 1);
            }
        } else if text.starts_with('"') {
            let string = clean::unescaped(&value.slice(1..text.len().saturating_sub(1)));
            if super::url::is_url(string.text()) {
                return;
            }
            self.named(&name.to_ascii_lowercase(), name, &string);
        }
    }
}
