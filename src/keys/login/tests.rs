//! Tests of the handlers with a client that is described by a document, which a real TLS server serves.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{Method, Request, StatusCode};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::*;
use crate::client_documents::tests::{Host, document};
use crate::http::{ClientAddress, SecureTransport, token_router_with};
use crate::ledger::{Ledger as _, SqliteLedger, User};
use crate::people::{Passwords, hash_password, new_subject};
use crate::test_keys::{NOW, TestClock, state};
use crate::{LedgerSeal, Snapshot, StoreId};

const PASSWORD: &str = "quartz lantern orbit 7";
const ID: &str = "https://app.example/client.json";
const BACK: &str = "https://app.example/back";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// An issuer in which ada can log in, and her browser.
struct Browser {
    routes: TowerToHyperService<Router>,
    cookies: Vec<(String, String)>,
    _folder: tempfile::TempDir,
}

/// An answer: its status, where it leads to, and its body.
struct Answer {
    status: StatusCode,
    location: Option<String>,
    body: String,
}

impl Browser {
    fn new(host: &Host) -> Self {
        let (folder, id) = (tempfile::tempdir().unwrap(), StoreId::generate().unwrap());
        let state = state().upgrade(id).unwrap().with_ledger(LedgerSeal::generate().unwrap()).unwrap();
        let published = Arc::new(Published::default());
        published.publish(Snapshot::new(state).unwrap());
        published.ticked(NOW, true, false);
        let ledger = SqliteLedger::open(&folder.path().join("ledger"), id).unwrap();
        let password = hash_password(PASSWORD).unwrap();
        let user = User::new(new_subject().unwrap(), "ada".to_owned(), password, NOW);
        assert!(ledger.add_user(&user).unwrap());
        let (passwords, documents) = (Arc::new(Passwords::default()), Some(Arc::new(host.documents())));
        let people = People { ledger: Arc::new(ledger), passwords, documents };
        let clock: Arc<dyn Clock> = Arc::new(TestClock::at(NOW));
        let login = login_router(Arc::clone(&published), Arc::clone(&clock), people.clone());
        let routes = login.merge(token_router_with(published, clock, Some(people)));
        let address = ClientAddress(IpAddr::from([192, 0, 2, 1]));
        let routes = routes.layer(Extension(SecureTransport(true))).layer(Extension(address));
        Self { routes: TowerToHyperService::new(routes), cookies: vec![], _folder: folder }
    }

    async fn send(&mut self, method: Method, path: &str, form: &[(&str, &str)]) -> Answer {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().method(method).uri(path).header(COOKIE, cookies.join("; "));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let answer = self.routes.call(request.body(Body::from(body)).unwrap()).await.unwrap();
        for line in answer.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        self.cookies.retain(|(_, value)| !value.is_empty());
        let location = answer.headers().get(LOCATION).map(|value| value.to_str().unwrap().to_owned());
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        Answer { status, location, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Sends the form of a page back to it.
    async fn submit(&mut self, path: &str, page: &Answer, fields: &[(&str, &str)]) -> Answer {
        let (_, rest) = page.body.split_once("name=\"form_token\" value=\"").unwrap();
        let token = rest.split('"').next().unwrap();
        self.send(Method::POST, path, &[&[("form_token", token)], fields].concat()).await
    }

    async fn log_in(&mut self, path: &str) -> Answer {
        let page = self.send(Method::GET, path, &[]).await;
        let fields = [("step", "login"), ("username", "ada"), ("password", PASSWORD)];
        self.submit(path, &page, &fields).await
    }
}

fn request(client: &str, more: &[(&str, &str)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs([("response_type", "code"), ("client_id", client), ("state", "s")]);
    query.extend_pairs([("code_challenge", CHALLENGE), ("code_challenge_method", "S256")]);
    query.extend_pairs(more);
    format!("/authorize?{}", query.finish())
}

async fn host() -> Host {
    Host::start(|path| ("200 OK\r\ncontent-type: application/json".to_owned(), document(path))).await
}

#[tokio::test]
async fn a_document_is_fetched_once_its_person_has_logged_in_and_never_for_strangers() {
    let host = host().await;
    let mut browser = Browser::new(&host);
    let path = request(ID, &[("redirect_uri", BACK), ("scope", "notes offline_access")]);
    let page = browser.send(Method::GET, &path, &[]).await;
    assert!(page.status == StatusCode::OK && page.body.contains("app.example"), "{}", page.body);
    let wrong = [("step", "login"), ("username", "ada"), ("password", "wrong")];
    assert!(browser.submit(&path, &page, &wrong).await.body.contains("is wrong"));
    let silent = browser.send(Method::GET, &format!("{path}&prompt=none"), &[]).await;
    assert_eq!((silent.status, silent.location), (StatusCode::BAD_REQUEST, None));
    let long = "A".repeat(64);
    for form in [
        [("grant_type", "authorization_code"), ("code", "guessed"), ("client_id", ID)],
        [("grant_type", "refresh_token"), ("refresh_token", &long), ("client_id", ID)],
    ] {
        let refused = browser.send(Method::POST, "/token", &form).await;
        assert!(refused.body.contains("invalid_client"), "{}", refused.body);
    }
    assert_eq!(host.count(), 0, "it was fetched before the login");

    let consent = browser.log_in(&path).await;
    assert_eq!((consent.status, host.count()), (StatusCode::OK, 1));
    assert!(consent.body.contains(ID) && consent.body.contains("not registered here"), "{}", consent.body);
    let back = browser.submit(&path, &consent, &[("step", "allow")]).await;
    let location = url::Url::parse(&back.location.unwrap()).unwrap();
    let parameter = |name: &str| {
        location.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned()).unwrap()
    };
    assert_eq!((parameter("iss"), parameter("state")), ("https://issuer.example".to_owned(), "s".to_owned()));
    let code = parameter("code");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("client_id", ID),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let tokens = browser.send(Method::POST, "/token", &form).await;
    let tokens: Value = serde_json::from_str(&tokens.body).unwrap();
    assert_eq!(tokens["scope"], "notes offline_access", "{tokens}");
    assert_eq!(host.count(), 1);
}

#[tokio::test]
async fn nothing_is_sent_to_an_address_that_the_document_does_not_have() {
    let host = host().await;
    let mut browser = Browser::new(&host);
    let path = request(ID, &[("redirect_uri", "https://evil.example/back")]);
    let page = browser.log_in(&path).await;
    assert_eq!((page.status, page.location), (StatusCode::BAD_REQUEST, None));
    assert!(page.body.contains("not registered for this application"), "{}", page.body);
    // The login itself holds, so another request needs none.
    let page = browser.send(Method::GET, &request(ID, &[("redirect_uri", BACK)]), &[]).await;
    assert!(page.body.contains("value=\"allow\""), "{}", page.body);
    for id in [
        "https://app.example/",
        "https://app.example:8443/a",
        // An audience is no client.
        "https://app.example/mcp",
        "https://127.0.0.1/a",
        "https://issuer.example/a",
    ] {
        let page = browser.send(Method::GET, &request(id, &[]), &[]).await;
        assert!(page.body.contains("is not allowed"), "{id}: {}", page.body);
        assert_eq!((page.status, page.location), (StatusCode::BAD_REQUEST, None), "{id}");
    }
    assert_eq!(host.count(), 1);
}
