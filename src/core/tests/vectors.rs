//! Runs the vectors of `tests/vectors`, one test for each file, on the host and, compiled to WebAssembly, in a JavaScript engine. A file
//! in which nothing ran fails.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test file: what surprises it stops it"
)]

use jotgate_core::{
    Hash, Key, KeySet, Keys, Needs, Policy, PolicyOptions, Refusal, verify, verify_signature,
};
use serde_json::{Value, json};

macro_rules! vectors {
    ($($test:ident: $file:literal, at least $count:literal;)*) => {$(
        #[cfg_attr(not(target_arch = "wasm32"), test)]
        #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
        fn $test() {
            let text = include_str!(concat!("../../../tests/vectors/", $file));
            run($file, text, $count);
        }
    )*};
}

vectors! {
    the_vectors_of_rfc7515_hold: "rfc7515.json", at least 6;
    the_vectors_of_rfc7517_hold: "rfc7517.json", at least 4;
    the_vectors_of_rfc7519_hold: "rfc7519.json", at least 2;
    the_vectors_of_rfc7520_hold: "rfc7520.json", at least 4;
    the_vectors_of_rfc7638_hold: "rfc7638.json", at least 1;
    the_vectors_of_rfc8037_hold: "rfc8037.json", at least 2;
    what_must_be_refused_is_refused_by_its_code: "refusals.json", at least 150;
}

fn run(file: &str, text: &str, at_least: usize) {
    let vectors: Value = serde_json::from_str(text).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() >= at_least, "{file}: {} cases, expected {at_least}", cases.len());
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| judge(case).err().map(|why| format!("{}: {why}", case["name"])))
        .collect();
    assert!(
        failures.is_empty(),
        "{file}: {} of {} failed\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

fn judge(case: &Value) -> Result<(), String> {
    match case["kind"].as_str() {
        Some("verify") => {
            let (header_only, now) =
                (case["json_payload"] == json!(false), case["now"].as_f64().unwrap_or(0.0));
            let outcome = attempt(case, &listed(case), now, header_only)?;
            same("payload", &outcome.map_err(|refusal| refusal.code()), &Ok(text(case, "payload").to_owned()))
        }
        Some("refuse") => {
            let outcome = attempt(case, &listed(case), case["now"].as_f64().unwrap_or(0.0), false)?;
            let code = outcome.err().map(|refusal| refusal.code());
            match case["code"].as_str() {
                Some(expected) => same("code", &code, &Some(expected)),
                None if code.is_some() => Ok(()),
                None => Err("accepted".to_owned()),
            }
        }
        Some("thumbprint") => {
            let key = Key::from_jwk(&case["key"].to_string()).map_err(|refusal| refusal.to_string())?;
            same("thumbprint", &key.thumbprint(Hash::Sha256), &text(case, "sha256").to_owned())
        }
        Some("key_set") => {
            let set = KeySet::from_jwks(&case["set"].to_string()).map_err(|refusal| refusal.to_string())?;
            let understood: Vec<usize> = set.keys().iter().map(|member| member.index).collect();
            let skipped: Vec<usize> = set.skipped().iter().map(|skipped| skipped.index).collect();
            same("understood", &json!(understood), &case["understood"])?;
            same("skipped", &json!(skipped), &case["skipped"])
        }
        None => {
            let outcome = attempt(case, &case["policy"], case["now"].as_f64().unwrap_or(0.0), false)?;
            let code = outcome.map_or_else(|refusal| refusal.code(), |_| "accept");
            same("verdict", &code, &text(case, "expect"))
        }
        Some(kind) => Err(format!("the kind `{kind}` is not known")),
    }
}

/// Verifies the token of a case and returns its payload.
fn attempt(
    case: &Value,
    policy: &Value,
    now: f64,
    signature_only: bool,
) -> Result<Result<String, Refusal>, String> {
    let options = PolicyOptions::read(&policy.to_string()).map_err(|refusal| refusal.to_string())?;
    let policy = Policy::new(options).map_err(|refusal| refusal.to_string())?;
    let token = match case["token_b64u"].as_str() {
        Some(encoded) => base64url(encoded),
        None => text(case, "token").as_bytes().to_vec(),
    };
    let key = &case["key"];
    let with = |keys: Keys<'_>| {
        if signature_only {
            return verify_signature(&token, keys, &policy)
                .map(|signed| String::from_utf8_lossy(signed.payload()).into_owned());
        }
        verify(&token, keys, &policy, &Needs::default(), now)
            .map(|verdict| verdict.claims().to_owned())
            .map_err(|refused| refused.refusal)
    };
    let one = |key: Result<Key, Refusal>| key.and_then(|key| with(Keys::One(&key)));
    let outcome = if key.get("keys").is_some() {
        KeySet::from_jwks(&key.to_string()).and_then(|set| with(Keys::Set(&set)))
    } else if let Some(pem) = key["pem"].as_str() {
        one(Key::from_pem(pem))
    } else if let Some(secret) = key["secret_b64u"].as_str() {
        one(Key::from_secret(&base64url(secret)))
    } else {
        // A case may contain a JWK as text, if the text itself is invalid.
        one(Key::from_jwk(&key["jwk_text"].as_str().map_or_else(|| key.to_string(), str::to_owned)))
    };
    match with(Keys::None) {
        Err(Refusal::NoMatchingKey) => Ok(outcome),
        Err(_) if outcome.is_err() => Ok(outcome),
        early => Err(format!("without keys it is {early:?}, with them {outcome:?}")),
    }
}

/// Returns the policy for a case of an RFC: its algorithms, and `exp` only if its claims have one.
fn listed(case: &Value) -> Value {
    json!({ "algorithms": case["algorithms"], "requireExp": false })
}

fn text<'c>(case: &'c Value, name: &str) -> &'c str {
    case[name].as_str().unwrap_or_else(|| panic!("{}: no `{name}`", case["name"]))
}

fn base64url(text: &str) -> Vec<u8> {
    use base64ct::Encoding as _;
    base64ct::Base64UrlUnpadded::decode_vec(text).unwrap()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found:?}, expected {expected:?}")) }
}
