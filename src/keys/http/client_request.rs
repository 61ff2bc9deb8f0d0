//! Reads and authenticates requests of clients: the code that `/token`, `/revoke` and `/device_authorization` share.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use tracing::warn;

use super::address::ClientAddress;
use super::audit::{self, Attempt};
use super::client_authentication::{Authenticated, Known, authenticate};
use super::form::{Form, FormRefusal};
use super::grant_refusal::{ClientFault, GrantRefusal, RequestFault};
use crate::client_documents::ClientUrl;
use crate::grants::{People, follows_login, ledger_failed, on_ledger};
use crate::ledger::SecretHash;
use crate::proof::{DpopFault, DpopUse, ReplayMemory, assertion_client, verify_dpop};
use crate::{Client, Clock, Published, Snapshot};

/// The state that the handlers of these endpoints share.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) published: Arc<Published>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) people: Option<People>,
    /// The used proofs and assertions, if there is no ledger.
    replays: Arc<ReplayMemory>,
}

/// A request whose client is not authenticated yet.
pub(super) struct ClientRequest {
    pub(super) headers: HeaderMap,
    /// The client's address.
    pub(super) address: Option<IpAddr>,
    /// The time at which its body was read, in Unix seconds.
    pub(super) now: u64,
    parameters: Result<Parameters, GrantRefusal>,
}

/// The parameters of a request, and the state to answer it with.
pub(super) struct Parameters {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) form: Form,
    /// The client that is described by a document, if the request is from one.
    document: Result<Option<Arc<Client>>, GrantRefusal>,
}

/// The longest body, in bytes. Requests for tokens are shorter.
pub(super) const BODY_LIMIT: usize = 16_384;
/// The time limit for the body of a request.
const BODY_TIME: Duration = Duration::from_secs(10);

impl ClientRequest {
    /// The parameters.
    ///
    /// # Errors
    /// The reason why they could not be read, or why nothing may be signed now.
    pub(super) fn parameters(&self) -> Result<&Parameters, GrantRefusal> {
        self.parameters.as_ref().map_err(|refusal| *refusal)
    }
}

impl FromRequest<Endpoint> for ClientRequest {
    /// Reading never fails. The endpoint answers invalid requests, and logs them.
    type Rejection = Infallible;

    async fn from_request(request: Request, endpoint: &Endpoint) -> Result<Self, Infallible> {
        let (head, body) = request.into_parts();
        let address = head.extensions.get().map(|ClientAddress(address)| *address);
        let body = read_body(body).await;
        let now = endpoint.clock.now();
        let parameters = match body {
            Ok(body) => endpoint.read(&head.headers, &body, address, now).await,
            Err(refusal) => Err(refusal),
        };
        Ok(Self { headers: head.headers, address, now, parameters })
    }
}

impl Endpoint {
    pub(super) fn new(published: Arc<Published>, clock: Arc<dyn Clock>, people: Option<People>) -> Self {
        Self { published, clock, people, replays: Arc::default() }
    }

    /// Answers a refused request, and logs the reason.
    pub(super) fn refuse(
        &self,
        request: &ClientRequest,
        attempt: &Attempt,
        refusal: GrantRefusal,
    ) -> Response {
        audit::refused(&self.published, attempt, refusal, request.address);
        refusal.into_response()
    }

    async fn read(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        address: Option<IpAddr>,
        now: u64,
    ) -> Result<Parameters, GrantRefusal> {
        let snapshot = self.current(now)?;
        let form = read_form(headers, body)?;
        let document = self.document_client(&snapshot, &form, address, now).await;
        Ok(Parameters { snapshot, form, document })
    }

    /// Returns the snapshot from which tokens may be signed now.
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

    /// Authenticates a client. An assertion can be used once (RFC 7523 §3, `jti`).
    pub(super) async fn authenticate<'a>(
        &self,
        request: &'a ClientRequest,
        attempt: &mut Attempt,
    ) -> Result<&'a Client, GrantRefusal> {
        let Parameters { snapshot, form, document } = request.parameters()?;
        let document = document.as_ref().map_err(|refusal| *refusal)?.as_deref();
        let (known, now) = (Known { snapshot, document }, request.now);
        let Authenticated { client, assertion } = authenticate(known, &request.headers, form, attempt, now)?;
        if let Some(assertion) = assertion
            && !self.use_once(assertion.used, assertion.until, now).await?
        {
            return Err(GrantRefusal::Client { fault: ClientFault::AssertionReused, by_header: false });
        }
        Ok(client)
    }

    /// Returns the client that is described by a document, if the request is from one. Its document is fetched only for a request that
    /// follows a login, so that attackers cannot make this server fetch anything.
    async fn document_client(
        &self,
        snapshot: &Snapshot,
        form: &Form,
        address: Option<IpAddr>,
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
            Some(found) => Ok(found),
            None if follows_login(people, form, url.as_str()).await? => {
                documents.client(&url, address, now).await
            }
            None => return Ok(None),
        };
        found.map(Some).map_err(|fault| match fault.is_temporary() {
            true => GrantRefusal::Document(fault),
            false => GrantRefusal::Client { fault: ClientFault::Document(fault), by_header: false },
        })
    }

    /// Returns the thumbprint of the key that signed the request's DPoP proof, if there is one. A proof can be used once.
    pub(super) async fn proof_key(
        &self,
        headers: &HeaderMap,
        used_for: &DpopUse<'_>,
        now: u64,
    ) -> Result<Option<String>, GrantRefusal> {
        let proof = verify_dpop(headers, used_for, now).map_err(GrantRefusal::Proof)?;
        let Some(proof) = proof else { return Ok(None) };
        // RFC 9449 §11.1. Stored only after every other check of the proof.
        if !self.use_once(proof.used, proof.until, now).await? {
            return Err(GrantRefusal::Proof(DpopFault::Replayed));
        }
        Ok(Some(proof.jkt))
    }

    /// Stores a value that may be used once until then: in the ledger, which all servers of this issuer share, or in memory.
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
}

/// Reads the body of a request, within the limits of length and time.
pub(crate) async fn read_body(body: Body) -> Result<Bytes, GrantRefusal> {
    match tokio::time::timeout(BODY_TIME, axum::body::to_bytes(body, BODY_LIMIT)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) => Err(GrantRefusal::Request(RequestFault::BodyUnread)),
        Err(_) => Err(GrantRefusal::Request(RequestFault::BodyLate)),
    }
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
