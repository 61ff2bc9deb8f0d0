//! Serves a page at the authorization endpoint of an issuer without a login.
//!
//! RFC 8414 §2 requires the endpoint in the metadata. Nothing is redirected: without a login no redirect address is registered.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

const ABOUT: [(HeaderName, &str); 4] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>No login</title>
<p>This issuer has no login. It gives tokens to programs only, by the grant type <code>client_credentials</code>.
</html>
";

pub(super) async fn no_login() -> Response {
    (StatusCode::BAD_REQUEST, ABOUT, PAGE).into_response()
}
