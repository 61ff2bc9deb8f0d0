//! `/userinfo`, ID tokens as hints, and logout (OpenID Connect RP-Initiated Logout), on the real binary.

use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Value, json};

use crate::browser::{Browser, parameter};
use crate::client::{Answer, ask, ask_form};
use crate::login::PASSWORD;
use crate::openid_profile::{Trial, error, path};
use crate::program::{FAST, Program};
use crate::proofs::{new_key, now, proof_for};

const BYE: &str = "https://app.example/bye";

fn ask_userinfo(trial: &Trial, headers: &[(&str, &str)]) -> Answer {
    ask(trial.serving.address, "GET", "/userinfo", headers)
}

#[track_caller]
fn refused(answer: &Answer, status: u16, challenge: &str) {
    assert_eq!(
        (answer.status, answer.header("www-authenticate")),
        (status, Some(challenge)),
        "{}",
        answer.body
    );
}

#[test]
fn userinfo_refuses_what_is_no_access_token_for_it() {
    let trial = Trial::new();
    let tokens = trial.tokens(&mut trial.browser(), &[("scope", "openid read")]);
    let invalid = r#"Bearer realm="userinfo", error="invalid_token""#;
    refused(&ask_userinfo(&trial, &[]), 401, r#"Bearer realm="userinfo""#);
    refused(&ask_userinfo(&trial, &[("authorization", "Basic d2ViOng=")]), 401, r#"Bearer realm="userinfo""#);
    refused(&trial.userinfo(&tokens["id_token"]), 401, invalid);
    refused(&trial.userinfo(&json!("x.y.z")), 401, invalid);
    // Of a client for itself: there is no person.
    let own = trial.program.done(&["token", "--sub", "web", "--scope", "openid", "--audience", "api"]);
    refused(&trial.userinfo(&json!(own.trim_end())), 401, invalid);
    let plain = trial.tokens(&mut trial.browser(), &[("scope", "read")]);
    let narrow = r#"Bearer realm="userinfo", error="insufficient_scope", scope="openid""#;
    refused(&trial.userinfo(&plain["access_token"]), 403, narrow);
    let token = tokens["access_token"].as_str().unwrap();
    let bearer = format!("Bearer {token}");
    let both = ask_form(
        trial.serving.address,
        "/userinfo",
        &[("authorization", &bearer)],
        &format!("access_token={token}"),
    );
    refused(&both, 400, r#"Bearer realm="userinfo", error="invalid_request""#);
    let pages = ask_userinfo(&trial, &[("origin", "https://app.example"), ("authorization", &bearer)]);
    assert_eq!(pages.header("access-control-allow-origin"), Some("https://app.example"));
    let asked = [("origin", "https://app.example"), ("access-control-request-method", "GET")];
    let preflight = ask(trial.serving.address, "OPTIONS", "/userinfo", &asked);
    assert_eq!(preflight.header("access-control-allow-methods"), Some("GET, POST"));
    trial.program.done(&["users", "disable", "ada"]);
    refused(&trial.userinfo(&tokens["access_token"]), 401, invalid);
}

#[test]
fn a_token_that_is_bound_to_a_key_needs_its_proof_at_userinfo() {
    let program = Program::with_store(&["--openid"]);
    program.add_user(&["ada"], PASSWORD);
    let login = ["--public", "--redirect", "https://app.example/login", "--audience", "api"];
    program.done(&[&["clients", "add", "app", "--scope", "openid read"][..], &login].concat());
    let serving = crate::login::serve(&program);
    let request = crate::login::request("").replace("read+offline_access", "openid");
    let answer = Browser::new(serving.address).log_in(&request, "ada", PASSWORD);
    let key = new_key();
    let claims = json!({ "jti": "1", "htm": "POST", "htu": "https://issuer.example/token", "iat": now() });
    let form = format!(
        "grant_type=authorization_code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin&code={}\
         &code_verifier={}",
        parameter(&answer, "code").unwrap(),
        crate::login::VERIFIER
    );
    let answer = ask_form(serving.address, "/token", &[("dpop", &proof_for(&key, claims))], &form);
    let tokens: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(tokens["token_type"], "DPoP", "{tokens}");
    let token = tokens["access_token"].as_str().unwrap();
    let hash = aws_lc_rs_sha256(token);
    let proof = |jti: &str, hash: &str| {
        let url = "https://issuer.example/userinfo";
        proof_for(&key, json!({ "jti": jti, "htm": "GET", "htu": url, "iat": now(), "ath": hash }))
    };
    let ask = |scheme: &str, proof: Option<&str>| {
        let authorization = format!("{scheme} {token}");
        let mut headers = vec![("authorization", authorization.as_str())];
        headers.extend(proof.map(|proof| ("dpop", proof)));
        ask(serving.address, "GET", "/userinfo", &headers).status
    };
    let good = proof("2", &hash);
    assert_eq!(ask("DPoP", Some(&good)), 200);
    assert_eq!(ask("DPoP", Some(&good)), 401, "a proof counts once");
    assert_eq!(ask("DPoP", None), 401);
    assert_eq!(ask("DPoP", Some(&proof("3", "other"))), 401, "a proof is for one token");
    assert_eq!(ask("Bearer", Some(&proof("4", &hash))), 401, "RFC 9449 §7.2");
    let other = proof_for(
        &new_key(),
        json!({ "jti": "5", "htm": "GET", "htu": "https://issuer.example/userinfo", "iat": now(), "ath": hash }),
    );
    assert_eq!(ask("DPoP", Some(&other)), 401, "another key");
}

/// SHA-256 of a text in base64url.
fn aws_lc_rs_sha256(text: &str) -> String {
    let hash = jotgate_keys::ledger::SecretHash::of(text.as_bytes());
    Base64UrlUnpadded::encode_string(hash.as_bytes())
}

/// A request to log out.
fn logout(parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    format!("/logout?{}", query.finish())
}

fn is_logged_in(browser: &mut Browser) -> bool {
    parameter(&browser.get(&path(&[("prompt", "none")])), "code").is_some()
}

#[test]
fn a_client_with_an_id_token_of_the_session_logs_out_at_once() {
    let trial = Trial::new();
    let mut browser = trial.browser();
    let tokens = trial.tokens(&mut browser, &[]);
    let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
    let request = logout(&[hint, ("post_logout_redirect_uri", BYE), ("state", "a b")]);
    let answer = browser.get(&request);
    assert_eq!(answer.header("location"), Some("https://app.example/bye?state=a+b"));
    assert_eq!((answer.status, browser.cookie("__Host-jotgate-session")), (303, None));
    assert!(!is_logged_in(&mut browser));
    // Once more: nothing is left to end.
    assert_eq!(browser.get(&request).status, 303);
    // A client may post; the browser sends its cookie when it follows.
    let tokens = trial.tokens(&mut browser, &[]);
    let form = logout(&[("id_token_hint", tokens["id_token"].as_str().unwrap())]);
    let answer = browser.ask("POST", "/logout", form.split_once('?').unwrap().1);
    let next = answer.header("location").unwrap().to_owned();
    assert!(answer.status == 303 && next.starts_with('?'), "{next}");
    let page = browser.get(&format!("/logout{next}"));
    assert!(page.status == 200 && page.body.contains("Signed out"), "{}", page.body);
    assert!(!is_logged_in(&mut browser));
}

#[test]
fn without_an_id_token_of_that_session_a_logout_asks_first() {
    let trial = Trial::new();
    let mut browser = trial.browser();
    let old = trial.tokens(&mut browser, &[]);
    trial.tokens(&mut browser, &[("prompt", "login")]);
    let other = trial.tokens(&mut trial.browser(), &[]);
    let access = other["access_token"].as_str().unwrap();
    for hint in [old["id_token"].as_str().unwrap(), other["id_token"].as_str().unwrap(), access, "x"] {
        let page = browser.get(&logout(&[
            ("client_id", "web"),
            ("id_token_hint", hint),
            ("post_logout_redirect_uri", BYE),
        ]));
        assert!(
            page.status == 200 && page.body.contains("<h1>Sign out</h1>"),
            "{} {}",
            page.status,
            page.body
        );
        assert!(is_logged_in(&mut browser), "a question ends nothing");
    }
    let page = browser.get(&logout(&[("client_id", "web"), ("post_logout_redirect_uri", BYE)]));
    let forged = browser.ask("POST", "/logout?client_id=web", "form_token=x");
    assert!(forged.body.contains("<h1>Sign out</h1>") && is_logged_in(&mut browser));
    let answer = browser.submit("/logout", &page, &[]);
    assert_eq!((answer.status, answer.header("location")), (303, Some(BYE)));
    assert!(!is_logged_in(&mut browser));
    // Without a session and an ID token there is no redirect.
    let page = browser.get(&logout(&[("client_id", "web"), ("post_logout_redirect_uri", BYE)]));
    assert!(page.status == 200 && page.body.contains("Signed out"), "{}", page.body);
}

#[test]
fn an_address_that_is_not_registered_for_the_client_gets_no_redirect() {
    let trial = Trial::new();
    let mut browser = trial.browser();
    let tokens = trial.tokens(&mut browser, &[]);
    let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
    for request in [
        logout(&[hint, ("post_logout_redirect_uri", "https://evil.example/")]),
        logout(&[hint, ("post_logout_redirect_uri", "https://app.example/login")]),
        logout(&[("post_logout_redirect_uri", BYE)]),
        logout(&[("client_id", "other"), ("post_logout_redirect_uri", BYE)]),
        logout(&[hint, ("client_id", "other"), ("post_logout_redirect_uri", BYE)]),
    ] {
        let answer = browser.get(&request);
        assert_eq!((answer.status, answer.header("location")), (400, None), "{request}");
    }
    assert!(is_logged_in(&mut browser));
    trial.program.done(&["clients", "set", "web", "--logout-redirect", "https://app.example/other"]);
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(browser.get(&logout(&[hint, ("post_logout_redirect_uri", BYE)])).status, 400);
}

#[test]
fn an_id_token_of_a_key_that_is_gone_is_a_hint_still() {
    let short = ["--longest-life", "1", "--leeway", "0", "--openid"];
    let trial = Trial::with_store(&[&FAST[..], &short].concat());
    let mut browser = trial.browser();
    let tokens = trial.tokens(&mut browser, &[]);
    let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
    let id_kids = || -> Vec<String> {
        let state = trial.program.state();
        let ring = state.ring_for(jotgate_keys::Purpose::Id).unwrap();
        ring.keys().iter().map(|key| key.kid().to_owned()).collect()
    };
    let old = id_kids()[0].clone();
    trial.program.done(&["keys", "rotate", "--purpose", "id"]);
    let start = std::time::Instant::now();
    while id_kids().contains(&old) {
        assert!(start.elapsed() < Duration::from_secs(30), "the old key stays published");
        std::thread::sleep(Duration::from_millis(300));
    }
    assert_eq!(trial.program.state().past_keys().len(), 1);
    std::thread::sleep(Duration::from_millis(1200));
    let again = browser.get(&path(&[("prompt", "none"), hint]));
    assert!(parameter(&again, "code").is_some());
    let answer = browser.get(&logout(&[hint, ("post_logout_redirect_uri", BYE)]));
    assert_eq!((answer.status, answer.header("location")), (303, Some(BYE)));
    // All keys may be in other hands: their ID tokens prove nothing any more.
    trial.program.done(&["keys", "emergency", "--yes"]);
    std::thread::sleep(Duration::from_millis(1200));
    assert_eq!(error(&browser.get(&path(&[("prompt", "none"), hint]))), "invalid_request");
}
