//! Revocation (RFC 7009): a client gives its refresh token back.

use super::refresh_token_text::RefreshTokenText;
use super::{Request, ledger_failed, on_ledger};
use crate::http::GrantRefusal;

/// Ends the grant of the token that the request names. Whether there was one is not answered.
pub(crate) async fn revoke(request: &Request<'_>) -> Result<bool, GrantRefusal> {
    let people = request.people.ok_or(GrantRefusal::Unavailable)?;
    let token = request.required("token")?;
    // RFC 7009 §2.2.1: an access token is a JWT, which lives until its end.
    if token.bytes().filter(|byte| *byte == b'.').count() == 2 {
        return Err(GrantRefusal::TokenType);
    }
    let Some(token) = RefreshTokenText::read(token) else { return Ok(false) };
    let (id, client, now) = (token.grant(), request.client.id.clone(), request.now);
    let ended = on_ledger(&people.ledger, move |ledger| ledger.end_grant(&id, &client, now)).await;
    ended.map_err(ledger_failed)
}
