//! One sentence why and one sentence what to do, for each code of the core. `docs/refusals.md` is generated from this table.

/// The page that explains every code.
pub const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/refusals.md");

/// The verdict that a code belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Parts, base64url, JSON, header parameters.
    Format,
    /// Algorithm, key, signature.
    Signature,
    /// The policy, the needs and the time.
    Claims,
    /// Key material or an option: a mistake of the program, not of the token.
    Setup,
}

/// What a code means.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// The core's stable code.
    pub code: &'static str,
    /// The verdict that it belongs to.
    pub subject: Subject,
    /// One sentence: why it is refused.
    pub why: &'static str,
    /// One sentence: what to do.
    pub action: &'static str,
}

impl Explanation {
    /// The explanation of a code. Returns `None` if the code is not in the table.
    #[must_use]
    pub fn of(code: &str) -> Option<&'static Self> {
        TABLE.iter().find(|row| row.code == code)
    }

    /// The address of the code's section.
    #[must_use]
    pub fn link(code: &str) -> String {
        format!("{PAGE}#{code}")
    }
}

const fn format(code: &'static str, why: &'static str, action: &'static str) -> Explanation {
    Explanation { code, subject: Subject::Format, why, action }
}

const fn signature(code: &'static str, why: &'static str, action: &'static str) -> Explanation {
    Explanation { code, subject: Subject::Signature, why, action }
}

const fn claims(code: &'static str, why: &'static str, action: &'static str) -> Explanation {
    Explanation { code, subject: Subject::Claims, why, action }
}

const fn setup(code: &'static str, why: &'static str, action: &'static str) -> Explanation {
    Explanation { code, subject: Subject::Setup, why, action }
}

/// Every code of the core, in the order in which a token meets them.
#[rustfmt::skip] // a table is read by its rows
pub const TABLE: &[Explanation] = &[
    format("token_too_long", "The token is longer than the verifier accepts.", "Ask the issuer for fewer claims, or raise `maxTokenLength`."),
    format("token_parts", "A signed token has exactly three parts, separated by dots.", "Copy the whole token, and check that it is a signed JWT and not an opaque or encrypted one."),
    format("header_base64url", "The header contains a character that base64url does not have, or the wrong number of characters.", "Copy the token again without padding, spaces or line breaks."),
    format("payload_base64url", "The payload contains a character that base64url does not have, or the wrong number of characters.", "Copy the token again without padding, spaces or line breaks."),
    format("signature_base64url", "The signature contains a character that base64url does not have, or the wrong number of characters.", "Copy the token again without padding, spaces or line breaks."),
    format("header_not_utf8", "The decoded header is not UTF-8 text.", "Copy the token again; if it is complete, the issuer writes it in another encoding and has to be fixed."),
    format("header_malformed", "The decoded header is not JSON.", "Copy the token from its first character; it usually starts with `eyJ`."),
    format("header_not_object", "The decoded header is JSON, but not an object.", "Check that the text is a JWT; its header has to be a JSON object."),
    format("header_duplicate_member", "The header contains a name twice, so two programs may read different values.", "Fix the issuer: each name may appear once."),
    format("header_too_deep", "The header is nested more than 128 levels deep.", "Reject the token: no issuer needs such a header."),
    format("header_parameter_type", "A header parameter has the wrong type; `alg`, `kid` and `typ` have to be strings.", "Fix the issuer so that the parameter is a string."),
    signature("algorithm_missing", "The header has no `alg`, so the token does not name its signature algorithm.", "Use an issuer that signs its tokens and sets `alg`."),
    signature("algorithm_none", "The header names the algorithm `none`, so the token is not signed and anyone could have written it.", "Never accept it; get a signed token from the issuer."),
    signature("algorithm_unknown", "The header names an algorithm that jotgate does not know.", "Configure the issuer to sign with a standard algorithm, such as ES256 or RS256."),
    signature("algorithm_not_allowed", "The token is signed with an algorithm that the verifier does not allow.", "If the issuer is meant to use it, add it to `algorithms`; otherwise reject the token."),
    format("crit_malformed", "The header's `crit` is not a list of distinct names that are all in the header.", "Fix the issuer, or remove `crit`."),
    format("crit_not_understood", "The header marks an extension as critical, and the verifier does not understand it.", "If your code enforces the extension, add its name to `crit`; otherwise reject the token."),
    format("payload_unencoded", "The header has `b64` with another value than `true`; the payload of a JWT is always encoded.", "Configure the issuer to write a regular JWT."),
    signature("no_matching_key", "No key has the token's `kid`, or no key fits its algorithm.", "Check that the keys are the issuer's current ones; if it rotated them, fetch the set again."),
    signature("key_does_not_fit", "The set has a key with the token's `kid`, but that key is not for the token's algorithm.", "Compare `alg`, `kty`, `use` and `key_ops` of the key with the `alg` of the token."),
    signature("key_algorithm_mismatch", "The key's `alg` names another algorithm than the token's header.", "Use the key for its own algorithm, or configure the issuer to sign with it."),
    signature("key_use", "The key's `use` is not `sig`, so it is not meant for signatures.", "Use the issuer's signing key; this one is probably for encryption."),
    signature("key_operations", "The key's `key_ops` do not contain `verify`.", "Use the public signing key, or add `verify` to its `key_ops`."),
    signature("key_type_mismatch", "The key has another type than the algorithm needs, such as a secret for RS256.", "Use a key of the algorithm's type: RSA for RS and PS, EC for ES, OKP for EdDSA, a secret for HS."),
    signature("key_curve_mismatch", "The key is on another curve than the algorithm needs.", "Use P-256 with ES256, P-384 with ES384, P-521 with ES512 and Ed25519 with EdDSA."),
    signature("key_secret_too_short", "The secret is shorter than the hash of its algorithm, so it can be guessed.", "Use a random secret of at least 32 bytes for HS256, 48 for HS384 and 64 for HS512."),
    signature("signature_mismatch", "The signature does not match the token under any of the keys.", "Check that key and token are from the same issuer and that nothing in the token was changed."),
    signature("too_many_candidates", "More keys of the set fit the token than may be tried, and none of those tried signed it.", "Give each key a `kid`, and name it in the token's header."),
    format("claims_not_utf8", "The decoded payload is not UTF-8 text.", "Copy the token again; if it is complete, the issuer writes it in another encoding and has to be fixed."),
    format("claims_malformed", "The decoded payload is not valid JSON.", "Copy the token again; if it is complete, the issuer writes broken JSON and has to be fixed."),
    format("claims_not_object", "The decoded payload is JSON, but not an object.", "Check that the text is a JWT; its payload has to be a JSON object."),
    format("claims_duplicate_member", "The payload contains a name twice, so two programs may read different values.", "Fix the issuer: each name may appear once."),
    format("claims_too_deep", "The payload is nested more than 128 levels deep.", "Reject the token: no issuer needs such claims."),
    claims("claim_missing", "A claim that the verifier requires is not in the token.", "Configure the issuer to add the claim, or remove the option that requires it."),
    claims("claim_not_number", "A time claim is not a number.", "Fix the issuer: `exp`, `nbf` and `iat` are seconds since 1970, as numbers."),
    claims("claim_type", "`iss`, `sub` or `aud` has the wrong type.", "Fix the issuer: `iss` and `sub` are strings, `aud` is a string or a list of strings."),
    claims("type_missing", "The verifier requires a `typ`, and the header has none.", "Configure the issuer to set `typ`, or remove the option `typ`."),
    claims("type_mismatch", "The header's `typ` is not one that the verifier accepts.", "Check that this is the right kind of token, such as an access token and not an ID token."),
    claims("issuer_mismatch", "The token's `iss` is not one of the accepted issuers.", "Compare `iss` with the option `issuer`, character by character."),
    claims("audience_mismatch", "The token is meant for another recipient: `aud` contains none of the accepted audiences.", "Request the token for your API, or correct the option `audience`."),
    claims("subject_mismatch", "The token's `sub` is not the one that the verifier accepts.", "Use a token of the right subject, or correct the option `subject`."),
    claims("expired", "The token's `exp` is in the past.", "Get a new token; if it is new, check the clocks of both machines."),
    claims("not_yet_valid", "The token's `nbf` is in the future.", "Check the clocks of both machines, and allow a small `clockTolerance`."),
    claims("issued_in_future", "The token's `iat` is in the future.", "Check the clocks of both machines, and allow a small `clockTolerance`."),
    claims("too_old", "The token was issued longer ago than `maxTokenAge` allows.", "Get a new token, or raise `maxTokenAge`."),
    claims("confirmation_not_enforced", "The token is bound to a key of its holder (`cnf`), and the gate does not check the proof.", "Configure the gate for DPoP or mutual TLS, or request a plain bearer token."),
    claims("insufficient_scope", "The token does not have the scopes that this request needs.", "Request a token with these scopes, or ask for the permission to get them."),
    claims("insufficient_permissions", "The token does not have the permissions that this request needs.", "Grant the permissions to the user or the application, then get a new token."),
    claims("insufficient_roles", "The token does not have the roles that this request needs.", "Assign the roles to the user or the application, then get a new token."),
    setup("key_malformed", "The text of the key cannot be read.", "Paste the whole PEM block of a public key or certificate, with its first and last line."),
    setup("key_kind_unsupported", "The text is not a public key that can verify signatures; it may be a private key.", "Paste the public key: `openssl pkey -in key.pem -pubout` prints it."),
    setup("key_rsa_modulus_size", "The RSA key has fewer than 2048 or more than 8192 bits.", "Make a new RSA key of 2048 to 4096 bits."),
    setup("key_rsa_modulus_even", "The RSA modulus is even, so this is not an RSA key.", "Copy the key again, and check the bytes of `n`."),
    setup("key_rsa_exponent", "The RSA exponent is even, below 3 or longer than 32 bits.", "Make a new RSA key with the usual exponent 65537."),
    setup("key_coordinate_length", "A coordinate of the key has another length than its curve needs.", "Write `x` and `y` at full length, with leading zeros."),
    setup("key_point_not_on_curve", "The key's point is not on its curve.", "Copy the key again, and check that `crv` is right."),
    setup("key_point_of_small_order", "The Ed25519 key has a point of small order, which would accept forged signatures.", "Never use this key; make a new one."),
    setup("key_secret_empty", "The secret is empty.", "Set the secret; an environment variable may be missing."),
    setup("key_secret_is_pem", "The text of a PEM key was given as a secret, which would let anyone forge tokens.", "Import it as a public key instead."),
    setup("key_secret_is_public_key", "A public key was given as a secret, which would let anyone forge tokens.", "Import it as a public key instead."),
    setup("jwk_not_utf8", "The key is not UTF-8 text, or it starts with a byte order mark.", "Save the key as UTF-8 without a byte order mark."),
    setup("jwk_malformed", "The key is not valid JSON.", "Copy the whole JWK, from its first brace to its last."),
    setup("jwk_not_object", "The key is JSON, but not an object.", "A JWK is a JSON object with `kty`."),
    setup("jwk_duplicate_member", "The key contains a name twice, so two programs may read different keys.", "Remove the duplicate."),
    setup("jwk_too_deep", "The key is nested more than 128 levels deep.", "Use a regular JWK; it needs one level."),
    setup("jwk_member", "The key lacks a member that its type needs, or the member is malformed.", "Copy the whole JWK, and check the named member."),
    setup("jwk_unsupported", "The key's `kty` or `crv` has no algorithm that can verify signatures here.", "Use an RSA key, an EC key on P-256, P-384 or P-521, or an Ed25519 key."),
    setup("jwk_symmetric_in_set", "The set contains a shared secret; everyone who reads the set could sign tokens.", "Remove it from the published set and replace the secret."),
    setup("jwks_not_utf8", "The key set is not UTF-8 text.", "Serve the set as UTF-8."),
    setup("jwks_malformed", "The key set is not valid JSON.", "Check that the address returns the key set and not an error page."),
    setup("jwks_not_object", "The key set is JSON, but not an object.", "A JWKS is a JSON object with a list `keys`."),
    setup("jwks_duplicate_member", "The key set contains a name twice, so two programs may read different keys.", "Remove the duplicate."),
    setup("jwks_too_deep", "The key set is nested more than 128 levels deep.", "Use a regular JWKS; it needs three levels."),
    setup("jwks_keys", "The document has no list `keys`.", "Check that the address is the issuer's `jwks_uri` and not its metadata."),
    setup("jwks_too_large", "The key set is larger than 1 MiB or has more than 1000 keys.", "Check that the address returns the issuer's key set."),
    setup("option", "An option has a value that makes no sense.", "Correct the option that the message names."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_one_row_of_two_sentences() {
        for (index, row) in TABLE.iter().enumerate() {
            assert!(TABLE.iter().skip(index + 1).all(|other| other.code != row.code), "{} twice", row.code);
            for text in [row.why, row.action] {
                assert!(text.ends_with('.') && text.len() < 160, "{}: {text}", row.code);
            }
        }
    }

    /// The codes in the sources of the core and of `jotgate-crypto`.
    fn codes() -> Vec<String> {
        let refusals = include_str!("../core/refusal.rs");
        let keys = include_str!("../crypto/key_refusal.rs");
        let quoted = |text: &str| text.split('"').nth(1).unwrap_or_default().to_owned();
        let rows = ["=> row(\"", "=> claim(\""].into_iter().flat_map(|start| {
            refusals.match_indices(start).map(move |(at, _)| quoted(&refusals[at..])).collect::<Vec<_>>()
        });
        let keys = keys.match_indices("=> \"key_").map(|(at, _)| quoted(&keys[at..]));
        rows.chain(keys).collect()
    }

    #[test]
    fn every_code_of_the_core_is_explained_and_no_other() {
        let codes = codes();
        assert!(codes.len() > 60, "the sources were not read: {codes:?}");
        for code in &codes {
            assert!(Explanation::of(code).is_some(), "`{code}` has no row in `explanations::TABLE`");
        }
        for row in TABLE {
            assert!(codes.iter().any(|code| code == row.code), "the core has no code `{}`", row.code);
        }
    }
}
