//! The issuer identifier in tokens and metadata.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::Uri;
use url::Url;

/// An issuer identifier by RFC 8414 §2: an `https` URL without query or fragment. Plain `http` is accepted only for loopback
/// addresses, for trials on one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

/// The reason why a text is not an issuer identifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IssuerRefusal {
    /// Not an absolute URL.
    NotAUrl,
    /// Neither `https`, nor `http` on a loopback address.
    Insecure,
    /// It has a query, a fragment, a user name or a password.
    ExtraParts,
    /// A URL parser writes it differently, so clients would compare and fetch another text.
    Rewritten {
        /// How a URL parser (WHATWG) writes it.
        parsed: String,
    },
    /// Its path has an empty segment, or characters that RFC 3986 §3.3 does not allow.
    Path,
}

impl Issuer {
    /// Reads the issuer of a store. Stores of an older version may have an issuer that [`Issuer::from_str`] refuses. They keep working.
    ///
    /// # Errors
    /// [`IssuerRefusal::NotAUrl`], [`IssuerRefusal::Insecure`], [`IssuerRefusal::ExtraParts`].
    pub(crate) fn from_store(text: &str) -> Result<Self, IssuerRefusal> {
        // The parser ignores a fragment, but verifiers compare the whole text.
        if text.contains(['#', '?', '@']) {
            return Err(IssuerRefusal::ExtraParts);
        }
        let url: Uri = text.parse().map_err(|_| IssuerRefusal::NotAUrl)?;
        let host = url.host().filter(|host| !host.is_empty()).ok_or(IssuerRefusal::NotAUrl)?;
        match url.scheme_str() {
            Some("https") => {}
            Some("http") if is_loopback(host) => {}
            Some(_) => return Err(IssuerRefusal::Insecure),
            None => return Err(IssuerRefusal::NotAUrl),
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the text unchanged: verifiers compare it exactly (RFC 9068 §4).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns its path without a trailing slash (RFC 8414 §3.1). Most issuers have an empty path.
    #[must_use]
    pub fn path(&self) -> &str {
        let (_, rest) = self.0.split_once("://").unwrap_or_default();
        rest.find('/').and_then(|start| rest.get(start..)).unwrap_or_default().trim_end_matches('/')
    }
}

impl FromStr for Issuer {
    type Err = IssuerRefusal;

    fn from_str(text: &str) -> Result<Self, IssuerRefusal> {
        let issuer = Self::from_store(text)?;
        let url = Url::parse(text).map_err(|_| IssuerRefusal::NotAUrl)?;
        // The only accepted difference: a URL parser writes an empty path as a slash.
        if url.as_str() != text && url.as_str().strip_suffix('/') != Some(text) {
            return Err(IssuerRefusal::Rewritten { parsed: url.into() });
        }
        if !is_path(issuer.path()) || text.ends_with("//") {
            return Err(IssuerRefusal::Path);
        }
        Ok(issuer)
    }
}

/// Whether a path is empty, or consists of segments of `pchar` with a slash before each (RFC 3986 §3.3), none of them empty.
fn is_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:".contains(&byte);
    let is_segment = |segment: &str| {
        let mut pieces = segment.split('%');
        let first = pieces.next().unwrap_or_default();
        let escaped =
            |piece: &str| piece.len() >= 2 && piece.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
        !segment.is_empty()
            && first.bytes().all(plain)
            && pieces.all(|piece| escaped(piece) && piece.bytes().all(plain))
    };
    path.is_empty() || path.strip_prefix('/').is_some_and(|segments| segments.split('/').all(is_segment))
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl IssuerRefusal {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rewritten { .. } => "issuer_rewritten",
            Self::Path => "issuer_path",
            Self::NotAUrl => "issuer_not_a_url",
            Self::Insecure => "issuer_insecure",
            Self::ExtraParts => "issuer_extra_parts",
        }
    }
}

impl fmt::Display for IssuerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAUrl => f.write_str("an issuer is an absolute URL such as `https://issuer.example`"),
            Self::Insecure => f.write_str("an issuer is an https URL; http is for loopback addresses alone"),
            Self::ExtraParts => f.write_str("an issuer has no query, no fragment and no user name"),
            Self::Rewritten { parsed } => {
                write!(
                    f,
                    "clients would read this issuer as `{parsed}`, which is another one to them; write it so"
                )
            }
            Self::Path => f.write_str(
                "the path of an issuer has no empty segment, and only characters of RFC 3986 §3.3",
            ),
        }
    }
}

impl std::error::Error for IssuerRefusal {}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_that_tokens_may_carry_are_taken_to_the_letter() {
        for text in [
            "https://issuer.example",
            "https://issuer.example/",
            "https://issuer.example:8443/tenant/one",
            "http://127.0.0.1:8411",
            "http://localhost",
            "http://[::1]:8411/a",
            "https://issuer.example/:t",
            "https://issuer.example/*y/(z)",
            "https://issuer.example/caf%C3%A9/",
        ] {
            assert_eq!(text.parse::<Issuer>().map(|issuer| issuer.as_str().to_owned()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn the_path_has_no_slash_at_its_end() {
        for (text, path) in [
            ("https://issuer.example", ""),
            ("https://issuer.example/", ""),
            ("https://issuer.example:8443/tenant/one", "/tenant/one"),
            ("https://issuer.example/tenant/", "/tenant"),
        ] {
            assert_eq!(text.parse::<Issuer>().unwrap().path(), path);
        }
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        use IssuerRefusal::{ExtraParts, Insecure, NotAUrl};
        for (text, refusal) in [
            ("", NotAUrl),
            ("issuer.example", NotAUrl),
            ("/path", NotAUrl),
            ("https://", NotAUrl),
            ("https:// issuer.example", NotAUrl),
            ("http://issuer.example", Insecure),
            ("http://127.0.0.1.evil.example", Insecure),
            ("ftp://issuer.example", Insecure),
            ("https://issuer.example?a=b", ExtraParts),
            ("https://issuer.example#top", ExtraParts),
            ("https://user:password@issuer.example", ExtraParts),
        ] {
            assert_eq!(text.parse::<Issuer>(), Err(refusal), "`{text}`");
        }
    }

    #[test]
    fn k4_what_a_url_parser_does_not_return_to_the_letter_is_refused() {
        for text in [
            "https://issuer.example/a/../b",
            "https://issuer.example/./a",
            "https://issuer.example/%2e%2E/a",
            "https://issuer.example\\a",
            "https://issuer.example:443",
            "https://issuer.example:0443/",
            "https://ISSUER.example",
            "HTTPS://issuer.example",
            "https://%69ssuer.example",
            "https://0x7f.1",
            "http://127.1",
            "https:/issuer.example",
            "https:issuer.example",
            "https:///issuer.example",
            "https://b\u{fc}cher.example",
            "https://issuer.example/caf\u{e9}",
            "https://issuer.example/{t}",
            "https://issuer.example/a b",
            "https://issuer.example/\t",
            " https://issuer.example",
            "https://issuer.example:99999",
            "https://issuer.example:",
            "https://[::1",
        ] {
            let parsed = Url::parse(text).map(String::from).ok();
            assert!(parsed.is_none_or(|parsed| parsed != text), "`{text}`");
            assert!(text.parse::<Issuer>().is_err(), "`{text}`");
        }
        let refusal = "https://issuer.example/a/../b".parse::<Issuer>().unwrap_err();
        assert_eq!(refusal, IssuerRefusal::Rewritten { parsed: "https://issuer.example/b".to_owned() });
    }

    #[test]
    fn k4_a_path_with_an_empty_segment_or_a_broken_escape_is_refused() {
        for path in ["//", "//a", "/a//", "/a//b", "/%zz", "/%4", "/%", "/a|b", "/[a]", "/a^b"] {
            let text = format!("https://issuer.example{path}");
            assert!(text.parse::<Issuer>().is_err(), "`{text}`");
        }
    }

    #[test]
    fn k4_a_store_with_an_issuer_that_is_refused_today_goes_on_working() {
        for text in ["https://ISSUER.example/a/../b", "https://issuer.example:443/:t//"] {
            assert!(text.parse::<Issuer>().is_err());
            assert_eq!(Issuer::from_store(text).unwrap().as_str(), text);
        }
    }
}
