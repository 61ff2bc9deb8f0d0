//! `dev`: the binary without a store, its tokens and faults, and who may ask for them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use base64ct::{Base64UrlUnpadded, Encoding as _};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::client::{Answer, JWKS, ask, get_set, send};
use crate::program::{Program, Serving};

const TYPE: (&str, &str) = ("content-type", "application/json");

fn dev(further: &[&str]) -> (Program, Serving) {
    let program = Program::new();
    let words = [&["dev", "--listen", "127.0.0.1:0"], further].concat();
    let serving = Program::serving(&mut program.command(&words));
    (program, serving)
}

/// Sends `POST` with the right host, and these fields besides.
#[track_caller]
fn post(server: SocketAddr, path: &str, fields: &[(&str, &str)], body: &str) -> Answer {
    let fields: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n{fields}");
    send(server, format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes())
}

#[track_caller]
fn token(server: SocketAddr, body: &Value) -> String {
    let answer = post(server, "/dev/token", &[TYPE], &body.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    json["token"].as_str().unwrap().to_owned()
}

fn part(token: &str, index: usize) -> Value {
    let json = Base64UrlUnpadded::decode_vec(token.split('.').nth(index).unwrap()).unwrap();
    serde_json::from_slice(&json).unwrap()
}

/// The claims, or the error of jsonwebtoken with the served set, the issuer and the audience `api`.
fn verify(server: SocketAddr, token: &str) -> Result<Value, String> {
    let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    let set: JwkSet = serde_json::from_str(&get_set(server).body).unwrap();
    let header = decode_header(token).map_err(|error| error.to_string())?;
    let jwk = set.find(&header.kid.unwrap()).ok_or("unknown key")?;
    let mut validation = Validation::new(header.alg);
    validation.leeway = 0;
    validation.validate_nbf = true;
    validation.set_audience(&["api"]);
    validation.set_issuer(&[format!("http://{server}")]);
    let verified = decode(token, &DecodingKey::from_jwk(jwk).unwrap(), &validation);
    verified.map(|data| data.claims).map_err(|error| error.to_string())
}

#[test]
fn any_claims_and_header_are_signed_with_the_published_key() {
    let (program, serving) = dev(&[]);
    let server = serving.address;
    let claims = verify(server, &token(server, &json!({}))).unwrap();
    assert_eq!((&claims["sub"], &claims["client_id"]), (&json!("test-user"), &json!("test-client")));
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 300);
    let own = json!({
        "claims": { "sub": "ada", "roles": ["admin"], "scope": null },
        "header": { "typ": "JWT", "x": 1 },
        "omit": ["client_id"],
        "expiresIn": 60,
        "audience": ["api", "other"],
    });
    let made = token(server, &own);
    let claims = verify(server, &made).unwrap();
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 60);
    assert_eq!((&claims["sub"], &claims["roles"]), (&json!("ada"), &json!(["admin"])));
    assert_eq!(claims["aud"], json!(["api", "other"]));
    assert_eq!((claims.get("client_id"), &claims["scope"]), (None, &Value::Null));
    let header = part(&made, 0);
    assert_eq!((&header["typ"], &header["x"]), (&json!("JWT"), &json!(1)));
    let scoped = token(server, &json!({ "scope": ["a", "b"] }));
    assert_eq!(part(&scoped, 1)["scope"], "a b");
    assert!(!program.path().exists(), "nothing is written");
}

#[test]
fn each_fault_is_refused_for_its_reason() {
    let (_program, serving) = dev(&[]);
    let server = serving.address;
    for (bad, reason) in [
        ("expired", "ExpiredSignature"),
        ("notYet", "ImmatureSignature"),
        ("wrongAudience", "InvalidAudience"),
        ("wrongIssuer", "InvalidIssuer"),
        ("tampered", "InvalidSignature"),
        ("wrongKey", "InvalidSignature"),
        ("unknownKey", "unknown key"),
    ] {
        let made = token(server, &json!({ "bad": bad, "claims": { "sub": "ada" } }));
        assert_eq!(verify(server, &made).unwrap_err(), reason, "{bad}");
        assert!(part(&made, 1)["sub"].as_str().unwrap().starts_with("ada"));
    }
    let unsigned = token(server, &json!({ "bad": "none" }));
    assert!(unsigned.ends_with('.') && part(&unsigned, 0)["alg"] == "none");
}

#[test]
fn rotations_keep_old_tokens_good_and_new_keys_begin_with_each_start() {
    let (_program, serving) = dev(&["--algorithm", "EdDSA"]);
    let server = serving.address;
    let mut tokens = vec![token(server, &json!({}))];
    for _ in 0..2 {
        let answer = post(server, "/dev/rotate", &[TYPE], "");
        assert_eq!(answer.status, 200, "{}", answer.body);
        let json: Value = serde_json::from_str(&answer.body).unwrap();
        let next = token(server, &json!({}));
        assert_eq!(json["kid"], part(&next, 0)["kid"], "the answer comes after the change");
        assert_eq!(json["previous"], part(tokens.last().unwrap(), 0)["kid"]);
        tokens.push(next);
    }
    for token in &tokens {
        assert_eq!(decode_header(token).unwrap().alg, Algorithm::EdDSA);
        verify(server, token).unwrap();
    }
    let (_other, other) = dev(&["--algorithm", "EdDSA"]);
    let kids = get_set(server).kids();
    assert!(get_set(other.address).kids().iter().all(|kid| !kids.contains(kid)));
}

#[test]
fn the_key_set_is_down_for_the_chosen_time_and_the_rest_goes_on() {
    let (_program, serving) = dev(&[]);
    let server = serving.address;
    let start = Instant::now();
    assert_eq!(post(server, "/dev/keys-down?seconds=2", &[TYPE], "").status, 200);
    let down = ask(server, "GET", JWKS, &[]);
    assert_eq!((down.status, down.header("cache-control")), (503, Some("no-store")));
    assert!(["1", "2", "3"].contains(&down.header("retry-after").unwrap()));
    token(server, &json!({}));
    assert_eq!(ask(server, "GET", "/.well-known/oauth-authorization-server", &[]).status, 200);
    while ask(server, "GET", JWKS, &[]).status == 503 {
        assert!(start.elapsed() < Duration::from_secs(10));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(start.elapsed() >= Duration::from_millis(1900));
    post(server, "/dev/keys-down?seconds=3600", &[TYPE], "");
    assert_eq!(ask(server, "GET", JWKS, &[]).status, 503);
    post(server, "/dev/keys-down?seconds=0", &[TYPE], "");
    assert_eq!(ask(server, "GET", JWKS, &[]).status, 200, "0 ends it");
    for query in [
        "",
        "?seconds=",
        "?seconds=-1",
        "?seconds=3601",
        "?seconds=1&seconds=2",
        "?seconds=99999999999999999999",
    ] {
        assert_eq!(post(server, &format!("/dev/keys-down{query}"), &[TYPE], "").status, 400, "{query}");
    }
}

#[test]
fn web_pages_get_nothing_from_the_dev_routes() {
    let (_program, serving) = dev(&[]);
    let server = serving.address;
    let port = server.port();
    let foreign = format!("evil.example:{port}");
    for path in ["/dev/token", "/dev/rotate", "/dev/keys-down?seconds=60"] {
        for (fields, status) in [
            // What a form, a script without CORS and a script with CORS can send.
            (&[("content-type", "text/plain"), ("origin", "http://evil.example")][..], 403),
            (&[TYPE, ("origin", "http://evil.example")], 403),
            (&[TYPE, ("origin", "null")], 403),
            (&[TYPE, ("sec-fetch-site", "cross-site")], 403),
            (&[TYPE, ("sec-fetch-site", "same-site")], 403),
            (&[("content-type", "text/plain")], 415),
            (&[], 415),
        ] {
            let answer = post(server, path, fields, "{}");
            assert_eq!(answer.status, status, "{path} {fields:?}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
            assert!(!answer.body.contains("eyJ"));
        }
        let preflight = "origin: http://evil.example\r\naccess-control-request-method: POST";
        let request =
            format!("OPTIONS {path} HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n{preflight}\r\n\r\n");
        let answer = send(server, request.as_bytes());
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, None));
        for (target, host) in [
            (path.to_owned(), foreign.as_str()),
            (path.to_owned(), "localhost"),
            (format!("http://{foreign}{path}"), &server.to_string()),
        ] {
            let fields = "content-type: application/json\r\ncontent-length: 2";
            let request = format!(
                "POST {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{fields}\r\n\r\n{{}}"
            );
            assert_eq!(send(server, request.as_bytes()).status, 403, "{target} {host}");
        }
        assert_eq!(ask(server, "GET", path, &[]).status, 403, "the host of this client is `test`");
    }
    // A page of this very origin, and another loopback name.
    let own = format!("http://{server}");
    let fields = [TYPE, ("origin", own.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(post(server, "/dev/token", &fields, "{}").status, 200);
    let request = format!(
        "POST /dev/token HTTP/1.1\r\nhost: localhost:{port}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: 2\r\n\r\n{{}}"
    );
    assert_eq!(send(server, request.as_bytes()).status, 200);
    assert_eq!(ask(server, "GET", JWKS, &[]).status, 200, "refused requests have not taken the key set down");
}

#[test]
fn bad_bodies_are_refused_within_bounds() {
    let (_program, serving) = dev(&[]);
    let server = serving.address;
    let long = format!("{{\"claims\":{{\"a\":\"{}\"}}}}", "x".repeat(65_536));
    let deep = format!("{{\"claims\":{{\"a\":{}1{}}}}}", "[".repeat(5000), "]".repeat(5000));
    for body in [
        "nonsense",
        "[]",
        "{\"claims\":[]}",
        "{\"unknown\":1}",
        "{\"bad\":\"x\"}",
        "{\"bad\":\"expired\",\"bad\":\"none\"}",
        "{\"expiresIn\":\"60\"}",
        "{\"expiresIn\":1e99}",
        "{\"scope\":1}",
        "\u{feff}{}",
        &long,
        &deep,
    ] {
        let answer = post(server, "/dev/token", &[TYPE], body);
        assert_eq!(answer.status, 400, "{body:.60}: {}", answer.body);
        assert!(answer.body.starts_with("{\"error\":\"invalid_request\",\"error_description\":"));
    }
    for body in ["", "{}", "{\"expiresIn\":-9223372036854775808}", "{\"expiresIn\":9223372036854775807}"] {
        assert_eq!(post(server, "/dev/token", &[TYPE], body).status, 200, "{body}");
    }
}

#[test]
fn other_addresses_need_a_secret_which_every_dev_route_then_asks_for() {
    let program = Program::new();
    let said = program.refused(&["dev", "--listen", "0.0.0.0:0"]);
    assert!(said.contains("give a --dev-secret"), "{said}");
    let short = program.run(&["dev", "--dev-secret", "short"]);
    assert_eq!(short.status.code(), Some(2));
    let secret = "a-secret-of-a-trial";
    let mut command = program.command(&["dev", "--listen", "0.0.0.0:0"]);
    let serving = Program::serving(command.env("JOTGATE_DEV_SECRET", secret));
    let server: SocketAddr = ([127, 0, 0, 1], serving.address.port()).into();
    let bearer = format!("Bearer {secret}");
    for path in ["/dev/token", "/dev/rotate", "/dev/keys-down?seconds=0"] {
        for fields in [&[TYPE][..], &[TYPE, ("authorization", "Bearer a-secret-of-a-triaL")]] {
            let answer = post(server, path, fields, "{}");
            assert_eq!(
                (answer.status, answer.header("www-authenticate")),
                (401, Some("Bearer realm=\"dev\""))
            );
        }
        assert_eq!(post(server, path, &[TYPE, ("authorization", &bearer)], "{}").status, 200);
    }
    let page = [TYPE, ("authorization", &bearer), ("origin", "http://evil.example")];
    assert_eq!(post(server, "/dev/token", &page, "{}").status, 403);
    serving.signal("TERM");
    let ended = serving.ended();
    assert!(!ended.out.contains(secret) && !ended.log.contains(secret));
}

#[test]
fn it_prints_the_options_of_a_gate_and_a_command_that_works() {
    let (_program, serving) = dev(&["--audience", "https://api.example/it's"]);
    let server = serving.address;
    let made = token(server, &json!({}));
    assert_eq!(part(&made, 1)["aud"], "https://api.example/it's");
    serving.signal("INT");
    let ended = serving.ended();
    assert_eq!(ended.code, Some(0));
    let gate = format!(
        "const gate = createGate({{ issuer: 'http://{server}', audience: 'https://api.example/it\\'s', algorithms: ['ES256'] }})"
    );
    assert!(ended.out.contains(&gate), "{}", ended.out);
    assert!(ended.out.contains(&format!("http://{server}/dev/token")), "{}", ended.out);
}
