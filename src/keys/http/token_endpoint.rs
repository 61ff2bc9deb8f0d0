//! Answers a client's request with an access token, or with an error (RFC 6749 §5.2).
//!
//! What is granted is decided in `grants`; the tokens follow RFC 9068. Revocation follows RFC 7009.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Extension, Router};
use serde::Serialize;
use tracing::{error, warn};

use super::address::ClientAddress;
use super::audit::{self, Attempt};
use super::client_authentication::{Authenticated, Known, authenticate};
use super::form::{Form, FormRefusal};
use super::grant_refusal::{ClientFault, GrantRefusal, NOT_KEPT, RequestFault};
use super::metadata::{REVOKE_PATH, TOKEN_PATH, below_issuer};
use super::router::literal_routes;
use crate::client_documents::ClientUrl;
use crate::grants::{GrantType, Issue, People, Request, follows_login, ledger_failed, on_ledger, revoke};
use crate::ledger::{Grant, SecretHash};
use crate::proof::{DpopFault, DpopUse, ReplayMemory, assertion_client, verify_dpop};
use crate::{Client, Clock, Published, Snapshot, TokenRefusal, TokenRequest};

#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) published: Arc<Published>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) people: Option<People>,
    /// The proofs and assertions that were used, if there is no ledger.
    replays: Arc<ReplayMemory>,
}

/// The answer of RFC 6749 §5.1.
#[derive(Serialize)]
struct Granted<'a> {
    access_token: &'a str,
    token_type: &'static str,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    /// OpenID Connect Core §3.1.3.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
}

/// More than a request for a token has, in bytes.
const BODY_LIMIT: usize = 16_384;
/// How long a client may take for the body.
const BODY_TIME: Duration = Duration::from_secs(10);
/// The routes: `POST` to [`TOKEN_PATH`] and [`REVOKE_PATH`], at the root and below the issuer's path.
pub fn token_router(published: Arc<Published>, clock: Arc<dyn Clock>) -> Router {
    token_router_with(published, clock, None)
}

/// [`token_router`] for an issuer with people who log in.
pub(crate) fn token_router_with(
    published: Arc<Published>,
    clock: Arc<dyn Clock>,
    people: Option<People>,
) -> Router {
    let snapshot = published.snapshot();
    let path = snapshot.as_deref().map_or("", |snapshot| snapshot.state.issuer().path());
    let paths = |route: &str| [route.to_owned(), format!("{path}{route}")];
    let mut routes = literal_routes("token", &paths(TOKEN_PATH), &post(token));
    if people.is_some() {
        routes = routes.merge(literal_routes("revoke", &paths(REVOKE_PATH), &post(revocation)));
    }
    routes.with_state(Endpoint::new(published, clock, people))
}

async fn token(
    State(endpoint): State<Endpoint>,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let address = address.map(|Extension(ClientAddress(address))| address);
    let mut attempt = Attempt::default();
    let granted = match read_body(body).await {
        Ok(body) => endpoint.grant(&headers, &body, &mut attempt).await,
        Err(refusal) => Err(refusal),
    };
    match granted {
        Ok((jti, answer)) => {
            audit::granted(&endpoint.published, &attempt, &jti, address);
            answer
        }
        Err(refusal) => {
            audit::refused(&endpoint.published, &attempt, refusal, address);
            refusal.into_response()
        }
    }
}

async fn revocation(
    State(endpoint): State<Endpoint>,
    address: Option<Extension<ClientAddress>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let address = address.map(|Extension(ClientAddress(address))| address);
    let mut attempt = Attempt { grant: Some("revocation"), ..Attempt::default() };
    let revoked = match read_body(body).await {
        Ok(body) => endpoint.revoke(&headers, &body, &mut attempt).await,
        Err(refusal) => Err(refusal),
    };
    match revoked {
        Ok(ended) => {
            audit::revoked(&attempt, ended, address);
            (StatusCode::OK, NOT_KEPT).into_response()
        }
        Err(refusal) => {
            audit::refused(&endpoint.published, &attempt, refusal, address);
            refusal.into_response()
        }
    }
}

/// The body of a request, within the limits of length and time.
pub(crate) async fn read_body(body: Body) -> Result<Bytes, GrantRefusal> {
    match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, BODY_LIMIT)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(GrantRefusal::Request(RequestFault::BodyUnread)),
        Err(_) => Err(GrantRefusal::Request(RequestFault::BodyLate)),
    }
}

impl Endpoint {
    pub(super) fn new(published: Arc<Published>, clock: Arc<dyn Clock>, people: Option<People>) -> Self {
        Self { published, clock, people, replays: Arc::default() }
    }

    /// The snapshot from which tokens may be signed now.
    pub(super) fn current(&self, now: u64) -> Result<Arc<Snapshot>, GrantRefusal> {
        let snapshot = self.published.snapshot().ok_or(GrantRefusal::Unavailable)?;
        // INVARIANT: a process that cannot read the store stops signing within the replica delay. Others rely on that when they
        // retire or revoke its key.
        if !self.published.is_current(&snapshot, now) {
            warn!("no token is signed: the store has not answered for longer than the replica delay");
            return Err(GrantRefusal::Unavailable);
        }
        Ok(snapshot)
    }

    /// The token's `jti`, and the answer with the token.
    async fn grant(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        attempt: &mut Attempt,
    ) -> Result<(String, Response), GrantRefusal> {
        let now = self.clock.now();
        let snapshot = self.current(now)?;
        let form = read_form(headers, body)?;
        let grant_type = form.get("grant_type").map(GrantType::from_name);
        attempt.grant = grant_type.map(|grant| grant.map_or("other", GrantType::name));
        attempt.scope = form.get("scope").map(str::to_owned);
        attempt.audience =
            Some(form.all("resource").collect::<Vec<_>>().join(" ")).filter(|all| !all.is_empty());
        let document = self.document_client(&snapshot, &form, now).await?;
        let known = Known { snapshot: &snapshot, document: document.as_deref() };
        let client = self.authenticate(known, headers, &form, attempt, now).await?;
        let grant_type = grant_type.ok_or(GrantRefusal::Request(RequestFault::NoGrantType))?;
        let grant_type = grant_type.ok_or(GrantRefusal::GrantType)?;
        let urls = below_issuer(snapshot.state.issuer(), TOKEN_PATH);
        let jkt = self.proof_key(headers, &DpopUse { method: "POST", urls: &urls, token: None }, now).await?;
        let people = self.people.as_ref();
        let request = Request { snapshot: &snapshot, client, form: &form, people, jkt: jkt.clone(), now };
        let Issue { mut request, scope, refresh_token, id } = grant_type.decide(&request, attempt).await?;
        if let Some(jkt) = jkt {
            request = request.with_proof_key(&jkt);
        }
        let token_type = if request.is_bound() { "DPoP" } else { "Bearer" };
        let (audience, life) = (request.audience().join(" "), request.life());
        let Signed { jti, token, id_token } = sign(&snapshot, request, id, now).await?;
        snapshot.signatures.fetch_add(1, Ordering::Relaxed);
        snapshot.id_signatures.fetch_add(u64::from(id_token.is_some()), Ordering::Relaxed);
        let granted = Granted {
            access_token: &token,
            token_type,
            expires_in: life,
            scope: scope.as_deref(),
            refresh_token: refresh_token.as_ref().map(|token| token.as_str()),
            id_token: id_token.as_deref(),
        };
        let json = serde_json::to_vec(&granted).map_err(|_| GrantRefusal::Failed)?;
        (attempt.audience, attempt.scope) = (Some(audience), scope);
        Ok((jti, (NOT_KEPT, json).into_response()))
    }

    /// Authenticates a client; an assertion counts once (RFC 7523 §3, `jti`).
    pub(super) async fn authenticate<'a>(
        &self,
        known: Known<'a>,
        headers: &HeaderMap,
        form: &Form,
        attempt: &mut Attempt,
        now: u64,
    ) -> Result<&'a Client, GrantRefusal> {
        let Authenticated { client, assertion } = authenticate(known, headers, form, attempt, now)?;
        if let Some(assertion) = assertion
            && !self.use_once(assertion.used, assertion.until, now).await?
        {
            return Err(GrantRefusal::Client { fault: ClientFault::AssertionReused, by_header: false });
        }
        Ok(client)
    }

    /// The client that describes itself, if the request names one. Its document is fetched only for a request that follows a
    /// login, so that strangers cannot make this server fetch anything.
    pub(super) async fn document_client(
        &self,
        snapshot: &Snapshot,
        form: &Form,
        now: u64,
    ) -> Result<Option<Arc<Client>>, GrantRefusal> {
        let Some(people) = &self.people else { return Ok(None) };
        let Some(documents) = &people.documents else { return Ok(None) };
        let named = form.get("client_id").map(str::to_owned);
        let id = named.or_else(|| assertion_client(form.get("client_assertion")?).ok());
        let Some(url) = id.and_then(|id| ClientUrl::parse(&id)) else { return Ok(None) };
        if snapshot.state.clients().iter().any(|client| client.id == url.as_str()) {
            return Ok(None);
        }
        let found = match documents.remembered(&url, now) {
            Some(found) => found,
            None if follows_login(people, form, url.as_str()).await? => {
                documents.client(&url, None, now).await
            }
            None => return Ok(None),
        };
        found.map(Some).map_err(|fault| match fault.is_temporary() {
            true => GrantRefusal::Document(fault),
            false => GrantRefusal::Client { fault: ClientFault::Document(fault), by_header: false },
        })
    }

    /// The thumbprint of the key that signed the request's DPoP proof, if there is one; a proof counts once.
    pub(super) async fn proof_key(
        &self,
        headers: &HeaderMap,
        used_for: &DpopUse<'_>,
        now: u64,
    ) -> Result<Option<String>, GrantRefusal> {
        let proof = verify_dpop(headers, used_for, now).map_err(GrantRefusal::Proof)?;
        let Some(proof) = proof else { return Ok(None) };
        // RFC 9449 §11.1. Noted only after every other check of the proof.
        if !self.use_once(proof.used, proof.until, now).await? {
            return Err(GrantRefusal::Proof(DpopFault::Replayed));
        }
        Ok(Some(proof.jkt))
    }

    /// Notes a value that may be used once until then: in the ledger, which every server of this issuer shares, or in memory.
    async fn use_once(&self, value: [u8; 32], until: u64, now: u64) -> Result<bool, GrantRefusal> {
        match &self.people {
            None => Ok(self.replays.use_once(value, until, now)),
            Some(people) => {
                let value = SecretHash::of(&value);
                let used = on_ledger(&people.ledger, move |ledger| ledger.use_once(&value, until, now)).await;
                used.map_err(ledger_failed)
            }
        }
    }

    /// Whether there was something to revoke.
    async fn revoke(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        attempt: &mut Attempt,
    ) -> Result<bool, GrantRefusal> {
        let now = self.clock.now();
        let snapshot = self.current(now)?;
        let form = read_form(headers, body)?;
        let document = self.document_client(&snapshot, &form, now).await?;
        let known = Known { snapshot: &snapshot, document: document.as_deref() };
        let client = self.authenticate(known, headers, &form, attempt, now).await?;
        let people = self.people.as_ref();
        revoke(&Request { snapshot: &snapshot, client, form: &form, people, jkt: None, now }).await
    }
}

/// What was signed for one request.
struct Signed {
    jti: String,
    token: String,
    id_token: Option<String>,
}

/// Signs the tokens. An RSA signature takes milliseconds, in which the thread could serve hundreds of key sets.
async fn sign(
    snapshot: &Arc<Snapshot>,
    request: TokenRequest,
    id: Option<Grant>,
    now: u64,
) -> Result<Signed, GrantRefusal> {
    let slow = id.is_some() || snapshot.signer.is_slow();
    let signing = {
        let snapshot = Arc::clone(snapshot);
        move || {
            let (jti, token) = snapshot.signer.sign_named(&request, now)?;
            let id_token = match (&snapshot.id_signer, id) {
                (Some(signer), Some(grant)) => Some(signer.sign(&grant, now)?),
                _ => None,
            };
            Ok(Signed { jti, token, id_token })
        }
    };
    let signed = match slow {
        true => tokio::task::spawn_blocking(signing).await.map_err(|_| GrantRefusal::Failed)?,
        false => signing(),
    };
    signed.map_err(|error: TokenRefusal| {
        error!(code = error.code(), %error, "no token could be signed");
        GrantRefusal::Failed
    })
}

pub(super) fn read_form(headers: &HeaderMap, body: &[u8]) -> Result<Form, GrantRefusal> {
    if !is_form(headers) {
        return Err(GrantRefusal::Request(RequestFault::NotAForm));
    }
    Form::parse(body, "resource").map_err(|FormRefusal| GrantRefusal::Request(RequestFault::Malformed))
}

pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests;
