//! OpenID Connect: ID tokens of people who log in, over real HTTP, behind a trusted proxy.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::browser::{Browser, claims, parameter};
use crate::client::{ask, ask_form, ask_token, get_set};
use crate::device::{DEVICE_CODE, enter};
use crate::login::{PASSWORD, VERIFIER, request, serve};
use crate::program::{Program, Serving};

/// A store with ada, who can log in, and `app`, a public client that may ask for ID tokens; and its server.
fn served() -> (Program, Serving) {
    let program = Program::with_store(&["--openid"]);
    let profile = ["--full-name", "Ada Lovelace", "--email", "ada@example.com", "--email-verified", "true"];
    program.add_user(&[&["ada", "--role", "admin"][..], &profile].concat(), PASSWORD);
    let login = ["--public", "--redirect", "https://app.example/login", "--offline-access"];
    let scope = ["--scope", "openid profile email read", "--audience", "https://api.example"];
    program.done(&[&["clients", "add", "app"][..], &login, &scope].concat());
    let serving = serve(&program);
    (program, serving)
}

/// An authorization request with that scope.
fn with_scope(scope: &str, more: &str) -> String {
    request(more).replace("scope=read+offline_access", &format!("scope={scope}"))
}

fn redeem(serving: &Serving, code: &str) -> Value {
    let form = format!(
        "grant_type=authorization_code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin&code={code}\
         &code_verifier={VERIFIER}"
    );
    let answer = ask_token(serving.address, &[], &form);
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

fn document(serving: &Serving) -> Value {
    let answer = ask(serving.address, "GET", "/.well-known/openid-configuration", &[]);
    serde_json::from_str(&answer.body).unwrap()
}

/// The claims of an ID token, verified by jsonwebtoken with the published set.
#[track_caller]
fn verified(serving: &Serving, token: &str) -> Value {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let set: JwkSet = serde_json::from_str(&get_set(serving.address).body).unwrap();
    let header = decode_header(token).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::RS256, Some("JWT")));
    let jwk = set.find(&header.kid.unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["app"]);
    validation.set_issuer(&["https://issuer.example"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    decode(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation).unwrap().claims
}

#[test]
fn a_login_with_openid_yields_an_id_token_and_a_refresh_another_without_the_nonce() {
    let (_program, serving) = served();
    let path = with_scope("openid+read+offline_access", "&nonce=n-0S6_WzA2Mj");
    let answer = Browser::new(serving.address).log_in(&path, "ada", PASSWORD);
    let json = redeem(&serving, &parameter(&answer, "code").unwrap());
    assert_eq!(json["scope"], "openid read offline_access");
    let id = verified(&serving, json["id_token"].as_str().unwrap());
    let access = claims(json["access_token"].as_str().unwrap());
    assert_eq!((&access["scope"], &access["aud"]), (&json!("openid read"), &json!("https://api.example")));
    for (name, value) in [
        ("sub", access["sub"].clone()),
        ("auth_time", access["auth_time"].clone()),
        ("nonce", json!("n-0S6_WzA2Mj")),
        ("acr", json!("urn:jotgate:acr:password")),
        ("amr", json!(["pwd"])),
    ] {
        assert_eq!(id[name], value, "{id}");
    }
    assert_eq!(id["exp"].as_u64().unwrap() - id["iat"].as_u64().unwrap(), 600);
    assert_eq!(id["sid"].as_str().unwrap().len(), 22);
    assert_eq!(id.as_object().unwrap().len(), 10, "no claim about the person: {id}");

    let form = format!(
        "grant_type=refresh_token&client_id=app&refresh_token={}",
        json["refresh_token"].as_str().unwrap()
    );
    let again: Value = serde_json::from_str(&ask_token(serving.address, &[], &form).body).unwrap();
    let next = verified(&serving, again["id_token"].as_str().unwrap());
    // OpenID Connect Core §12.2.
    for name in ["iss", "sub", "aud", "auth_time", "sid"] {
        assert_eq!(next[name], id[name], "{name}");
    }
    assert_eq!(next["nonce"], Value::Null);
    // A request without `openid` gets none.
    let form =
        form.replace(json["refresh_token"].as_str().unwrap(), again["refresh_token"].as_str().unwrap());
    let narrow: Value =
        serde_json::from_str(&ask_token(serving.address, &[], &format!("{form}&scope=read")).body).unwrap();
    assert_eq!((&narrow["id_token"], &narrow["scope"]), (&Value::Null, &json!("read offline_access")));
}

#[test]
fn a_device_that_asks_for_openid_gets_an_id_token_too() {
    let (program, serving) = served();
    let device =
        ["--public", "--device", "--scope", "openid email read", "--audience", "https://api.example"];
    program.done(&[&["clients", "add", "tv"][..], &device].concat());
    std::thread::sleep(std::time::Duration::from_millis(1200));
    let begun = ask_form(serving.address, "/device_authorization", &[], "client_id=tv&scope=openid+email");
    let begun: Value = serde_json::from_str(&begun.body).unwrap();
    let mut browser = Browser::new(serving.address);
    let page = enter(&mut browser, begun["user_code"].as_str().unwrap());
    assert!(page.body.contains("see your email address"), "{}", page.body);
    let done = browser.submit("/device", &page, &[("step", "allow")]);
    assert!(done.body.contains("Connected"), "{}", done.body);
    let code = begun["device_code"].as_str().unwrap();
    let form = format!("grant_type={DEVICE_CODE}&client_id=tv&device_code={code}");
    let json: Value = serde_json::from_str(&ask_token(serving.address, &[], &form).body).unwrap();
    let id = claims(json["id_token"].as_str().unwrap_or_else(|| panic!("{json}")));
    assert_eq!(
        (&id["aud"], &id["sub"]),
        (&json!("tv"), &claims(json["access_token"].as_str().unwrap())["sub"])
    );
    assert!(id.get("nonce").is_none() && id["sid"].is_string(), "{id}");
}

#[test]
fn the_metadata_has_what_openid_discovery_requires() {
    let (_program, serving) = served();
    let json = document(&serving);
    for (name, value) in [
        ("issuer", json!("https://issuer.example")),
        ("authorization_endpoint", json!("https://issuer.example/authorize")),
        ("token_endpoint", json!("https://issuer.example/token")),
        ("jwks_uri", json!("https://issuer.example/.well-known/jwks.json")),
        ("scopes_supported", json!(["email", "offline_access", "openid", "profile", "read"])),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        ("subject_types_supported", json!(["public"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        ("request_uri_parameter_supported", json!(false)),
    ] {
        assert_eq!(json[name], value, "{name}");
    }
}

#[test]
fn without_keys_for_id_tokens_openid_is_no_scope_and_the_metadata_promises_none() {
    let program = Program::with_store(&[]);
    program.add_user(&["ada"], PASSWORD);
    let login = ["--public", "--redirect", "https://app.example/login", "--offline-access"];
    program.done(&[&["clients", "add", "app", "--scope", "read", "--audience", "api"][..], &login].concat());
    let serving = serve(&program);
    let json = document(&serving);
    assert_eq!(json["id_token_signing_alg_values_supported"], Value::Null);
    let refused = || Browser::new(serving.address).get(&with_scope("openid", ""));
    assert_eq!(parameter(&refused(), "error").as_deref(), Some("invalid_scope"));
    // The first client that may ask for it publishes the first key, which does not sign yet.
    let said = program.done(&["clients", "set", "app", "--scope", "read openid"]);
    assert!(said.contains("the first key for ID tokens is published"), "{said}");
    let list = program.done(&["keys", "list"]);
    assert!(list.contains("RS256  staged   ID tokens") && list.contains("  signs 2"), "{list}");
    assert_eq!(parameter(&refused(), "error").as_deref(), Some("invalid_scope"));
    let emergency = program.done(&["keys", "emergency", "--yes"]);
    assert!(emergency.contains("3 keys are revoked"), "{emergency}");
    let list = program.done(&["keys", "list"]);
    assert!(list.contains("RS256  signing  ID tokens"), "{list}");
}

#[test]
fn a_running_server_lets_the_first_key_for_id_tokens_sign_by_itself() {
    let program = Program::with_store(&crate::program::FAST);
    program.add_user(&["ada"], PASSWORD);
    let serving = serve(&program);
    let login = ["--public", "--redirect", "https://app.example/login", "--offline-access"];
    // Without an API: its tokens are for the issuer.
    let said = program.done(&[&["clients", "add", "app", "--scope", "openid"][..], &login].concat());
    assert!(said.contains("accepts the scope openid in 5 s") || said.contains("in 4 s"), "{said}");
    let path = with_scope("openid", "");
    let start = std::time::Instant::now();
    let page = loop {
        let page = Browser::new(serving.address).get(&path);
        if page.status == 200 {
            break page;
        }
        assert!(start.elapsed() < std::time::Duration::from_secs(30), "{}", page.body);
        std::thread::sleep(std::time::Duration::from_millis(1100));
    };
    assert!(page.body.contains("type=\"password\""));
    let answer = Browser::new(serving.address).log_in(&path, "ada", PASSWORD);
    let json = redeem(&serving, &parameter(&answer, "code").unwrap());
    verified(&serving, json["id_token"].as_str().unwrap());
    assert_eq!(claims(json["access_token"].as_str().unwrap())["aud"], "https://issuer.example");
    assert!(
        program
            .state()
            .successor_for(jotgate_keys::Purpose::Id, jotgate_keys::SigningAlgorithm::RS256)
            .is_some()
    );
}

#[test]
fn a_store_of_an_older_format_cannot_hold_keys_for_id_tokens() {
    let program = Program::with_format_3();
    let said = program.refused(&["keys", "stage", "--purpose", "id"]);
    assert!(said.contains("run `jotgate-keys upgrade`"), "{said}");
    program.done(&["upgrade"]);
    let said = program.done(&["keys", "stage", "--purpose", "id"]);
    assert!(said.contains("a running `serve` lets it sign ID tokens in "), "{said}");
    assert!(
        program.refused(&["keys", "stage", "--purpose", "id", "--algorithm", "ES256"]).contains("ID tokens")
    );
    assert!(program.refused(&["keys", "rotate", "--purpose", "id"]).contains("no key signs ID tokens"));
}

#[test]
fn the_key_for_id_tokens_rotates_apart_from_the_other() {
    let program = Program::with_store(&[&crate::program::FAST[..], &["--openid"]].concat());
    let serving = serve(&program);
    let signers = || {
        let state = program.state();
        [jotgate_keys::Purpose::Access, jotgate_keys::Purpose::Id]
            .map(|purpose| state.signer_for(purpose).unwrap().kid().to_owned())
    };
    let [access, id] = signers();
    program.done(&["keys", "rotate", "--purpose", "id"]);
    let [same, next] = signers();
    assert_eq!(same, access);
    assert_ne!(next, id);
    let kids = get_set(serving.address).kids();
    assert!([&access, &id, &next].iter().all(|kid| kids.contains(kid)), "{kids:?}");
    drop(serving);
}
