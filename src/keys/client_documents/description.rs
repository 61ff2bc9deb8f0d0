//! Reads and checks the description of a client in its document (RFC 7591 §2).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{ClientDocumentFault, ClientDocumentSettings, ClientUrl};
use crate::{Client, ClientKeys, ClientLogin, RedirectUri, TokenRequest};

/// The members that are used. Others are ignored: names and logos of unknown clients are neither shown nor loaded.
#[derive(Deserialize)]
struct Description {
    client_id: String,
    #[serde(default)]
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: Option<String>,
    jwks: Option<Value>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    client_secret: Option<Value>,
    client_secret_expires_at: Option<Value>,
}

/// The most redirect addresses of a client.
const MAX_REDIRECTS: usize = 32;

/// Returns the client that a document describes. `now` in Unix seconds.
///
/// # Errors
/// The first rule that the document breaks.
pub(super) fn describe(
    url: &ClientUrl,
    body: &[u8],
    settings: &ClientDocumentSettings,
    now: u64,
) -> Result<Client, ClientDocumentFault> {
    use ClientDocumentFault as Fault;
    let found: Description = serde_json::from_slice(body).map_err(|_| Fault::Malformed)?;
    if found.client_id != url.as_str() {
        return Err(Fault::OtherClient);
    }
    if found.client_secret.is_some() || found.client_secret_expires_at.is_some() {
        return Err(Fault::Method);
    }
    let keys = match found.token_endpoint_auth_method.as_deref() {
        // The default of RFC 7591 needs a secret, which such a client cannot have.
        None | Some("none") => None,
        Some("private_key_jwt") => Some(keys(found.jwks.as_ref())?),
        Some(_) => return Err(Fault::Method),
    };
    let has =
        |list: &Option<Vec<String>>, word: &str| list.as_ref().map(|list| list.iter().any(|one| one == word));
    if has(&found.grant_types, "authorization_code") == Some(false)
        || has(&found.response_types, "code") == Some(false)
    {
        return Err(Fault::Grants);
    }
    if found.redirect_uris.len() > MAX_REDIRECTS {
        return Err(Fault::Redirects);
    }
    // A URI that could not be registered is ignored. The others are used.
    let redirects = found.redirect_uris.iter().filter_map(|uri| RedirectUri::register(uri, &[]).ok());
    let redirect_uris: Vec<RedirectUri> = redirects.collect();
    if redirect_uris.is_empty() {
        return Err(Fault::Redirects);
    }
    let refreshes = has(&found.grant_types, "refresh_token").unwrap_or(false);
    Ok(Client {
        id: found.client_id,
        scopes: settings.scopes.clone(),
        audience_scopes: BTreeMap::new(),
        audiences: settings.audiences.clone(),
        claims: BTreeMap::new(),
        disabled: false,
        created: now,
        token_life: TokenRequest::USUAL_LIFE,
        secrets: vec![],
        login: Some(ClientLogin {
            public: keys.is_none(),
            redirect_uris,
            offline_access: refreshes && settings.offline_access,
            ..ClientLogin::default()
        }),
        keys,
    })
}

/// Returns the keys of a client that signs its requests. `jwks_uri` is ignored, because it would need a second fetch.
fn keys(jwks: Option<&Value>) -> Result<ClientKeys, ClientDocumentFault> {
    let text = jwks.ok_or(ClientDocumentFault::Keys)?.to_string();
    ClientKeys::parse(&text).map_err(|_| ClientDocumentFault::Keys)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_keys::{NOW, key};

    const ID: &str = "https://app.example/client.json";

    fn settings() -> ClientDocumentSettings {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        ClientDocumentSettings {
            audiences: words(&["https://mcp.example"]),
            scopes: words(&["a"]),
            offline_access: true,
        }
    }

    fn described(change: impl FnOnce(&mut Value)) -> Result<Client, ClientDocumentFault> {
        let mut document = json!({
            "client_id": ID,
            "client_name": "An app",
            "logo_uri": "https://127.0.0.1/logo.png",
            "redirect_uris": ["https://app.example/back", "http://127.0.0.1/back", "javascript:alert(1)"],
            "grant_types": ["authorization_code", "refresh_token"],
        });
        change(&mut document);
        let body = serde_json::to_vec(&document).unwrap();
        describe(&ClientUrl::parse(ID).unwrap(), &body, &settings(), NOW)
    }

    #[test]
    fn a_client_is_public_and_may_ask_for_what_the_operator_allows() {
        let client = described(|_| {}).unwrap();
        let login = client.login.as_ref().unwrap();
        let uris: Vec<&str> = login.redirect_uris.iter().map(RedirectUri::as_str).collect();
        assert_eq!(uris, ["https://app.example/back", "http://127.0.0.1/back"]);
        assert!(client.is_public() && login.offline_access && !login.first_party && !login.device);
        assert_eq!((client.id.as_str(), client.scopes.as_slice()), (ID, settings().scopes.as_slice()));
        assert_eq!(client.audiences, settings().audiences);
        let without = described(|document| document["grant_types"] = json!(["authorization_code"])).unwrap();
        assert!(!without.login.unwrap().offline_access);
    }

    #[test]
    fn a_client_that_signs_brings_its_public_keys() {
        let jwk = serde_json::to_value(key().public()).unwrap();
        let signs = |jwks: Value| {
            described(|document| {
                document["token_endpoint_auth_method"] = json!("private_key_jwt");
                document["jwks"] = jwks;
            })
        };
        let client = signs(json!({ "keys": [jwk] })).unwrap();
        assert!(!client.is_public() && client.keys.is_some());
        let mut private = jwk.clone();
        private["d"] = jwk["x"].clone();
        for jwks in [json!(null), json!({ "keys": [] }), json!({ "keys": [private] }), json!("x")] {
            assert_eq!(signs(jwks.clone()).unwrap_err(), ClientDocumentFault::Keys, "{jwks}");
        }
    }

    #[test]
    fn a_document_that_breaks_a_rule_is_refused_with_its_code() {
        for (name, value, code) in [
            ("client_id", json!("https://app.example/client.json?"), "document_other_client"),
            ("client_id", json!(7), "document_malformed"),
            ("token_endpoint_auth_method", json!("client_secret_basic"), "document_method"),
            ("token_endpoint_auth_method", json!("client_secret_jwt"), "document_method"),
            ("client_secret", json!("a secret"), "document_method"),
            ("client_secret_expires_at", json!(0), "document_method"),
            ("redirect_uris", json!([]), "document_redirects"),
            ("redirect_uris", json!(["javascript:alert(1)", "http://app.example/"]), "document_redirects"),
            ("redirect_uris", json!(["cursor://back"]), "document_redirects"),
            ("redirect_uris", json!("https://app.example/back"), "document_malformed"),
            ("grant_types", json!(["client_credentials"]), "document_grants"),
            ("response_types", json!(["token"]), "document_grants"),
        ] {
            let refused = described(|document| document[name] = value.clone()).unwrap_err();
            assert_eq!(refused.code(), code, "{name}: {value}");
        }
        let many = json!(vec!["https://app.example/back"; MAX_REDIRECTS + 1]);
        let refused = described(|document| document["redirect_uris"] = many).unwrap_err();
        assert_eq!(refused, ClientDocumentFault::Redirects);
        let url = ClientUrl::parse(ID).unwrap();
        for body in ["", "[]", "null", "{}", "{\"client_id\":"] {
            let refused = describe(&url, body.as_bytes(), &settings(), NOW).unwrap_err();
            assert_eq!(refused, ClientDocumentFault::Malformed, "{body}");
        }
    }
}
