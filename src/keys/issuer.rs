//! Text enters, an issuer identifier that tokens and metadata may carry leaves.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use axum::http::Uri;

/// An issuer identifier by RFC 8414 §2: an `https` URL without query or fragment. Plain `http` is taken for loopback
/// addresses alone, for trials on one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(String);

/// Why a text is no issuer identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuerRefusal {
    /// Not an absolute URL.
    NotAUrl,
    /// Neither `https`, nor `http` on a loopback address.
    Insecure,
    /// A query, a fragment, a user name or a password in it.
    ExtraParts,
}

impl Issuer {
    /// The text, as it was given: verifiers compare it to the letter (RFC 9068 §4).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its path without a slash at the end (RFC 8414 §3.1); empty for most.
    #[must_use]
    pub fn path(&self) -> &str {
        let (_, rest) = self.0.split_once("://").unwrap_or_default();
        rest.find('/').and_then(|start| rest.get(start..)).unwrap_or_default().trim_end_matches('/')
    }
}

impl FromStr for Issuer {
    type Err = IssuerRefusal;

    fn from_str(text: &str) -> Result<Self, IssuerRefusal> {
        // The parser drops a fragment silently, and a verifier compares the whole text.
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
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl IssuerRefusal {
    /// The stable code: what a program compares.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAUrl => "issuer_not_a_url",
            Self::Insecure => "issuer_insecure",
            Self::ExtraParts => "issuer_extra_parts",
        }
    }
}

impl fmt::Display for IssuerRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAUrl => "an issuer is an absolute URL such as `https://issuer.example`",
            Self::Insecure => "an issuer is an https URL; http is for loopback addresses alone",
            Self::ExtraParts => "an issuer has no query, no fragment and no user name",
        })
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
            "http://[::1]:80/a",
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
}
