//! Needs: the scopes, permissions and roles that a request needs. Made once, used for many tokens.

use jotgate_core as core;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::output::checked;

/// What a request needs of a token.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Needs {
    pub(crate) needs: core::Needs,
}

#[wasm_bindgen]
impl Needs {
    /// Checks lists from JSON text, those of [`core::NeedsOptions`]. `None`, with the refusal in the output, if one is refused.
    #[wasm_bindgen(js_name = fromLists)]
    #[must_use]
    pub fn from_lists(text: &str) -> Option<Self> {
        checked(core::NeedsOptions::read(text).and_then(core::Needs::new)).map(|needs| Self { needs })
    }

    /// No needs.
    #[must_use]
    pub fn none() -> Self {
        Self { needs: core::Needs::default() }
    }
}
