//! Why a client gets no token: a reason enters, an answer by RFC 6749 §5.2 leaves.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tracing::debug;

/// The errors of RFC 6749 §5.2 and RFC 8707 §2, and two of our own, with the text for the developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GrantRefusal {
    Request(&'static str),
    Client,
    GrantType,
    Scope,
    Target,
    /// The state in memory is too old to sign from.
    Unavailable,
    Failed,
}

#[derive(Serialize)]
struct Refused {
    error: &'static str,
    error_description: &'static str,
}

/// RFC 6749 §5.1; and what is sent is what it says it is.
pub(super) const NOT_KEPT: [(HeaderName, HeaderValue); 3] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (PRAGMA, HeaderValue::from_static("no-cache")),
    (CONTENT_TYPE, HeaderValue::from_static("application/json")),
];

impl GrantRefusal {
    pub(super) fn into_response(self) -> Response {
        use StatusCode as Status;
        let (status, error, error_description) = match self {
            Self::Request(why) => (Status::BAD_REQUEST, "invalid_request", why),
            // One text for all reasons: whether a client exists is nobody's business.
            Self::Client => {
                (Status::UNAUTHORIZED, "invalid_client", "the client is unknown, or its secret is wrong")
            }
            Self::GrantType => (
                Status::BAD_REQUEST,
                "unsupported_grant_type",
                "the one grant type here is `client_credentials`",
            ),
            Self::Scope => (Status::BAD_REQUEST, "invalid_scope", "the client may not ask for this scope"),
            Self::Target => {
                (Status::BAD_REQUEST, "invalid_target", "the client may not ask for this resource")
            }
            Self::Unavailable => {
                (Status::SERVICE_UNAVAILABLE, "temporarily_unavailable", "no token can be signed at present")
            }
            Self::Failed => (Status::INTERNAL_SERVER_ERROR, "server_error", "the token could not be signed"),
        };
        // Both are texts of this file: nothing of the request is in them.
        debug!(error, error_description, "no token was granted");
        let json = serde_json::to_vec(&Refused { error, error_description }).unwrap_or_default();
        let mut answer = (status, NOT_KEPT, json).into_response();
        let further = match self {
            // RFC 6749 §5.2 and RFC 9110 §15.5.2.
            Self::Client => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token\", charset=\"UTF-8\"")))
            }
            Self::Unavailable => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        };
        answer.headers_mut().extend(further);
        answer
    }
}
