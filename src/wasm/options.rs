//! The objects that constructors take enter, the core's options leave. What has the wrong shape is named by the TypeScript side
//! before it gets here; this is the second line.
//!
//! Read member by member: a general deserialiser brings its own words for every mistake, and with them the standard library's
//! writer of doubles, 13 KB of what a browser fetches.

use core::cell::Cell;

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
    type Object;

    #[wasm_bindgen(method, structural, indexing_getter)]
    fn member(this: &Object, name: &str) -> JsValue;
}

/// What an object holds that a constructor was given.
pub(crate) struct Options {
    object: Object,
    /// Whether a member had the wrong type: one question at the end in place of one for each.
    misshapen: Cell<bool>,
}

impl Options {
    /// Reads options of one kind.
    pub(crate) fn read<T>(value: JsValue, read: impl FnOnce(&Self) -> T) -> Result<T, JsValue> {
        let misshapen = Cell::new(!value.is_object());
        let options = Self { object: value.unchecked_into(), misshapen };
        let read = (!options.misshapen.get()).then(|| read(&options)).filter(|_| !options.misshapen.get());
        read.ok_or_else(|| {
            let problem = "have an unknown member or one of the wrong type";
            thrown(&Refusal::Option { name: "options", problem })
        })
    }

    /// A member that may be absent; `read` finds nothing in one of the wrong type.
    fn optional<T>(&self, name: &str, read: impl FnOnce(&JsValue) -> Option<T>) -> Option<T> {
        let value = self.object.member(name);
        if value.is_undefined() || value.is_null() {
            return None;
        }
        let read = read(&value);
        if read.is_none() {
            self.misshapen.set(true);
        }
        read
    }

    fn text(&self, name: &str) -> Option<String> {
        self.optional(name, JsValue::as_string)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.optional(name, JsValue::as_f64)
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.optional(name, JsValue::as_bool)
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        self.optional(name, |value| {
            let array: &Array = value.dyn_ref()?;
            (0..array.length()).map(|place| array.get(place).as_string()).collect()
        })
    }

    /// The options of a policy.
    pub(crate) fn policy(&self) -> PolicyOptions {
        PolicyOptions {
            algorithms: self.texts("algorithms"),
            issuer: self.texts("issuer"),
            audience: self.texts("audience"),
            subject: self.text("subject"),
            typ: self.texts("typ"),
            typ_optional: self.flag("typOptional").unwrap_or_default(),
            required_claims: self.texts("requiredClaims"),
            require_exp: self.flag("requireExp"),
            clock_tolerance: self.number("clockTolerance"),
            max_token_age: self.number("maxTokenAge"),
            crit: self.texts("crit"),
            max_token_length: self.number("maxTokenLength"),
            min_secret_length: self.number("minSecretLength"),
            refuse_bound: self.flag("refuseBound").unwrap_or_default(),
        }
    }

    /// The lists of needs.
    pub(crate) fn needs(&self) -> NeedsOptions {
        NeedsOptions {
            scopes: self.texts("scopes"),
            any_scope: self.texts("anyScope"),
            permissions: self.texts("permissions"),
            any_permission: self.texts("anyPermission"),
            roles: self.texts("roles"),
            any_role: self.texts("anyRole"),
        }
    }

    /// The settings of a cache; what is absent is the core's default.
    pub(crate) fn key_cache(&self) -> KeyCacheSettings {
        let usual = KeyCacheSettings::default();
        KeyCacheSettings {
            cache_max_age: self.number("cacheMaxAge").unwrap_or(usual.cache_max_age),
            cache_min_age: self.number("cacheMinAge").unwrap_or(usual.cache_min_age),
            max_stale: self.number("maxStale").unwrap_or(usual.max_stale),
            cooldown_duration: self.number("cooldownDuration").unwrap_or(usual.cooldown_duration),
            cooldown_after_any: self.flag("cooldownAfterAny").unwrap_or(usual.cooldown_after_any),
            timeout_duration: self.number("timeoutDuration").unwrap_or(usual.timeout_duration),
        }
    }
}
