//! The pages for people: HTML without JavaScript, and one small style sheet.

use std::sync::LazyLock;

use askama::Template;
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};

/// The style sheet of every page. The policy allows it by its hash, so it must be in the page unchanged.
pub(crate) const STYLE: &str = include_str!("style.css");

/// The page that asks for a name and a password.
#[derive(Debug, Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    pub(crate) client: &'a str,
    pub(crate) target: &'a str,
    pub(crate) action: &'a str,
    pub(crate) form_token: &'a str,
    pub(crate) name: &'a str,
    pub(crate) fault: Option<&'a str>,
}

/// The page that asks a person to allow the request of a client.
#[derive(Debug, Template)]
#[template(path = "consent.html")]
pub(crate) struct ConsentPage<'a> {
    pub(crate) client: &'a str,
    /// The URL of the document that describes the client, if it is not registered.
    pub(crate) document: Option<&'a str>,
    pub(crate) target: &'a str,
    /// The code of the device, if the request is from a device.
    pub(crate) device: Option<&'a str>,
    /// Whether the response goes to a program on the person's own machine.
    pub(crate) loopback: bool,
    pub(crate) action: &'a str,
    pub(crate) form_token: &'a str,
    pub(crate) name: &'a str,
    pub(crate) scopes: &'a [String],
    pub(crate) audiences: &'a [String],
    pub(crate) offline: bool,
}

impl ConsentPage<'_> {
    /// Describes what a scope of OpenID Connect allows. Returns `None` for other scopes.
    fn words(&self, scope: &str) -> Option<&'static str> {
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return None;
        }
        match scope {
            "openid" => Some("know who you are"),
            "profile" => Some("see your name"),
            "email" => Some("see your email address"),
            _ => None,
        }
    }
}

/// The page that asks for the code of a device.
#[derive(Debug, Template)]
#[template(path = "device.html")]
struct DevicePage<'a> {
    code: &'a str,
    fault: Option<&'a str>,
}

#[derive(Debug, Template)]
#[template(path = "log_out.html")]
struct LogOutPage<'a> {
    action: &'a str,
    form_token: &'a str,
}

/// A page with a text and without a form.
#[derive(Debug, Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    title: &'a str,
    text: &'a str,
    hint: &'a str,
}

static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = Base64::encode_string(digest(&SHA256, STYLE.as_bytes()).as_ref());
    // No form-action: browsers apply it to the redirect after a form, which goes to the client.
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; frame-ancestors 'none'");
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

const ABOUT: [(HeaderName, &str); 4] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Makes the response with a page and its security headers.
pub(crate) fn page(status: StatusCode, page: &impl Template) -> Response {
    let Ok(html) = page.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    (status, ABOUT, [(CONTENT_SECURITY_POLICY, POLICY.clone())], html).into_response()
}

pub(crate) fn login(login: &LoginPage<'_>) -> Response {
    page(StatusCode::OK, login)
}

pub(crate) fn consent(consent: &ConsentPage<'_>) -> Response {
    page(StatusCode::OK, consent)
}

pub(crate) fn device(code: &str, fault: Option<&str>, status: StatusCode) -> Response {
    page(status, &DevicePage { code, fault })
}

/// The page after a person has answered a device.
pub(crate) fn device_answered(allowed: bool) -> Response {
    let (title, text) = match allowed {
        true => ("Connected", "The device goes on by itself in a few seconds."),
        false => ("Not connected", "The device was refused."),
    };
    page(StatusCode::OK, &NoticePage { title, text, hint: "You can close this page." })
}

/// The page that asks for confirmation before a session ends. `action` is the request as a query, if there is one.
pub(crate) fn log_out(form_token: &str, action: &str) -> Response {
    page(StatusCode::OK, &LogOutPage { action, form_token })
}

pub(crate) fn signed_out() -> Response {
    let text = "Your session in this browser has ended.";
    let hint = "On a shared computer, close the browser window, too.";
    page(StatusCode::OK, &NoticePage { title: "Signed out", text, hint })
}

/// The page for an error that cannot be sent to a client.
pub(crate) fn error(text: &str) -> Response {
    let hint = "Go back to the application and try again. If this happens again, tell its operator what this page says.";
    page(StatusCode::BAD_REQUEST, &NoticePage { title: "This login does not work", text, hint })
}

/// The page for a connection without TLS.
pub(crate) fn insecure() -> Response {
    let text = "A login needs an encrypted connection.";
    let hint = "For operators: serve with TLS, or behind a proxy that is named by --trusted-proxy and sends \
                X-Forwarded-Proto: https. To try it, use --dev-tls.";
    page(StatusCode::BAD_REQUEST, &NoticePage { title: "No encrypted connection", text, hint })
}

pub(crate) fn unavailable() -> Response {
    let text = "Logins are not possible at the moment.";
    let mut answer = page(
        StatusCode::SERVICE_UNAVAILABLE,
        &NoticePage { title: "Please try again", text, hint: "Please try again in a few seconds." },
    );
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    answer
}

/// The page after too many wrong passwords. The next attempt is allowed after `after` seconds.
pub(crate) fn too_many(after: u64) -> Response {
    let minutes = after.div_ceil(60);
    let text = format!("There were too many wrong passwords for this account. Try again in {minutes} min.");
    let hint = "If you did not do this, tell your administrator.";
    let mut answer =
        page(StatusCode::TOO_MANY_REQUESTS, &NoticePage { title: "Too many tries", text: &text, hint });
    answer.headers_mut().insert(RETRY_AFTER, after.into());
    answer
}
