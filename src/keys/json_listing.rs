//! Writes the listings as JSON, for programs. `docs/listings.md` describes each member.
//!
//! A later version may add members. It does not rename, remove or reinterpret one.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::listing::NextStep;
use crate::{
    Client, ClientLogin, ClientSecret, Encryption, Error, Finding, Key, Older, Phase, RedirectUri, Revoked,
    Ring, State, Times, TokenRefusal,
};

#[derive(Serialize)]
struct Keys<'a> {
    issuer: &'a str,
    keys: Vec<ListedKey<'a>>,
}

#[derive(Serialize)]
struct ListedKey<'a> {
    kid: &'a str,
    algorithm: &'static str,
    purpose: Option<&'static str>,
    state: &'static str,
    created: Option<u64>,
    published: Option<u64>,
    may_sign_from: Option<u64>,
    longest_life: Option<u64>,
    signing_from: Option<u64>,
    signing_until: Option<u64>,
    revoked_at: Option<u64>,
    next: Next,
}

#[derive(Serialize)]
struct Next {
    step: &'static str,
    at: u64,
}

#[derive(Serialize)]
struct Clients<'a> {
    clients: Vec<ListedClient<'a>>,
}

#[derive(Serialize)]
struct ListedClient<'a> {
    client_id: &'a str,
    enabled: bool,
    created: u64,
    token_life: u64,
    scopes: &'a [String],
    audiences: &'a [String],
    audience_scopes: &'a BTreeMap<String, Vec<String>>,
    claims: &'a BTreeMap<String, Value>,
    secrets: Vec<ListedSecret>,
    login: Option<ListedLogin<'a>>,
}

#[derive(Serialize)]
struct ListedLogin<'a> {
    public: bool,
    redirect_uris: Vec<&'a str>,
    logout_uris: Vec<&'a str>,
    offline_access: bool,
    first_party: bool,
    password_grant: bool,
    implicit_grant: bool,
    device: bool,
    allow_nonce: bool,
}

#[derive(Serialize)]
struct Secrets<'a> {
    client_id: &'a str,
    secrets: Vec<ListedSecret>,
}

#[derive(Serialize)]
struct ListedSecret {
    id: String,
    created: u64,
}

#[derive(Serialize)]
struct ListedSettings<'a> {
    issuer: &'a str,
    settings: &'a Times,
    older: Option<&'a Older>,
}

#[derive(Serialize)]
struct Findings<'a> {
    findings: Vec<ListedFinding<'a>>,
    configuration: Vec<ListedValue<'a>>,
    kek: &'a str,
    servers: Vec<ListedServer<'a>>,
}

#[derive(Serialize)]
struct ListedServer<'a> {
    name: &'a str,
    keks: &'a [String],
    age: u64,
}

#[derive(Serialize)]
struct ListedValue<'a> {
    name: &'a str,
    value: &'a str,
    source: &'a str,
}

#[derive(Serialize)]
struct ListedFinding<'a> {
    code: &'static str,
    text: &'a str,
}

/// `keys list --json`: one line of JSON. `now` in Unix seconds.
///
/// # Errors
/// [`TokenRefusal::NotSigned`] if the JSON library fails, which never happens for these values.
pub fn json_listing(state: &State, now: u64) -> Result<String, Error> {
    let published =
        state.rings().iter().flat_map(Ring::newest_first).map(|key| ListedKey::of(state, key, now));
    let keys = published.chain(state.revoked().iter().map(ListedKey::of_revoked)).collect();
    line(&Keys { issuer: state.issuer().as_str(), keys })
}

/// `clients list --json`: one line of JSON, without secrets.
///
/// # Errors
/// As [`json_listing`].
pub fn json_client_listing(clients: &[Client]) -> Result<String, Error> {
    line(&Clients { clients: clients.iter().map(ListedClient::of).collect() })
}

/// `clients secret list --json`: one line of JSON, without secrets.
///
/// # Errors
/// As [`json_listing`].
pub fn json_secret_listing(client: &Client) -> Result<String, Error> {
    line(&Secrets { client_id: &client.id, secrets: client.secrets.iter().map(ListedSecret::of).collect() })
}

/// `settings show --json`: one line of JSON. `now` in Unix seconds.
///
/// # Errors
/// As [`json_listing`].
pub fn json_settings_listing(state: &State, now: u64) -> Result<String, Error> {
    let older = Some(state.older()).filter(|older| older.last() > now);
    line(&ListedSettings { issuer: state.issuer().as_str(), settings: state.settings().times(), older })
}

/// `check --json`: one line of JSON. `configuration` has the name, the value and the source of each value in force.
///
/// # Errors
/// As [`json_listing`].
pub fn json_findings(
    findings: &[Finding],
    configuration: &[(&str, &str, &str)],
    Encryption { kek_id, servers }: &Encryption,
) -> Result<String, Error> {
    let listed = findings.iter().map(|finding| ListedFinding { code: finding.code, text: &finding.text });
    let held = configuration.iter().map(|&(name, value, source)| ListedValue { name, value, source });
    let servers = servers.iter().map(|server| ListedServer {
        name: &server.name,
        keks: &server.kek_ids,
        age: server.age.as_secs(),
    });
    line(&Findings {
        findings: listed.collect(),
        configuration: held.collect(),
        kek: kek_id,
        servers: servers.collect(),
    })
}

fn line(value: &impl Serialize) -> Result<String, Error> {
    Ok(serde_json::to_string(value).map_err(|_| TokenRefusal::NotSigned)? + "\n")
}

impl<'a> ListedKey<'a> {
    fn of(state: &State, key: &'a Key, now: u64) -> Self {
        let (phase, signing_from, signing_until) = match key.phase {
            Phase::Staged => ("staged", None, None),
            Phase::Signing { since } => ("signing", Some(since), None),
            Phase::Retiring { since, until } => ("retiring", Some(since), Some(until)),
        };
        Self {
            kid: key.kid(),
            algorithm: key.pair.algorithm().name(),
            purpose: Some(state.purpose_of(key.kid()).name()),
            state: phase,
            created: Some(key.created),
            published: Some(key.published),
            may_sign_from: Some(key.may_sign_from),
            longest_life: Some(key.longest_life),
            signing_from,
            signing_until,
            revoked_at: None,
            next: Next::of(NextStep::of(state, key, now)),
        }
    }

    fn of_revoked(revoked: &'a Revoked) -> Self {
        Self {
            kid: &revoked.kid,
            algorithm: revoked.algorithm.name(),
            purpose: None,
            state: "revoked",
            created: None,
            published: None,
            may_sign_from: None,
            longest_life: None,
            signing_from: None,
            signing_until: None,
            revoked_at: Some(revoked.at),
            next: Next::of(NextStep::Distrusted(revoked.distrusted_from)),
        }
    }
}

impl Next {
    const fn of(step: NextStep) -> Self {
        match step {
            NextStep::Signs(at) | NextStep::SignsOrBefore(at) => Self { step: "signs", at },
            NextStep::MaySign(at) => Self { step: "may_sign", at },
            NextStep::Retires(at) => Self { step: "retires", at },
            NextStep::Goes(at) => Self { step: "goes", at },
            NextStep::Distrusted(at) => Self { step: "distrusted", at },
        }
    }
}

impl<'a> ListedClient<'a> {
    fn of(client: &'a Client) -> Self {
        Self {
            client_id: &client.id,
            enabled: !client.disabled,
            created: client.created,
            token_life: client.token_life,
            scopes: &client.scopes,
            audiences: &client.audiences,
            audience_scopes: &client.audience_scopes,
            claims: &client.claims,
            secrets: client.secrets.iter().map(ListedSecret::of).collect(),
            login: client.login.as_ref().map(ListedLogin::of),
        }
    }
}

impl<'a> ListedLogin<'a> {
    fn of(login: &'a ClientLogin) -> Self {
        Self {
            public: login.public,
            redirect_uris: login.redirect_uris.iter().map(RedirectUri::as_str).collect(),
            logout_uris: login.logout_uris.iter().map(RedirectUri::as_str).collect(),
            offline_access: login.offline_access,
            first_party: login.first_party,
            password_grant: login.password,
            implicit_grant: login.implicit,
            device: login.device,
            allow_nonce: login.allow_nonce,
        }
    }
}

impl ListedSecret {
    fn of(secret: &ClientSecret) -> Self {
        Self { id: secret.id(), created: secret.created }
    }
}
