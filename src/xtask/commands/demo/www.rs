//! `cargo xtask demo --www`: serves the folder `www` and the companion on loopback, until Ctrl-C. The login page logs in at the
//! companion, over TLS.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::commands::build;
use crate::commands::demo::actors::{self, AUDIENCE, Companion};
use crate::commands::demo::login::{PASSWORD, PERSON};
use crate::process::{self, Scratch, Server};
use crate::ui::progress::print_line;
use crate::{npm, paths};

/// How long the servers may take to start.
const READY: Duration = Duration::from_secs(60);
/// The client that the login page is at the companion.
const CLIENT: &str = "jotgate-page";
/// What adds it. On a loopback address any port counts, so the page's port need not be known yet.
const CLIENT_ARGUMENTS: [&str; 12] = [
    "clients",
    "add",
    CLIENT,
    "--public",
    "--offline-access",
    "--redirect",
    "http://127.0.0.1/login.html",
    "--logout-redirect",
    "http://127.0.0.1/login.html",
    "--scope=openid items:read items:write",
    "--audience",
    AUDIENCE,
];

/// Serves until Ctrl-C, or until one of the servers ends.
pub(super) fn serve() -> Result<bool> {
    let lock = paths::lock()?;
    let (folder, program) = thread::scope(|scope| {
        let program = scope.spawn(actors::build_companion);
        let page = build::page_folder();
        anyhow::Ok((page?, process::joined(program)?))
    })?;
    let scratch = Scratch::new("demo")?;
    let (mut companion, fingerprint) = Companion::start_with_tls(program, scratch.path(), &CLIENT_ARGUMENTS)?;
    let settings = json!({
        "issuer": companion.issuer,
        "clientId": CLIENT,
        "scopes": ["openid", "items:read", "items:write", "offline_access"],
        "resource": AUDIENCE,
    });
    let mut node = npm::node(&["--no-warnings", "src/xtask/commands/demo/serve_www.mjs"]);
    let mut pages = Server::start("the pages' server", node.arg(&folder).arg(settings.to_string()))?;
    let page = pages.wait_for(READY, address)?;
    drop(lock);

    let issuer = &companion.issuer;
    print_line("");
    print_line(format!("  inspector  {page}/"));
    print_line(format!("  login      {page}/login.html"));
    print_line(format!("  issuer     {issuer}  jotgate-keys, with TLS"));
    print_line("");
    print_line("  1. The certificate of the issuer is self-signed, so no browser trusts it yet. Open");
    print_line(format!("     {issuer}/.well-known/openid-configuration"));
    print_line("     once, compare the certificate's SHA-256 and accept it for this address:");
    print_line(format!("     {fingerprint}"));
    print_line(format!("  2. Log in on the login page as {PERSON} with the password `{PASSWORD}`."));
    print_line("");
    print_line("  Ctrl-C ends all of them. The store, its keys and the certificate go with them.");
    loop {
        pages.alive()?;
        companion.alive()?;
        thread::sleep(Duration::from_millis(200));
    }
}

/// `{"page":"http://127.0.0.1:1"}` as the address.
fn address(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    Some(line.get("page")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_line_of_the_server() {
        assert_eq!(address(r#"{"page":"http://127.0.0.1:1"}"#), Some("http://127.0.0.1:1".to_owned()));
        assert_eq!(address(r#"{"issuer":"http://127.0.0.1:1"}"#), None);
        assert_eq!(address("a warning"), None);
    }
}
