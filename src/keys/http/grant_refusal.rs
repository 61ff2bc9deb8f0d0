//! Why a client gets no token: a reason enters, an answer by RFC 6749 §5.2 leaves.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The errors of RFC 6749 §5.2 and RFC 8707 §2, and two of our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GrantRefusal {
    Request(RequestFault),
    Client {
        fault: ClientFault,
        /// Whether the request has an `Authorization` header. Only then the answer is a 401 with a challenge.
        by_header: bool,
    },
    GrantType,
    Scope,
    Target,
    /// The state in memory is too old to sign from.
    Unavailable,
    Failed,
}

/// What is wrong with a request as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RequestFault {
    BodyUnread,
    BodyLate,
    NotAForm,
    Malformed,
    NoGrantType,
    TwoMethods,
    OtherClient,
}

/// Why a client is not authenticated. Only the log shows which: a client must not learn which names exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientFault {
    NoCredentials,
    Malformed,
    Unknown,
    WrongSecret,
    Disabled,
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
    /// The error of RFC 6749 §5.2 or RFC 8707 §2.
    pub(super) const fn error(self) -> &'static str {
        match self {
            Self::Request(_) => "invalid_request",
            Self::Client { .. } => "invalid_client",
            Self::GrantType => "unsupported_grant_type",
            Self::Scope => "invalid_scope",
            Self::Target => "invalid_target",
            Self::Unavailable => "temporarily_unavailable",
            Self::Failed => "server_error",
        }
    }

    /// The stable code for the log, finer than the error.
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Request(fault) => fault.code(),
            Self::Client { fault, .. } => fault.code(),
            Self::GrantType => "grant_type_unknown",
            Self::Scope => "scope_not_allowed",
            Self::Target => "resource_not_allowed",
            Self::Unavailable => "store_silent",
            Self::Failed => "not_signed",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Client { by_header: true, .. } => StatusCode::UNAUTHORIZED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Request(fault) => fault.description(),
            // One text for all reasons: a client must not learn which names exist.
            Self::Client { .. } => "the client is unknown, or its secret is wrong",
            Self::GrantType => "the one grant type here is `client_credentials`",
            Self::Scope => "the client may not ask for this scope",
            Self::Target => "the client may not ask for this resource",
            Self::Unavailable => "no token can be signed at present",
            Self::Failed => "the token could not be signed",
        }
    }

    pub(super) fn into_response(self) -> Response {
        let refused = Refused { error: self.error(), error_description: self.description() };
        let json = serde_json::to_vec(&refused).unwrap_or_default();
        let mut answer = (self.status(), NOT_KEPT, json).into_response();
        let further = match self {
            // RFC 6749 §5.2: the scheme that the client used, and RFC 9110 §15.5.2.
            Self::Client { by_header: true, .. } => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token\", charset=\"UTF-8\"")))
            }
            Self::Unavailable => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        };
        answer.headers_mut().extend(further);
        answer
    }
}

impl RequestFault {
    const fn code(self) -> &'static str {
        match self {
            Self::BodyUnread => "body_unread",
            Self::BodyLate => "body_late",
            Self::NotAForm => "not_a_form",
            Self::Malformed => "form_malformed",
            Self::NoGrantType => "grant_type_missing",
            Self::TwoMethods => "two_authentications",
            Self::OtherClient => "other_client_named",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::BodyUnread => "the body is longer than 16384 bytes, or was cut off",
            Self::BodyLate => "the body did not come in time",
            Self::NotAForm => "the body must be application/x-www-form-urlencoded",
            Self::Malformed => "the body is malformed, or a parameter came twice",
            Self::NoGrantType => "the parameter `grant_type` is missing",
            Self::TwoMethods => "the client authenticates itself in more than one way",
            Self::OtherClient => "the parameter `client_id` names another client than the header",
        }
    }
}

impl ClientFault {
    const fn code(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::Malformed => "credentials_malformed",
            Self::Unknown => "client_unknown",
            Self::WrongSecret => "secret_wrong",
            Self::Disabled => "client_disabled",
        }
    }
}
