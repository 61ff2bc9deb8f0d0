//! Reads the parameters of an authorization request, and checks them against the client (RFC 6749 §4.1.1).

use crate::grants::{ACR, OFFLINE_ACCESS, asked};
use crate::http::{Form, GrantRefusal};
use crate::proof::Hint;
use crate::{Client, Snapshot};

/// The longest `nonce`, in bytes. ID tokens contain it.
const LONGEST_NONCE: usize = 512;

/// A request whose response may go to its redirect URI.
#[derive(Debug)]
pub(super) struct AuthorizationRequest<'a> {
    pub(super) client: &'a Client,
    pub(super) target: Target,
    /// Whether the request has a redirect URI.
    pub(super) named_redirect: bool,
    pub(super) implicit: bool,
    pub(super) challenge: Option<String>,
    pub(super) audiences: Vec<String>,
    pub(super) scopes: Vec<String>,
    pub(super) offline: bool,
    pub(super) prompt: Prompt,
    pub(super) max_age: Option<u64>,
    pub(super) jkt: Option<String>,
    pub(super) login_hint: Option<String>,
    pub(super) nonce: Option<String>,
    /// The person who is logged in according to the client's ID token.
    pub(super) hint: Option<Hint>,
}

/// The target of the response.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
    /// Whether the response is in the fragment (RFC 6749 §4.2.2).
    pub(super) fragment: bool,
}

/// The values of `prompt` (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) none: bool,
    pub(super) login: bool,
    pub(super) consent: bool,
}

/// The reason why a request is refused, and where the error goes.
#[derive(Debug)]
pub(super) enum RequestRefusal {
    /// The client or the redirect URI is invalid. The person sees a page, and there is no redirect.
    Page(&'static str),
    /// The client gets the error in a redirect.
    Redirect(Target, &'static str, &'static str),
}

impl<'a> AuthorizationRequest<'a> {
    /// Reads a request. `document` is the client that is described by a document, if the request is from one.
    pub(super) fn read(
        form: &Form,
        snapshot: &'a Snapshot,
        document: Option<&'a Client>,
    ) -> Result<Self, RequestRefusal> {
        let state = &snapshot.state;
        let page = RequestRefusal::Page;
        let id = form.get("client_id").ok_or(page("The parameter client_id is missing."))?;
        let client = state.clients().iter().chain(document).find(|client| client.id == id);
        let client =
            client.filter(|client| !client.disabled).ok_or(page("This application is not known here."))?;
        let login = client.login.as_ref().ok_or(page("This application has no login."))?;
        let named = form.get("redirect_uri");
        let redirect_uri = match (named, login.redirect_uris.as_slice()) {
            (Some(named), registered) if registered.iter().any(|uri| uri.matches(named)) => named,
            (Some(_), _) => {
                return Err(page("The address to return to is not registered for this application."));
            }
            (None, [only]) => only.as_str(),
            (None, _) => return Err(page("The parameter redirect_uri is missing.")),
        };
        let response_type = form.get("response_type");
        let implicit = response_type == Some("token") && login.implicit;
        let target = Target {
            redirect_uri: redirect_uri.to_owned(),
            state: form.get("state").map(str::to_owned),
            fragment: response_type == Some("token"),
        };
        let refuse = |error, description| RequestRefusal::Redirect(target.clone(), error, description);
        match response_type {
            None => return Err(refuse("invalid_request", "response_type is missing")),
            Some("code") => {}
            Some("token") if implicit && redirect_uri.starts_with("https:") => {}
            Some("token") if login.implicit => {
                return Err(refuse("invalid_request", "the implicit grant needs an https redirect_uri"));
            }
            Some(_) => return Err(refuse("unsupported_response_type", "the response type here is code")),
        }
        for (parameter, error) in [
            ("request", "request_not_supported"),
            ("request_uri", "request_uri_not_supported"),
            ("registration", "registration_not_supported"),
        ] {
            if form.get(parameter).is_some() {
                return Err(refuse(error, "requests are sent as parameters"));
            }
        }
        let mode = if implicit { "fragment" } else { "query" };
        if form.get("response_mode").is_some_and(|asked| asked != mode) {
            return Err(refuse("invalid_request", "this response_mode is not supported"));
        }
        let challenge = challenge(form, client, implicit).map_err(|why| refuse("invalid_request", why))?;
        let (audiences, scopes, offline) = asked(form, state, client).map_err(|refusal| match refusal {
            GrantRefusal::Target => refuse("invalid_target", "the client may not ask for this resource"),
            _ => refuse("invalid_scope", "the client may not ask for this scope"),
        })?;
        if form.get("nonce").is_some_and(|nonce| nonce.len() > LONGEST_NONCE) {
            return Err(refuse("invalid_request", "nonce is too long"));
        }
        let read = |token| snapshot.own_keys.as_ref().and_then(|keys| keys.hint(token));
        let hint = form.get("id_token_hint").map(|token| read(token).filter(|hint| hint.client == client.id));
        let hint = match hint {
            Some(None) => {
                return Err(refuse("invalid_request", "id_token_hint is no ID token of this client"));
            }
            Some(hint) => hint,
            None => None,
        };
        let prompt = prompt(form).map_err(|why| refuse("invalid_request", why))?;
        let max_age = form.get("max_age").map(str::parse::<u64>).transpose();
        let max_age = max_age.map_err(|_| refuse("invalid_request", "max_age is a number of seconds"))?;
        if form.get("acr_values").is_some_and(|values| !values.split(' ').any(|value| value == ACR)) {
            return Err(refuse("unmet_authentication_requirements", "no such login exists here"));
        }
        Ok(Self {
            client,
            named_redirect: named.is_some(),
            implicit,
            challenge,
            audiences,
            scopes,
            offline: offline && !implicit,
            prompt,
            max_age,
            jkt: form.get("dpop_jkt").map(str::to_owned),
            login_hint: form.get("login_hint").map(str::to_owned),
            nonce: form.get("nonce").map(str::to_owned),
            hint,
            target,
        })
    }

    /// Returns the scopes that the person has to allow, including `offline_access`.
    pub(super) fn wanted(&self) -> Vec<String> {
        let offline = self.offline.then(|| OFFLINE_ACCESS.to_owned());
        self.scopes.iter().cloned().chain(offline).collect()
    }
}

/// Returns the PKCE challenge (RFC 7636 §4.3). Only S256 is accepted.
fn challenge(form: &Form, client: &Client, implicit: bool) -> Result<Option<String>, &'static str> {
    if implicit {
        return Ok(None);
    }
    let nonce_instead = || {
        let allowed = client.login.as_ref().is_some_and(|login| login.allow_nonce) && !client.is_public();
        allowed && form.get("nonce").is_some()
    };
    let in_base64url = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    match (form.get("code_challenge"), form.get("code_challenge_method")) {
        (None, None) if nonce_instead() => Ok(None),
        (None, _) => Err("code_challenge is missing: PKCE is required"),
        (Some(_), None | Some("plain")) => Err("code_challenge_method must be S256"),
        (Some(challenge), Some("S256")) if challenge.len() == 43 && challenge.bytes().all(in_base64url) => {
            Ok(Some(challenge.to_owned()))
        }
        (Some(_), Some("S256")) => Err("code_challenge has 43 characters of base64url"),
        (Some(_), Some(_)) => Err("code_challenge_method must be S256"),
    }
}

fn prompt(form: &Form) -> Result<Prompt, &'static str> {
    let mut prompt = Prompt::default();
    for word in form.get("prompt").unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
        match word {
            "none" => prompt.none = true,
            "login" | "select_account" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => return Err("this prompt is not supported"),
        }
    }
    if prompt.none && (prompt.login || prompt.consent) {
        return Err("prompt=none can't be combined with others");
    }
    Ok(prompt)
}
