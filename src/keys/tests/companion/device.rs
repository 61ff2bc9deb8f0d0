//! Device flow (RFC 8628): a device without a browser shows a code, a person enters it elsewhere.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::browser::{Browser, claims};
use crate::client::{Answer, ask, ask_form, ask_token};
use crate::login::{PASSWORD, serve};
use crate::program::{Program, Serving};

pub(crate) const DEVICE_CODE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";

fn served() -> (Program, Serving) {
    let program = Program::with_store(&[]);
    program.add_user(&["ada", "--role", "admin"], PASSWORD);
    let common = ["--audience", "https://api.example", "--scope", "read write"];
    for (id, more) in [
        ("tv", &["--public", "--device", "--offline-access"][..]),
        ("radio", &["--public", "--device"]),
        ("page", &["--public", "--redirect", "https://app.example/login"]),
    ] {
        program.done(&[&["clients", "add", id][..], &common, more].concat());
    }
    let serving = serve(&program);
    (program, serving)
}

fn begin(serving: &Serving, form: &str) -> Answer {
    ask_form(serving.address, "/device_authorization", &[], form)
}

/// The codes for the client `tv`.
#[track_caller]
fn codes(serving: &Serving) -> (String, String) {
    let answer = begin(serving, "client_id=tv&scope=read+offline_access");
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer.status, 200, "{json}");
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    assert_eq!(text("verification_uri"), "https://issuer.example/device");
    assert_eq!(
        text("verification_uri_complete"),
        format!("https://issuer.example/device?user_code={}", text("user_code"))
    );
    assert_eq!((json["expires_in"].as_u64(), json["interval"].as_u64()), (Some(600), Some(5)));
    (text("device_code"), text("user_code"))
}

fn poll(serving: &Serving, client: &str, code: &str) -> (u16, Value) {
    let answer = ask_token(
        serving.address,
        &[],
        &format!("grant_type={DEVICE_CODE}&client_id={client}&device_code={code}"),
    );
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// Enters a code and logs in; the page that asks whether the device may.
#[track_caller]
pub(crate) fn enter(browser: &mut Browser, user_code: &str) -> Answer {
    let page = browser.get("/device");
    assert!(page.body.contains("name=\"user_code\"") && !page.body.contains("<script"), "{}", page.body);
    let next = browser.submit("/device", &page, &[("user_code", user_code)]);
    if !next.body.contains("type=\"password\"") {
        return next;
    }
    browser.submit("/device", &next, &[("username", "ada"), ("password", PASSWORD)])
}

#[test]
fn device_a_person_enters_the_code_and_the_device_gets_tokens() {
    let (_program, serving) = served();
    let metadata = ask(serving.address, "GET", "/.well-known/oauth-authorization-server", &[]).body;
    assert!(
        metadata
            .contains("\"device_authorization_endpoint\":\"https://issuer.example/device_authorization\"")
    );
    let (device_code, user_code) = codes(&serving);
    assert_eq!(poll(&serving, "tv", &device_code).1["error"], "authorization_pending");
    let polled = Instant::now();
    assert_eq!(poll(&serving, "tv", &device_code).1["error"], "slow_down");
    assert_eq!(poll(&serving, "radio", &device_code).1["error"], "invalid_grant", "another client");
    let mut browser = Browser::new(serving.address);
    let consent = enter(&mut browser, &user_code.to_lowercase().replace('-', " "));
    for words in [
        "Allow <strong>tv</strong>",
        "<code>read</code>",
        "while you are away",
        &user_code,
        "in your own hand",
    ] {
        assert!(consent.body.contains(words), "{words}: {}", consent.body);
    }
    let forged = browser.ask("POST", &format!("/device?user_code={user_code}"), "step=allow&form_token=x");
    assert!(forged.body.contains("Allow <strong>tv</strong>"), "a form of another page: {}", forged.body);
    let done = browser.submit("/device", &consent, &[("step", "allow")]);
    assert!(done.body.contains("Connected"), "{}", done.body);
    // The device was too quick once: it waits ten seconds now.
    thread::sleep(Duration::from_secs(11).saturating_sub(polled.elapsed()));
    let (status, json) = poll(&serving, "tv", &device_code);
    assert_eq!((status, &json["scope"]), (200, &Value::from("read offline_access")), "{json}");
    let token = claims(json["access_token"].as_str().unwrap());
    assert_eq!((token["client_id"].as_str(), token["amr"][0].as_str()), (Some("tv"), Some("pwd")));
    let refresh = format!(
        "grant_type=refresh_token&client_id=tv&refresh_token={}",
        json["refresh_token"].as_str().unwrap()
    );
    assert_eq!(ask_token(serving.address, &[], &refresh).status, 200);
    assert_eq!(poll(&serving, "tv", &device_code).1["error"], "invalid_grant", "a code is redeemed once");
    let again = browser.submit("/device", &browser_page(&serving), &[("user_code", &user_code)]);
    assert_eq!(again.status, 400, "a code is entered once");
}

fn browser_page(serving: &Serving) -> Answer {
    Browser::new(serving.address).get("/device")
}

#[test]
fn a_person_who_refuses_ends_it_and_a_code_in_the_address_still_needs_a_click() {
    let (_program, serving) = served();
    let (device_code, user_code) = codes(&serving);
    let mut browser = Browser::new(serving.address);
    let page = browser.get(&format!("/device?user_code={user_code}"));
    assert!(
        page.body.contains(&format!("value=\"{user_code}\"")) && page.body.contains("Continue"),
        "{}",
        page.body
    );
    let login = browser.submit("/device", &page, &[("user_code", &user_code)]);
    let wrong = browser.submit("/device", &login, &[("username", "ada"), ("password", "wrong")]);
    assert_eq!((wrong.status, wrong.body.contains("is wrong")), (403, true), "{}", wrong.body);
    let consent = browser.submit("/device", &wrong, &[("username", "ada"), ("password", PASSWORD)]);
    assert!(browser.submit("/device", &consent, &[("step", "deny")]).body.contains("Not connected"));
    assert_eq!(poll(&serving, "tv", &device_code).1["error"], "access_denied");
    assert_eq!(poll(&serving, "tv", &device_code).1["error"], "invalid_grant");
}

#[test]
fn the_device_flow_is_off_for_other_clients_and_misses_are_limited() {
    let (_program, serving) = served();
    for (form, error) in [
        ("client_id=page", "unauthorized_client"),
        ("client_id=nobody", "invalid_client"),
        ("client_id=tv&scope=everything", "invalid_scope"),
        ("client_id=radio&scope=offline_access", "invalid_scope"),
        ("client_id=tv&resource=https%3A%2F%2Fother.example", "invalid_target"),
    ] {
        let answer = begin(&serving, form);
        assert!(
            answer.status == 400 && answer.body.contains(&format!("\"error\":\"{error}\"")),
            "{form}: {}",
            answer.body
        );
    }
    assert_eq!(poll(&serving, "page", "x").1["error"], "unauthorized_client");
    assert_eq!(poll(&serving, "tv", "x").1["error"], "invalid_grant");
    assert_eq!(ask(serving.address, "GET", "/device", &[]).status, 400, "no login without TLS");
    let (device_code, user_code) = codes(&serving);
    for _ in 0..70 {
        let (_, json) = poll(&serving, "tv", &device_code);
        assert!(
            json["error"] == "slow_down" || json["error"] == "authorization_pending",
            "polls do not count: {json}"
        );
    }
    let mut browser = Browser::new(serving.address);
    for _ in 0..70 {
        assert_eq!(browser.get("/device").status, 200, "pages do not count");
    }
    let page = browser.get("/device");
    let misses = (0..70).map(|_| browser.submit("/device", &page, &[("user_code", "BBBB-BBBB")]).status);
    assert!(misses.collect::<Vec<_>>().contains(&429));
    assert_eq!(browser.submit("/device", &page, &[("user_code", &user_code)]).status, 429);
}
