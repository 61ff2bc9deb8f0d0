//! The lock file enters, and whether every dependency may stay leaves: licences, sources and versions by `deny.toml`.

use anyhow::Result;

use crate::cargo::cargo;
use crate::commands::no_arguments;
use crate::ui::{progress, terminal};
use crate::{place, process};

/// Pinned: what it thinks of a licence must not change by itself.
const VERSION: &str = "0.20.2";

/// `cargo xtask deny`
pub(crate) fn command(arguments: &[&str]) -> Result<bool> {
    no_arguments("deny", arguments)?;
    let lock = place::lock()?;
    let tool = place::target("cargo-deny").join(VERSION);
    let program = tool.join("bin/cargo-deny");
    if !program.exists() {
        progress::step("building cargo-deny", |step| {
            // `--debug`: it runs for a second, and takes half the time to compile. No features: they are for advisories.
            let mut install =
                cargo(&["install", "cargo-deny", "--debug", "--no-default-features"], "cargo-deny/build");
            install.args(["--version", VERSION, "--root"]).arg(&tool);
            process::run_ok(&mut install, step)
        })?;
        let _ = std::fs::remove_dir_all(place::target("cargo-deny/build"));
    }
    drop(lock);
    // Advisories would need the network, and change from day to day: not what a commit can be held against.
    let checked = progress::silently("licences, sources and versions", |step| {
        let mut deny = std::process::Command::new(&program);
        deny.current_dir(place::root()).args(["--color", "never", "check", "licenses", "bans", "sources"]);
        process::run(&mut deny, process::LONG, step)
    })?;
    terminal::say(checked.text().trim_end());
    Ok(checked.succeeded)
}
