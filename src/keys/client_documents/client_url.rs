//! Client identifiers that are the URL of a document.

use url::{Host, Url};

/// An https URL that may identify a client: with a path, without user information, fragment, dot segments and port. It must be
/// exactly as a URL parser (WHATWG) writes it, so that each URL has one form and identifiers can be compared exactly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientUrl {
    text: String,
    host: String,
    /// The path with its query, for the request.
    target: String,
}

/// The longest identifier, in bytes.
const LONGEST: usize = 512;

impl ClientUrl {
    /// Whether an identifier has the form of a document's URL. Registered clients never have such identifiers.
    pub(crate) fn is_meant(id: &str) -> bool {
        id.starts_with("https:")
    }

    /// Reads an identifier; returns `None` if no document may be fetched from there.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let Some(Host::Domain(host)) = url.host() else { return None };
        // The parser resolves dot segments and removes a default port. A text that it changed is refused.
        let as_written = url.as_str() == text;
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let named = host.contains('.') && !host.ends_with('.');
        if !as_written
            || !bare
            || !named
            || url.scheme() != "https"
            || url.port().is_some()
            || url.path() == "/"
        {
            return None;
        }
        let target =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Some(Self { text: text.to_owned(), host: host.to_owned(), target })
    }

    /// Returns the identifier.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the name of the host, in ASCII.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the request target: the path with its query.
    pub(super) fn target(&self) -> &str {
        &self.target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_https_url_with_a_path_identifies_a_client() {
        let url = ClientUrl::parse("https://app.example/oauth/client.json?v=1").unwrap();
        assert_eq!((url.host(), url.target()), ("app.example", "/oauth/client.json?v=1"));
        for text in ["https://app.example/a", "https://xn--bcher-kva.example/a/", "https://a.b.example/@me"] {
            assert_eq!(ClientUrl::parse(text).map(|url| url.as_str().to_owned()), Some(text.to_owned()));
        }
    }

    #[test]
    fn everything_else_does_not() {
        let long = format!("https://app.example/{}", "x".repeat(LONGEST));
        for text in [
            "",
            "app",
            "http://app.example/a",
            "https://app.example",
            "https://app.example/",
            "https://app.example/?a",
            "https://app.example/a#b",
            "https://app.example/a#",
            "https://ada@app.example/a",
            "https://ada:secret@app.example/a",
            "https://@app.example/a",
            "https://app.example/a/../b",
            "https://app.example/./a",
            "https://app.example/a/%2E%2e/b",
            "https://app.example/a\\b",
            "https://app.example/a b",
            "https://app.example:443/a",
            "https://app.example:8443/a",
            "https://APP.example/a",
            "HTTPS://app.example/a",
            "https://bücher.example/a",
            "https://localhost/a",
            "https://app.example./a",
            "https://127.0.0.1/a",
            "https://2130706433/a",
            "https://0x7f.1/a",
            "https://[::1]/a",
            &long,
        ] {
            assert_eq!(ClientUrl::parse(text), None, "{text}");
        }
    }
}
