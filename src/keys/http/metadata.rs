//! The metadata document of RFC 8414 §2. OpenID Connect Discovery's place has the same one; it promises no ID tokens.

use axum::body::Bytes;
use serde::Serialize;

use crate::{Error, Issuer, State};

/// Where the key set is, below the issuer.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";
/// Where tokens are asked for, below the issuer.
pub const TOKEN_PATH: &str = "/token";
/// Where logins begin, below the issuer. Until there are any, a page there says so.
pub const AUTHORIZE_PATH: &str = "/authorize";

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    jwks_uri: String,
    token_endpoint: String,
    /// RFC 8414 §2 requires these two, though no login exists yet; MCP clients refuse a document without them.
    authorization_endpoint: String,
    response_types_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 2],
}

/// The document of that state's issuer.
///
/// # Errors
/// [`Error::Network`] if the JSON library fails.
pub fn metadata(state: &State) -> Result<Bytes, Error> {
    let base = base(state.issuer());
    let document = Metadata {
        issuer: state.issuer().as_str(),
        jwks_uri: format!("{base}{JWKS_PATH}"),
        token_endpoint: format!("{base}{TOKEN_PATH}"),
        authorization_endpoint: format!("{base}{AUTHORIZE_PATH}"),
        response_types_supported: ["code"],
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    };
    Ok(serde_json::to_vec(&document).map_err(std::io::Error::from)?.into())
}

/// Where the two documents are for an issuer with that path: RFC 8414 §3.1 puts the well-known part before the path,
/// OpenID Connect Discovery §4 puts it behind.
pub(crate) fn metadata_paths(issuer_path: &str) -> [String; 2] {
    [
        format!("/.well-known/oauth-authorization-server{issuer_path}"),
        format!("{issuer_path}/.well-known/openid-configuration"),
    ]
}

/// The issuer without a slash at its end.
fn base(issuer: &Issuer) -> &str {
    issuer.as_str().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::test_keys::state;

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
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn an_issuer_with_a_path_has_its_documents_at_two_places() {
        let [oauth, openid] = metadata_paths("/tenant");
        assert_eq!(oauth, "/.well-known/oauth-authorization-server/tenant");
        assert_eq!(openid, "/tenant/.well-known/openid-configuration");
    }
}
