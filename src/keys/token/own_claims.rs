//! The claims that an operator adds to a client's tokens.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::TokenRefusal;

/// The names of claims that no client may add. The issuer sets some of them. Verifiers rely on the others, so only the issuer may set them.
const RESERVED: [&str; 24] = [
    // RFC 7519 §4.1.
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    // RFC 9068 §2.2, §2.2.1, §2.2.3 and §7.2.
    "client_id",
    "scope",
    "auth_time",
    "acr",
    "amr",
    "roles",
    "groups",
    "entitlements",
    // RFC 7800, RFC 8693, OpenID Connect, RFC 8417, Token Status List, and `scp`, which some verifiers read for `scope`.
    "cnf",
    "act",
    "may_act",
    "azp",
    "sid",
    "nonce",
    "scp",
    "events",
    "status",
];
/// The longest name, in bytes.
const LONGEST_NAME: usize = 128;
/// The longest JSON of all of them together, in bytes. A token must fit into a header.
const LONGEST: usize = 4096;

/// Whether a claim is reserved for the issuer.
#[must_use]
pub fn is_reserved_claim(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Checks the own claims of a client: no name is reserved, and all of them together fit into a token.
///
/// # Errors
/// [`TokenRefusal::ReservedClaim`], [`TokenRefusal::Claims`].
pub fn check_claims(claims: &BTreeMap<String, Value>) -> Result<(), TokenRefusal> {
    for name in claims.keys() {
        if let Some(&name) = RESERVED.iter().find(|reserved| *reserved == name) {
            return Err(TokenRefusal::ReservedClaim { name });
        }
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains(char::is_control) {
            return Err(TokenRefusal::Claims);
        }
    }
    match serde_json::to_vec(claims) {
        Ok(json) if json.len() <= LONGEST => Ok(()),
        _ => Err(TokenRefusal::Claims),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn checked(name: &str, value: Value) -> Result<(), TokenRefusal> {
        check_claims(&BTreeMap::from([(name.to_owned(), value)]))
    }

    #[test]
    fn k6_reserved_names_are_refused_and_others_are_taken() {
        for name in RESERVED {
            assert_eq!(checked(name, json!("x")), Err(TokenRefusal::ReservedClaim { name }));
            assert!(is_reserved_claim(name));
        }
        for name in ["tenant", "https://example.com/claims/tier", "Iss", "ünicode"] {
            assert_eq!(checked(name, json!({ "a": [1, null] })), Ok(()), "{name}");
        }
    }

    #[test]
    fn k6_claims_that_no_token_has_room_for_are_refused() {
        let long = "x".repeat(LONGEST_NAME + 1);
        for name in ["", "a\n", &long] {
            assert_eq!(checked(name, json!(1)), Err(TokenRefusal::Claims));
        }
        assert_eq!(checked("a", json!("x".repeat(LONGEST))), Err(TokenRefusal::Claims));
        assert_eq!(checked("a", json!("x".repeat(LONGEST - 8))), Ok(()));
    }
}
