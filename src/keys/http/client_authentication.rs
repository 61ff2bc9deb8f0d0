//! The headers and parameters of a request enter, the client that they authenticate leaves (RFC 6749 §2.3.1).

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::audit::Attempt;
use super::form::{Form, decode};
use super::grant_refusal::{ClientFault, GrantRefusal, RequestFault};
use crate::token::compare_for_nothing;
use crate::{Client, Snapshot};

/// RFC 6749 §2.3.1: by the header, or by two parameters, and by one of them alone. Notes the client's name in `attempt`.
pub(super) fn authenticate<'a>(
    snapshot: &'a Snapshot,
    headers: &HeaderMap,
    form: &Form,
    attempt: &mut Attempt,
) -> Result<&'a Client, GrantRefusal> {
    let by_header = headers.contains_key(AUTHORIZATION);
    let refused = |fault| GrantRefusal::Client { fault, by_header };
    attempt.client = form.get("client_id").map(str::to_owned);
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (id, secret) = match (given.next(), given.next(), form.get("client_secret")) {
        (Some(header), None, None) => {
            let (id, secret) = basic(header).ok_or(refused(ClientFault::Malformed))?;
            // It may be named a second time, but not another one.
            if form.get("client_id").is_some_and(|named| named != id) {
                return Err(GrantRefusal::Request(RequestFault::OtherClient));
            }
            (id, secret)
        }
        (None, _, Some(secret)) => {
            let id = form.get("client_id").ok_or(refused(ClientFault::NoCredentials))?;
            (id.to_owned(), Zeroizing::new(secret.to_owned()))
        }
        (None, _, None) => return public_client(snapshot, form, attempt),
        _ => return Err(GrantRefusal::Request(RequestFault::TwoMethods)),
    };
    let found = snapshot.state.clients().iter().find(|client| client.id == id);
    attempt.client = Some(id);
    let Some(client) = found else {
        compare_for_nothing(secret.as_bytes());
        return Err(refused(ClientFault::Unknown));
    };
    attempt.known = true;
    if !client.has_secret(secret.as_bytes()) {
        return Err(refused(ClientFault::WrongSecret));
    }
    if client.disabled {
        return Err(refused(ClientFault::Disabled));
    }
    Ok(client)
}

/// A client without a secret names itself by `client_id` alone (RFC 6749 §3.2.1).
fn public_client<'a>(
    snapshot: &'a Snapshot,
    form: &Form,
    attempt: &mut Attempt,
) -> Result<&'a Client, GrantRefusal> {
    let refused = |fault| GrantRefusal::Client { fault, by_header: false };
    let id = form.get("client_id").ok_or(refused(ClientFault::NoCredentials))?;
    let client = snapshot.state.clients().iter().find(|client| client.id == id);
    attempt.known = client.is_some();
    match client.filter(|client| client.is_public()) {
        None => Err(refused(ClientFault::NoCredentials)),
        Some(client) if client.disabled => Err(refused(ClientFault::Disabled)),
        Some(client) => Ok(client),
    }
}

/// RFC 7617 §2, with both parts form-encoded by RFC 6749 §2.3.1.
fn basic(header: &HeaderValue) -> Option<(String, Zeroizing<String>)> {
    let (scheme, rest) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = Zeroizing::new(Base64::decode_vec(rest.trim()).ok()?);
    let colon = pair.iter().position(|&byte| byte == b':')?;
    let (id, secret) = pair.split_at_checked(colon)?;
    Some((decode(id)?, Zeroizing::new(decode(secret.strip_prefix(b":")?)?)))
}
