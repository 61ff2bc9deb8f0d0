//! The list of the Basic OP profile as a table: each row of `docs/openid.md` runs, on the real binary.

use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};

use crate::browser::{Browser, claims, parameter};
use crate::client::{Answer, ask, ask_form};
use crate::login::{PASSWORD, VERIFIER};
use crate::program::{Program, Serving};

const DOCS: &str = include_str!("../../../../docs/openid.md");
const REDIRECT: &str = "https://app.example/login";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A server with ada, and `web`, a confidential client that may ask for ID tokens.
pub(crate) struct Trial {
    pub(crate) program: Program,
    pub(crate) serving: Serving,
    secret: String,
}

impl Trial {
    pub(crate) fn new() -> Self {
        Self::with_store(&["--openid"])
    }

    pub(crate) fn with_store(arguments: &[&str]) -> Self {
        let program = Program::with_store(arguments);
        let profile =
            ["--full-name", "Ada Lovelace", "--email", "ada@example.com", "--email-verified", "true"];
        program.add_user(&[&["ada"][..], &profile].concat(), PASSWORD);
        program.add_user(&["grace"], PASSWORD);
        let login = ["--redirect", REDIRECT, "--offline-access", "--allow-nonce"];
        let logout = ["--logout-redirect", "https://app.example/bye", "--audience", "https://api.example"];
        let scope = ["--scope", "openid profile email read"];
        let said = program.done(&[&["clients", "add", "web"][..], &login, &logout, &scope].concat());
        let secret = said.split_whitespace().last().unwrap().to_owned();
        let behind_proxy = ["serve", "--listen", "127.0.0.1:0", "--trusted-proxy", "127.0.0.1"];
        let arguments = [&behind_proxy[..], &["--attempts-per-address", "0"]].concat();
        let serving = Program::serving(&mut program.command(&arguments));
        Self { program, serving, secret }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.serving.address)
    }

    /// Logs ada in with these parameters; the answer of the token endpoint.
    #[track_caller]
    pub(crate) fn tokens(&self, browser: &mut Browser, parameters: &[(&str, &str)]) -> Value {
        let answer = browser.log_in(&path(parameters), "ada", PASSWORD);
        self.redeemed(&answer)
    }

    /// The tokens for the code in an answer.
    #[track_caller]
    pub(crate) fn redeemed(&self, answer: &Answer) -> Value {
        let answer = self.redeem(&code(answer), &format!("&code_verifier={VERIFIER}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    fn redeem(&self, code: &str, more: &str) -> Answer {
        let redirect: String = url::form_urlencoded::byte_serialize(REDIRECT.as_bytes()).collect();
        self.token(&format!("grant_type=authorization_code&redirect_uri={redirect}&code={code}{more}"))
    }

    fn token(&self, form: &str) -> Answer {
        ask_form(self.serving.address, "/token", &[("authorization", &self.basic())], form)
    }

    /// How `web` authenticates itself.
    pub(crate) fn basic(&self) -> String {
        format!("Basic {}", Base64::encode_string(format!("web:{}", self.secret).as_bytes()))
    }

    pub(crate) fn userinfo(&self, token: &Value) -> Answer {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        ask(self.serving.address, "GET", "/userinfo", &[("authorization", &bearer)])
    }
}

/// An authorization request of `web`, with these parameters in place of the usual ones. An empty one is left out.
pub(crate) fn path(parameters: &[(&str, &str)]) -> String {
    let usual = [
        ("response_type", "code"),
        ("client_id", "web"),
        ("redirect_uri", REDIRECT),
        ("scope", "openid"),
        ("state", "a state"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let given = |name: &str| parameters.iter().any(|(other, _)| *other == name);
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(usual.iter().filter(|(name, _)| !given(name)));
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    format!("/authorize?{}", query.finish())
}

#[track_caller]
fn code(answer: &Answer) -> String {
    parameter(answer, "code").unwrap_or_else(|| panic!("{:?}", answer.header("location")))
}

#[track_caller]
fn id_claims(tokens: &Value) -> Value {
    claims(tokens["id_token"].as_str().unwrap_or_else(|| panic!("{tokens}")))
}

fn body(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap()
}

/// The error with which the browser is sent back.
#[track_caller]
pub(crate) fn error(answer: &Answer) -> String {
    parameter(answer, "error").unwrap_or_else(|| panic!("{:?}", answer.header("location")))
}

/// A login with that parameter succeeds, as if it were not there.
fn is_ignored(trial: &Trial, name: &str, value: &str) {
    assert_eq!(id_claims(&trial.tokens(&mut trial.browser(), &[(name, value)]))["aud"], "web", "{name}");
}

/// `/userinfo` after a login with that scope has exactly these claims besides `sub`.
fn scope_yields(trial: &Trial, scope: &str, expected: &Value) {
    let tokens = trial.tokens(&mut trial.browser(), &[("scope", scope)]);
    let mut found = body(&trial.userinfo(&tokens["access_token"]));
    let sub = found.as_object_mut().unwrap().remove("sub");
    assert_eq!((sub, found), (Some(id_claims(&tokens)["sub"].clone()), expected.clone()), "{scope}");
}

type Row = (&'static str, fn(&Trial));

const ROWS: [Row; 29] = [
    ("response type `code`", |trial| {
        let tokens = trial.tokens(&mut trial.browser(), &[("nonce", "n")]);
        let claims = id_claims(&tokens);
        assert_eq!((&claims["iss"], &claims["nonce"]), (&json!("https://issuer.example"), &json!("n")));
        assert_eq!((&tokens["token_type"], tokens["expires_in"].is_u64()), (&json!("Bearer"), true));
    }),
    ("`response_type` missing", |trial| {
        let answer = trial.browser().get(&path(&[("response_type", "")]));
        assert_eq!(error(&answer), "invalid_request");
    }),
    ("other response types", |trial| {
        for other in ["id_token", "code id_token", "none"] {
            let answer = trial.browser().get(&path(&[("response_type", other)]));
            assert_eq!(error(&answer), "unsupported_response_type", "{other}");
        }
    }),
    ("`GET /userinfo`", |trial| {
        let answer = trial.userinfo(&trial.tokens(&mut trial.browser(), &[])["access_token"]);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    }),
    ("`POST /userinfo`, token in the header", |trial| {
        let token = trial.tokens(&mut trial.browser(), &[])["access_token"].as_str().unwrap().to_owned();
        let header = [("authorization", &*format!("Bearer {token}"))];
        let answer = ask_form(trial.serving.address, "/userinfo", &header, "");
        assert_eq!((answer.status, &body(&answer)["sub"]), (200, &claims(&token)["sub"]));
    }),
    ("`POST /userinfo`, token in the body", |trial| {
        let token = trial.tokens(&mut trial.browser(), &[])["access_token"].as_str().unwrap().to_owned();
        let answer = ask_form(trial.serving.address, "/userinfo", &[], &format!("access_token={token}"));
        assert_eq!((answer.status, &body(&answer)["sub"]), (200, &claims(&token)["sub"]));
    }),
    ("no `nonce`", |trial| {
        assert_eq!(id_claims(&trial.tokens(&mut trial.browser(), &[])).get("nonce"), None);
    }),
    ("scope `profile`", |trial| {
        let expected = json!({ "name": "Ada Lovelace", "preferred_username": "ada" });
        scope_yields(trial, "openid profile", &expected);
    }),
    ("scope `email`", |trial| {
        scope_yields(trial, "openid email", &json!({ "email": "ada@example.com", "email_verified": true }));
    }),
    ("scopes `address`, `phone`", |trial| {
        for scope in ["openid address", "openid phone"] {
            let answer = trial.browser().get(&path(&[("scope", scope)]));
            assert_eq!(error(&answer), "invalid_scope", "{scope}");
        }
    }),
    ("scopes in another order", |trial| {
        let tokens = trial.tokens(&mut trial.browser(), &[("scope", "read email openid")]);
        assert_eq!(tokens["scope"], "read email openid");
    }),
    ("`display`", |trial| ["page", "popup"].iter().for_each(|value| is_ignored(trial, "display", value))),
    ("`prompt=login`", |trial| {
        let mut browser = trial.browser();
        let first = id_claims(&trial.tokens(&mut browser, &[]));
        std::thread::sleep(std::time::Duration::from_millis(1100));
        let second = id_claims(&trial.tokens(&mut browser, &[("prompt", "login")]));
        assert!(second["auth_time"].as_u64() > first["auth_time"].as_u64());
        assert_eq!(second["sub"], first["sub"]);
        assert_ne!(second["sid"], first["sid"], "a session of its own");
    }),
    ("`prompt=none`, logged out", |trial| {
        assert_eq!(error(&trial.browser().get(&path(&[("prompt", "none")]))), "login_required");
    }),
    ("`prompt=none`, logged in", |trial| {
        let mut browser = trial.browser();
        let first = id_claims(&trial.tokens(&mut browser, &[]));
        let again = id_claims(&trial.redeemed(&browser.get(&path(&[("prompt", "none")]))));
        for name in ["sub", "auth_time", "sid"] {
            assert_eq!(again[name], first[name], "{name}");
        }
        let mut other = trial.browser();
        other.log_in(&path(&[]), "grace", PASSWORD);
        let wider = other.get(&path(&[("prompt", "none"), ("scope", "openid email")]));
        assert_eq!(error(&wider), "consent_required");
        assert_eq!(error(&browser.get(&path(&[("prompt", "none login")]))), "invalid_request");
    }),
    ("`prompt=consent`", |trial| {
        let mut browser = trial.browser();
        trial.tokens(&mut browser, &[]);
        let page = browser.get(&path(&[("prompt", "consent")]));
        assert!(page.body.contains("Allow <strong>web</strong>"), "{}", page.body);
        let answer = browser.submit("/authorize", &page, &[("step", "allow")]);
        id_claims(&trial.redeemed(&answer));
        let login = trial.browser().get(&path(&[("prompt", "consent")]));
        assert!(login.body.contains("type=\"password\""), "the login comes first");
    }),
    ("`max_age`", |trial| {
        let mut browser = trial.browser();
        let first = id_claims(&trial.tokens(&mut browser, &[]));
        let same = id_claims(&trial.redeemed(&browser.get(&path(&[("max_age", "10000")]))));
        assert_eq!(same["auth_time"], first["auth_time"]);
        std::thread::sleep(std::time::Duration::from_millis(2100));
        assert_eq!(error(&browser.get(&path(&[("max_age", "1"), ("prompt", "none")]))), "login_required");
        let second = id_claims(&trial.tokens(&mut browser, &[("max_age", "1")]));
        assert!(second["auth_time"].as_u64() > first["auth_time"].as_u64());
        let page = browser.get(&path(&[("max_age", "0")]));
        assert!(page.body.contains("type=\"password\""), "max_age=0 asks for a login");
    }),
    ("unknown parameters", |trial| is_ignored(trial, "extra", "foobar")),
    ("`id_token_hint`", |trial| {
        let mut browser = trial.browser();
        let tokens = trial.tokens(&mut browser, &[]);
        let hint = ("id_token_hint", tokens["id_token"].as_str().unwrap());
        let again = id_claims(&trial.redeemed(&browser.get(&path(&[("prompt", "none"), hint]))));
        assert_eq!(again["sub"], id_claims(&tokens)["sub"]);
        assert_eq!(error(&trial.browser().get(&path(&[("prompt", "none"), hint]))), "login_required");
        let mut other = trial.browser();
        other.log_in(&path(&[]), "grace", PASSWORD);
        assert_eq!(error(&other.get(&path(&[("prompt", "none"), hint]))), "login_required");
        let grace = trial.browser().log_in(&path(&[hint]), "grace", PASSWORD);
        assert_eq!(error(&grace), "login_required", "another person must not be taken for ada");
        for wrong in ["x", tokens["access_token"].as_str().unwrap()] {
            assert_eq!(error(&browser.get(&path(&[("id_token_hint", wrong)]))), "invalid_request");
        }
    }),
    ("`login_hint`", |trial| {
        let page = trial.browser().get(&path(&[("login_hint", "grace")]));
        assert!(page.body.contains("value=\"grace\""), "{}", page.body);
    }),
    ("`ui_locales`, `claims_locales`", |trial| {
        ["ui_locales", "claims_locales"].iter().for_each(|name| is_ignored(trial, name, "se fr"));
    }),
    ("`acr_values`", |trial| {
        let tokens = trial.tokens(&mut trial.browser(), &[("acr_values", "x urn:jotgate:acr:password")]);
        assert_eq!(id_claims(&tokens)["acr"], "urn:jotgate:acr:password");
        let answer = trial.browser().get(&path(&[("acr_values", "1 2")]));
        assert_eq!(error(&answer), "unmet_authentication_requirements");
    }),
    ("a code twice", |trial| {
        let answer = trial.browser().log_in(&path(&[("scope", "openid offline_access")]), "ada", PASSWORD);
        let verifier = format!("&code_verifier={VERIFIER}");
        let first = body(&trial.redeem(&code(&answer), &verifier));
        let again = trial.redeem(&code(&answer), &verifier);
        assert_eq!((again.status, &body(&again)["error"]), (400, &json!("invalid_grant")));
        let refresh = first["refresh_token"].as_str().unwrap();
        let ended = trial.token(&format!("grant_type=refresh_token&refresh_token={refresh}"));
        assert_eq!(body(&ended)["error"], "invalid_grant");
    }),
    ("a `redirect_uri` that is not registered", |trial| {
        for wrong in
            ["https://app.example/login/", "https://app.example/login?x", "https://evil.example/login"]
        {
            let answer = trial.browser().get(&path(&[("redirect_uri", wrong)]));
            assert_eq!((answer.status, answer.header("location")), (400, None), "{wrong}");
        }
    }),
    ("`POST /authorize`", |trial| {
        let query = path(&[]).split_once('?').unwrap().1.to_owned();
        let mut browser = trial.browser();
        let page = browser.ask("POST", "/authorize", &query);
        let next = browser.submit("/authorize", &page, &[("username", "ada"), ("password", PASSWORD)]);
        let answer = match next.status {
            303 => next,
            _ => browser.submit("/authorize", &next, &[("step", "allow")]),
        };
        id_claims(&trial.redeemed(&answer));
    }),
    ("`client_secret_post`", |trial| {
        let answer = trial.browser().log_in(&path(&[]), "ada", PASSWORD);
        let redirect: String = url::form_urlencoded::byte_serialize(REDIRECT.as_bytes()).collect();
        let form = format!(
            "grant_type=authorization_code&redirect_uri={redirect}&code={}&code_verifier={VERIFIER}&client_id=web\
             &client_secret={}",
            code(&answer),
            trial.secret
        );
        id_claims(&body(&ask_form(trial.serving.address, "/token", &[], &form)));
    }),
    ("`request`, `request_uri`, `registration`", |trial| {
        for name in ["request", "request_uri", "registration"] {
            let answer = trial.browser().get(&path(&[(name, "https://app.example/x")]));
            assert_eq!(error(&answer), format!("{name}_not_supported"));
            assert_eq!(parameter(&answer, "state").as_deref(), Some("a state"));
        }
    }),
    ("`claims`", |trial| {
        is_ignored(
            trial,
            "claims",
            r#"{"userinfo":{"name":{"essential":true}},"id_token":{"auth_time":null}}"#,
        );
    }),
    ("a refresh token", |trial| {
        let tokens =
            trial.tokens(&mut trial.browser(), &[("scope", "openid offline_access"), ("nonce", "n")]);
        let (first, refresh) = (id_claims(&tokens), tokens["refresh_token"].as_str().unwrap());
        let again = body(&trial.token(&format!("grant_type=refresh_token&refresh_token={refresh}")));
        let second = id_claims(&again);
        for name in ["iss", "sub", "aud", "auth_time"] {
            assert_eq!(second[name], first[name], "{name}");
        }
        assert_eq!(second.get("nonce"), None);
    }),
];

#[test]
fn each_row_of_the_basic_op_profile_does_what_the_docs_say() {
    let table = DOCS.split("| test | what happens here |\n|---|---|\n").nth(1).unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let documented: Vec<&str> =
        rows.map(|row| row.split(" | ").next().unwrap().trim_start_matches("| ")).collect();
    assert_eq!(documented, ROWS.map(|(name, _)| name));
    let trial = Trial::new();
    for (name, row) in ROWS {
        let passed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| row(&trial)));
        assert!(passed.is_ok(), "{name}");
    }
}
