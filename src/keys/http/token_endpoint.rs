//! A client's request enters, an access token leaves, or an error by RFC 6749 §5.2.
//!
//! Client credentials (RFC 6749 §4.4), tokens by RFC 9068, resources by RFC 8707.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use serde::Serialize;
use tracing::{error, warn};

use super::address::ClientAddress;
use super::audit::{self, Attempt};
use super::client_authentication::authenticate;
use super::form::{Form, FormRefusal};
use super::grant_refusal::{GrantRefusal, NOT_KEPT, RequestFault};
use super::metadata::TOKEN_PATH;
use super::router::literal_routes;
use crate::{Client, Clock, Published, TokenRequest};

#[derive(Clone, Debug)]
struct Endpoint {
    published: Arc<Published>,
    clock: Arc<dyn Clock>,
}

/// The answer of RFC 6749 §5.1.
#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
}

/// More than a request for a token has, in bytes.
const BODY_LIMIT: usize = 16_384;
/// How long a client may take for the body.
const BODY_TIME: Duration = Duration::from_secs(10);
/// The one grant type (RFC 6749 §4.4).
const CLIENT_CREDENTIALS: &str = "client_credentials";

/// The routes: `POST` to [`TOKEN_PATH`] at the root and below the issuer's path.
pub fn token_router(published: Arc<Published>, clock: Arc<dyn Clock>) -> Router {
    let snapshot = published.snapshot();
    let path = snapshot.as_deref().map_or("", |snapshot| snapshot.state.issuer().path());
    let paths = [TOKEN_PATH.to_owned(), format!("{path}{TOKEN_PATH}")];
    literal_routes("token", &paths, &post(token)).with_state(Endpoint { published, clock })
}

async fn token(
    State(endpoint): State<Endpoint>,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let address = address.map(|Extension(ClientAddress(address))| address);
    let body = match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, BODY_LIMIT)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(GrantRefusal::Request(RequestFault::BodyUnread)),
        Err(_) => Err(GrantRefusal::Request(RequestFault::BodyLate)),
    };
    // An RSA signature takes milliseconds, in which the thread could serve hundreds of key sets.
    if body.is_ok() && endpoint.signs_slowly() {
        let answering = tokio::task::spawn_blocking(move || endpoint.answer(address, &headers, body));
        return answering.await.unwrap_or_else(|_| GrantRefusal::Failed.into_response());
    }
    endpoint.answer(address, &headers, body)
}

impl Endpoint {
    fn signs_slowly(&self) -> bool {
        self.published.snapshot().is_some_and(|snapshot| snapshot.signer.is_slow())
    }

    /// Grants a token or refuses it, and notes either in the log.
    fn answer(
        &self,
        address: Option<IpAddr>,
        headers: &HeaderMap,
        body: Result<Bytes, GrantRefusal>,
    ) -> Response {
        let mut attempt = Attempt::default();
        match body.and_then(|body| self.grant(headers, &body, &mut attempt)) {
            Ok((jti, answer)) => {
                audit::granted(&self.published, &attempt, &jti, address);
                answer
            }
            Err(refusal) => {
                audit::refused(&self.published, &attempt, refusal, address);
                refusal.into_response()
            }
        }
    }

    /// The token's `jti`, and the answer with the token.
    fn grant(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        attempt: &mut Attempt,
    ) -> Result<(String, Response), GrantRefusal> {
        let snapshot = self.published.snapshot().ok_or(GrantRefusal::Unavailable)?;
        let now = self.clock.now();
        // INVARIANT: whoever can't see the store stops signing within the replica delay. Later its key may have been
        // retired by others, who count on that, or revoked.
        if !self.published.is_current(&snapshot, now) {
            warn!("no token is signed: the store has not answered for longer than the replica delay");
            return Err(GrantRefusal::Unavailable);
        }
        if !is_form(headers) {
            return Err(GrantRefusal::Request(RequestFault::NotAForm));
        }
        let form = Form::parse(body, "resource")
            .map_err(|FormRefusal| GrantRefusal::Request(RequestFault::Malformed))?;
        attempt.grant = form.get("grant_type").map(|grant| match grant {
            CLIENT_CREDENTIALS => CLIENT_CREDENTIALS,
            _ => "other",
        });
        attempt.scope = form.get("scope").map(str::to_owned);
        attempt.audience =
            Some(form.all("resource").collect::<Vec<_>>().join(" ")).filter(|all| !all.is_empty());
        let client = authenticate(&snapshot, headers, &form, attempt)?;
        match attempt.grant {
            Some(CLIENT_CREDENTIALS) => {}
            Some(_) => return Err(GrantRefusal::GrantType),
            None => return Err(GrantRefusal::Request(RequestFault::NoGrantType)),
        }
        let audiences = audiences(client, &form)?;
        let scope = scope(client, &audiences, form.get("scope"))?;
        let life = client.token_life.min(snapshot.signer.longest_life());
        let request = TokenRequest::new(&client.id, None, &audiences, scope.as_deref(), life);
        let request = request.map(|request| request.with_claims(&client.claims));
        let signed = request.and_then(|request| snapshot.signer.sign_named(&request, now));
        let (jti, token) = signed.map_err(|error| {
            error!(code = error.code(), %error, "no token could be signed");
            GrantRefusal::Failed
        })?;
        snapshot.signatures.fetch_add(1, Ordering::Relaxed);
        let granted =
            Granted { access_token: &token, token_type: "Bearer", expires_in: life, scope: scope.as_deref() };
        let json = serde_json::to_vec(&granted).map_err(|_| GrantRefusal::Failed)?;
        (attempt.audience, attempt.scope) = (Some(audiences.join(" ")), scope);
        Ok((jti, (NOT_KEPT, json).into_response()))
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The scope of RFC 6749 §3.3 that the token gets: what the client asks for, or all that it may ask for. It must be allowed
/// for each audience of the token, because each of them reads it.
fn scope(client: &Client, audiences: &[String], asked: Option<&str>) -> Result<Option<String>, GrantRefusal> {
    let may = |audience: &String, word: &str| client.scopes_for(audience).iter().any(|scope| scope == word);
    let allowed = |word: &str| audiences.iter().all(|audience| may(audience, word));
    let Some(asked) = asked else {
        let first = audiences.first().map_or(&[][..], |audience| client.scopes_for(audience));
        let all: Vec<&str> = first.iter().map(String::as_str).filter(|word| allowed(word)).collect();
        return Ok(Some(all.join(" ")).filter(|scope| !scope.is_empty()));
    };
    let mut words: Vec<&str> = vec![];
    for word in asked.split(' ') {
        if !allowed(word) || words.contains(&word) {
            return Err(GrantRefusal::Scope);
        }
        words.push(word);
    }
    Ok(Some(asked.to_owned()))
}

/// RFC 8707 §2: each `resource` must be one of the client's.
fn audiences(client: &Client, form: &Form) -> Result<Vec<String>, GrantRefusal> {
    let mut audiences: Vec<String> = vec![];
    for resource in form.all("resource") {
        if !client.audiences.iter().any(|audience| audience == resource) {
            return Err(GrantRefusal::Target);
        }
        if !audiences.iter().any(|audience| audience == resource) {
            audiences.push(resource.to_owned());
        }
    }
    if audiences.is_empty() {
        audiences.extend(client.audiences.first().cloned());
    }
    Ok(audiences)
}

#[cfg(test)]
mod tests {
    use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
    use axum::http::{HeaderName, HeaderValue, StatusCode};
    use base64ct::{Base64, Encoding};
    use serde_json::{Value, json};

    use super::*;
    use crate::Snapshot;
    use crate::test_keys::{NOW, TestClock, state};

    const FORM: &str = "application/x-www-form-urlencoded";

    struct Trial {
        endpoint: Endpoint,
        clock: Arc<TestClock>,
        secret: String,
    }

    /// One client, named so that its name has to be encoded.
    fn trial() -> Trial {
        let audiences = ["https://api.example/".to_owned(), "other".to_owned()];
        let (client, secret) = Client::new("worker", Some("read write"), &audiences, NOW).unwrap();
        // An older store may have such names.
        let client = Client { id: "a worker:1".to_owned(), ..client };
        let (gone, _) = Client::new("gone", None, &audiences, NOW).unwrap();
        let state = state().add_client(client).unwrap().add_client(gone).unwrap();
        let state = state.disable_client("gone").unwrap();
        let published = Arc::new(Published::default());
        published.publish(Snapshot::new(state).unwrap());
        published.ticked(NOW, true, false);
        let clock = Arc::new(TestClock::at(NOW));
        let endpoint = Endpoint { published, clock: Arc::clone(&clock) as Arc<dyn Clock> };
        Trial { endpoint, clock, secret: secret.to_string() }
    }

    impl Trial {
        fn basic(&self, id: &str, secret: &str) -> (HeaderName, String) {
            (AUTHORIZATION, format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes())))
        }

        async fn ask(&self, headers: &[(HeaderName, String)], body: &str) -> (StatusCode, HeaderMap, Value) {
            let mut all = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
            for (name, value) in headers {
                all.append(name, value.parse().unwrap());
            }
            let answer = token(State(self.endpoint.clone()), None, all, Body::from(body.to_owned())).await;
            let (head, body) = answer.into_parts();
            assert_eq!(head.headers[CACHE_CONTROL], "no-store");
            assert_eq!(head.headers[CONTENT_TYPE], "application/json");
            let bytes = axum::body::to_bytes(body, 1 << 16).await.unwrap();
            (head.status, head.headers, serde_json::from_slice(&bytes).unwrap())
        }

        #[track_caller]
        fn claims(json: &Value) -> Value {
            let token = json["access_token"].as_str().unwrap();
            let claims = base64ct::Base64UrlUnpadded::decode_vec(token.split('.').nth(1).unwrap()).unwrap();
            serde_json::from_slice(&claims).unwrap()
        }
    }

    #[tokio::test]
    async fn a_client_with_its_secret_in_the_header_gets_a_token_for_its_first_audience() {
        let trial = trial();
        let header = trial.basic("a+worker%3A1", &trial.secret);
        let (status, _, json) = trial.ask(&[header], "grant_type=client_credentials").await;
        assert_eq!(status, StatusCode::OK, "{json}");
        assert_eq!((&json["token_type"], &json["expires_in"]), (&json!("Bearer"), &json!(1800)));
        assert_eq!(json["scope"], "read write");
        let claims = Trial::claims(&json);
        assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("a worker:1"), &json!("a worker:1")));
        assert_eq!(
            (&claims["aud"], &claims["scope"]),
            (&json!("https://api.example/"), &json!("read write"))
        );
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW), &json!(NOW + 1800)));
        assert_eq!(trial.endpoint.published.signatures()[0].1, 1);
    }

    #[tokio::test]
    async fn tokens_live_as_long_as_the_clients_do_and_never_longer_than_the_key_may_sign() {
        for (chosen, life) in [(60, 60), (1801, 1800)] {
            let (client, secret) = Client::new("worker", None, &["api".to_owned()], NOW).unwrap();
            let mut trial = trial();
            trial.secret = secret.to_string();
            let state = state().add_client(Client { token_life: chosen, ..client }).unwrap();
            trial.endpoint.published.publish(Snapshot::new(state).unwrap());
            let header = trial.basic("worker", &trial.secret);
            let (_, _, json) = trial.ask(&[header], "grant_type=client_credentials").await;
            assert_eq!(json["expires_in"], life, "{json}");
            assert_eq!(Trial::claims(&json)["exp"], NOW + life);
        }
    }

    #[tokio::test]
    async fn a_client_with_its_secret_in_the_body_gets_what_it_asks_for() {
        let trial = trial();
        let body = format!(
            "grant_type=client_credentials&client_id=a+worker%3A1&client_secret={}&scope=write&resource=other\
             &resource=https%3A%2F%2Fapi.example%2F",
            trial.secret
        );
        let (status, _, json) = trial.ask(&[], &body).await;
        assert_eq!(status, StatusCode::OK, "{json}");
        let claims = Trial::claims(&json);
        assert_eq!(claims["aud"], json!(["other", "https://api.example/"]));
        assert_eq!((&claims["scope"], &json["scope"]), (&json!("write"), &json!("write")));
    }

    #[tokio::test]
    async fn k9_what_is_wrong_is_refused_by_its_name_and_only_a_header_is_challenged() {
        let trial = trial();
        let good = trial.basic("a+worker%3A1", &trial.secret);
        let credentials = "grant_type=client_credentials";
        let post = format!("{credentials}&client_id=a+worker%3A1&client_secret={}", trial.secret);
        let wrong_post = format!("{credentials}&client_id=a+worker%3A1&client_secret=wrong");
        let unknown_post = format!("{credentials}&client_id=unknown&client_secret={}", trial.secret);
        let gone_post = format!("{credentials}&client_id=gone&client_secret={}", trial.secret);
        let long = format!("{credentials}&x={}", "y".repeat(BODY_LIMIT));
        for (headers, body, status, error) in [
            // K9: the challenge is for those who sent a header.
            (vec![], credentials, 400, "invalid_client"),
            (vec![], &wrong_post, 400, "invalid_client"),
            (vec![], &unknown_post, 400, "invalid_client"),
            (vec![], &gone_post, 400, "invalid_client"),
            (vec![trial.basic("a+worker%3A1", "wrong")], credentials, 401, "invalid_client"),
            (vec![trial.basic("unknown", &trial.secret)], credentials, 401, "invalid_client"),
            (vec![trial.basic("gone", &trial.secret)], credentials, 401, "invalid_client"),
            (vec![trial.basic("%", &trial.secret)], credentials, 401, "invalid_client"),
            (vec![(AUTHORIZATION, "Basic !".to_owned())], credentials, 401, "invalid_client"),
            (vec![(AUTHORIZATION, "Bearer x".to_owned())], credentials, 401, "invalid_client"),
            (vec![good.clone()], "scope=read", 400, "invalid_request"),
            (vec![good.clone()], "grant_type=", 400, "invalid_request"),
            (vec![good.clone()], "grant_type=password", 400, "unsupported_grant_type"),
            (vec![good.clone()], "grant_type=client_credentials&scope=admin", 400, "invalid_scope"),
            (vec![good.clone()], "grant_type=client_credentials&scope=read++write", 400, "invalid_scope"),
            (vec![good.clone()], "grant_type=client_credentials&scope=read+read", 400, "invalid_scope"),
            (
                vec![good.clone()],
                "grant_type=client_credentials&resource=https://b.example",
                400,
                "invalid_target",
            ),
            (
                vec![good.clone()],
                "grant_type=client_credentials&scope=read&scope=read",
                400,
                "invalid_request",
            ),
            (vec![good.clone()], "grant_type=client_credentials&client_id=gone", 400, "invalid_request"),
            (vec![good.clone()], &post, 400, "invalid_request"),
            (vec![good.clone(), good.clone()], credentials, 400, "invalid_request"),
            (vec![good.clone()], &long, 400, "invalid_request"),
            (vec![good.clone()], "grant_type=%", 400, "invalid_request"),
        ] {
            let (found, headers, json) = trial.ask(&headers, body).await;
            assert_eq!((found.as_u16(), &json["error"]), (status, &json!(error)), "{body:.80}");
            assert_eq!(headers.contains_key(WWW_AUTHENTICATE), status == 401);
            assert!(!json.to_string().contains(&trial.secret));
        }
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let answer = token(State(trial.endpoint.clone()), None, headers, Body::from(credentials)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn no_token_is_signed_once_the_store_has_been_silent_for_longer_than_the_replica_delay() {
        let trial = trial();
        let header = trial.basic("a+worker%3A1", &trial.secret);
        let ask = || trial.ask(std::slice::from_ref(&header), "grant_type=client_credentials");
        trial.clock.advance(2);
        assert_eq!(ask().await.0, StatusCode::OK);
        trial.clock.advance(1);
        let (status, headers, json) = ask().await;
        assert_eq!((status.as_u16(), &json["error"]), (503, &json!("temporarily_unavailable")));
        assert!(headers.contains_key(RETRY_AFTER));
        trial.endpoint.published.ticked(NOW + 3, true, false);
        assert_eq!(ask().await.0, StatusCode::OK);
    }
}
