//! Checks the licences, sources and versions of every dependency by `deny.toml`.

use anyhow::Result;

use crate::cargo::cargo;
use crate::commands::no_arguments;
use crate::ui::{progress, terminal};
use crate::{paths, process};

/// Pinned, so that its verdict on a licence does not change by itself.
const VERSION: &str = "0.20.2";

/// `cargo xtask deny`
pub(crate) fn command(arguments: &[&str]) -> Result<bool> {
    no_arguments("deny", arguments)?;
    let lock = paths::lock()?;
    let tool = paths::target("cargo-deny").join(VERSION);
    let program = tool.join("bin/cargo-deny");
    if !program.exists() {
        progress::step("building cargo-deny", |step| {
            // `--debug` halves the time to compile. The default features are for advisories.
            let mut install =
                cargo(&["install", "cargo-deny", "--debug", "--no-default-features"], "cargo-deny/build");
            install.args(["--version", VERSION, "--root"]).arg(&tool);
            process::run_ok(&mut install, step)
        })?;
        let _ = std::fs::remove_dir_all(paths::target("cargo-deny/build"));
    }
    drop(lock);
    // Advisories need the network and change from day to day, so a commit is not checked by them.
    let checked = progress::silently("licences, sources and versions", |step| {
        let mut deny = std::process::Command::new(&program);
        deny.current_dir(paths::root()).args(["--color", "never", "check", "licenses", "bans", "sources"]);
        process::run(&mut deny, process::LONG, step)
    })?;
    terminal::print_line(checked.text().trim_end());
    Ok(checked.succeeded)
}
