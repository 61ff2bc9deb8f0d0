//! Checks the `Authorization: Bearer` of a request, and answers 400, 401, 403 or 503 if it is not good (RFC 6750 §3).

use std::sync::Arc;

use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jotgate_core::{
    Needs, Policy, Verdict,
    bearer::{self, Denial},
};

use crate::remote_keys::{Failure, RemoteKeys};

/// What every request has to pass.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) keys: Arc<RemoteKeys>,
    pub(crate) policy: Policy,
    /// The name of what is protected, for the challenge.
    pub(crate) realm: &'static str,
}

/// The answer to a request that does not pass.
#[derive(Debug)]
pub(crate) struct Denied {
    status: StatusCode,
    challenge: Option<String>,
    retry_after: Option<f64>,
    text: String,
}

impl Gate {
    /// Lets a request pass that has a good token with what `needs` says.
    pub(crate) async fn check(&self, headers: &HeaderMap, needs: &Needs) -> Result<Verdict, Denied> {
        let fields = headers.get_all(AUTHORIZATION).iter().map(HeaderValue::as_bytes);
        let token = bearer::token(fields).map_err(|denial| self.denied(&denial, needs))?;
        self.keys.verify(token, &self.policy, needs).await.map_err(|failure| match failure {
            Failure::Refused(denial) => self.denied(&denial, needs),
            Failure::Unavailable { retry_after } => Denied {
                status: StatusCode::SERVICE_UNAVAILABLE,
                challenge: None,
                retry_after: Some(retry_after),
                text: "tokens cannot be verified at the moment".to_owned(),
            },
        })
    }

    fn denied(&self, denial: &Denial, needs: &Needs) -> Denied {
        Denied {
            status: StatusCode::from_u16(denial.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            challenge: denial.challenge(self.realm, needs),
            retry_after: None,
            // For the client. `denial` itself has the compared values, and is for logs.
            text: denial.description(),
        }
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let mut response = (self.status, format!("{}\n", self.text)).into_response();
        let fields = [
            (WWW_AUTHENTICATE, self.challenge),
            // RFC 9110 §10.2.3: whole seconds.
            (RETRY_AFTER, self.retry_after.map(|seconds| seconds.ceil().max(1.0).to_string())),
            (CACHE_CONTROL, Some("no-store".to_owned())),
        ];
        for (name, value) in fields {
            if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
