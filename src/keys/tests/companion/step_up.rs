//! A newer login on request: `max_age`, `prompt` and `acr_values` at the authorization endpoint (RFC 9470 §4).

use std::time::Duration;

use serde_json::Value;

use crate::browser::{Browser, claims, parameter};
use crate::client::{Answer, ask_token};
use crate::login::{PASSWORD, VERIFIER, request, served};
use crate::program::Serving;

/// The claims of the token that an answer's code is redeemed for.
#[track_caller]
fn token(serving: &Serving, answer: &Answer) -> Value {
    let code = parameter(answer, "code").unwrap();
    let form = format!(
        "grant_type=authorization_code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin&code={code}\
         &code_verifier={VERIFIER}"
    );
    let answer = ask_token(serving.address, &[], &form);
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    claims(json["access_token"].as_str().unwrap_or_else(|| panic!("{json}")))
}

#[test]
fn max_age_asks_for_the_password_again_and_the_next_token_has_a_newer_auth_time() {
    let (_program, serving) = served();
    let mut browser = Browser::new(serving.address);
    let first = token(&serving, &browser.log_in(&request(""), "ada", PASSWORD));
    let logged_in = first["auth_time"].as_u64().unwrap();
    std::thread::sleep(Duration::from_millis(2100));
    // The session is still good: only the consent of a public client is asked for.
    let page = browser.get(&request("&max_age=600"));
    assert!(page.body.contains("value=\"allow\""), "{}", page.body);
    let same = token(&serving, &browser.submit("/authorize", &page, &[("step", "allow")]));
    assert_eq!(same["auth_time"], first["auth_time"]);
    // What a gate asks for by `max_age` in its challenge.
    for more in ["&max_age=1", "&max_age=0", "&prompt=login"] {
        let silent =
            browser.get(&request(&format!("{more}&prompt=none").replace("&prompt=login", "&max_age=1")));
        assert_eq!(parameter(&silent, "error").as_deref(), Some("login_required"), "{more}");
        let answer = browser.log_in(
            &request(&format!("{more}&acr_values=other+urn%3Ajotgate%3Aacr%3Apassword")),
            "ada",
            PASSWORD,
        );
        let claims = token(&serving, &answer);
        assert!(claims["auth_time"].as_u64().unwrap() > logged_in, "{more}: {claims}");
        assert_eq!(
            (claims["acr"].as_str(), claims["sub"].as_str()),
            (Some("urn:jotgate:acr:password"), first["sub"].as_str())
        );
        std::thread::sleep(Duration::from_millis(2100));
    }
}

#[test]
fn a_way_to_log_in_that_does_not_exist_is_refused_before_any_page() {
    let (_program, serving) = served();
    let mut browser = Browser::new(serving.address);
    for value in ["urn%3Aexample%3Agold", "gold+silver", "URN%3Ajotgate%3Aacr%3Apassword"] {
        let answer = browser.get(&request(&format!("&acr_values={value}")));
        assert_eq!(
            parameter(&answer, "error").as_deref(),
            Some("unmet_authentication_requirements"),
            "{value}"
        );
        assert_eq!(parameter(&answer, "state").as_deref(), Some("s&t"));
        assert_eq!(parameter(&answer, "iss").as_deref(), Some("https://issuer.example"));
    }
}
