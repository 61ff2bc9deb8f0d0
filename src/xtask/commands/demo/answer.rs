//! Sends a request to the worker and reads what the table shows of the answer.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;
use ureq::Agent;

const LIMIT: Duration = Duration::from_secs(10);

/// Sends requests over connections that stay open, as a browser does.
pub(crate) struct Client {
    agent: Agent,
}

/// The answer of the gate in the worker.
#[derive(Debug)]
pub(crate) struct GateAnswer {
    pub(crate) status: u16,
    /// `WWW-Authenticate`.
    pub(crate) challenge: Option<String>,
    pub(crate) body: Value,
    pub(crate) took: Duration,
}

/// What the answer should be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expected {
    /// 200, for this subject.
    Passed { subject: &'static str },
    /// 401 with a challenge without an error, because nothing was sent (RFC 6750 §3.1).
    Challenged,
    /// Refused with this status, error (RFC 6750 §3.1) and stable code.
    Refused { status: u16, error: &'static str, code: &'static str },
}

impl Client {
    pub(crate) fn new() -> Self {
        let agent = Agent::config_builder().timeout_global(Some(LIMIT)).http_status_as_error(false).build();
        Self { agent: agent.into() }
    }

    /// `GET` with or without an `Authorization` header.
    pub(crate) fn get(&self, url: &str, authorization: Option<&str>) -> Result<GateAnswer> {
        let mut request = self.agent.get(url);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let since = Instant::now();
        let mut response = request.call().context("the worker did not answer")?;
        let text = response.body_mut().read_to_string().context("the worker's answer was cut off")?;
        let took = since.elapsed();
        let challenge = response.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
        Ok(GateAnswer {
            status: response.status().as_u16(),
            challenge: challenge.map(str::to_owned),
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
            took,
        })
    }
}

impl Expected {
    /// In a few words.
    pub(crate) fn summary(self) -> String {
        match self {
            Self::Passed { .. } => "200".to_owned(),
            Self::Challenged => "401, bare challenge".to_owned(),
            Self::Refused { status, error, .. } => format!("{status} {error}"),
        }
    }

    /// Whether the answer is the expected one, including challenge and code.
    pub(crate) fn is(self, answer: &GateAnswer) -> bool {
        match self {
            Self::Passed { subject } => {
                let greeted = answer.member("hello").unwrap_or_default();
                // A subject that ends with … is the beginning of one.
                let right = match subject.strip_suffix('…') {
                    Some(beginning) => greeted.starts_with(beginning),
                    None => greeted == subject,
                };
                answer.status == 200 && answer.challenge.is_none() && right
            }
            Self::Challenged => {
                let challenge = answer.challenge.as_deref().unwrap_or_default();
                answer.status == 401 && challenge.starts_with("Bearer") && !challenge.contains("error")
            }
            Self::Refused { status, error, code } => {
                answer.status == status && answer.error() == Some(error) && answer.code() == Some(code)
            }
        }
    }
}

impl GateAnswer {
    /// Status, error and reason; or who passed.
    pub(crate) fn summary(&self) -> String {
        let why = match (self.member("detail"), self.member("hello"), &self.body) {
            (Some(detail), _, _) => detail.to_owned(),
            (None, Some(subject), _) => format!("hello {}", shortened(subject)),
            (None, None, Value::String(text)) => text.lines().next().unwrap_or_default().to_owned(),
            (None, None, other) => other.to_string(),
        };
        match (self.error(), self.challenge.as_deref()) {
            (Some(error), _) => format!("{} {error}: {why}", self.status),
            (None, Some(challenge)) => format!("{} {challenge}", self.status),
            (None, None) => format!("{} {why}", self.status),
        }
    }

    /// The stable code of a refusal.
    pub(crate) fn code(&self) -> Option<&str> {
        self.member("code")
    }

    fn member(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    /// The `error` that the challenge names (RFC 6750 §3).
    fn error(&self) -> Option<&str> {
        self.challenge.as_deref()?.strip_prefix("Bearer ")?.split_once("error=\"")?.1.split('"').next()
    }
}

/// The beginning of a long subject: those of people are random.
fn shortened(subject: &str) -> String {
    let beginning: String = subject.chars().take(8).collect();
    if beginning.len() < subject.len() { format!("{beginning}…") } else { beginning }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, challenge: Option<&str>, body: Value) -> GateAnswer {
        GateAnswer { status, challenge: challenge.map(str::to_owned), body, took: Duration::ZERO }
    }

    #[test]
    fn a_refusal_must_have_the_exact_reason() {
        let challenge =
            r#"Bearer realm="api", error="invalid_token", error_description="the token has expired""#;
        let found =
            answer(401, Some(challenge), json!({ "detail": "the token has expired", "code": "expired" }));
        let expected = |status, error, code| Expected::Refused { status, error, code }.is(&found);
        assert!(expected(401, "invalid_token", "expired"));
        assert!(!expected(401, "invalid_token", "signature_mismatch"));
        assert!(!expected(401, "invalid_request", "expired"));
        assert!(!expected(403, "invalid_token", "expired"));
        assert_eq!(found.summary(), "401 invalid_token: the token has expired");
    }

    #[test]
    fn a_bare_challenge_names_no_error() {
        let bare = answer(401, Some(r#"Bearer realm="api""#), json!({}));
        assert!(Expected::Challenged.is(&bare));
        assert!(!Expected::Challenged.is(&answer(401, None, json!({}))));
        assert!(!Expected::Challenged.is(&answer(401, Some(r#"Bearer error="invalid_token""#), json!({}))));
    }

    #[test]
    fn a_pass_greets_the_subject_of_the_token() {
        let found = answer(200, None, json!({ "hello": "ada" }));
        assert!(Expected::Passed { subject: "ada" }.is(&found));
        assert!(!Expected::Passed { subject: "eve" }.is(&found));
        assert!(!Expected::Passed { subject: "ada" }.is(&answer(500, None, json!({ "hello": "ada" }))));
        assert_eq!(found.summary(), "200 hello ada");
    }

    #[test]
    fn the_random_subject_of_a_person_is_shown_by_its_beginning() {
        let found = answer(200, None, json!({ "hello": "u_n2p49iCfzZgzzUXJ3n0JwQ", "scopes": [] }));
        assert!(Expected::Passed { subject: "u_…" }.is(&found));
        assert_eq!(found.summary(), "200 hello u_n2p49i…");
    }

    #[test]
    fn an_answer_that_is_not_json_is_shown_by_its_first_line() {
        let found = answer(500, None, Value::String("Internal Error\nat worker.js".to_owned()));
        assert_eq!(found.summary(), "500 Internal Error");
    }
}
