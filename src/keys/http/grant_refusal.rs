//! The reasons why a client gets no token, and their responses (RFC 6749 §5.2).

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::client_documents::ClientDocumentFault;
use crate::proof::{AssertionFault, DpopFault};

/// The reason why a client gets no token: the errors of RFC 6749 §5.2 and RFC 8707 §2, and two others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantRefusal {
    Request(RequestFault),
    Client {
        fault: ClientFault,
        /// Whether the request has an `Authorization` header. Only then the answer is a 401 with a challenge.
        by_header: bool,
    },
    GrantType,
    /// The client may not use this grant type.
    ClientGrant,
    /// The code, the refresh token or the password is not valid.
    Grant(GrantFault),
    /// The person has not answered the device, or refused.
    Device(DeviceFault),
    /// Only refresh tokens can be revoked.
    TokenType,
    /// The DPoP proof is not valid.
    Proof(DpopFault),
    Scope,
    Target,
    /// There were too many wrong passwords for this account. The next try is allowed after this many seconds.
    AccountLimited {
        after: u64,
    },
    /// The document of the client cannot be fetched now.
    Document(ClientDocumentFault),
    /// The state in memory is too old to sign from.
    Unavailable,
    Failed,
}

/// The fault of a malformed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestFault {
    BodyUnread,
    BodyLate,
    NotAForm,
    Malformed,
    NoGrantType,
    /// A required parameter is missing. The text describes it.
    Missing(&'static str),
    VerifierMalformed,
    VerifierUnasked,
    TwoMethods,
    OtherClient,
}

/// The reason why a code, refresh token or password is not valid. Only the log contains it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GrantFault {
    CodeUnknown,
    CodeExpired,
    CodeReused,
    RedirectUri,
    Verifier,
    ProofKey,
    PersonGone,
    RefreshUnknown,
    RefreshExpired,
    RefreshReused,
    NotOffline,
    Credentials,
}

/// The answer to a device that polls for its token (RFC 8628 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeviceFault {
    Pending,
    SlowDown,
    Denied,
    Expired,
}

/// The reason why a client is not authenticated. Only the log contains it, because clients must not learn which identifiers exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientFault {
    NoCredentials,
    Malformed,
    Unknown,
    WrongSecret,
    /// It has no keys with which an assertion could be verified.
    NoKeys,
    Assertion(AssertionFault),
    /// The assertion was used before.
    AssertionReused,
    Disabled,
    /// The document that describes it can't be used.
    Document(ClientDocumentFault),
}

/// Marks a response with a 4xx status that is not the client's fault, so that it does not count for the address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NotAFailure;

#[derive(Serialize)]
struct Refused {
    error: &'static str,
    error_description: &'static str,
}

/// Header fields that forbid caching (RFC 6749 §5.1) and type sniffing.
pub(crate) const NOT_KEPT: [(HeaderName, HeaderValue); 3] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (PRAGMA, HeaderValue::from_static("no-cache")),
    (CONTENT_TYPE, HeaderValue::from_static("application/json")),
];

impl GrantRefusal {
    /// Returns the error code of RFC 6749 §5.2 or RFC 8707 §2.
    pub(crate) const fn error(self) -> &'static str {
        match self {
            Self::Request(_) => "invalid_request",
            Self::Client { .. } => "invalid_client",
            Self::GrantType => "unsupported_grant_type",
            Self::ClientGrant => "unauthorized_client",
            Self::Grant(_) => "invalid_grant",
            Self::Device(fault) => fault.code(),
            Self::TokenType => "unsupported_token_type",
            Self::Proof(_) => "invalid_dpop_proof",
            Self::Scope => "invalid_scope",
            Self::Target => "invalid_target",
            Self::AccountLimited { .. } | Self::Document(_) | Self::Unavailable => "temporarily_unavailable",
            Self::Failed => "server_error",
        }
    }

    /// Returns the stable code for the log, which is more exact than the error code.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Request(fault) => fault.code(),
            Self::Client { fault, .. } => fault.code(),
            Self::Proof(fault) => fault.code(),
            Self::GrantType => "grant_type_unknown",
            Self::ClientGrant => "grant_type_not_allowed",
            Self::Grant(fault) => fault.code(),
            Self::Device(fault) => fault.code(),
            Self::TokenType => "not_a_refresh_token",
            Self::Scope => "scope_not_allowed",
            Self::Target => "resource_not_allowed",
            Self::AccountLimited { .. } => "account_limited",
            Self::Document(fault) => fault.code(),
            Self::Unavailable => "store_silent",
            Self::Failed => "not_signed",
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::Client { by_header: true, .. } => StatusCode::UNAUTHORIZED,
            Self::AccountLimited { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Document(_) | Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Request(fault) => fault.description(),
            // One text for all reasons, because clients must not learn which identifiers exist.
            Self::Client { .. } => "the client is unknown, or its secret or assertion is wrong",
            Self::GrantType => "this issuer does not have this grant type",
            Self::ClientGrant => "the client may not use this grant type",
            Self::Grant(fault) => fault.description(),
            Self::Device(fault) => fault.description(),
            Self::TokenType => "only refresh tokens can be revoked; an access token lives until its end",
            Self::Proof(fault) => fault.description(),
            Self::Scope => "the client may not ask for this scope",
            Self::Target => "the client may not ask for this resource",
            Self::AccountLimited { .. } => "too many wrong passwords for this account",
            Self::Document(_) => "the document of the client cannot be fetched at present",
            Self::Unavailable => "no token can be signed at present",
            Self::Failed => "the token could not be signed",
        }
    }

    pub(crate) fn into_response(self) -> Response {
        let refused = Refused { error: self.error(), error_description: self.description() };
        let json = serde_json::to_vec(&refused).unwrap_or_default();
        let mut answer = (self.status(), NOT_KEPT, json).into_response();
        let further = match self {
            // RFC 6749 §5.2: the scheme that the client used, and RFC 9110 §15.5.2.
            Self::Client { by_header: true, .. } => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"token\", charset=\"UTF-8\"")))
            }
            Self::AccountLimited { after } => Some((RETRY_AFTER, HeaderValue::from(after))),
            Self::Device(DeviceFault::Pending | DeviceFault::SlowDown) => {
                answer.extensions_mut().insert(NotAFailure);
                None
            }
            Self::Document(_) => Some((RETRY_AFTER, HeaderValue::from_static("60"))),
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
            Self::Missing(_) => "parameter_missing",
            Self::VerifierMalformed => "verifier_malformed",
            Self::VerifierUnasked => "verifier_unasked",
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
            Self::Missing(description) => description,
            Self::VerifierMalformed => "`code_verifier` has 43 to 128 characters (RFC 7636 §4.1)",
            Self::VerifierUnasked => "`code_verifier` was sent for a code without a challenge",
            Self::TwoMethods => "the client authenticates itself in more than one way",
            Self::OtherClient => "the parameter `client_id` names another client than the header",
        }
    }
}

impl GrantFault {
    const fn code(self) -> &'static str {
        match self {
            Self::CodeUnknown => "code_unknown",
            Self::CodeExpired => "code_expired",
            Self::CodeReused => "code_reused",
            Self::RedirectUri => "redirect_uri_other",
            Self::Verifier => "verifier_wrong",
            Self::ProofKey => "proof_key_other",
            Self::PersonGone => "person_gone",
            Self::RefreshUnknown => "refresh_unknown",
            Self::RefreshExpired => "refresh_expired",
            Self::RefreshReused => "refresh_reused",
            Self::NotOffline => "offline_access_not_allowed",
            Self::Credentials => "credentials_wrong",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::CodeUnknown | Self::CodeExpired | Self::CodeReused => "the code is invalid or has expired",
            Self::RedirectUri => "`redirect_uri` is not the one of the authorization request",
            Self::Verifier => "`code_verifier` is missing or wrong",
            Self::ProofKey => "the DPoP proof is missing, or is signed by another key",
            Self::Credentials => "the user name or the password is wrong",
            _ => "the refresh token is invalid or has expired: log in again",
        }
    }
}

impl DeviceFault {
    /// Returns the error code of RFC 8628 §3.5, which is also the code for the log.
    const fn code(self) -> &'static str {
        match self {
            Self::Pending => "authorization_pending",
            Self::SlowDown => "slow_down",
            Self::Denied => "access_denied",
            Self::Expired => "expired_token",
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::Pending => "the code has not been entered yet",
            Self::SlowDown => "wait five seconds longer between two requests",
            Self::Denied => "the person refused",
            Self::Expired => "the codes have expired: begin again",
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
            Self::NoKeys => "client_without_keys",
            Self::Assertion(fault) => fault.code(),
            Self::AssertionReused => "assertion_reused",
            Self::Document(fault) => fault.code(),
            Self::Disabled => "client_disabled",
        }
    }
}
