//! `POST /device_authorization`: a device gets the codes of the device flow (RFC 8628 §3.1–3.2).

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::Serialize;

use super::audit::Attempt;
use super::client_request::{ClientRequest, Endpoint, Parameters};
use super::grant_refusal::{GrantRefusal, NOT_KEPT};
use super::metadata::{DEVICE_AUTHORIZATION_PATH, DEVICE_PATH};
use super::router::{literal_routes, own_paths};
use crate::grants::{People, asked, ledger_failed, new_user_code, on_ledger, shown_user_code};
use crate::ledger::{DeviceRequest, NewDevice, Secret};
use crate::{Clock, Published};

/// The lifetime of both codes, in seconds.
const LIFE: u64 = 600;
/// The time between two polls of a device, in seconds.
const INTERVAL: u64 = 5;
/// The most attempts to find an unused code.
const DRAWS: usize = 3;

/// The response (RFC 8628 §3.2).
#[derive(Serialize)]
struct Codes<'a> {
    device_code: &'a str,
    user_code: &'a str,
    verification_uri: &'a str,
    verification_uri_complete: &'a str,
    expires_in: u64,
    interval: u64,
}

/// The routes: `POST` to [`DEVICE_AUTHORIZATION_PATH`], at the root and below the issuer's path.
pub(super) fn device_router(published: Arc<Published>, clock: Arc<dyn Clock>, people: People) -> Router {
    let paths = own_paths(&published, DEVICE_AUTHORIZATION_PATH);
    literal_routes("device_authorization", &paths, &post(device_authorization)).with_state(Endpoint::new(
        published,
        clock,
        Some(people),
    ))
}

async fn device_authorization(State(endpoint): State<Endpoint>, request: ClientRequest) -> Response {
    let mut attempt = Attempt { grant: Some("device_authorization"), ..Attempt::default() };
    let begun = endpoint.begin_device(&request, &mut attempt).await;
    begun.unwrap_or_else(|refusal| endpoint.refuse(&request, &attempt, refusal))
}

impl Endpoint {
    async fn begin_device(
        &self,
        request: &ClientRequest,
        attempt: &mut Attempt,
    ) -> Result<Response, GrantRefusal> {
        let now = request.now;
        let Parameters { snapshot, form, .. } = request.parameters()?;
        let client = self.authenticate(request, attempt).await?;
        let people = self.people.as_ref().ok_or(GrantRefusal::ClientGrant)?;
        if !client.login.as_ref().is_some_and(|login| login.device) {
            return Err(GrantRefusal::ClientGrant);
        }
        let (audiences, scopes, offline) = asked(form, &snapshot.state, client)?;
        for _ in 0..DRAWS {
            let code = Secret::generate().map_err(|_| GrantRefusal::Failed)?;
            let user_code = new_user_code().map_err(|_| GrantRefusal::Failed)?;
            let mut grant = [0; 16];
            getrandom::fill(&mut grant).map_err(|_| GrantRefusal::Failed)?;
            let request = DeviceRequest {
                user_code: user_code.clone(),
                client: client.id.clone(),
                scopes: scopes.clone(),
                audiences: audiences.clone(),
                offline,
                jkt: form.get("dpop_jkt").map(str::to_owned),
                created: now,
                grant,
            };
            let expires = now.saturating_add(LIFE);
            let device = NewDevice { hash: code.hash(), request, expires, interval: INTERVAL };
            let begun = on_ledger(&people.ledger, move |ledger| ledger.begin_device(&device)).await;
            if !begun.map_err(ledger_failed)? {
                continue;
            }
            let base = snapshot.state.issuer().as_str().trim_end_matches('/');
            let (uri, shown) = (format!("{base}{DEVICE_PATH}"), shown_user_code(&user_code));
            let codes = Codes {
                device_code: code.expose(),
                user_code: &shown,
                verification_uri: &uri,
                verification_uri_complete: &format!("{uri}?user_code={shown}"),
                expires_in: LIFE,
                interval: INTERVAL,
            };
            let json = serde_json::to_vec(&codes).map_err(|_| GrantRefusal::Failed)?;
            return Ok((NOT_KEPT, json).into_response());
        }
        Err(GrantRefusal::Failed)
    }
}
