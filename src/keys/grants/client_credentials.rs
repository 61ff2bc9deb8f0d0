//! The client credentials grant (RFC 6749 §4.4): a client gets a token for itself.

use tracing::error;

use super::{Issue, Request, audiences, scope};
use crate::TokenRequest;
use crate::http::GrantRefusal;

pub(super) fn decide(request: &Request<'_>) -> Result<Issue, GrantRefusal> {
    let Request { snapshot, client, form, .. } = request;
    // RFC 6749 §4.4: only confidential clients may use this grant.
    if client.is_public() {
        return Err(GrantRefusal::ClientGrant);
    }
    let audiences = audiences(client, form)?;
    let scope = scope(client, &audiences, form.get("scope"))?;
    let life = client.token_life.min(snapshot.signer.longest_life());
    let request = TokenRequest::new(&client.id, None, &audiences, scope.as_deref(), life);
    let request = request.map(|request| request.with_claims(&client.claims)).map_err(|error| {
        error!(code = error.code(), %error, "no token could be signed");
        GrantRefusal::Failed
    })?;
    Ok(Issue { request, scope, refresh_token: None, id: None })
}
