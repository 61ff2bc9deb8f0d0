//! A state enters, the metadata document by RFC 8414 §2 and OpenID Connect Discovery §3 leaves: one document for both.

use axum::body::Bytes;
use serde::Serialize;

use crate::{Error, Issuer, State};

/// Where the key set is, below the issuer.
pub const JWKS_PATH: &str = "/.well-known/jwks.json";
/// Where tokens are asked for, below the issuer.
pub const TOKEN_PATH: &str = "/token";

#[derive(Serialize)]
struct Metadata<'a> {
    issuer: &'a str,
    jwks_uri: String,
    token_endpoint: String,
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    // No `response_types_supported`: there is no authorization endpoint to give any, and RFC 8414 §3.2 and OpenID Connect
    // Discovery §4.2 have what would be empty left out, though §2 and §3 call it required.
    // The next two are required by OpenID Connect Discovery alone.
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
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
        grant_types_supported: ["client_credentials"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: state
            .rings()
            .iter()
            .map(|ring| ring.algorithm().name())
            .collect(),
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
    fn the_document_names_the_issuer_to_the_letter_and_what_is_below_it() {
        let json: Value = serde_json::from_slice(&metadata(&state()).unwrap()).unwrap();
        let expected = json!({
            "issuer": "https://issuer.example",
            "jwks_uri": "https://issuer.example/.well-known/jwks.json",
            "token_endpoint": "https://issuer.example/token",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
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
