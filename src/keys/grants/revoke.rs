//! Revocation (RFC 7009): a client ends its refresh token.

use super::refresh_token_text::RefreshTokenText;
use super::{Request, ledger_failed, on_ledger};
use crate::http::GrantRefusal;

/// Ends the grant of the token in the request. Returns whether there was one, which the response does not show.
pub(crate) async fn revoke(request: &Request<'_>) -> Result<bool, GrantRefusal> {
    let people = request.people.ok_or(GrantRefusal::Unavailable)?;
    let token = request.required("token")?;
    // RFC 7009 §2.2.1: an access token is a JWT, which cannot be revoked.
    if token.bytes().filter(|byte| *byte == b'.').count() == 2 {
        return Err(GrantRefusal::TokenType);
    }
    let Some(token) = RefreshTokenText::read(token) else { return Ok(false) };
    let (id, client, now) = (token.grant(), request.client.id.clone(), request.now);
    let ended = on_ledger(&people.ledger, move |ledger| ledger.end_grant(&id, &client, now)).await;
    ended.map_err(ledger_failed)
}
