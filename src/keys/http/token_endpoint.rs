//! Answers a client's request with an access token, or with an error (RFC 6749 §5.2).
//!
//! `grants` decides which tokens are granted. Access tokens follow RFC 9068, and revocation follows RFC 7009.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Serialize;
use tracing::error;

use super::audit::{self, Attempt};
use super::client_request::{ClientRequest, Endpoint, Parameters};
use super::grant_refusal::{GrantRefusal, NOT_KEPT, RequestFault};
use super::metadata::{REVOKE_PATH, TOKEN_PATH, below_issuer};
use super::router::{literal_routes, own_paths};
use crate::grants::{GrantType, Issue, People, Request, revoke};
use crate::ledger::Grant;
use crate::proof::DpopUse;
use crate::{Clock, Published, Snapshot, TokenRefusal, TokenRequest};

/// The response (RFC 6749 §5.1).
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

/// The routes: `POST` to [`TOKEN_PATH`] and [`REVOKE_PATH`], at the root and below the issuer's path.
pub fn token_router(published: Arc<Published>, clock: Arc<dyn Clock>) -> Router {
    token_router_with(published, clock, None)
}

/// Returns the routes of [`token_router`] for an issuer with people who log in.
pub(crate) fn token_router_with(
    published: Arc<Published>,
    clock: Arc<dyn Clock>,
    people: Option<People>,
) -> Router {
    let mut routes = literal_routes("token", &own_paths(&published, TOKEN_PATH), &post(token));
    if people.is_some() {
        let paths = own_paths(&published, REVOKE_PATH);
        routes = routes.merge(literal_routes("revoke", &paths, &post(revocation)));
    }
    routes.with_state(Endpoint::new(published, clock, people))
}

async fn token(State(endpoint): State<Endpoint>, request: ClientRequest) -> Response {
    let mut attempt = Attempt::default();
    match endpoint.grant(&request, &mut attempt).await {
        Ok((jti, answer)) => {
            audit::granted(&endpoint.published, &attempt, &jti, request.address);
            answer
        }
        Err(refusal) => endpoint.refuse(&request, &attempt, refusal),
    }
}

async fn revocation(State(endpoint): State<Endpoint>, request: ClientRequest) -> Response {
    let mut attempt = Attempt { grant: Some("revocation"), ..Attempt::default() };
    match endpoint.revoke(&request, &mut attempt).await {
        Ok(ended) => {
            audit::revoked(&attempt, ended, request.address);
            (StatusCode::OK, NOT_KEPT).into_response()
        }
        Err(refusal) => endpoint.refuse(&request, &attempt, refusal),
    }
}

impl Endpoint {
    /// Grants a token. Returns its `jti`, and the response with the token.
    async fn grant(
        &self,
        request: &ClientRequest,
        attempt: &mut Attempt,
    ) -> Result<(String, Response), GrantRefusal> {
        let (now, parameters) = (request.now, request.parameters()?);
        let Parameters { snapshot, form, .. } = parameters;
        let grant_type = form.get("grant_type").map(GrantType::from_name);
        attempt.grant = grant_type.map(|grant| grant.map_or("other", GrantType::name));
        attempt.scope = form.get("scope").map(str::to_owned);
        attempt.audience =
            Some(form.all("resource").collect::<Vec<_>>().join(" ")).filter(|all| !all.is_empty());
        let client = self.authenticate(request, attempt).await?;
        let grant_type = grant_type.ok_or(GrantRefusal::Request(RequestFault::NoGrantType))?;
        let grant_type = grant_type.ok_or(GrantRefusal::GrantType)?;
        let urls = below_issuer(snapshot.state.issuer(), TOKEN_PATH);
        let used_for = DpopUse { method: "POST", urls: &urls, token: None };
        let jkt = self.proof_key(&request.headers, &used_for, now).await?;
        let people = self.people.as_ref();
        let request = Request { snapshot, client, form, people, jkt: jkt.clone(), now };
        let Issue { mut request, scope, refresh_token, id } = grant_type.decide(&request, attempt).await?;
        if let Some(jkt) = jkt {
            request = request.with_proof_key(&jkt);
        }
        let token_type = if request.is_bound() { "DPoP" } else { "Bearer" };
        let (audience, life) = (request.audience().join(" "), request.life());
        let Signed { jti, token, id_token } = sign(snapshot, request, id, now).await?;
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

    /// Revokes the token in the request. Returns whether it was valid.
    async fn revoke(&self, request: &ClientRequest, attempt: &mut Attempt) -> Result<bool, GrantRefusal> {
        let Parameters { snapshot, form, .. } = request.parameters()?;
        let client = self.authenticate(request, attempt).await?;
        let people = self.people.as_ref();
        revoke(&Request { snapshot, client, form, people, jkt: None, now: request.now }).await
    }
}

/// The tokens that were signed for one request.
struct Signed {
    jti: String,
    token: String,
    id_token: Option<String>,
}

/// Signs the tokens. RSA signatures are slow, so they are made in another thread.
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

#[cfg(test)]
mod tests;
