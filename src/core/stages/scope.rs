//! The last stage: checks that a verified token has the scopes, permissions and roles that a request needs (RFC 6750 §3,
//! RFC 9068 §2.2.3).

use alloc::string::String;

use crate::{
    json::document::{Document, Json, Names, Object},
    policy::needs::{Need, Needs},
    refusal::Refusal,
    stages::claims::{SCOPE_CLAIMS, has_text},
    stages::claims_check::Verified,
};

impl Needs {
    /// Checks a verified token against the needs.
    ///
    /// # Errors
    /// [`Refusal::InsufficientScope`], [`Refusal::InsufficientPermissions`] or [`Refusal::InsufficientRoles`].
    pub fn judge(&self, verified: &Verified<'_>) -> Result<(), Refusal> {
        self.judge_claims(verified.claims.object())
    }

    /// Checks claims that were verified before, as JSON text. This is for further requests with the same token.
    ///
    /// # Errors
    /// As [`Needs::judge`], and [`Refusal::ClaimsJson`].
    pub fn met_by(&self, claims: &str) -> Result<(), Refusal> {
        let claims = Document::read(claims.as_bytes(), Names::Unique).map_err(Refusal::ClaimsJson)?;
        self.judge_claims(claims.object())
    }

    fn judge_claims(&self, claims: Object<'_>) -> Result<(), Refusal> {
        if !self.scope.met(claims, &SCOPE_CLAIMS) {
            let needed = if self.scope.all.is_empty() { &self.scope.any } else { &self.scope.all };
            return Err(Refusal::InsufficientScope { needed: needed.clone() });
        }
        if !self.permission.met(claims, &["permissions"]) {
            return Err(Refusal::InsufficientPermissions);
        }
        if !self.role.met(claims, &["roles"]) {
            return Err(Refusal::InsufficientRoles);
        }
        Ok(())
    }
}

impl Need {
    fn met(&self, claims: Object<'_>, names: &[&str]) -> bool {
        (self.all.is_empty() && self.any.is_empty()) || self.is_granted(claims, names)
    }

    #[inline(never)]
    fn is_granted(&self, claims: Object<'_>, names: &[&str]) -> bool {
        let Some(claim) = names.iter().find_map(|name| claims.get(name)) else { return false };
        let holds = |need: &String| grants(claim, need);
        self.all.iter().all(holds) && (self.any.is_empty() || self.any.iter().any(holds))
    }
}

/// Whether a claim contains the needed right: as a word of a string (RFC 6749 §3.3), or as a string in an array. A claim of any other type
/// grants nothing. `need` must not be empty.
fn grants(claim: Json<'_>, need: &str) -> bool {
    match claim {
        Json::String(words) => {
            words.as_bytes().split(|byte| *byte == b' ').any(|word| word == need.as_bytes())
        }
        other => has_text(other, need) == Some(true),
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec};

    use super::*;
    use crate::policy::needs::NeedsOptions;

    fn needs(change: impl FnOnce(&mut NeedsOptions)) -> Needs {
        let mut options = NeedsOptions::default();
        change(&mut options);
        Needs::new(options).unwrap()
    }

    fn all(scopes: &[&str]) -> Needs {
        needs(|options| options.scopes = Some(scopes.iter().map(ToString::to_string).collect()))
    }

    #[test]
    fn scopes_are_read_from_any_of_three_claims_as_words_or_as_a_list() {
        for claims in [
            r#"{"scope":"items:read items:write"}"#,
            r#"{"scp":"items:write  items:read"}"#,
            r#"{"scopes":["items:read","items:write"]}"#,
            r#"{"scope":["items:read","items:write","x"]}"#,
        ] {
            assert_eq!(all(&["items:read", "items:write"]).met_by(claims), Ok(()), "{claims}");
        }
    }

    #[test]
    fn the_first_scope_claim_counts_and_never_the_union() {
        let claims = r#"{"scopes":["b"],"scope":"a","scp":["b"]}"#;
        assert_eq!(all(&["a"]).met_by(claims), Ok(()));
        assert_eq!(all(&["b"]).met_by(claims).unwrap_err().code(), "insufficient_scope");
        assert_eq!(all(&["b"]).met_by(r#"{"scope":"","scp":"b"}"#).unwrap_err().code(), "insufficient_scope");
    }

    #[test]
    fn a_claim_of_another_shape_grants_nothing() {
        for claims in
            ["{}", r#"{"scope":7}"#, r#"{"scope":null}"#, r#"{"scope":["a",7]}"#, r#"{"scope":{"a":1}}"#]
        {
            assert_eq!(
                all(&["a"]).met_by(claims),
                Err(Refusal::InsufficientScope { needed: vec!["a".to_string()] }),
                "{claims}"
            );
        }
    }

    #[test]
    fn a_part_of_a_scope_is_no_scope() {
        for claims in [r#"{"scope":"items:reader"}"#, r#"{"scope":"items"}"#, r#"{"scope":["items:read x"]}"#]
        {
            assert!(all(&["items:read"]).met_by(claims).is_err(), "{claims}");
        }
    }

    #[test]
    fn any_of_asks_for_one_and_all_of_for_each() {
        let either = needs(|options| options.any_scope = Some(vec!["a".into(), "b".into()]));
        assert_eq!(either.met_by(r#"{"scope":"b"}"#), Ok(()));
        assert!(either.met_by(r#"{"scope":"c"}"#).is_err());
        assert!(all(&["a", "b"]).met_by(r#"{"scope":"a"}"#).is_err());
    }

    #[test]
    fn permissions_and_roles_have_refusals_of_their_own() {
        let permission = needs(|options| options.permissions = Some(vec!["p".into()]));
        let role = needs(|options| options.any_role = Some(vec!["r".into(), "q".into()]));
        assert_eq!(permission.met_by(r#"{"permissions":["p"]}"#), Ok(()));
        assert_eq!(permission.met_by(r#"{"scope":"p"}"#), Err(Refusal::InsufficientPermissions));
        assert_eq!(role.met_by(r#"{"roles":["q"]}"#), Ok(()));
        assert_eq!(role.met_by(r#"{"roles":"p"}"#), Err(Refusal::InsufficientRoles));
    }

    #[test]
    fn an_empty_list_and_a_scope_that_breaks_the_challenge_are_misuse() {
        let code = |options| Needs::new(options).unwrap_err().code();
        assert_eq!(code(NeedsOptions { scopes: Some(vec![]), ..NeedsOptions::default() }), "option");
        assert_eq!(
            code(NeedsOptions { roles: Some(vec![String::new()]), ..NeedsOptions::default() }),
            "option"
        );
        for scope in ["a b", "a\"b", "a\\b", "a\r\nb", "é"] {
            let options = NeedsOptions { any_scope: Some(vec![scope.into()]), ..NeedsOptions::default() };
            assert_eq!(code(options), "option", "`{scope}`");
        }
    }
}
