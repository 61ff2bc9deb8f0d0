//! Redirect URIs of logins: checks those that an operator registers, and compares those in requests with them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A registered redirect URI: https, http on a loopback address, or a private-use scheme (RFC 8252 §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct RedirectUri(String);

/// The reason why a URI is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectRefusal {
    /// It is not an absolute URI, or has characters that are not allowed in a URI.
    Malformed,
    /// It has a fragment (RFC 6749 §3.1.2).
    Fragment,
    /// It has a user name or a password.
    UserInfo,
    /// It uses http, but not on a loopback address.
    PlainHttp,
    /// Its scheme runs or contains code, or opens a file.
    Scheme,
    /// Its private-use scheme has no dot and was not allowed by name (RFC 8252 §7.1).
    NoDot,
}

/// The longest URI, in bytes.
const LONGEST: usize = 2048;
/// Schemes that are never accepted.
const FORBIDDEN: [&str; 9] =
    ["javascript", "data", "vbscript", "file", "blob", "about", "view-source", "ws", "wss"];

impl RedirectUri {
    /// Checks a URI that an operator registers. A private-use scheme must have a dot, or be in `allowed`.
    ///
    /// # Errors
    /// [`RedirectRefusal`].
    pub fn register(text: &str, allowed: &[String]) -> Result<Self, RedirectRefusal> {
        let in_uri = |c: char| c.is_ascii_graphic() && !r#""<>\^`{|}"#.contains(c);
        if text.is_empty() || text.len() > LONGEST || !text.chars().all(in_uri) {
            return Err(RedirectRefusal::Malformed);
        }
        let url = Url::parse(text).map_err(|_| RedirectRefusal::Malformed)?;
        if text.contains('#') {
            return Err(RedirectRefusal::Fragment);
        }
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(RedirectRefusal::UserInfo);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(RedirectRefusal::PlainHttp),
            scheme if FORBIDDEN.contains(&scheme) => return Err(RedirectRefusal::Scheme),
            scheme if scheme.contains('.') || allowed.iter().any(|name| name == scheme) => {}
            _ => return Err(RedirectRefusal::NoDot),
        }
        // URIs are compared exactly, so scheme and host must be in lower case.
        let begins = text.get(..url.scheme().len()).is_some_and(|scheme| scheme == url.scheme());
        if begins { Ok(Self(text.to_owned())) } else { Err(RedirectRefusal::Malformed) }
    }

    /// Returns the URI as it was registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a URI in a request is identical to this one. Any port is accepted on a loopback address (RFC 8252 §7.3).
    #[must_use]
    pub fn matches(&self, asked: &str) -> bool {
        if self.0 == asked {
            return true;
        }
        let without = |text: &str| {
            let url = Url::parse(text).ok().filter(|url| url.scheme() == "http" && is_loopback(url))?;
            let port = url.port();
            let rest = text.strip_prefix("http://")?;
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at_checked(end)?;
            let host = match port {
                Some(port) => authority.strip_suffix(&format!(":{port}"))?,
                None => authority.strip_suffix(":80").unwrap_or(authority),
            };
            Some((host.to_owned(), path.to_owned()))
        };
        match (without(&self.0), without(asked)) {
            (Some(registered), Some(asked)) => registered == asked,
            _ => false,
        }
    }

    /// Whether it has a private-use scheme. Other programs on the machine could register the same scheme.
    #[must_use]
    pub fn is_private_use(&self) -> bool {
        !self.0.starts_with("https:") && !self.0.starts_with("http:")
    }
}

/// Returns the target for people: the host with its port, or the scheme.
pub(crate) fn shown_target(redirect_uri: &str) -> String {
    let Ok(url) = Url::parse(redirect_uri) else { return redirect_uri.to_owned() };
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) if matches!(url.scheme(), "https" | "http") => host.to_owned(),
        _ => format!("{}:", url.scheme()),
    }
}

/// Whether it leads to a program on the same machine as the browser.
pub(crate) fn is_loopback_uri(redirect_uri: &str) -> bool {
    Url::parse(redirect_uri).is_ok_and(|url| url.scheme() == "http" && is_loopback(&url))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == std::net::Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == std::net::Ipv6Addr::LOCALHOST,
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = RedirectRefusal;

    /// Returns a URI that was stored. Its scheme was allowed when it was registered.
    fn try_from(text: String) -> Result<Self, RedirectRefusal> {
        let scheme = text.split(':').next().unwrap_or_default().to_owned();
        Self::register(&text, &[scheme])
    }
}

impl FromStr for RedirectUri {
    type Err = RedirectRefusal;

    fn from_str(text: &str) -> Result<Self, RedirectRefusal> {
        Self::register(text, &[])
    }
}

impl RedirectRefusal {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "redirect_malformed",
            Self::Fragment => "redirect_fragment",
            Self::UserInfo => "redirect_user_info",
            Self::PlainHttp => "redirect_plain_http",
            Self::Scheme => "redirect_scheme",
            Self::NoDot => "redirect_scheme_without_dot",
        }
    }
}

impl fmt::Display for RedirectRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "a redirect address is an absolute URI with a scheme in lower case",
            Self::Fragment => "a redirect address has no fragment (#…)",
            Self::UserInfo => "a redirect address has no user name or password",
            Self::PlainHttp => "a redirect address with http leads to 127.0.0.1, [::1] or localhost; use https",
            Self::Scheme => "a redirect address has no such scheme",
            Self::NoDot => {
                "a private-use scheme contains a dot, such as com.example.app; --scheme NAME allows one without"
            }
        })
    }
}

impl std::error::Error for RedirectRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_lead_elsewhere_are_refused() {
        for (text, refusal) in [
            ("", RedirectRefusal::Malformed),
            ("/callback", RedirectRefusal::Malformed),
            ("https://a.example/a b", RedirectRefusal::Malformed),
            ("HTTPS://a.example/", RedirectRefusal::Malformed),
            ("https://a.example/#x", RedirectRefusal::Fragment),
            ("https://a.example/#", RedirectRefusal::Fragment),
            ("https://ada@a.example/", RedirectRefusal::UserInfo),
            ("https://@a.example/", RedirectRefusal::UserInfo),
            ("http://a.example/", RedirectRefusal::PlainHttp),
            ("http://127.0.0.2/", RedirectRefusal::PlainHttp),
            ("javascript:alert(1)", RedirectRefusal::Scheme),
            ("data:text/html,x", RedirectRefusal::Scheme),
            ("cursor://callback", RedirectRefusal::NoDot),
        ] {
            assert_eq!(text.parse::<RedirectUri>(), Err(refusal), "{text}");
        }
        assert!(RedirectUri::register("cursor://callback", &["cursor".to_owned()]).unwrap().is_private_use());
        assert!("com.example.app:/callback".parse::<RedirectUri>().unwrap().is_private_use());
    }

    #[test]
    fn addresses_are_compared_to_the_letter_but_for_the_port_of_a_loopback_address() {
        for (registered, asked, same) in [
            ("https://a.example/cb", "https://a.example/cb", true),
            ("https://a.example/cb", "https://a.example/cb/", false),
            ("https://a.example/cb", "https://a.example:443/cb", false),
            ("https://a.example/cb", "https://a.example/cb?x", false),
            ("https://a.example/cb", "https://A.example/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711/cb", true),
            ("http://127.0.0.1:1/cb", "http://127.0.0.1/cb", true),
            ("http://[::1]/cb", "http://[::1]:4711/cb", true),
            ("http://localhost/cb", "http://localhost:4711/cb", true),
            ("http://localhost/cb?a", "http://localhost:4711/cb?a", true),
            ("http://localhost", "http://localhost:4711", true),
            ("http://localhost/cb", "http://127.0.0.1:4711/cb", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711/other", false),
            ("http://127.0.0.1/cb", "http://127.0.0.1:4711@a.example/cb", false),
            ("http://127.0.0.1/cb", "http://x@127.0.0.1:4711/cb", false),
            ("http://127.0.0.1/cb", "http://127.1:4711/cb", false),
            ("com.example.app:/cb", "com.example.app:/cb", true),
        ] {
            let registered: RedirectUri = registered.parse().unwrap();
            assert_eq!(registered.matches(asked), same, "{registered:?} {asked}");
        }
    }

    #[test]
    fn people_see_the_host_or_the_scheme() {
        assert_eq!(shown_target("https://a.example/cb"), "a.example");
        assert_eq!(shown_target("http://127.0.0.1:4711/cb"), "127.0.0.1:4711");
        assert_eq!(shown_target("com.example.app:/cb"), "com.example.app:");
    }
}
