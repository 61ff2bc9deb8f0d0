//! Reads the options of a policy, of needs and of a key cache from JSON text, with the names that they have in JavaScript. The JavaScript
//! side checks them first and reports mistakes. This is a second check.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::cell::Cell;

use crate::{
    json::document::{Document, Json, Names, Object},
    keys::key_cache::KeyCacheSettings,
    policy::PolicyOptions,
    policy::needs::NeedsOptions,
    refusal::Refusal,
};

impl PolicyOptions {
    /// Reads the options of a policy. A missing option is `None`.
    ///
    /// # Errors
    /// [`Refusal::Option`] if the text is not an object, or a member has the wrong type.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        read(text, |members| Self {
            algorithms: members.texts("algorithms"),
            issuer: members.texts("issuer"),
            audience: members.texts("audience"),
            subject: members.text("subject"),
            typ: members.texts("typ"),
            typ_optional: members.flag("typOptional").unwrap_or_default(),
            required_claims: members.texts("requiredClaims"),
            require_exp: members.flag("requireExp"),
            clock_tolerance: members.number("clockTolerance"),
            max_token_age: members.number("maxTokenAge"),
            crit: members.texts("crit"),
            max_token_length: members.number("maxTokenLength"),
            min_secret_length: members.number("minSecretLength"),
            max_candidates: members.number("maxCandidates"),
            refuse_bound: members.flag("refuseBound").unwrap_or_default(),
        })
    }
}

impl NeedsOptions {
    /// Reads the lists of needs, as [`PolicyOptions::read`] does.
    ///
    /// # Errors
    /// As [`PolicyOptions::read`].
    pub fn read(text: &str) -> Result<Self, Refusal> {
        read(text, |members| Self {
            scopes: members.texts("scopes"),
            any_scope: members.texts("anyScope"),
            permissions: members.texts("permissions"),
            any_permission: members.texts("anyPermission"),
            roles: members.texts("roles"),
            any_role: members.texts("anyRole"),
        })
    }
}

impl KeyCacheSettings {
    /// Reads the settings of a key cache. A missing setting has its default.
    ///
    /// # Errors
    /// As [`PolicyOptions::read`].
    pub fn read(text: &str) -> Result<Self, Refusal> {
        let usual = Self::default();
        read(text, |members| Self {
            cache_max_age: members.number("cacheMaxAge").unwrap_or(usual.cache_max_age),
            cache_min_age: members.number("cacheMinAge").unwrap_or(usual.cache_min_age),
            max_stale: members.number("maxStale").unwrap_or(usual.max_stale),
            cooldown_duration: members.number("cooldownDuration").unwrap_or(usual.cooldown_duration),
            cooldown_after_any: members.flag("cooldownAfterAny").unwrap_or(usual.cooldown_after_any),
            timeout_duration: members.number("timeoutDuration").unwrap_or(usual.timeout_duration),
        })
    }
}

/// The members of an object of options.
struct Members<'d> {
    object: Object<'d>,
    /// Whether a member had the wrong type. This is checked once at the end.
    misshapen: Cell<bool>,
}

fn read<T>(text: &str, read: impl FnOnce(&Members<'_>) -> T) -> Result<T, Refusal> {
    let document = Document::read(text.as_bytes(), Names::Unique).ok();
    let options = document.as_ref().and_then(|document| {
        let members = Members { object: document.object(), misshapen: Cell::new(false) };
        let options = read(&members);
        (!members.misshapen.get()).then_some(options)
    });
    options.ok_or(Refusal::Option { name: "options", problem: "has a member of the wrong type" })
}

impl Members<'_> {
    /// Reads an optional member. `read` returns `None` for the wrong type, which includes `null`: JavaScript writes `NaN` as `null`, which
    /// must not disable a check.
    fn optional<T>(&self, name: &str, read: impl FnOnce(Json<'_>) -> Option<T>) -> Option<T> {
        let read = read(self.object.get(name)?);
        if read.is_none() {
            self.misshapen.set(true);
        }
        read
    }

    // Not inlined, so that engines compile each of these once: docs/decisions/0012.
    #[inline(never)]
    fn text(&self, name: &str) -> Option<String> {
        self.optional(name, |value| value.as_str().map(str::to_owned))
    }

    #[inline(never)]
    fn number(&self, name: &str) -> Option<f64> {
        self.optional(name, |value| match value {
            Json::Number(number) => Some(number),
            _ => None,
        })
    }

    #[inline(never)]
    fn flag(&self, name: &str) -> Option<bool> {
        self.optional(name, |value| match value {
            Json::Bool(flag) => Some(flag),
            _ => None,
        })
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.optional(name, |value| {
            value.as_array()?.items().map(|item| item.as_str().map(str::to_owned)).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};

    use super::*;

    #[test]
    fn what_is_there_is_read_and_what_is_not_is_not() {
        let all = r#"{"algorithms":["ES256","RS256"],"issuer":["a"],"audience":["b","\u00e9\"\\"],"subject":"s","typ":["t"],
            "typOptional":true,"requiredClaims":["c"],"requireExp":false,"clockTolerance":0.5,"maxTokenAge":1e3,"crit":["d"],
            "maxTokenLength":4096,"minSecretLength":16,"refuseBound":true}"#;
        let options = PolicyOptions::read(all).unwrap();
        assert_eq!(options.algorithms.unwrap(), ["ES256", "RS256"]);
        assert_eq!(options.issuer.unwrap(), ["a"]);
        assert_eq!(options.audience.unwrap(), ["b", "é\"\\"]);
        assert_eq!(options.subject.unwrap(), "s");
        assert_eq!((options.typ.unwrap(), options.typ_optional), (vec!["t".to_owned()], true));
        assert_eq!(
            (options.required_claims.unwrap(), options.require_exp),
            (vec!["c".to_owned()], Some(false))
        );
        assert_eq!((options.clock_tolerance, options.max_token_age), (Some(0.5), Some(1000.0)));
        assert_eq!((options.crit.unwrap(), options.refuse_bound), (vec!["d".to_owned()], true));
        assert_eq!((options.max_token_length, options.min_secret_length), (Some(4096.0), Some(16.0)));

        let none = PolicyOptions::read("{}").unwrap();
        assert!(none.algorithms.is_none() && none.subject.is_none() && none.require_exp.is_none());
        assert!(none.clock_tolerance.is_none() && !none.typ_optional && !none.refuse_bound);
    }

    #[test]
    fn needs_and_settings_are_read_by_their_names() {
        let text = r#"{"scopes":["a"],"anyScope":["b"],"permissions":["c"],"anyPermission":["d"],"roles":["e"],"anyRole":["f"]}"#;
        let NeedsOptions { scopes, any_scope, permissions, any_permission, roles, any_role } =
            NeedsOptions::read(text).unwrap();
        let lists = [scopes, any_scope, permissions, any_permission, roles, any_role];
        assert_eq!(lists.map(Option::unwrap).concat(), ["a", "b", "c", "d", "e", "f"]);

        let text = r#"{"cacheMaxAge":1,"cacheMinAge":2,"maxStale":3,"cooldownDuration":4,"cooldownAfterAny":true,"timeoutDuration":5.5}"#;
        let expected = KeyCacheSettings {
            cache_max_age: 1.0,
            cache_min_age: 2.0,
            max_stale: 3.0,
            cooldown_duration: 4.0,
            cooldown_after_any: true,
            timeout_duration: 5.5,
        };
        assert_eq!(format!("{:?}", KeyCacheSettings::read(text).unwrap()), format!("{expected:?}"));
        assert_eq!(
            format!("{:?}", KeyCacheSettings::read("{}").unwrap()),
            format!("{:?}", KeyCacheSettings::default())
        );
    }

    #[test]
    fn what_has_the_wrong_shape_is_refused() {
        for text in [
            "",
            "[]",
            "null",
            "{",
            r#"{"issuer":"a"}"#,
            r#"{"issuer":["a",1]}"#,
            r#"{"issuer":["a",null]}"#,
            r#"{"issuer":null}"#,
            r#"{"subject":1}"#,
            r#"{"subject":null}"#,
            r#"{"requireExp":0}"#,
            r#"{"clockTolerance":null}"#,
            r#"{"clockTolerance":"1"}"#,
            r#"{"subject":"a","subject":"b"}"#,
            r#"{"subject":"\ud800"}"#,
        ] {
            let refusal = PolicyOptions::read(text).unwrap_err();
            assert!(matches!(refusal, Refusal::Option { name: "options", .. }), "{text}: {refusal:?}");
        }
        assert!(NeedsOptions::read(r#"{"scopes":{}}"#).is_err());
        assert!(KeyCacheSettings::read(r#"{"maxStale":null}"#).is_err());
    }
}
