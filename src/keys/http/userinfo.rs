//! `GET` and `POST /userinfo`: returns claims about the person of an access token (OpenID Connect Core §5.3).

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::client_request::{Endpoint, is_form, read_body, read_form};
use super::grant_refusal::{GrantRefusal, NOT_KEPT};
use super::metadata::{USERINFO_PATH, below_issuer};
use super::router::{literal_routes, own_paths};
use crate::grants::{OPENID, People, ledger_failed, on_ledger};
use crate::ledger::User;
use crate::proof::{DPOP_ALGORITHMS, DpopUse};
use crate::{Clock, Published, Snapshot};

/// The reason why no claims are returned (RFC 6750 §3.1, RFC 9449 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// No token was sent.
    Absent,
    /// The token came in two ways, or the request is malformed.
    Malformed,
    /// The token is not valid, or its person was removed.
    Token,
    /// The token has no scope `openid`.
    Scope,
    /// The token is bound to a key, and the proof is missing or wrong.
    Proof,
    /// The ledger or the store is not available.
    Unavailable,
}

/// A token, and whether it was sent with the scheme `DPoP`.
struct Presented {
    token: String,
    dpop: bool,
}

/// The routes: `GET` and `POST` of [`USERINFO_PATH`], at the root and below the issuer's path.
pub(crate) fn userinfo_router(published: Arc<Published>, clock: Arc<dyn Clock>, people: People) -> Router {
    let paths = own_paths(&published, USERINFO_PATH);
    literal_routes("userinfo", &paths, &get(userinfo).post(userinfo)).with_state(Endpoint::new(
        published,
        clock,
        Some(people),
    ))
}

async fn userinfo(
    State(endpoint): State<Endpoint>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let presented = match presented(&method, &headers, body).await {
        Ok(presented) => presented,
        Err(refusal) => return refusal.into_response(false),
    };
    let dpop = presented.dpop;
    match endpoint.claims(&method, &headers, &presented).await {
        Ok(claims) => (NOT_KEPT, Value::Object(claims).to_string()).into_response(),
        Err(refusal) => refusal.into_response(dpop),
    }
}

/// Reads the token of a request: from the header, or from the form of a `POST` (RFC 6750 §2.1, §2.2). Refuses both at once.
async fn presented(method: &Method, headers: &HeaderMap, body: Body) -> Result<Presented, Refusal> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let header = fields.next();
    if fields.next().is_some() {
        return Err(Refusal::Malformed);
    }
    let mut in_form = None;
    if method == Method::POST && is_form(headers) {
        let body = read_body(body).await.map_err(|_| Refusal::Malformed)?;
        let form = read_form(headers, &body).map_err(|_| Refusal::Malformed)?;
        in_form = form.get("access_token").map(str::to_owned);
    }
    let Some(header) = header else {
        let token = in_form.ok_or(Refusal::Absent)?;
        return Ok(Presented { token, dpop: false });
    };
    if in_form.is_some() {
        return Err(Refusal::Malformed);
    }
    let (scheme, token) =
        header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or(Refusal::Absent)?;
    let dpop = scheme.eq_ignore_ascii_case("dpop");
    if !dpop && !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::Absent);
    }
    Ok(Presented { token: token.trim().to_owned(), dpop })
}

impl Endpoint {
    /// Returns the claims about the person that the token's client may read.
    async fn claims(
        &self,
        method: &Method,
        headers: &HeaderMap,
        Presented { token, dpop }: &Presented,
    ) -> Result<Map<String, Value>, Refusal> {
        let now = self.clock.now();
        // An old state is not used, because a key may have been revoked since.
        let snapshot = self.current(now).map_err(|_| Refusal::Unavailable)?;
        let text = |claims: &Map<String, Value>, name: &str| {
            claims.get(name).and_then(Value::as_str).map(str::to_owned)
        };
        let own = snapshot.own_keys.as_ref().ok_or(Refusal::Unavailable)?;
        let token_claims = own.access_claims(token, now).ok_or(Refusal::Token)?;
        let bound = token_claims.get("cnf").map(|cnf| cnf.get("jkt").and_then(Value::as_str));
        match (bound, dpop) {
            (None, false) => {}
            (Some(Some(jkt)), true) => {
                self.check_proof(&snapshot, method, headers, (token, jkt), now).await?
            }
            // RFC 9449 §7.2: a bound token is refused without its proof.
            _ => return Err(if *dpop { Refusal::Proof } else { Refusal::Token }),
        }
        let scope = text(&token_claims, "scope").unwrap_or_default();
        let has = |word: &str| scope.split(' ').any(|found| found == word);
        if !has(OPENID) {
            return Err(Refusal::Scope);
        }
        let subject = text(&token_claims, "sub").ok_or(Refusal::Token)?;
        let people = self.people.as_ref().ok_or(Refusal::Unavailable)?;
        let user = on_ledger(&people.ledger, move |ledger| ledger.user(&subject)).await;
        let user = user.map_err(|error| {
            ledger_failed(error);
            Refusal::Unavailable
        })?;
        let user = user.filter(|user| !user.disabled).ok_or(Refusal::Token)?;
        Ok(claims_of(&user, has("profile"), has("email")))
    }

    /// Checks the DPoP proof of a bound token (RFC 9449 §7.1). A proof can be used once.
    async fn check_proof(
        &self,
        snapshot: &Snapshot,
        method: &Method,
        headers: &HeaderMap,
        (token, jkt): (&str, &str),
        now: u64,
    ) -> Result<(), Refusal> {
        let urls = below_issuer(snapshot.state.issuer(), USERINFO_PATH);
        let used = DpopUse { method: method.as_str(), urls: &urls, token: Some(token) };
        match self.proof_key(headers, &used, now).await {
            Ok(Some(found)) if found == jkt => Ok(()),
            Err(GrantRefusal::Unavailable) => Err(Refusal::Unavailable),
            _ => Err(Refusal::Proof),
        }
    }
}

/// Returns the claims of a person by scope (OpenID Connect Core §5.4). Unknown claims are omitted.
fn claims_of(user: &User, profile: bool, email: bool) -> Map<String, Value> {
    let mut claims = Map::from_iter([("sub".to_owned(), json!(user.subject))]);
    if profile {
        claims.insert("preferred_username".to_owned(), json!(user.name));
        claims.extend(user.profile.name.as_ref().map(|name| ("name".to_owned(), json!(name))));
    }
    if let Some(address) = user.profile.email.as_ref().filter(|_| email) {
        claims.insert("email".to_owned(), json!(address));
        claims.insert("email_verified".to_owned(), json!(user.profile.email_verified));
    }
    claims
}

impl Refusal {
    const fn error(self) -> Option<&'static str> {
        match self {
            // RFC 6750 §3.1: no error code for a request without credentials.
            Self::Absent | Self::Unavailable => None,
            Self::Malformed => Some("invalid_request"),
            Self::Token => Some("invalid_token"),
            Self::Scope => Some("insufficient_scope"),
            Self::Proof => Some("invalid_dpop_proof"),
        }
    }

    fn into_response(self, dpop: bool) -> Response {
        let status = match self {
            Self::Absent | Self::Token | Self::Proof => StatusCode::UNAUTHORIZED,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Scope => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        };
        let mut parts = vec![];
        parts.extend(self.error().map(|error| format!("error=\"{error}\"")));
        if self == Self::Scope {
            parts.push("scope=\"openid\"".to_owned());
        }
        let scheme = if dpop { "DPoP" } else { "Bearer" };
        if dpop {
            parts.push(format!("algs=\"{}\"", DPOP_ALGORITHMS.join(" ")));
        } else {
            parts.insert(0, "realm=\"userinfo\"".to_owned());
        }
        let body = self.error().map(|error| json!({ "error": error }).to_string()).unwrap_or_default();
        let mut answer = (status, NOT_KEPT, body).into_response();
        if let Ok(challenge) = HeaderValue::try_from(format!("{scheme} {}", parts.join(", "))) {
            answer.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if self.error().is_none() {
            answer.headers_mut().remove(CONTENT_TYPE);
        }
        answer
    }
}
