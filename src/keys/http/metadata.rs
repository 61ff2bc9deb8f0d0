//! Makes the metadata document of RFC 8414 §2 and OpenID Connect Discovery §3. Both paths have the same document.

use axum::body::Bytes;
use serde::Serialize;

use crate::grants::{ACR, DEVICE_CODE, IDENTITY, OFFLINE_ACCESS};
use crate::proof::DPOP_ALGORITHMS;
use crate::{ClientDocumentSettings, ClientLogin, Error, Issuer, Purpose, State};

/// The path of the key set, below the issuer.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";
/// The path of the token endpoint, below the issuer.
pub const TOKEN_PATH: &str = "/token";
/// The path of the revocation endpoint, below the issuer (RFC 7009).
pub const REVOKE_PATH: &str = "/revoke";
/// The path of the authorization endpoint, below the issuer.
pub const AUTHORIZE_PATH: &str = "/authorize";

/// The path of the UserInfo endpoint, below the issuer (OpenID Connect Core §5.3).
pub(crate) const USERINFO_PATH: &str = "/userinfo";
/// The path for logging out, below the issuer.
pub(crate) const LOGOUT_PATH: &str = "/logout";
/// The path of the device authorization endpoint, below the issuer (RFC 8628 §3.1).
pub(crate) const DEVICE_AUTHORIZATION_PATH: &str = "/device_authorization";
/// The path of the page on which people enter the codes of devices, below the issuer.
pub(crate) const DEVICE_PATH: &str = "/device";

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    jwks_uri: String,
    token_endpoint: String,
    /// RFC 8414 §2 requires this member and the next, even without a login. MCP clients refuse a document without them.
    authorization_endpoint: String,
    response_types_supported: Vec<&'static str>,
    grant_types_supported: Vec<&'static str>,
    token_endpoint_auth_methods_supported: Vec<&'static str>,
    /// RFC 8414 §2: required with `private_key_jwt`.
    token_endpoint_auth_signing_alg_values_supported: [&'static str; DPOP_ALGORITHMS.len()],
    /// RFC 9449 §5.1.
    dpop_signing_alg_values_supported: [&'static str; DPOP_ALGORITHMS.len()],
    #[serde(flatten)]
    login: Option<LoginMetadata<'a>>,
    /// Whether client documents are accepted (draft-ietf-oauth-client-id-metadata-document §6).
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_metadata_document_supported: Option<bool>,
}

/// The members that an issuer with a login adds.
#[derive(Serialize)]
struct LoginMetadata<'a> {
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: Vec<&'static str>,
    /// RFC 8414 §2: required with `private_key_jwt`.
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; DPOP_ALGORITHMS.len()],
    code_challenge_methods_supported: [&'static str; 1],
    /// RFC 9207 §3.
    authorization_response_iss_parameter_supported: bool,
    scopes_supported: Vec<&'a str>,
    /// Its default would include `fragment` (OpenID Connect Discovery §3).
    response_modes_supported: Vec<&'static str>,
    /// RFC 8628 §4.
    #[serde(skip_serializing_if = "Option::is_none")]
    device_authorization_endpoint: Option<String>,
    acr_values_supported: [&'static str; 1],
    #[serde(flatten)]
    openid: Option<OpenIdMetadata>,
}

/// The members that an issuer of ID tokens adds (OpenID Connect Discovery §3).
#[derive(Serialize)]
struct OpenIdMetadata {
    userinfo_endpoint: String,
    /// OpenID Connect RP-Initiated Logout §2.1.
    end_session_endpoint: String,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    claims_supported: &'static [&'static str],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
    /// Initiating User Registration via OpenID Connect §4 names it.
    prompt_values_supported: [&'static str; 3],
}

/// The claims of ID tokens, and of `/userinfo`.
const CLAIMS: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "sid",
    "name",
    "preferred_username",
    "email",
    "email_verified",
];

/// Makes the document of the state's issuer. It lists the enabled features.
///
/// # Errors
/// [`Error::Network`] if the JSON library fails.
pub fn metadata(state: &State) -> Result<Bytes, Error> {
    metadata_with(state, None)
}

/// Makes the document. `documents`: whether clients that are described by documents are accepted.
///
/// # Errors
/// Those of [`metadata`].
pub(super) fn metadata_with(
    state: &State,
    documents: Option<&ClientDocumentSettings>,
) -> Result<Bytes, Error> {
    let base = base(state.issuer());
    let login = state.ledger().map(|_| LoginMetadata::of(state, base, documents));
    let any = |of: fn(&ClientLogin) -> bool| login.is_some() && logins(state).any(of);
    let mut grants = vec!["client_credentials"];
    let mut methods = vec!["client_secret_basic", "client_secret_post", "private_key_jwt"];
    if login.is_some() {
        grants.extend(["authorization_code", "refresh_token"]);
        methods.push("none");
    }
    grants.extend(any(|login| login.password).then_some("password"));
    grants.extend(any(|login| login.device).then_some(DEVICE_CODE));
    let implicit = any(|login| login.implicit);
    grants.extend(implicit.then_some("implicit"));
    let document = Metadata {
        issuer: state.issuer().as_str(),
        jwks_uri: format!("{base}{JWKS_PATH}"),
        token_endpoint: format!("{base}{TOKEN_PATH}"),
        authorization_endpoint: format!("{base}{AUTHORIZE_PATH}"),
        response_types_supported: if implicit { vec!["code", "token"] } else { vec!["code"] },
        grant_types_supported: grants,
        token_endpoint_auth_methods_supported: methods,
        token_endpoint_auth_signing_alg_values_supported: DPOP_ALGORITHMS,
        dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
        client_id_metadata_document_supported: documents.map(|_| true),
        login,
    };
    Ok(serde_json::to_vec(&document).map_err(std::io::Error::from)?.into())
}

impl<'a> LoginMetadata<'a> {
    fn of(state: &'a State, base: &str, documents: Option<&'a ClientDocumentSettings>) -> Self {
        let clients = state.clients().iter().filter(|client| client.login.is_some());
        let scopes = clients.flat_map(|client| {
            client.scopes.iter().chain(client.audience_scopes.values().flatten()).map(String::as_str)
        });
        let offline = logins(state).any(|login| login.offline_access)
            || documents.is_some_and(|documents| documents.offline_access);
        let described = documents.into_iter().flat_map(|documents| &documents.scopes).map(String::as_str);
        let openid = OpenIdMetadata::of(state, base);
        let identity = openid.as_ref().map(|_| IDENTITY).into_iter().flatten();
        let offline = offline.then_some(OFFLINE_ACCESS);
        let mut scopes: Vec<&str> = scopes.chain(described).chain(offline).chain(identity).collect();
        scopes.sort_unstable();
        scopes.dedup();
        Self {
            revocation_endpoint: format!("{base}{REVOKE_PATH}"),
            revocation_endpoint_auth_methods_supported: vec![
                "client_secret_basic",
                "client_secret_post",
                "private_key_jwt",
                "none",
            ],
            revocation_endpoint_auth_signing_alg_values_supported: DPOP_ALGORITHMS,
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            scopes_supported: scopes,
            response_modes_supported: match logins(state).any(|login| login.implicit) {
                true => vec!["query", "fragment"],
                false => vec!["query"],
            },
            device_authorization_endpoint: logins(state)
                .any(|login| login.device)
                .then(|| format!("{base}{DEVICE_AUTHORIZATION_PATH}")),
            acr_values_supported: [ACR],
            openid,
        }
    }
}

impl OpenIdMetadata {
    fn of(state: &State, base: &str) -> Option<Self> {
        let signer = state.signer_for(Purpose::Id).ok()?;
        Some(Self {
            userinfo_endpoint: format!("{base}{USERINFO_PATH}"),
            end_session_endpoint: format!("{base}{LOGOUT_PATH}"),
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: [signer.pair.algorithm().name()],
            claims_supported: CLAIMS,
            claims_parameter_supported: false,
            request_parameter_supported: false,
            request_uri_parameter_supported: false,
            prompt_values_supported: ["none", "login", "consent"],
        })
    }
}

/// Returns the login settings of each client.
fn logins(state: &State) -> impl Iterator<Item = &ClientLogin> {
    state.clients().iter().filter(|client| !client.disabled).filter_map(|client| client.login.as_ref())
}

/// Returns the paths of the two documents for an issuer with that path. RFC 8414 §3.1 puts the well-known part before the path, OpenID
/// Connect Discovery §4 puts it after the path.
pub(crate) fn metadata_paths(issuer_path: &str) -> [String; 2] {
    [
        format!("/.well-known/oauth-authorization-server{issuer_path}"),
        format!("{issuer_path}/.well-known/openid-configuration"),
    ]
}

/// Returns the URLs of an endpoint: below the issuer's path, and at the root. The `htu` of a proof must be one of them.
pub(super) fn below_issuer(issuer: &Issuer, path: &str) -> [String; 2] {
    let base = base(issuer);
    let root = base.strip_suffix(issuer.path()).unwrap_or(base);
    [base, root].map(|base| format!("{base}{path}"))
}

/// Returns the issuer without a trailing slash.
fn base(issuer: &Issuer) -> &str {
    issuer.as_str().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::test_keys::{NOW, state};
    use crate::{Client, LedgerSeal, StoreId};

    #[test]
    fn k7_the_document_names_the_issuer_to_the_letter_and_what_is_below_it_and_promises_no_id_tokens() {
        let json: Value = serde_json::from_slice(&metadata(&state()).unwrap()).unwrap();
        let expected = json!({
            "issuer": "https://issuer.example",
            "jwks_uri": "https://issuer.example/.well-known/jwks.json",
            "token_endpoint": "https://issuer.example/token",
            "authorization_endpoint": "https://issuer.example/authorize",
            "response_types_supported": ["code"],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": DPOP_ALGORITHMS,
            "dpop_signing_alg_values_supported": DPOP_ALGORITHMS,
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn the_document_of_an_issuer_with_people_states_what_is_on() {
        let id = StoreId::generate().unwrap();
        let state = state().upgrade(id).unwrap().with_ledger(LedgerSeal::generate().unwrap()).unwrap();
        let document =
            |state: &State| -> Value { serde_json::from_slice(&metadata(state).unwrap()).unwrap() };
        let json = document(&state);
        assert_eq!(
            json["revocation_endpoint_auth_signing_alg_values_supported"],
            json["token_endpoint_auth_signing_alg_values_supported"]
        );
        assert_eq!(json["revocation_endpoint"], "https://issuer.example/revoke");
        assert_eq!(json["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(json["authorization_response_iss_parameter_supported"], true);
        let grants = ["client_credentials", "authorization_code", "refresh_token"];
        assert_eq!((&json["grant_types_supported"], &json["scopes_supported"]), (&json!(grants), &json!([])));
        let (mut client, _) = Client::new("app", Some("write read"), &["api".to_owned()], NOW).unwrap();
        client.login = Some(ClientLogin {
            offline_access: true,
            implicit: true,
            password: true,
            ..ClientLogin::default()
        });
        let json = document(&state.add_client(client).unwrap());
        assert_eq!(json["scopes_supported"], json!(["offline_access", "read", "write"]));
        assert_eq!(json["response_types_supported"], json!(["code", "token"]));
        let grants = [&grants[..], &["password", "implicit"]].concat();
        assert_eq!(json["grant_types_supported"], json!(grants));
    }

    #[test]
    fn an_issuer_with_a_path_has_its_documents_at_two_places() {
        let [oauth, openid] = metadata_paths("/tenant");
        assert_eq!(oauth, "/.well-known/oauth-authorization-server/tenant");
        assert_eq!(openid, "/tenant/.well-known/openid-configuration");
    }
}
