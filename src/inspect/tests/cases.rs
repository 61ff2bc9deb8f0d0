//! The cases of `tests/inspect/cases`, one test a file, on the host and, compiled to WebAssembly, in a JavaScript engine.
//!
//! Each report must contain `expect` and be equal to `report`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test file: what surprises it stops it")]

use jotgate_inspect::{Request, inspect};
use serde_json::{Value, json};

macro_rules! cases {
    ($($test:ident: $file:literal, $count:literal;)*) => {$(
        #[cfg_attr(not(target_arch = "wasm32"), test)]
        #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
        fn $test() {
            let text = include_str!(concat!("../../../tests/inspect/cases/", $file));
            run($file, text, $count);
        }
    )*};
}

cases! {
    tokens_are_found_in_any_frame: "frames.json", 23;
    a_wrong_form_is_explained: "format.json", 13;
    a_signature_and_its_key_are_explained: "signatures.json", 26;
    claims_and_times_are_explained: "claims.json", 25;
    keys_metadata_and_challenges_are_explained: "documents.json", 12;
    dpop_proofs_are_checked: "dpop.json", 5;
}

fn run(file: &str, text: &str, count: usize) {
    let mut written: Value = serde_json::from_str(text).unwrap();
    let cases = written["cases"].as_array_mut().unwrap();
    assert_eq!(cases.len(), count, "{file}");
    let mut failures = Vec::new();
    for case in cases {
        let report = report(case);
        let mut differences = Vec::new();
        differ("", &case["expect"], &report, &mut differences);
        if writes() {
            case["report"] = report;
        } else if case["report"] != report {
            differ(" (whole)", &case["report"], &report, &mut differences);
            differences.push("the report is not the one in the file".to_owned());
        }
        if !differences.is_empty() {
            failures.push(format!("{}:\n    {}", case["name"], differences.join("\n    ")));
        }
    }
    if writes() {
        write(file, &written);
    }
    assert!(failures.is_empty(), "{file}: {} failed\n{}", failures.len(), failures.join("\n"));
}

fn report(case: &Value) -> Value {
    let mut request = case["options"].clone();
    request["input"] = case["input"].clone();
    for name in ["policy", "needs"] {
        if let Some(options) = request.get(name) {
            request[name] = json!(lists(options).to_string());
        }
    }
    let request: Request = serde_json::from_value(request).unwrap();
    let mut report = serde_json::to_value(inspect(&request, &|_| None).unwrap()).unwrap();
    without_messages(&mut report);
    report
}

/// Removes the verifier's messages: their text is no part of the contract and may change.
fn without_messages(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("message");
            members.values_mut().for_each(without_messages);
        }
        Value::Array(items) => items.iter_mut().for_each(without_messages),
        _ => {}
    }
}

/// The options as the core reads them: a string of `issuer` and the like is a list of one.
fn lists(options: &Value) -> Value {
    let mut options = options.clone();
    for name in ["issuer", "audience", "typ"] {
        if let Some(text) = options.get(name).filter(|value| value.is_string()).cloned() {
            options[name] = json!([text]);
        }
    }
    options
}

/// What `found` lacks of `expected`. Objects may have more members; arrays have as many items.
fn differ(path: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(members), Value::Object(_)) => {
            for (name, expected) in members {
                differ(&format!("{path}/{name}"), expected, &found[name], differences);
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (index, (expected, found)) in items.iter().zip(others).enumerate() {
                differ(&format!("{path}/{index}"), expected, found, differences);
            }
        }
        // A number of JavaScript has no kind: 0.0 and 0 are one.
        _ if expected == found || (expected.is_number() && expected.as_f64() == found.as_f64()) => {}
        _ => differences.push(format!("{path} is {found}, expected {expected}")),
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn writes() -> bool {
    std::env::var_os("JOTGATE_WRITE_REPORTS").is_some()
}

#[cfg(not(target_arch = "wasm32"))]
fn write(file: &str, cases: &Value) {
    let path = format!("{}/../../tests/inspect/cases/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(path, format!("{cases:#}\n")).unwrap();
}

#[cfg(target_arch = "wasm32")]
fn writes() -> bool {
    false
}

#[cfg(target_arch = "wasm32")]
fn write(_: &str, _: &Value) {}
