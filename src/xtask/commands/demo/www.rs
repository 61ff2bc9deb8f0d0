//! `cargo xtask demo --www`: serves the folder `www`, the companion and an `oidc-provider` on loopback, until Ctrl-C.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::commands::build;
use crate::commands::demo::actors::{self, Companion};
use crate::process::{self, Scratch, Server};
use crate::ui::progress::print_line;
use crate::{npm, paths};

/// How long the servers may take to start.
const READY: Duration = Duration::from_secs(60);

/// Serves until Ctrl-C, or until one of the servers ends.
pub(super) fn serve() -> Result<bool> {
    let lock = paths::lock()?;
    let (folder, program) = thread::scope(|scope| {
        let program = scope.spawn(actors::build_companion);
        let page = build::page_folder();
        anyhow::Ok((page?, process::joined(program)?))
    })?;
    let scratch = Scratch::new("demo")?;
    let mut companion = Companion::start(program, scratch.path())?;
    let mut node = npm::node(&["--no-warnings", "src/xtask/commands/demo/serve_www.mjs"]);
    let mut pages = Server::start("the pages' server", node.arg(&folder))?;
    let (page, issuer) = pages.wait_for(READY, addresses)?;
    drop(lock);

    print_line("");
    print_line(format!("  inspector  {page}/"));
    print_line(format!("  login      {page}/login.html"));
    print_line(format!("  issuer     {issuer}  oidc-provider: any name and any password log in"));
    print_line(format!("  companion  {}  jotgate-keys: publishes its keys", companion.issuer));
    print_line("");
    print_line("  Ctrl-C ends all of them.");
    loop {
        pages.alive()?;
        companion.alive()?;
        thread::sleep(Duration::from_millis(200));
    }
}

/// `{"page":"http://127.0.0.1:1","issuer":"http://127.0.0.1:2"}` as a pair.
fn addresses(line: &str) -> Option<(String, String)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let member = |name: &str| Some(line.get(name)?.as_str()?.to_owned());
    Some((member("page")?, member("issuer")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addresses_are_read_from_the_line_of_the_server() {
        let line = r#"{"page":"http://127.0.0.1:1","issuer":"http://127.0.0.1:2"}"#;
        assert_eq!(addresses(line), Some(("http://127.0.0.1:1".to_owned(), "http://127.0.0.1:2".to_owned())));
        assert_eq!(addresses(r#"{"page":"http://127.0.0.1:1"}"#), None);
        assert_eq!(addresses("a warning"), None);
    }
}
