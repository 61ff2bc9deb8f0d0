//! The boundary to JavaScript: a request and a report cross as JavaScript objects.

use js_sys::{Date, Error, Object, Reflect, TypeError};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::Request;

/// Explains a pasted text: a [`Request`] goes in, a [`crate::Report`] comes out.
///
/// # Errors
/// A `TypeError` that names a misused option.
#[wasm_bindgen]
pub fn inspect(request: JsValue) -> Result<JsValue, JsValue> {
    let request: Request = serde_wasm_bindgen::from_value(request).map_err(JsValue::from)?;
    let report = crate::inspect(&request, &local).map_err(|refusal| {
        let error: Error = TypeError::new(&refusal.to_string()).into();
        for (name, value) in [("code", refusal.class().code()), ("refusal", refusal.code())] {
            // An error object takes every member.
            let _ = Reflect::set(&error, &name.into(), &value.into());
        }
        JsValue::from(error)
    })?;
    report.serialize(&Serializer::json_compatible()).map_err(JsValue::from)
}

/// A time in the host's language and time zone.
fn local(seconds: f64) -> Option<String> {
    let date = Date::new(&(seconds * 1000.0).into());
    if date.get_time().is_nan() {
        return None;
    }
    let options = Object::new();
    for (name, value) in [("dateStyle", "medium"), ("timeStyle", "long")] {
        Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    Some(date.to_locale_string("default", &options).into())
}
