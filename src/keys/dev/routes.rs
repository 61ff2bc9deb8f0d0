//! `POST /dev/token`, `/dev/rotate` and `/dev/keys-down`.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::draft::{Context, TokenOptions, make_token};
use super::guard::{Guard, guard, refused};
use crate::http::Form;
use crate::token::new_jti;
use crate::{Clock, Error, JWKS_PATH, Keeper, KeyPair, Published, Purpose, rotate};

/// The largest body, in bytes.
const BODY_LIMIT: usize = 65_536;
/// The time limit for the body of a request.
const BODY_TIME: Duration = Duration::from_secs(10);
/// The longest time for which the key set may be down, in seconds.
const MAX_DOWN: u64 = 3600;
/// The period in which a rotation checks whether its key is published.
const PUBLISHED_PERIOD: Duration = Duration::from_millis(50);

pub(super) struct DevState {
    published: Arc<Published>,
    keeper: Keeper,
    clock: Arc<dyn Clock>,
    audience: String,
    /// Made at first use.
    unpublished: OnceLock<KeyPair>,
    /// The end of the time for which the key set responds with 503.
    keys_down: Mutex<Option<Instant>>,
}

impl DevState {
    pub(super) fn new(
        published: Arc<Published>,
        keeper: Keeper,
        clock: Arc<dyn Clock>,
        audience: String,
    ) -> Self {
        let (unpublished, keys_down) = (OnceLock::new(), Mutex::new(None));
        Self { published, keeper, clock, audience, unpublished, keys_down }
    }

    /// Returns the time for which the key set is still down.
    fn down_for(&self) -> Option<Duration> {
        let until = *self.keys_down.lock().unwrap_or_else(PoisonError::into_inner);
        until.and_then(|until| until.checked_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }

    fn token(&self, options: TokenOptions) -> Result<String, Error> {
        let snapshot = self.published.snapshot().ok_or(Error::Stopped)?;
        let state = &snapshot.state;
        let key = &state.signer()?.pair;
        if self.unpublished.get().is_none() {
            let made = KeyPair::generate(key.algorithm(), key.rsa_size())?;
            // Another request may have been faster.
            let _ = self.unpublished.set(made);
        }
        let unpublished = self.unpublished.get().ok_or(Error::Stopped)?;
        let context = Context {
            issuer: state.issuer().as_str(),
            audience: &self.audience,
            key,
            unpublished,
            jti: &new_jti()?,
            now: self.clock.now(),
        };
        Ok(make_token(options, &context)?)
    }
}

/// The routes of the issuer with the `/dev` routes, and a key set that can be down.
pub(super) fn add_routes(routes: Router, state: Arc<DevState>, rules: Arc<Guard>) -> Router {
    let dev = Router::new()
        .route("/dev/token", post(token))
        .route("/dev/rotate", post(rotate_keys))
        .route("/dev/keys-down", post(keys_down))
        .route_layer(from_fn_with_state(rules, guard))
        .with_state(Arc::clone(&state));
    routes.layer(from_fn_with_state(state, refuse_while_down)).merge(dev)
}

async fn refuse_while_down(State(state): State<Arc<DevState>>, request: Request, next: Next) -> Response {
    match state.down_for() {
        Some(left) if request.uri().path().ends_with(JWKS_PATH) => {
            let seconds = left.as_secs().saturating_add(1);
            let mut answer = refused(StatusCode::SERVICE_UNAVAILABLE, "keys_down", "down by /dev/keys-down");
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            answer
        }
        _ => next.run(request).await,
    }
}

async fn token(State(state): State<Arc<DevState>>, body: Body) -> Response {
    let read = tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, BODY_LIMIT)).await;
    let Ok(Ok(body)) = read else {
        return bad_request("the body has more than 65536 bytes, or did not arrive in time");
    };
    // The library would also accept an array, as the members in their order.
    if !body.is_empty() && !body.trim_ascii_start().starts_with(b"{") {
        return bad_request("the body is not a JSON object");
    }
    let options = if body.is_empty() { Ok(TokenOptions::default()) } else { serde_json::from_slice(&body) };
    let options = match options {
        Ok(options) => options,
        Err(error) => return bad_request(&format!("the body is not the expected JSON: {error}")),
    };
    // An RSA key takes up to seconds to make.
    match tokio::task::spawn_blocking(move || state.token(options)).await {
        Ok(Ok(token)) => answer(&json!({ "token": token })),
        Ok(Err(error)) => failed(&error),
        Err(_) => failed(&Error::Stopped),
    }
}

/// Lets the successor sign, and responds when the new set is published. Takes three seconds after another rotation.
async fn rotate_keys(State(state): State<Arc<DevState>>) -> Response {
    let DevState { keeper, clock, .. } = &*state;
    let (keeper, clock) = (keeper.clone(), Arc::clone(clock));
    let rotated = tokio::task::spawn_blocking(move || {
        rotate(&keeper, Purpose::Access, None, clock.as_ref(), &mut |_, time| std::thread::sleep(time))
    });
    let rotation = match rotated.await {
        Ok(Ok(rotation)) => rotation,
        Ok(Err(error)) => return failed(&error),
        Err(_) => return failed(&Error::Stopped),
    };
    while state.published.snapshot().is_none_or(|snapshot| {
        snapshot.state.find(&rotation.signing).is_none_or(|key| matches!(key.phase, crate::Phase::Staged))
    }) {
        tokio::time::sleep(PUBLISHED_PERIOD).await;
    }
    answer(&json!({ "kid": rotation.signing, "previous": rotation.retiring }))
}

async fn keys_down(State(state): State<Arc<DevState>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let form = Form::parse(query.as_bytes(), "");
    let seconds = form.ok().and_then(|form| form.get("seconds")?.parse::<u64>().ok());
    let Some(seconds) = seconds.filter(|&seconds| seconds <= MAX_DOWN) else {
        return bad_request("`seconds` must be a number from 0 to 3600, in the query");
    };
    let until = Instant::now() + Duration::from_secs(seconds);
    *state.keys_down.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
    answer(&json!({ "seconds": seconds }))
}

fn answer(body: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn bad_request(text: &str) -> Response {
    refused(StatusCode::BAD_REQUEST, "invalid_request", text)
}

fn failed(error: &Error) -> Response {
    refused(StatusCode::INTERNAL_SERVER_ERROR, error.code(), &error.to_string())
}
