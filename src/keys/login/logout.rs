//! Logs people out (OpenID Connect RP-Initiated Logout): at once if the client sends an ID token of the session, otherwise after a
//! confirmation.

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use url::Url;

use super::{Site, cookies};
use crate::Snapshot;
use crate::grants::on_ledger;
use crate::http::{Form, SecureTransport, is_form, read_body};
use crate::ledger::{LedgerError, SecretHash};
use crate::pages;
use crate::proof::Hint;

/// The request to log out.
struct LogoutRequest {
    /// The person in the ID token of the request, if this issuer has signed it.
    hint: Option<Hint>,
    /// The URI to redirect to afterwards: a registered one, with `state`.
    return_to: Option<String>,
    /// The request as a query, for the form.
    query: String,
}

/// Handles `GET` and `POST`: a request of a client or of a person, or the button of the confirmation page.
pub(super) async fn log_out(
    State(site): State<Site>,
    secure: Option<Extension<SecureTransport>>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if !secure.is_some_and(|Extension(SecureTransport(secure))| secure) {
        return pages::insecure();
    }
    let form = match method {
        Method::POST => match read_body(body).await {
            Ok(body) if is_form(&headers) => Form::parse(&body, "").ok(),
            _ => None,
        },
        _ => None,
    };
    let form_token = form.as_ref().and_then(|form| form.get("form_token"));
    if let (Some(form), None) = (&form, form_token) {
        // Browsers do not send the cookie with a `POST` of another site, but they do when they follow the redirect.
        return follow(&form.to_query());
    }
    let Some(form) = Form::parse(query.unwrap_or_default().as_bytes(), "").ok() else {
        return pages::error("A parameter is malformed, or came twice.");
    };
    let Some(snapshot) = site.published.snapshot() else { return pages::unavailable() };
    let request = match LogoutRequest::read(&form, &snapshot) {
        Ok(request) => request,
        Err(why) => return pages::error(why),
    };
    site.end_session(&request, &headers, form_token).await.unwrap_or_else(|error| {
        tracing::error!(code = error.code(), %error, "the ledger failed");
        pages::unavailable()
    })
}

impl LogoutRequest {
    /// Reads a request (RP-Initiated Logout §2). An invalid one is refused with a text for the person.
    fn read(form: &Form, snapshot: &Snapshot) -> Result<Self, &'static str> {
        let own = snapshot.own_keys.as_ref();
        let hint = form.get("id_token_hint").and_then(|token| own.and_then(|keys| keys.hint(token)));
        let named = form.get("client_id");
        if let (Some(hint), Some(named)) = (&hint, named)
            && hint.client != named
        {
            return Err("The parameters client_id and id_token_hint name different applications.");
        }
        let return_to = match form.get("post_logout_redirect_uri") {
            None => None,
            Some(asked) => {
                let id = hint.as_ref().map(|hint| hint.client.as_str()).or(named);
                let client =
                    id.and_then(|id| snapshot.state.client(id).ok()).filter(|client| !client.disabled);
                let login = client.and_then(|client| client.login.as_ref());
                let registered = login.map(|login| login.logout_uris.as_slice()).unwrap_or_default();
                if !registered.iter().any(|uri| uri.matches(asked)) {
                    return Err(
                        "The address to return to after signing out is not registered for this application.",
                    );
                }
                Some(with_state(asked, form.get("state")).ok_or("The address to return to is not valid.")?)
            }
        };
        Ok(Self { hint, return_to, query: form.to_query() })
    }
}

impl Site {
    async fn end_session(
        &self,
        request: &LogoutRequest,
        headers: &HeaderMap,
        form_token: Option<&str>,
    ) -> Result<Response, LedgerError> {
        let done = || request.return_to.as_deref().map_or_else(pages::signed_out, leave);
        let Some(cookie) = cookies::find(headers, cookies::SESSION) else {
            // There is no session to end. Without an ID token there is no redirect, because anyone can send people here.
            return Ok(if request.hint.is_some() { done() } else { pages::signed_out() });
        };
        let sid = self.person(headers, self.clock.now()).await?.map(|person| person.session.sid());
        let hinted = request.hint.as_ref().and_then(|hint| hint.sid.as_ref());
        let of_session = sid.is_some() && hinted == sid.as_ref();
        if !of_session && !cookies::is_form_of(cookie, form_token) {
            let action = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
            return Ok(pages::log_out(&cookies::form_token(cookie), &action));
        }
        let hash = SecretHash::of(cookie.as_bytes());
        on_ledger(&self.people.ledger, move |ledger| ledger.close_session(&hash)).await?;
        let mut answer = done();
        cookies::remove(&mut answer, cookies::SESSION);
        Ok(answer)
    }
}

/// Adds the `state` of the request to a URI (RP-Initiated Logout §3).
fn with_state(address: &str, state: Option<&str>) -> Option<String> {
    let mut url = Url::parse(address).ok()?;
    let Some(state) = state else { return Some(address.to_owned()) };
    url.query_pairs_mut().append_pair("state", state);
    Some(url.into())
}

/// Redirects the browser to the client.
fn leave(address: &str) -> Response {
    HeaderValue::try_from(address).map_or_else(|_| pages::signed_out(), see_other)
}

/// Redirects to the same request as a `GET`.
fn follow(query: &str) -> Response {
    let address = HeaderValue::try_from(format!("?{query}"));
    address.map_or_else(|_| pages::error("A parameter is malformed."), see_other)
}

fn see_other(address: HeaderValue) -> Response {
    let about = [
        (axum::http::header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (axum::http::header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (LOCATION, address),
    ];
    (StatusCode::SEE_OTHER, about).into_response()
}
