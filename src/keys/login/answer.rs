//! Makes the responses of the authorization endpoint: redirects to the client (RFC 6749 §4.1.2, RFC 9207).

use axum::http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use url::form_urlencoded::Serializer;

use super::authorization_request::Target;
use crate::Issuer;
use crate::pages;

/// Redirects the browser to the client with these parameters, `state` and `iss`.
pub(super) fn redirect(target: &Target, issuer: &Issuer, parameters: &[(&str, &str)]) -> Response {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(parameters);
    if let Some(state) = &target.state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", issuer.as_str());
    let uri = &target.redirect_uri;
    let separator = match (target.fragment, uri.contains('?')) {
        (true, _) => '#',
        (false, true) => '&',
        (false, false) => '?',
    };
    let location = HeaderValue::try_from(format!("{uri}{separator}{}", query.finish()));
    let Ok(location) = location else { return pages::error("The address to return to is not valid.") };
    // 303: a browser that posted a password must not post it to the client (RFC 9700 §4.12).
    let about = [
        (LOCATION, location),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (StatusCode::SEE_OTHER, about).into_response()
}
