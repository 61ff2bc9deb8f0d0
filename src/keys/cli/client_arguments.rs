//! The arguments of `clients`.

use clap::{ArgGroup, Args, Subcommand};
use jotgate_keys::{
    ClientChanges, ClientKeys, ClientLogin, Error, LoginChanges, RedirectRefusal, RedirectUri, TokenRefusal,
    parse_scopes,
};
use serde_json::Value;

use crate::confirmation::Confirmation;
use crate::duration::life;

/// The commands for clients, which may request tokens at `POST /token`.
#[derive(Debug, Subcommand)]
pub(crate) enum Clients {
    /// Add a client, and print its secret, which cannot be shown again
    #[command(after_help = "Example:
  jotgate-keys clients add worker --scope 'items:read items:write' --audience https://api.example
  curl -u worker:SECRET -d grant_type=client_credentials http://127.0.0.1:8411/token
  jotgate-keys clients add app --public --redirect https://app.example/login --offline-access --audience https://api.example

A running server knows of every change within a second.")]
    Add(AddClient),
    /// List the clients
    #[command(after_help = "Example:
  jotgate-keys clients list
  jotgate-keys clients list --json")]
    List(Json),
    /// Change what a client may request, or its own claims. Everything else stays
    #[command(
        group = ArgGroup::new("any").args(SetClient::NAMES).required(true).multiple(true),
        override_usage = "jotgate-keys clients set <CLIENT> --NAME <VALUE> …",
        after_help = "Example:
  jotgate-keys clients set worker --scope 'items:read' --token-life 10m
  jotgate-keys clients set worker --scope-for https://other.example 'reports:read' --claim 'tenant=\"acme\"'

--scope and --audience replace what was there before; an empty text is no scope. The tokens that the client has stay as
they are."
    )]
    Set(SetClient),
    /// Disable a client: it gets `invalid_client`. Its tokens stay valid until they expire
    #[command(after_help = "Example:
  jotgate-keys clients disable worker")]
    Disable(NamedClient),
    /// Enable a client again
    #[command(after_help = "Example:
  jotgate-keys clients enable worker")]
    Enable(NamedClient),
    /// Add, list or drop the secrets of a client
    #[command(
        subcommand,
        after_help = "Example:
  jotgate-keys clients secret add worker
  jotgate-keys clients secret list worker
  jotgate-keys clients secret drop worker 1f0a93c2"
    )]
    Secret(Secret),
    /// Remove a client and its secrets
    #[command(after_help = "Example:
  jotgate-keys clients remove worker

Asks first, or needs --yes. Its tokens live on. `clients disable` has the same effect and can be undone.")]
    Remove(RemoveClient),
}

/// The secrets of a client.
#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Add a second secret, and print it; it cannot be shown again. The old one stays valid
    #[command(after_help = "Example:
  jotgate-keys clients secret add worker

Give the new secret to every place that uses the old one. Then drop the old one.")]
    Add(NamedClient),
    /// List the secrets by their identifiers; the secrets themselves are not stored
    #[command(after_help = "Example:
  jotgate-keys clients secret list worker")]
    List(ListSecrets),
    /// Drop a secret: requests with it get `invalid_client` within a second
    #[command(after_help = "Example:
  jotgate-keys clients secret list worker
  jotgate-keys clients secret drop worker 1f0a93c2

Asks first, or needs --yes. The only secret of a client cannot be dropped: `clients disable` it, or add another first.")]
    Drop(DropSecret),
}

#[derive(Debug, Args)]
pub(crate) struct AddClient {
    /// Its identifier: `client_id`, and `sub` of its tokens; 1 to 128 letters, digits or any of . _ ~ -
    #[arg(value_name = "CLIENT")]
    pub(crate) id: String,
    /// An audience of its tokens: a name, or a URI without a fragment. May be repeated; the first is used if a request has no
    /// `resource` [default with --redirect: the issuer, for a client that only needs to identify people]
    #[arg(long, value_name = "AUDIENCE", required_unless_present = "redirect")]
    pub(crate) audience: Vec<String>,
    /// Authenticate it by signatures (`private_key_jwt`) instead of a secret: a file with its public keys, a JWK set
    #[arg(long, value_name = "PATH", conflicts_with = "public")]
    pub(crate) keys: Option<std::path::PathBuf>,
    #[command(flatten)]
    pub(crate) login: LoginArguments,
    #[command(flatten)]
    pub(crate) grants: Grants,
}

/// The login settings of a client.
#[derive(Debug, Args)]
#[group(id = "any_login", args = ["redirect", "device"], multiple = true)]
pub(crate) struct LoginArguments {
    /// Let people log in with it, and redirect to this URI: https, http on a loopback address (any port), or a private-use scheme
    /// with a dot. May be repeated
    #[arg(long, value_name = "URI")]
    redirect: Vec<String>,
    /// A URI to which the browser may be redirected after logout, by the rules of --redirect. May be repeated
    #[arg(long, value_name = "URI", requires = "redirect")]
    logout_redirect: Vec<String>,
    /// It is a public client without a secret: a single-page app, an installed program or a device
    #[arg(long, requires = "any_login")]
    public: bool,
    /// Allow a private-use scheme without a dot in --redirect, such as `cursor`. May be repeated
    #[arg(long, value_name = "NAME", requires = "public")]
    scheme: Vec<String>,
    /// Give it refresh tokens if it requests the scope `offline_access`
    #[arg(long, requires = "any_login")]
    offline_access: bool,
    /// Allow the device flow: people enter a code that the device shows (RFC 8628)
    #[arg(long)]
    device: bool,
    /// It belongs to your own organisation: people give their consent once, not at each login
    #[arg(long, requires = "redirect")]
    first_party: bool,
    /// Allow it to send `nonce` instead of a PKCE challenge
    #[arg(long, requires = "redirect", conflicts_with = "public")]
    allow_nonce: bool,
    /// Allow the password grant, which shows people's passwords to the client. Avoid it
    #[arg(long, conflicts_with = "public")]
    password_grant: bool,
    /// Allow the implicit grant, which puts tokens into addresses. Avoid it
    #[arg(long, requires = "redirect")]
    implicit_grant: bool,
}

impl LoginArguments {
    /// Returns the chosen login settings; `None` if the client is not for logging in.
    pub(crate) fn chosen(&self) -> Result<Option<ClientLogin>, RedirectRefusal> {
        if self.redirect.is_empty() && !self.password_grant && !self.device {
            return Ok(None);
        }
        let register = |uri: &String| RedirectUri::register(uri, &self.scheme);
        Ok(Some(ClientLogin {
            public: self.public,
            redirect_uris: self.redirect.iter().map(register).collect::<Result<_, _>>()?,
            logout_uris: self.logout_redirect.iter().map(register).collect::<Result<_, _>>()?,
            offline_access: self.offline_access,
            first_party: self.first_party,
            password: self.password_grant,
            implicit: self.implicit_grant,
            device: self.device,
            allow_nonce: self.allow_nonce,
        }))
    }
}

#[derive(Debug, Args)]
pub(crate) struct SetClient {
    /// Its identifier
    #[arg(value_name = "CLIENT")]
    pub(crate) id: String,
    /// An audience of its tokens. Replaces all previous audiences. May be repeated
    #[arg(long, value_name = "AUDIENCE")]
    audience: Vec<String>,
    /// A redirect URI for logins. Replaces all previous ones. May be repeated
    #[arg(long, value_name = "URI")]
    redirect: Vec<RedirectUri>,
    /// A URI for the redirect after logout. Replaces all previous ones. May be repeated
    #[arg(long, value_name = "URI")]
    logout_redirect: Vec<RedirectUri>,
    /// Authenticate it by signatures with the keys of this file, a JWK set. Replaces its previous keys. Its secrets stay until they
    /// are dropped
    #[arg(long, value_name = "PATH")]
    keys: Option<std::path::PathBuf>,
    #[command(flatten)]
    switches: Switches,
    /// Remove the scopes of one audience, so that --scope applies to it again. May be repeated
    #[arg(long, value_name = "AUDIENCE")]
    drop_scope_for: Vec<String>,
    /// Remove a claim. May be repeated
    #[arg(long, value_name = "NAME")]
    drop_claim: Vec<String>,
    #[command(flatten)]
    grants: Grants,
}

/// The switches of a client's logins, each on or off. The help of `clients add` explains them.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Switches {
    /// Whether it gets refresh tokens if it requests the scope `offline_access`
    #[arg(long, value_name = "true|false")]
    offline_access: Option<bool>,
    /// Whether it belongs to your own organisation
    #[arg(long, value_name = "true|false")]
    first_party: Option<bool>,
    /// Whether it may use the device flow
    #[arg(long, value_name = "true|false")]
    device: Option<bool>,
    /// Whether a confidential client may send `nonce` instead of a PKCE challenge
    #[arg(long, value_name = "true|false")]
    allow_nonce: Option<bool>,
    /// Whether a confidential client may use the password grant. Avoid it
    #[arg(long, value_name = "true|false")]
    password_grant: Option<bool>,
    /// Whether it may use the implicit grant. Avoid it
    #[arg(long, value_name = "true|false")]
    implicit_grant: Option<bool>,
}

/// The scopes, claims and lifetime of a client's tokens.
#[derive(Debug, Args)]
pub(crate) struct Grants {
    /// The scopes that it may request: words separated by single spaces
    #[arg(long, value_name = "WORDS")]
    scope: Option<String>,
    /// The scopes that it may request for one audience, instead of --scope. May be repeated
    #[arg(long, num_args = 2, value_names = ["AUDIENCE", "WORDS"])]
    scope_for: Vec<String>,
    /// The lifetime of its tokens; at most the setting longest-life [initially: 30m, or longest-life if it is shorter]
    #[arg(long, value_name = "DURATION", value_parser = life)]
    token_life: Option<u64>,
    /// A claim of its tokens, as JSON: 'tenant="acme"' or 'tier=3'. May be repeated
    #[arg(long, value_name = "NAME=JSON", value_parser = claim)]
    claim: Vec<(String, Value)>,
}

#[derive(Debug, Args)]
pub(crate) struct NamedClient {
    /// Its identifier
    #[arg(value_name = "CLIENT")]
    pub(crate) id: String,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveClient {
    #[command(flatten)]
    pub(crate) client: NamedClient,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
}

#[derive(Debug, Args)]
pub(crate) struct ListSecrets {
    #[command(flatten)]
    pub(crate) client: NamedClient,
    #[command(flatten)]
    pub(crate) format: Json,
}

#[derive(Debug, Args)]
pub(crate) struct DropSecret {
    #[command(flatten)]
    pub(crate) client: NamedClient,
    /// The secret's identifier, as `clients secret list` shows it
    #[arg(value_name = "SECRET-ID")]
    pub(crate) secret: String,
    #[command(flatten)]
    pub(crate) confirmation: Confirmation,
}

/// The flag of every command that lists something.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Json {
    /// Print one line of JSON for programs; docs/listings.md describes it
    #[arg(long)]
    pub(crate) json: bool,
}

impl SetClient {
    const NAMES: [&str; 16] = [
        "scope",
        "scope_for",
        "audience",
        "token_life",
        "claim",
        "drop_scope_for",
        "drop_claim",
        "redirect",
        "logout_redirect",
        "keys",
        "offline_access",
        "first_party",
        "device",
        "allow_nonce",
        "password_grant",
        "implicit_grant",
    ];

    /// # Errors
    /// If a file cannot be read, or an argument is invalid.
    pub(crate) fn changes(&self) -> Result<ClientChanges, Error> {
        let Switches { offline_access, first_party, device, allow_nonce, password_grant, implicit_grant } =
            self.switches;
        Ok(ClientChanges {
            keys: self.keys.as_deref().map(read_keys).transpose()?,
            login: LoginChanges {
                offline_access,
                first_party,
                device,
                allow_nonce,
                password: password_grant,
                implicit: implicit_grant,
            },
            audiences: Some(self.audience.clone()).filter(|audiences| !audiences.is_empty()),
            redirect_uris: Some(self.redirect.clone()).filter(|uris| !uris.is_empty()),
            logout_uris: Some(self.logout_redirect.clone()).filter(|uris| !uris.is_empty()),
            no_audience_scopes: self.drop_scope_for.clone(),
            no_claims: self.drop_claim.clone(),
            ..self.grants.changes()?
        })
    }
}

impl Grants {
    pub(crate) fn changes(&self) -> Result<ClientChanges, TokenRefusal> {
        let mut audience_scopes = vec![];
        for pair in self.scope_for.chunks_exact(2) {
            if let [audience, words] = pair {
                if audience_scopes.iter().any(|(known, _)| known == audience) {
                    return Err(TokenRefusal::Repeated { what: "--scope-for with the same audience" });
                }
                audience_scopes.push((audience.clone(), parse_scopes(words)?));
            }
        }
        for (index, (name, _)) in self.claim.iter().enumerate() {
            if self.claim.iter().take(index).any(|(earlier, _)| earlier == name) {
                return Err(TokenRefusal::Repeated { what: "a claim" });
            }
        }
        Ok(ClientChanges {
            scopes: self.scope.as_deref().map(parse_scopes).transpose()?,
            token_life: self.token_life,
            audience_scopes,
            claims: self.claim.clone(),
            ..ClientChanges::default()
        })
    }
}

/// Reads the public keys in a file.
pub(crate) fn read_keys(path: &std::path::Path) -> Result<ClientKeys, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        std::io::Error::new(error.kind(), format!("`{}` cannot be read: {error}", path.display()))
    })?;
    Ok(ClientKeys::parse(&text)
        .map_err(|refusal| std::io::Error::other(format!("`{}`: {refusal}", path.display())))?)
}

fn claim(text: &str) -> Result<(String, Value), String> {
    let (name, json) = text.split_once('=').ok_or("a claim has the form NAME=JSON, such as tier=3")?;
    let value = serde_json::from_str(json)
        .map_err(|_| "the value is not JSON; a text needs quotes: 'tenant=\"acme\"'")?;
    Ok((name.to_owned(), value))
}
