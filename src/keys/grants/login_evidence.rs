//! Checks whether a request of a client follows a login.

use super::refresh_token_text::RefreshTokenText;
use super::{People, ledger_failed, on_ledger};
use crate::http::{Form, GrantRefusal};
use crate::ledger::SecretHash;

/// Whether a request has a code or a refresh token of a grant that a person gave to that client. Only then may the server fetch the
/// client's document.
pub(crate) async fn follows_login(people: &People, form: &Form, client: &str) -> Result<bool, GrantRefusal> {
    let code = form.get("code").map(|code| SecretHash::of(code.as_bytes()));
    let token = form.get("refresh_token").or(form.get("token")).and_then(RefreshTokenText::read);
    let named = token.map(|token| token.grant());
    let client = client.to_owned();
    let found = on_ledger(&people.ledger, move |ledger| {
        let id = match code {
            Some(code) => ledger.grant_of_code(&code)?,
            None => named,
        };
        let Some(id) = id else { return Ok(false) };
        Ok(ledger.grant(&id)?.is_some_and(|grant| grant.client == client && grant.ended.is_none()))
    });
    found.await.map_err(ledger_failed)
}
