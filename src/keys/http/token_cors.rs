//! Lets the pages of registered clients use `/token`, `/revoke` and `/userinfo` (CORS, Fetch §3.2).
//!
//! A page may call them if its origin is that of a redirect URI of a client. If clients with documents are accepted, pages of any origin
//! may call them, because a pre-flight does not identify the client. The browser's credentials are not allowed, because these endpoints
//! have no cookies.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::{Origin, Url};

use super::metadata::{REVOKE_PATH, TOKEN_PATH, USERINFO_PATH};
use crate::{Published, State as Issued};

/// Adds the CORS fields to answers of these endpoints, and answers their pre-flights.
pub(super) async fn allow_registered_origins(
    State(published): State<Arc<Published>>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    if ![TOKEN_PATH, REVOKE_PATH, USERINFO_PATH].iter().any(|end| path.ends_with(end)) {
        return next.run(request).await;
    }
    let snapshot = published.snapshot();
    let open = published.client_documents().is_some();
    let origin = snapshot.and_then(|snapshot| allowed_origin(&snapshot.state, open, request.headers()));
    let mut answer = if request.method() == Method::OPTIONS {
        let methods = if path.ends_with(USERINFO_PATH) { "GET, POST" } else { "POST" };
        preflight(origin.is_some(), methods)
    } else {
        next.run(request).await
    };
    let headers = answer.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static("DPoP-Nonce, Retry-After, WWW-Authenticate");
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    answer
}

fn preflight(allowed: bool, methods: &'static str) -> Response {
    if !allowed {
        return (StatusCode::FORBIDDEN, "no client is registered for this origin\n").into_response();
    }
    let fields = [
        (ACCESS_CONTROL_ALLOW_METHODS, methods),
        (ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type, DPoP"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, fields).into_response()
}

/// Returns the `Origin` of a request, if a registered redirect URI has it. With `open`, returns every valid origin.
fn allowed_origin(state: &Issued, open: bool, headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(ORIGIN).iter();
    let origin = values.next().filter(|_| values.next().is_none())?;
    let text = origin.to_str().ok()?;
    let logins =
        state.clients().iter().filter(|client| !client.disabled).filter_map(|client| client.login.as_ref());
    let mut uris = logins.flat_map(|login| &login.redirect_uris);
    let asked = Url::parse(text).ok().map(|url| url.origin()).filter(Origin::is_tuple)?;
    // An origin has exactly one form.
    let is_origin = asked.ascii_serialization() == text;
    let allowed = is_origin && (open || uris.any(|uri| has_origin(uri.as_str(), &asked)));
    allowed.then(|| origin.clone())
}

/// Whether a redirect URI has that origin. The port of a loopback address is ignored (RFC 8252 §7.3).
fn has_origin(redirect_uri: &str, asked: &Origin) -> bool {
    let Ok(url) = Url::parse(redirect_uri) else { return false };
    if !matches!(url.scheme(), "https" | "http") {
        return false;
    }
    match (url.origin(), asked) {
        // Only loopback addresses are registered with http.
        (Origin::Tuple(scheme, host, _), Origin::Tuple(asked_scheme, asked_host, _)) if scheme == "http" => {
            scheme == *asked_scheme && host == *asked_host
        }
        (origin, asked) => origin == *asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_whole_and_loopback_ones_without_the_port() {
        let has = |uri: &str, origin: &str| has_origin(uri, &Url::parse(origin).unwrap().origin());
        assert!(has("https://app.example/login?x", "https://app.example"));
        assert!(has("https://app.example:8443/", "https://app.example:8443"));
        assert!(
            has("http://127.0.0.1/cb", "http://127.0.0.1:5173")
                && has("http://localhost:1/", "http://localhost:2")
        );
        for (uri, origin) in [
            ("https://app.example/", "http://app.example"),
            ("https://app.example/", "https://app.example:8443"),
            ("https://app.example/", "https://evil.example"),
            ("https://app.example/", "https://a.app.example"),
            ("http://127.0.0.1/", "http://localhost"),
            ("http://127.0.0.1/", "https://127.0.0.1"),
            ("com.example.app:/cb", "com.example.app:/"),
        ] {
            assert!(!has(uri, origin), "{uri} {origin}");
        }
    }
}
