//! The objects that constructors take enter, the core's options leave. What has the wrong shape is named by the TypeScript side
//! before it gets here; this is the second line.
//!
//! Read member by member: a general deserialiser brings its own words for every mistake, and with them the standard library's
//! writer of doubles, 13 KB of what a browser fetches.

use jotgate_core::{KeyCacheSettings, NeedsOptions, PolicyOptions, Refusal};
use js_sys::Array;
use wasm_bindgen::{
    JsCast,
    prelude::{JsValue, wasm_bindgen},
};

use crate::handles::thrown;

#[wasm_bindgen]
extern "C" {
    /// An object with members.
    pub(crate) type Options;

    #[wasm_bindgen(method, structural, indexing_getter)]
    fn member(this: &Options, name: &str) -> JsValue;
}

type Read<T> = Result<T, JsValue>;

impl Options {
    /// What an object holds that a constructor was given.
    pub(crate) fn of(value: JsValue) -> Read<Self> {
        if value.is_object() { Ok(value.unchecked_into()) } else { Err(misshapen()) }
    }

    /// A member that may be absent; `read` finds nothing in one of the wrong type.
    fn optional<T>(&self, name: &str, read: impl FnOnce(&JsValue) -> Option<T>) -> Read<Option<T>> {
        let value = self.member(name);
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        read(&value).map(Some).ok_or_else(misshapen)
    }

    fn text(&self, name: &str) -> Read<Option<String>> {
        self.optional(name, JsValue::as_string)
    }

    fn number(&self, name: &str) -> Read<Option<f64>> {
        self.optional(name, JsValue::as_f64)
    }

    fn flag(&self, name: &str) -> Read<Option<bool>> {
        self.optional(name, JsValue::as_bool)
    }

    fn texts(&self, name: &str) -> Read<Option<Vec<String>>> {
        self.optional(name, |value| {
            let array: &Array = value.dyn_ref()?;
            (0..array.length()).map(|place| array.get(place).as_string()).collect()
        })
    }

    /// The options of a policy.
    pub(crate) fn policy(&self) -> Read<PolicyOptions> {
        Ok(PolicyOptions {
            algorithms: self.texts("algorithms")?,
            issuer: self.texts("issuer")?,
            audience: self.texts("audience")?,
            subject: self.text("subject")?,
            typ: self.texts("typ")?,
            typ_optional: self.flag("typOptional")?.unwrap_or_default(),
            required_claims: self.texts("requiredClaims")?,
            require_exp: self.flag("requireExp")?,
            clock_tolerance: self.number("clockTolerance")?,
            max_token_age: self.number("maxTokenAge")?,
            crit: self.texts("crit")?,
            max_token_length: self.number("maxTokenLength")?,
            min_secret_length: self.number("minSecretLength")?,
            refuse_bound: self.flag("refuseBound")?.unwrap_or_default(),
        })
    }

    /// The lists of needs.
    pub(crate) fn needs(&self) -> Read<NeedsOptions> {
        Ok(NeedsOptions {
            scopes: self.texts("scopes")?,
            any_scope: self.texts("anyScope")?,
            permissions: self.texts("permissions")?,
            any_permission: self.texts("anyPermission")?,
            roles: self.texts("roles")?,
            any_role: self.texts("anyRole")?,
        })
    }

    /// The settings of a cache; what is absent is the core's default.
    pub(crate) fn key_cache(&self) -> Read<KeyCacheSettings> {
        let usual = KeyCacheSettings::default();
        Ok(KeyCacheSettings {
            cache_max_age: self.number("cacheMaxAge")?.unwrap_or(usual.cache_max_age),
            cache_min_age: self.number("cacheMinAge")?.unwrap_or(usual.cache_min_age),
            max_stale: self.number("maxStale")?.unwrap_or(usual.max_stale),
            cooldown_duration: self.number("cooldownDuration")?.unwrap_or(usual.cooldown_duration),
            cooldown_after_any: self.flag("cooldownAfterAny")?.unwrap_or(usual.cooldown_after_any),
            timeout_duration: self.number("timeoutDuration")?.unwrap_or(usual.timeout_duration),
        })
    }
}

fn misshapen() -> JsValue {
    thrown(&Refusal::Option { name: "options", problem: "have an unknown member or one of the wrong type" })
}
