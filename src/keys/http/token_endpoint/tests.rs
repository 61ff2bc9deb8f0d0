//! Tests of the handler with client credentials.

use axum::body::Body;
use axum::extract::FromRequest as _;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use super::*;
use crate::Client;
use crate::http::client_request::BODY_LIMIT;
use crate::test_keys::{NOW, TestClock, state};

const FORM: &str = "application/x-www-form-urlencoded";

struct Trial {
    endpoint: Endpoint,
    clock: Arc<TestClock>,
    secret: String,
}

/// Makes an issuer with one client, whose identifier has to be encoded.
fn trial() -> Trial {
    let audiences = ["https://api.example/".to_owned(), "other".to_owned()];
    let (client, secret) = Client::new("worker", Some("read write"), &audiences, NOW).unwrap();
    // An older store may have such identifiers.
    let client = Client { id: "a worker:1".to_owned(), ..client };
    let (gone, _) = Client::new("gone", None, &audiences, NOW).unwrap();
    let state = state().add_client(client).unwrap().add_client(gone).unwrap();
    let state = state.disable_client("gone").unwrap();
    let published = Arc::new(Published::default());
    published.publish(Snapshot::new(state).unwrap());
    published.ticked(NOW, true, false);
    let clock = Arc::new(TestClock::at(NOW));
    let endpoint = Endpoint::new(published, Arc::clone(&clock) as Arc<dyn Clock>, None);
    Trial { endpoint, clock, secret: secret.to_string() }
}

impl Trial {
    fn basic(&self, id: &str, secret: &str) -> (HeaderName, String) {
        (AUTHORIZATION, format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes())))
    }

    async fn send(&self, headers: HeaderMap, body: &str) -> Response {
        let mut request = axum::extract::Request::new(Body::from(body.to_owned()));
        *request.headers_mut() = headers;
        let request = ClientRequest::from_request(request, &self.endpoint).await.unwrap();
        token(State(self.endpoint.clone()), request).await
    }

    async fn ask(&self, headers: &[(HeaderName, String)], body: &str) -> (StatusCode, HeaderMap, Value) {
        let mut all = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(FORM))]);
        for (name, value) in headers {
            all.append(name, value.parse().unwrap());
        }
        let answer = self.send(all, body).await;
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
    assert_eq!((&claims["aud"], &claims["scope"]), (&json!("https://api.example/"), &json!("read write")));
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
        // K9: only requests with an `Authorization` header get a challenge.
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
        (vec![good.clone()], "grant_type=client_credentials&scope=read&scope=read", 400, "invalid_request"),
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
    let answer = trial.send(headers, credentials).await;
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
