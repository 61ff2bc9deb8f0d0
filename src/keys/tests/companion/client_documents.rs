//! Clients that describe themselves: off, and what the switch needs. `companion-documents` of the package's suites fetches.

use crate::browser::Browser;
use crate::client::{Answer, ask, ask_token};
use crate::login::{add_ada, served};
use crate::program::{Program, Serving};

const REQUEST: &str = "/authorize?response_type=code&client_id=https%3A%2F%2Fapp.example%2Fclient.json&code_challenge_method=S256";

#[test]
fn without_the_switch_an_address_is_an_unknown_application_and_the_metadata_says_nothing() {
    let (_program, serving) = served();
    let page = Browser::new(serving.address).get(REQUEST);
    assert!(page.status == 400 && page.body.contains("not known here"), "{}", page.body);
    let metadata = ask(serving.address, "GET", "/.well-known/oauth-authorization-server", &[]);
    assert!(!metadata.body.contains("client_id_metadata_document_supported"), "{}", metadata.body);
    assert_eq!(preflight(&serving, "/token", "https://agent.example").status, 403);
}

fn preflight(serving: &Serving, path: &str, origin: &str) -> Answer {
    let asked = [("origin", origin), ("access-control-request-method", "POST")];
    ask(serving.address, "OPTIONS", path, &asked)
}

#[test]
fn with_the_switch_pages_of_any_origin_may_use_the_endpoints_for_clients() {
    let program = Program::with_store(&[]);
    add_ada(&program);
    let documents = ["--allow-client-documents", "--document-audience", "https://mcp.example"];
    let words = [&["serve", "--listen", "127.0.0.1:0"][..], &documents].concat();
    let serving = Program::serving(&mut program.command(&words));
    let (origin, allowed) = ("https://agent.example", "access-control-allow-origin");
    for path in ["/token", "/revoke", "/userinfo"] {
        let answer = preflight(&serving, path, origin);
        assert_eq!((answer.status, answer.header(allowed)), (204, Some(origin)), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
    }
    for wrong in ["null", "agent.example", "https://agent.example/"] {
        let answer = preflight(&serving, "/token", wrong);
        assert_eq!((answer.status, answer.header(allowed)), (403, None), "{wrong}");
    }
    let form = "grant_type=refresh_token&refresh_token=x&client_id=https%3A%2F%2Fagent.example%2Fclient.json";
    let refused = ask_token(serving.address, &[("origin", origin)], form);
    assert_eq!((refused.status, refused.header(allowed)), (400, Some(origin)), "{}", refused.body);
}

#[test]
fn the_switch_needs_an_audience_and_the_others_need_the_switch() {
    let program = Program::with_store(&[]);
    let serve = |words: &[&str]| program.run(&[&["serve", "--listen", "127.0.0.1:0"], words].concat());
    for words in [
        &["--allow-client-documents"][..],
        &["--document-audience", "https://mcp.example"],
        &["--document-scope", "notes"],
    ] {
        assert_eq!(serve(words).status.code(), Some(2), "{words:?}");
    }
    let with = ["--allow-client-documents", "--document-audience"];
    for (words, said) in [
        (&["https://mcp.example/#part"][..], "an audience is a name without white space"),
        (&["https://mcp.example", "--document-scope", "a  b"], "a scope is a list of different words"),
    ] {
        let output = serve(&[&with, words].concat());
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && err.contains(said), "{err}");
    }
}
