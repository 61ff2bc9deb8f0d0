//! Holds the report and the core against each other on every vector of `tests/vectors`.
#![expect(clippy::unwrap_used, reason = "a test file: what surprises it stops it")]

use base64ct::{Base64UrlUnpadded, Encoding};
use jotgate_core::{Key, KeySet, Keys, Needs, Policy, PolicyOptions, Refusal, verify};
use jotgate_inspect::{KeyOrigin, KeyText, Request, inspect};
use serde_json::{Value, json};

const FILES: [&str; 5] = [
    include_str!("../../../tests/vectors/rfc7515.json"),
    include_str!("../../../tests/vectors/rfc7519.json"),
    include_str!("../../../tests/vectors/rfc7520.json"),
    include_str!("../../../tests/vectors/rfc8037.json"),
    include_str!("../../../tests/vectors/refusals.json"),
];

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn the_report_and_the_core_agree_on_every_vector() {
    let (mut judged, mut unchanged, mut failures) = (0, 0, Vec::new());
    for file in FILES {
        let vectors: Value = serde_json::from_str(file).unwrap();
        for case in vectors["cases"].as_array().unwrap() {
            if let Some((same, failure)) = compare(case) {
                judged += 1;
                unchanged += usize::from(same);
                failures.extend(failure.map(|failure| format!("{}: {failure}", case["name"])));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {judged} differ\n{}", failures.len(), failures.join("\n"));
    assert!(judged >= 150 && unchanged >= 120, "only {judged} vectors were judged, {unchanged} unchanged");
}

/// Whether the token was judged as it is in the vector, and how the two differ. `None` for a vector without a token that can be pasted.
fn compare(case: &Value) -> Option<(bool, Option<String>)> {
    let token = case["token"].as_str()?;
    let now = case["now"].as_f64().unwrap_or(0.0);
    let policy = case
        .get("policy")
        .cloned()
        .unwrap_or_else(|| json!({ "algorithms": case["algorithms"], "requireExp": false }));
    let key = &case["key"];
    let text = if let Some(pem) = key["pem"].as_str() {
        pem.to_owned()
    } else if let Some(secret) = key["secret_b64u"].as_str() {
        json!({ "kty": "oct", "k": secret }).to_string()
    } else {
        key["jwk_text"].as_str().map_or_else(|| key.to_string(), str::to_owned)
    };
    let request = Request {
        input: token.to_owned(),
        keys: vec![KeyText { text, from: KeyOrigin::Entered, url: None }],
        policy: Some(policy.to_string()),
        needs: None,
        now,
        metadata: None,
        request: jotgate_inspect::RequestLine::default(),
    };
    let report = inspect(&request, &|_| None).ok()?;
    // Whitespace and percent-encoding are removed from what is pasted: the verdict is about what is left.
    let judged = report.token.as_ref()?.text.clone();
    let Ok(core) = core(judged.as_bytes(), key, &policy, now) else {
        // A key that cannot be read is a mistake of the program: there is no verifier to compare with.
        let difference = (report.accepted == Some(true)).then(|| "accepted without a key".to_owned());
        return Some((judged == token, difference));
    };
    let found = report.refusal.as_ref().map(|refusal| refusal.code);
    let same = report.accepted == Some(core.is_none()) && found == core.as_ref().map(Refusal::code);
    let difference = (!same).then(|| format!("the report says {found:?}, the core {core:?}"));
    Some((judged == token, difference))
}

/// The core's refusal, or the refusal of the key.
fn core(token: &[u8], key: &Value, policy: &Value, now: f64) -> Result<Option<Refusal>, Refusal> {
    let policy = Policy::new(PolicyOptions::read(&policy.to_string())?)?;
    let with = |keys: Keys<'_>| {
        verify(token, keys, &policy, &Needs::default(), now).err().map(|refused| refused.refusal)
    };
    if key.get("keys").is_some() {
        return KeySet::from_jwks(&key.to_string()).map(|set| with(Keys::Set(&set)));
    }
    let key = if let Some(pem) = key["pem"].as_str() {
        Key::from_pem(pem)
    } else if let Some(secret) = key["secret_b64u"].as_str() {
        Key::from_secret(&Base64UrlUnpadded::decode_vec(secret).unwrap())
    } else {
        Key::from_jwk(&key["jwk_text"].as_str().map_or_else(|| key.to_string(), str::to_owned))
    };
    key.map(|key| with(Keys::One(&key)))
}
