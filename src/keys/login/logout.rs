//! Logging out: a page that asks, and the end of the session.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::{Site, cookies};
use crate::grants::on_ledger;
use crate::http::{Form, SecureTransport, is_form, read_body};
use crate::ledger::SecretHash;
use crate::pages;

/// `GET`: a button, so that no other site can log a person out.
pub(super) async fn ask(secure: Option<Extension<SecureTransport>>, headers: HeaderMap) -> Response {
    if !secure.is_some_and(|Extension(SecureTransport(secure))| secure) {
        return pages::insecure();
    }
    match cookies::find(&headers, cookies::SESSION) {
        Some(cookie) => pages::log_out(&cookies::form_token(cookie)),
        None => pages::signed_out(),
    }
}

/// `POST`: ends the session.
pub(super) async fn log_out(
    State(site): State<Site>,
    secure: Option<Extension<SecureTransport>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !secure.is_some_and(|Extension(SecureTransport(secure))| secure) {
        return pages::insecure();
    }
    let form = match read_body(body).await {
        Ok(body) if is_form(&headers) => Form::parse(&body, "").ok(),
        _ => None,
    };
    let Some(cookie) = cookies::find(&headers, cookies::SESSION) else { return pages::signed_out() };
    if !cookies::is_form_of(cookie, form.as_ref().and_then(|form| form.get("form_token"))) {
        return pages::log_out(&cookies::form_token(cookie));
    }
    let hash = SecretHash::of(cookie.as_bytes());
    if let Err(error) = on_ledger(&site.people.ledger, move |ledger| ledger.close_session(&hash)).await {
        tracing::error!(code = error.code(), %error, "the ledger failed");
        return pages::unavailable();
    }
    let mut answer = pages::signed_out();
    cookies::remove(&mut answer, cookies::SESSION);
    answer
}
