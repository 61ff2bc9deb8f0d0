//! Exports a policy: the rules that every token must fulfil. It is made once and used for many tokens.

use jotgate_core as core;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{input::admit, keys::Keys, output::checked};

/// The rules that every token must fulfil.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Policy {
    pub(crate) policy: core::Policy,
}

#[wasm_bindgen]
impl Policy {
    /// Checks options from JSON text, those of [`core::PolicyOptions`]. Returns `None`, with the refusal in the output, if one is refused.
    #[wasm_bindgen(js_name = fromOptions)]
    #[must_use]
    pub fn from_options(text: &str) -> Option<Self> {
        checked(core::PolicyOptions::read(text).and_then(core::Policy::new)).map(|policy| Self { policy })
    }

    /// Reserves the input buffer for a token of `length` UTF-16 code units: three bytes for each, the most that UTF-8 needs. Returns its
    /// address. Returns null, with the refusal in the output, if the token is longer than the policy allows.
    #[must_use]
    pub fn admit(&self, length: usize) -> *const u8 {
        admit(length, self.policy.maximum_token_bytes())
    }

    /// Whether the key can verify any token under this policy. If not, the refusal is in the output.
    #[wasm_bindgen(js_name = checkKey)]
    #[must_use]
    pub fn check_key(&self, keys: &Keys) -> bool {
        let key = keys.single().ok_or(core::Refusal::NoMatchingKey);
        checked(key.and_then(|key| self.policy.check_key(key))).is_some()
    }
}
