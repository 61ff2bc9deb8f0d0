//! Finds out whether a request came over TLS, and adds the header fields that every response has.

use std::net::IpAddr;

use axum::http::header::{CACHE_CONTROL, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use super::address::is_trusted;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The fields of each response, unless its route has set them itself.
const USUAL: [(HeaderName, HeaderValue); 3] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// Strict-Transport-Security for a year (RFC 6797 §6.1). Without subdomains, which may belong to others.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Whether a request came over TLS: to this process, or to a trusted proxy. [`run`](crate::run) puts it into each request's
/// extensions. Passwords are accepted only if it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecureTransport(pub bool);

impl SecureTransport {
    /// `tls` is whether the connection itself is encrypted. For a trusted proxy, `X-Forwarded-Proto` decides. Of several values, the last
    /// one counts, because the nearest proxy wrote it.
    pub(super) fn of(tls: bool, peer: IpAddr, trusted: &[IpNet], headers: &HeaderMap) -> Self {
        let last = headers.get_all(FORWARDED_PROTO).iter().next_back();
        let last = last.and_then(|line| line.to_str().ok()?.rsplit(',').next());
        let forwarded = last.is_some_and(|text| text.trim().eq_ignore_ascii_case("https"));
        Self(tls || (forwarded && is_trusted(peer, trusted)))
    }
}

/// Adds the fields that a response lacks. With `only_tls`, browsers use only TLS for this host from now on.
pub(super) fn complete(headers: &mut HeaderMap, only_tls: bool) {
    for (name, value) in USUAL {
        headers.entry(name).or_insert(value);
    }
    if only_tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secure(tls: bool, peer: &str, lines: &[&'static str]) -> bool {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let headers = lines.iter().map(|line| (FORWARDED_PROTO, HeaderValue::from_static(line)));
        SecureTransport::of(tls, peer.parse().unwrap(), &trusted, &headers.collect()).0
    }

    #[test]
    fn a_request_is_secure_over_tls_or_if_a_trusted_proxy_says_so() {
        assert!(secure(true, "192.0.2.1", &[]));
        assert!(secure(true, "10.0.0.1", &["http"]));
        assert!(secure(false, "10.0.0.1", &["https"]) && secure(false, "10.0.0.1", &["http, HTTPS "]));
        assert!(secure(false, "10.0.0.1", &["http", "https"]));
        assert!(!secure(false, "192.0.2.1", &["https"]), "anyone can send the field");
        for lines in [&[][..], &[""], &["http"], &["https, http"], &["https", "http"], &["httpsx"]] {
            assert!(!secure(false, "10.0.0.1", lines), "{lines:?}");
        }
    }

    #[test]
    fn what_a_route_has_set_stays() {
        let mut headers = HeaderMap::from_iter([(CACHE_CONTROL, HeaderValue::from_static("max-age=60"))]);
        complete(&mut headers, false);
        assert_eq!(headers[CACHE_CONTROL], "max-age=60");
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[REFERRER_POLICY], "no-referrer");
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
        complete(&mut headers, true);
        assert_eq!(headers[STRICT_TRANSPORT_SECURITY], "max-age=31536000");
    }
}
