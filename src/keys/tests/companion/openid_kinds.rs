//! Each kind of token at each of the companion's own verifiers: it is accepted where it belongs, and nowhere else.

use jotgate_keys::{ClientKeys, KeyPair, Purpose};
use serde_json::{Value, json};

use crate::browser::parameter;
use crate::client::{Answer, ask, ask_form};
use crate::openid_profile::{Trial, path};
use crate::proofs::{new_key, now, proof_for, signed};

/// The kinds, as the rows of the table.
const KINDS: [&str; 6] = ["access", "id", "logout", "proof", "assertion", "refresh"];

/// One fresh token of a kind.
struct Kinds<'a> {
    trial: &'a Trial,
    /// The key of the client `signer`, and of proofs.
    key: KeyPair,
}

impl Kinds<'_> {
    fn login(&self) -> Value {
        let scope = ("scope", "openid read offline_access");
        self.trial.tokens(&mut self.trial.browser(), &[scope])
    }

    fn token(&self, kind: &str, jti: &str) -> String {
        let text = |name: &str| self.login()[name].as_str().unwrap().to_owned();
        match kind {
            "access" => text("access_token"),
            "id" => text("id_token"),
            "refresh" => text("refresh_token"),
            // OpenID Connect Back-Channel Logout §2.4, signed by the very key that signs ID tokens.
            "logout" => {
                let state = self.trial.program.state();
                let key = state.signer_for(Purpose::Id).unwrap();
                let header = json!({ "alg": "RS256", "typ": "logout+jwt", "kid": key.kid() });
                let event = json!({ "http://schemas.openid.net/event/backchannel-logout": {} });
                let claims = json!({
                    "iss": "https://issuer.example", "sub": "u_1", "aud": "web", "iat": now(), "exp": now() + 60, "jti": jti,
                    "sid": "s", "events": event
                });
                signed(&key.pair, &header, &claims)
            }
            "proof" => {
                let url = "https://issuer.example/token";
                proof_for(&self.key, json!({ "jti": jti, "htm": "POST", "htu": url, "iat": now() }))
            }
            _ => {
                let claims = json!({
                    "iss": "signer", "sub": "signer", "aud": "https://issuer.example", "exp": now() + 60, "jti": jti
                });
                signed(&self.key, &json!({ "alg": "ES256" }), &claims)
            }
        }
    }
}

type Verifier = (&'static str, &'static [&'static str], fn(&Trial, &str) -> bool);

fn token(trial: &Trial, headers: &[(&str, &str)], form: &str) -> Answer {
    ask_form(trial.serving.address, "/token", headers, form)
}

fn of_web(trial: &Trial, form: &str) -> bool {
    token(trial, &[("authorization", &trial.basic())], form).status == 200
}

/// Each verifier: its name, the kinds that it accepts, and whether it accepts a token.
const VERIFIERS: [Verifier; 9] = [
    ("/userinfo", &["access"], |trial, token| trial.userinfo(&json!(token)).status == 200),
    ("/token as a code", &[], |trial, text| {
        of_web(
            trial,
            &format!("grant_type=authorization_code&code={text}&redirect_uri=https://app.example/login"),
        )
    }),
    ("/token as a refresh token", &["refresh"], |trial, text| {
        of_web(trial, &format!("grant_type=refresh_token&refresh_token={text}"))
    }),
    ("/token as an assertion", &["assertion"], |trial, text| {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let form =
            format!("grant_type=client_credentials&client_assertion_type={kind}&client_assertion={text}");
        token(trial, &[], &form).status == 200
    }),
    ("/token as a proof", &["proof"], |trial, text| {
        let headers = [("authorization", &*trial.basic()), ("dpop", text)];
        token(trial, &headers, "grant_type=client_credentials").status == 200
    }),
    ("/authorize as a hint", &["id"], |trial, text| {
        let answer = trial.browser().get(&path(&[("id_token_hint", text), ("prompt", "none")]));
        parameter(&answer, "error").as_deref() == Some("login_required")
    }),
    ("/logout as a hint", &["id"], |trial, text| {
        // Without a session, only a client with an ID token is sent on.
        let bye = "post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye";
        let answer = trial.browser().get(&format!("/logout?client_id=web&{bye}&id_token_hint={text}"));
        answer.status == 303
    }),
    ("/revoke", &["refresh"], |trial, text| {
        let headers = [("authorization", &*trial.basic())];
        ask_form(trial.serving.address, "/revoke", &headers, &format!("token={text}")).status == 200
    }),
    ("the key set", &[], |trial, text| {
        let bearer = format!("Bearer {text}");
        let set = ask(trial.serving.address, "GET", "/.well-known/jwks.json", &[("authorization", &bearer)]);
        set.body.contains("\"d\"") || set.body.contains(text)
    }),
];

#[test]
fn each_kind_of_token_is_accepted_where_it_belongs_and_nowhere_else() {
    let trial = Trial::new();
    let kinds = Kinds { trial: &trial, key: new_key() };
    let set = json!({ "keys": [kinds.key.public()] }).to_string();
    assert!(ClientKeys::parse(&set).is_ok());
    let file = trial.program.path().with_file_name("keys.json");
    std::fs::write(&file, set).unwrap();
    trial.program.done(&["clients", "add", "signer", "--audience", "api", "--keys", file.to_str().unwrap()]);
    std::thread::sleep(std::time::Duration::from_millis(1200));
    for (name, accepted, accepts) in VERIFIERS {
        for kind in KINDS {
            let text = kinds.token(kind, &format!("{name} {kind}"));
            assert_eq!(accepts(&trial, &text), accepted.contains(&kind), "{name}: {kind}");
        }
    }
}
