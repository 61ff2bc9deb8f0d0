//! People log in: the authorization code grant over real HTTP, behind a trusted proxy.

use serde_json::{Value, json};

use crate::browser::{Browser, claims, parameter};
use crate::client::{Answer, ask, ask_form, ask_token};
use crate::program::{Program, Serving, secret_in};

pub(crate) const PASSWORD: &str = "quartz lantern orbit 7";
const REDIRECT: &str = "https://app.example/login";
/// RFC 7636, appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A store with ada, who can log in, and `app`, a public client; and its server.
pub(crate) fn served() -> (Program, Serving) {
    let program = Program::with_store(&[]);
    add_ada(&program);
    let serving = serve(&program);
    (program, serving)
}

/// Adds ada and `app`.
pub(crate) fn add_ada(program: &Program) {
    program.add_user(&["ada", "--role", "admin", "--permission", "reports:read"], PASSWORD);
    let login = ["--public", "--redirect", REDIRECT, "--offline-access", "--scope", "read write"];
    program.done(&[&["clients", "add", "app", "--audience", "https://api.example"][..], &login].concat());
}

pub(crate) fn serve(program: &Program) -> Serving {
    Program::serving(&mut program.command(&[
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--trusted-proxy",
        "127.0.0.1",
    ]))
}

pub(crate) fn request(more: &str) -> String {
    format!(
        "/authorize?response_type=code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin\
         &scope=read+offline_access&state=s%26t&code_challenge={CHALLENGE}&code_challenge_method=S256{more}"
    )
}

fn redeem(serving: &Serving, code: &str, more: &str) -> Answer {
    let form = format!(
        "grant_type=authorization_code&client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Flogin&code={code}{more}"
    );
    ask_token(serving.address, &[], &form)
}

fn refresh(serving: &Serving, token: &str) -> Answer {
    let form = format!("grant_type=refresh_token&client_id=app&refresh_token={token}");
    ask_token(serving.address, &[], &form)
}

/// Logs ada in; the answer of the token endpoint.
#[track_caller]
fn tokens(serving: &Serving) -> Value {
    let answer = Browser::new(serving.address).log_in(&request(""), "ada", PASSWORD);
    let code = parameter(&answer, "code").unwrap();
    let answer = redeem(serving, &code, &format!("&code_verifier={VERIFIER}"));
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

#[track_caller]
fn error(answer: &Answer) -> String {
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    json["error"].as_str().unwrap_or_else(|| panic!("{json}")).to_owned()
}

#[test]
fn authorization_code_a_person_logs_in_allows_and_the_client_gets_tokens() {
    let (_program, serving) = served();
    let mut browser = Browser::new(serving.address);
    let page = browser.get(&request(""));
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-store")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!page.body.contains("<script"));
    let wrong = browser.submit("/authorize", &page, &[("username", "ada"), ("password", "wrong")]);
    assert!(wrong.body.contains("The name or the password is wrong."), "{}", wrong.body);
    assert_eq!(browser.cookie("__Host-jotgate-session"), None);
    let consent = browser.submit("/authorize", &wrong, &[("username", "Ada"), ("password", PASSWORD)]);
    for words in
        ["Allow <strong>app</strong>", "app.example", "<code>read</code>", "while you are away", "ada"]
    {
        assert!(consent.body.contains(words), "{words}: {}", consent.body);
    }
    assert!(browser.cookie("__Host-jotgate-session").is_some());
    let answer = browser.submit("/authorize", &consent, &[("step", "allow")]);
    assert_eq!(parameter(&answer, "state").as_deref(), Some("s&t"));
    assert_eq!(parameter(&answer, "iss").as_deref(), Some("https://issuer.example"));
    let code = parameter(&answer, "code").unwrap();
    let answer = redeem(&serving, &code, &format!("&code_verifier={VERIFIER}"));
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, &json["scope"]), (200, &json!("read offline_access")), "{json}");
    let claims = claims(json["access_token"].as_str().unwrap());
    assert!(claims["sub"].as_str().unwrap().starts_with("u_"));
    for (name, value) in [
        ("client_id", json!("app")),
        ("aud", json!("https://api.example")),
        ("scope", json!("read")),
        ("acr", json!("urn:jotgate:acr:password")),
        ("amr", json!(["pwd"])),
        ("roles", json!(["admin"])),
        ("permissions", json!(["reports:read"])),
    ] {
        assert_eq!(claims[name], value, "{claims}");
    }
    assert!(claims["auth_time"].as_u64() <= claims["iat"].as_u64());
    // The second use of the code ends the refresh token, too.
    assert_eq!(error(&redeem(&serving, &code, &format!("&code_verifier={VERIFIER}"))), "invalid_grant");
    assert_eq!(error(&refresh(&serving, json["refresh_token"].as_str().unwrap())), "invalid_grant");
}

#[test]
fn refresh_token_each_is_followed_by_one_successor_and_an_old_one_ends_them_all() {
    let (_program, serving) = served();
    let first = tokens(&serving);
    let token = |json: &Value| json["refresh_token"].as_str().unwrap().to_owned();
    let read = |answer: &Answer| -> Value { serde_json::from_str(&answer.body).unwrap() };
    let (zero, time) = (token(&first), claims(first["access_token"].as_str().unwrap())["auth_time"].clone());
    let once = read(&refresh(&serving, &zero));
    let again = read(&refresh(&serving, &zero));
    assert_eq!(token(&once), token(&again), "a lost answer is repeated");
    assert_ne!(token(&once), zero);
    assert_eq!(claims(once["access_token"].as_str().unwrap())["auth_time"], time);
    let form = format!("grant_type=refresh_token&client_id=app&scope=write&refresh_token={}", token(&once));
    assert_eq!(error(&ask_token(serving.address, &[], &form)), "invalid_scope");
    let second = read(&refresh(&serving, &token(&once)));
    assert_eq!(error(&refresh(&serving, &zero)), "invalid_grant");
    assert_eq!(error(&refresh(&serving, &token(&second))), "invalid_grant", "the whole family has ended");
}

#[test]
fn revocation_ends_a_refresh_token_and_answers_200_to_unknown_ones() {
    let (_program, serving) = served();
    let json = tokens(&serving);
    let revoke =
        |token: &str| ask_form(serving.address, "/revoke", &[], &format!("client_id=app&token={token}"));
    assert_eq!(error(&revoke(json["access_token"].as_str().unwrap())), "unsupported_token_type");
    assert_eq!(revoke("unknown").status, 200);
    let token = json["refresh_token"].as_str().unwrap();
    assert_eq!(revoke(token).status, 200);
    assert_eq!(error(&refresh(&serving, token)), "invalid_grant");
}

#[test]
fn a_wrong_verifier_burns_the_code_and_another_client_does_not() {
    let (program, serving) = served();
    let other = ["--public", "--redirect", REDIRECT, "--audience", "https://api.example"];
    program.done(&[&["clients", "add", "other"][..], &other].concat());
    let code = || {
        let answer = Browser::new(serving.address).log_in(&request(""), "ada", PASSWORD);
        parameter(&answer, "code").unwrap()
    };
    let right = format!("&code_verifier={VERIFIER}");
    let wrong = format!("&code_verifier={}", "x".repeat(43));
    let first = code();
    assert_eq!(error(&redeem(&serving, &first, &wrong)), "invalid_grant");
    assert_eq!(error(&redeem(&serving, &first, &right)), "invalid_grant", "it is burnt");
    let second = code();
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let form = format!(
        "grant_type=authorization_code&client_id=other&redirect_uri=https%3A%2F%2Fapp.example%2Flogin&code={second}{right}"
    );
    assert_eq!(error(&ask_token(serving.address, &[], &form)), "invalid_grant");
    assert_eq!(redeem(&serving, &second, &right).status, 200);
}

#[test]
fn what_is_wrong_with_a_request_is_shown_until_the_redirect_address_is_known_and_sent_there_then() {
    let (_program, serving) = served();
    let mut browser = Browser::new(serving.address);
    for (from, to) in [
        ("client_id=app", "client_id=unknown"),
        ("client_id=app&", ""),
        ("app.example%2Flogin", "app.example%2Flogin%2F"),
        ("app.example", "evil.example"),
        ("state=s%26t", "state=a&state=b"),
        ("state=s%26t", "state=%"),
    ] {
        let path = request("").replace(from, to);
        assert_ne!(path, request(""));
        let page = browser.get(&path);
        assert_eq!((page.status, page.header("location")), (400, None), "{to}");
    }
    for (from, to, expected) in [
        ("response_type=code&", "", "invalid_request"),
        ("response_type=code", "response_type=token", "unsupported_response_type"),
        ("response_type=code", "response_type=code+id_token", "unsupported_response_type"),
        ("code_challenge_method=S256", "code_challenge_method=plain", "invalid_request"),
        ("&code_challenge_method=S256", "", "invalid_request"),
        ("code_challenge=E9", "x=E9", "invalid_request"),
        ("scope=read", "scope=admin", "invalid_scope"),
        ("&scope", "&resource=https%3A%2F%2Fother.example&scope", "invalid_target"),
        ("&scope", "&prompt=none&scope", "login_required"),
        ("&scope", "&prompt=none+login&scope", "invalid_request"),
        ("&scope", "&max_age=x&scope", "invalid_request"),
        ("&scope", "&request=x&scope", "request_not_supported"),
        ("&scope", "&acr_values=urn%3Aother&scope", "unmet_authentication_requirements"),
    ] {
        let answer = browser.get(&request("").replace(from, to));
        assert_eq!(parameter(&answer, "error").as_deref(), Some(expected), "{to}");
        assert_eq!(parameter(&answer, "state").as_deref(), Some("s&t"));
        assert_eq!(parameter(&answer, "iss").as_deref(), Some("https://issuer.example"));
    }
}

#[test]
fn a_form_from_another_browser_does_nothing_and_plain_http_has_no_login() {
    let (_program, serving) = served();
    let (mut one, mut other) = (Browser::new(serving.address), Browser::new(serving.address));
    let page = one.get(&request(""));
    other.get(&request(""));
    let fields = [("username", "ada"), ("password", PASSWORD)];
    let refused = other.submit("/authorize", &page, &fields);
    assert!(refused.body.contains("open for too long"), "{}", refused.body);
    assert_eq!(other.cookie("__Host-jotgate-session"), None);
    // A consent that another site sends.
    let consent = one.submit("/authorize", &page, &fields);
    other.log_in(&request(""), "ada", PASSWORD);
    let forged = other.submit("/authorize", &consent, &[("step", "allow")]);
    assert_eq!(forged.status, 200, "the page is shown once more");
    for (method, path) in [("GET", request("")), ("POST", request("")), ("GET", "/logout".to_owned())] {
        let plain = ask(serving.address, method, &path, &[("content-length", "0")]);
        assert_eq!(plain.status, 400, "{method} {path}");
        assert!(plain.body.contains("A login needs an encrypted connection."), "{}", plain.body);
    }
}

#[test]
fn a_session_skips_the_password_and_ends_by_logging_out_another_password_or_being_disabled() {
    let (program, serving) = served();
    let mut browser = Browser::new(serving.address);
    browser.log_in(&request(""), "ada", PASSWORD);
    let consent =
        |browser: &mut Browser| browser.get(&request("")).body.contains("Allow <strong>app</strong>");
    assert!(consent(&mut browser), "a public client is never silent");
    assert_eq!(
        parameter(&browser.get(&request("&prompt=none")), "error").as_deref(),
        Some("consent_required")
    );
    for again in ["&prompt=login", "&max_age=0"] {
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let page = browser.get(&request(again));
        assert!(page.body.contains("type=\"password\""), "{again}");
        let before = browser.cookie("__Host-jotgate-session").unwrap().to_owned();
        let next = browser.submit("/authorize", &page, &[("username", "ada"), ("password", PASSWORD)]);
        assert_ne!(browser.cookie("__Host-jotgate-session"), Some(before.as_str()));
        let answer = browser.submit("/authorize", &next, &[("step", "allow")]);
        assert!(parameter(&answer, "code").is_some(), "{again}");
    }
    let page = browser.get("/logout");
    assert!(consent(&mut browser), "opening the page ends no session");
    let out = browser.submit("/logout", &page, &[]);
    assert!(out.body.contains("Your session in this browser has ended."), "{}", out.body);
    assert_eq!(browser.cookie("__Host-jotgate-session"), None);
    browser.log_in(&request(""), "ada", PASSWORD);
    program.with_input(&["users", "passwd", "ada"], "granite whistle saddle 4\n");
    assert!(!consent(&mut browser));
    let page = browser.get(&request(""));
    let old = browser.submit("/authorize", &page, &[("username", "ada"), ("password", PASSWORD)]);
    assert!(old.body.contains("is wrong"));
    browser.log_in(&request(""), "ada", "granite whistle saddle 4");
    program.done(&["users", "disable", "ada"]);
    assert!(!consent(&mut browser));
    program.done(&["users", "enable", "ada"]);
    let stolen = browser.cookie("__Host-jotgate-session").unwrap().to_owned();
    let mut thief = Browser::new(serving.address);
    thief.set_cookie("__Host-jotgate-session", &stolen);
    assert!(!consent(&mut thief));
}

#[test]
fn client_credentials_give_a_program_a_token_for_itself_and_a_public_client_none() {
    let (program, first) = served();
    drop(first);
    let added = program.done(&["clients", "add", "worker", "--audience", "api", "--scope", "read"]);
    let secret = secret_in(&added);
    let serving = serve(&program);
    let ask =
        |client: &str| ask_token(serving.address, &[], &format!("grant_type=client_credentials&{client}"));
    let answer = ask(&format!("client_id=worker&client_secret={secret}"));
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, json.get("refresh_token")), (200, None), "{json}");
    let claims = claims(json["access_token"].as_str().unwrap());
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("worker"), &json!("worker")));
    assert_eq!((claims.get("auth_time"), claims.get("amr")), (None, None), "{claims}");
    assert_eq!(error(&ask("client_id=app")), "unauthorized_client");
    assert_eq!(error(&ask("client_id=worker&client_secret=wrong")), "invalid_client");
}

#[test]
fn password_is_granted_only_to_a_client_for_which_it_was_switched_on() {
    let (program, first) = served();
    drop(first);
    let add = |id: &str, more: &[&str]| {
        let added = program.done(&[&["clients", "add", id, "--audience", "api"][..], more].concat());
        secret_in(&added).to_owned()
    };
    let (old, other) = (add("old", &["--password-grant", "--scope", "read"]), add("other", &[]));
    let serving = serve(&program);
    let ask = |id: &str, secret: &str, password: &str| {
        let form = format!(
            "grant_type=password&client_id={id}&client_secret={secret}&username=ada&password={}",
            password.replace(' ', "+")
        );
        ask_token(serving.address, &[], &form)
    };
    assert_eq!(error(&ask("other", &other, PASSWORD)), "unauthorized_client");
    assert_eq!(error(&ask("old", &old, "wrong")), "invalid_grant");
    let answer = ask("old", &old, PASSWORD);
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!((answer.status, json.get("refresh_token")), (200, None), "{json}");
    let claims = claims(json["access_token"].as_str().unwrap());
    assert_eq!(
        (&claims["amr"], &claims["scope"], &claims["client_id"]),
        (&json!(["pwd"]), &json!("read"), &json!("old"))
    );
}

#[test]
fn implicit_puts_a_short_lived_token_into_the_fragment_where_it_was_switched_on() {
    let program = Program::with_store(&[]);
    program.add_user(&["ada"], PASSWORD);
    let login = ["--public", "--implicit-grant", "--redirect", REDIRECT, "--scope", "read"];
    program.done(&[&["clients", "add", "app", "--audience", "https://api.example"][..], &login].concat());
    let serving = serve(&program);
    let path =
        "/authorize?response_type=token&client_id=app&state=s&redirect_uri=https%3A%2F%2Fapp.example%2Flogin";
    let answer = Browser::new(serving.address).log_in(path, "ada", PASSWORD);
    let location = answer.header("location").unwrap();
    assert!(location.starts_with("https://app.example/login#access_token="), "{location}");
    let claims = claims(&parameter(&answer, "access_token").unwrap());
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 300);
    assert_eq!(parameter(&answer, "iss").as_deref(), Some("https://issuer.example"));
    assert_eq!(parameter(&answer, "state").as_deref(), Some("s"));
    serving.signal("TERM");
    assert!(serving.ended().log.contains("this client may use the implicit grant"));
}

#[test]
fn a_client_gets_other_redirect_addresses_and_no_name_is_a_client_and_an_audience() {
    let (program, serving) = served();
    let uri = "https://app.example/other";
    program.done(&["clients", "set", "app", "--redirect", uri, "--offline-access", "false"]);
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let mut browser = Browser::new(serving.address);
    assert_eq!(browser.get(&request("")).status, 400);
    let answer = browser.get(&request("").replace("%2Flogin", "%2Fother"));
    assert_eq!(parameter(&answer, "error").as_deref(), Some("invalid_scope"), "no refresh tokens any more");
    for arguments in [
        ["clients", "add", "own", "--audience", "own"],
        ["clients", "add", "new", "--audience", "app"],
        ["clients", "set", "app", "--audience", "app"],
    ] {
        assert!(program.refused(&arguments).contains("a client and an audience at once"), "{arguments:?}");
    }
    program.done(&["clients", "add", "worker", "--audience", "api"]);
    assert!(
        program.refused(&["clients", "add", "api", "--audience", "x"]).contains("a client and an audience")
    );
    assert!(program.refused(&["clients", "set", "worker", "--redirect", uri]).contains("has no login"));
}
