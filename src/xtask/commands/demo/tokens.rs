//! Makes bad tokens of good ones.

use anyhow::{Context, Result};

/// `{"alg":"none","typ":"JWT"}` in base64url.
const HEADER_NONE: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";

/// The claims of one token under the header and signature of another.
pub(crate) fn tampered(signed: &str, wanted: &str) -> Result<String> {
    let ([header, _, signature], [_, claims, _]) = (parts(signed)?, parts(wanted)?);
    Ok([header, claims, signature].join("."))
}

/// The claims of a token, unsigned (RFC 7519 §6).
pub(crate) fn unsigned(token: &str) -> Result<String> {
    let [_, claims, _] = parts(token)?;
    Ok(format!("{HEADER_NONE}.{claims}."))
}

fn parts(token: &str) -> Result<[&str; 3]> {
    let parts: Vec<&str> = token.split('.').collect();
    parts.try_into().ok().context("the companion printed no token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tampered_token_has_other_claims_under_its_signature() {
        assert_eq!(tampered("h1.c1.s1", "h2.c2.s2").unwrap(), "h1.c2.s1");
        assert!(tampered("not a token", "h.c.s").is_err());
    }

    #[test]
    fn an_unsigned_token_ends_with_a_full_stop() {
        assert_eq!(unsigned("h.c.s").unwrap(), format!("{HEADER_NONE}.c."));
    }
}
