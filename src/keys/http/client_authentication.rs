//! Authenticates the client of a request by its headers and parameters (RFC 6749 §2.3.1).

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

use super::audit::Attempt;
use super::form::{Form, decode};
use super::grant_refusal::{ClientFault, GrantRefusal, RequestFault};
use crate::proof::{ASSERTION_TYPE, Assertion, assertion_client, verify_assertion};
use crate::token::compare_for_nothing;
use crate::{Client, Snapshot};

/// An authenticated client.
#[derive(Debug)]
pub(super) struct Authenticated<'a> {
    pub(super) client: &'a Client,
    /// The assertion that authenticated it. It must not have been used before.
    pub(super) assertion: Option<Assertion>,
}

/// The clients that a request may be from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    pub(super) snapshot: &'a Snapshot,
    /// The client that is described by a document, if the request is from one.
    pub(super) document: Option<&'a Client>,
}

impl<'a> Known<'a> {
    fn find(self, id: &str) -> Option<&'a Client> {
        self.snapshot.state.clients().iter().chain(self.document).find(|client| client.id == id)
    }
}

/// Authenticates a client by exactly one method: the header, two parameters (RFC 6749 §2.3.1) or an assertion (RFC 7523 §2.2). Records
/// the client's identifier in `attempt`. `now` in Unix seconds.
pub(super) fn authenticate<'a>(
    known: Known<'a>,
    headers: &HeaderMap,
    form: &Form,
    attempt: &mut Attempt,
    now: u64,
) -> Result<Authenticated<'a>, GrantRefusal> {
    let assertion = (form.get("client_assertion_type"), form.get("client_assertion"));
    if assertion == (None, None) {
        let client = by_secret(known, headers, form, attempt)?;
        return Ok(Authenticated { client, assertion: None });
    }
    if headers.contains_key(AUTHORIZATION) || form.get("client_secret").is_some() {
        return Err(GrantRefusal::Request(RequestFault::TwoMethods));
    }
    let refused = |fault| GrantRefusal::Client { fault, by_header: false };
    let (Some(ASSERTION_TYPE), Some(assertion)) = assertion else {
        return Err(refused(ClientFault::Malformed));
    };
    let id = assertion_client(assertion).map_err(|fault| refused(ClientFault::Assertion(fault)))?;
    if form.get("client_id").is_some_and(|named| named != id) {
        return Err(GrantRefusal::Request(RequestFault::OtherClient));
    }
    let client = known.find(&id);
    attempt.client = Some(id);
    let client = client.ok_or(refused(ClientFault::Unknown))?;
    attempt.known = true;
    let keys = client.keys.as_ref().and_then(|keys| keys.to_set()).ok_or(refused(ClientFault::NoKeys))?;
    let issuer = known.snapshot.state.issuer().as_str();
    let verified = verify_assertion(assertion, &client.id, &keys, issuer, now);
    let verified = verified.map_err(|fault| refused(ClientFault::Assertion(fault)))?;
    if client.disabled {
        return Err(refused(ClientFault::Disabled));
    }
    Ok(Authenticated { client, assertion: Some(verified) })
}

/// Authenticates by a secret, or as a public client by its identifier alone.
fn by_secret<'a>(
    known: Known<'a>,
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
            // The identifier may be repeated as a parameter, but must be the same.
            if form.get("client_id").is_some_and(|named| named != id) {
                return Err(GrantRefusal::Request(RequestFault::OtherClient));
            }
            (id, secret)
        }
        (None, _, Some(secret)) => {
            let id = form.get("client_id").ok_or(refused(ClientFault::NoCredentials))?;
            (id.to_owned(), Zeroizing::new(secret.to_owned()))
        }
        (None, _, None) => return public_client(known, form, attempt),
        _ => return Err(GrantRefusal::Request(RequestFault::TwoMethods)),
    };
    let found = known.find(&id);
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

/// Finds a public client, which sends only its `client_id` (RFC 6749 §3.2.1).
fn public_client<'a>(
    known: Known<'a>,
    form: &Form,
    attempt: &mut Attempt,
) -> Result<&'a Client, GrantRefusal> {
    let refused = |fault| GrantRefusal::Client { fault, by_header: false };
    let id = form.get("client_id").ok_or(refused(ClientFault::NoCredentials))?;
    let client = known.find(id);
    attempt.known = client.is_some();
    match client.filter(|client| client.is_public()) {
        None => Err(refused(ClientFault::NoCredentials)),
        Some(client) if client.disabled => Err(refused(ClientFault::Disabled)),
        Some(client) => Ok(client),
    }
}

/// Reads Basic credentials (RFC 7617 §2). Both parts are form-encoded (RFC 6749 §2.3.1).
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
