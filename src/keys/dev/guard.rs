//! Keeps web pages and other machines away from the `/dev` routes.
//!
//! A page that a developer visits can send requests to loopback addresses. The rules refuse such a request even if the page's
//! own name resolves to a loopback address (DNS rebinding).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, WWW_AUTHENTICATE};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use zeroize::Zeroizing;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The port of a `Host` that names none.
const HTTP_PORT: u16 = 80;

/// The rules for one listening address.
pub(super) struct Guard {
    address: SocketAddr,
    secret: Option<Zeroizing<String>>,
}

/// The reason why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Host,
    Page,
    Secret,
    ContentType,
}

impl Guard {
    pub(super) const fn new(address: SocketAddr, secret: Option<Zeroizing<String>>) -> Self {
        Self { address, secret }
    }

    /// Checks the host in the request, its origin, the secret, and the type of the body, in this order.
    pub(super) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = self.host(uri, headers).ok_or(Refusal::Host)?;
        if !is_from_no_page(headers, &host) {
            return Err(Refusal::Page);
        }
        if !self.has_secret(headers) {
            return Err(Refusal::Secret);
        }
        if method == Method::POST && !is_json(headers) {
            return Err(Refusal::ContentType);
        }
        Ok(())
    }

    /// Returns the host in the request, if it is allowed. On an address that other machines can reach, any host is allowed, because
    /// the names are unknown; there the secret is required.
    fn host(&self, uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
        let host = Authority::try_from(only(headers, &HOST)?.as_bytes()).ok()?;
        // RFC 9112 §3.2.2: an absolute request target takes precedence over `Host`.
        if uri.authority().is_some_and(|target| !target.as_str().eq_ignore_ascii_case(host.as_str())) {
            return None;
        }
        let everywhere = !self.address.ip().is_loopback() && self.secret.is_some();
        let right_port = host.port_u16().unwrap_or(HTTP_PORT) == self.address.port();
        (everywhere || (is_loopback_name(host.host()) && right_port)).then_some(host)
    }

    fn has_secret(&self, headers: &HeaderMap) -> bool {
        let Some(secret) = &self.secret else { return true };
        let Some(value) = only(headers, &AUTHORIZATION) else { return false };
        let Some((scheme, token)) = value.as_bytes().split_at_checked(7) else { return false };
        // Hashed first, so that the time of the comparison does not depend on the length.
        let [given, right] = [token, secret.as_bytes()].map(|bytes| digest(&SHA256, bytes));
        scheme.eq_ignore_ascii_case(b"bearer ")
            && verify_slices_are_equal(given.as_ref(), right.as_ref()).is_ok()
    }
}

/// Returns the value of a header field. Returns `None` if it is missing or repeated.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

fn is_loopback_name(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether the request does not come from a page of another origin. Programs send neither field. Pages of this origin and typed
/// addresses are allowed.
fn is_from_no_page(headers: &HeaderMap, host: &Authority) -> bool {
    let own = format!("http://{host}");
    headers.get_all(ORIGIN).iter().all(|origin| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes()))
        && headers
            .get_all(SEC_FETCH_SITE)
            .iter()
            .all(|site| matches!(site.as_bytes(), b"none" | b"same-origin"))
}

/// Whether the body is JSON. Pages can send some other types to another origin without a pre-flight (CORS).
fn is_json(headers: &HeaderMap) -> bool {
    let value = only(headers, &CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

/// Refuses the request, or passes it to the next handler.
pub(super) async fn guard(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.check(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, text) = match self {
            Self::Host => (
                StatusCode::FORBIDDEN,
                "host",
                "`Host` must be localhost or a loopback address, with the port of this server",
            ),
            Self::Page => {
                (StatusCode::FORBIDDEN, "cross_site", "web pages of other origins may not use these routes")
            }
            Self::Secret => (
                StatusCode::UNAUTHORIZED,
                "secret",
                "send the --dev-secret as `Authorization: Bearer SECRET`",
            ),
            Self::ContentType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "content_type",
                "send `Content-Type: application/json`, also without a body",
            ),
        };
        let mut answer = refused(status, code, text);
        if self == Self::Secret {
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"dev\""));
        }
        answer
    }
}

/// Makes a JSON response with a code and a text.
pub(super) fn refused(status: StatusCode, code: &str, text: &str) -> Response {
    let body = json!({ "error": code, "error_description": text }).to_string();
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests;
