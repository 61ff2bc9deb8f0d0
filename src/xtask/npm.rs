//! `tests/package-lock.json` enters, the tools of `tests/node_modules` leave.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::files::Stamp;
use crate::ui::progress;
use crate::{place, process};

/// The oldest Node that the package promises to run in.
const OLDEST_NODE: u32 = 20;

/// Installs what the lock file says, if it has changed since the last time.
pub(crate) fn install() -> Result<()> {
    let version = node_version()?;
    let folder = place::at("tests");
    let inputs = ["package.json", "package-lock.json", ".npmrc"].map(|name| folder.join(name));
    // A native tool may be another one for another Node.
    let stamp = Stamp::of(folder.join("node_modules/.xtask-stamp"), &inputs, &[&version])?;
    if stamp.is_current() {
        return Ok(());
    }
    progress::step("installing the JavaScript tools of tests/package-lock.json", |step| {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
        process::run_ok(&mut npm, step).context("npm is needed, with a registry to ask")
    })?;
    stamp.set()
}

/// `node` with these words, at the root of the repository, with the tools on its path.
pub(crate) fn node(words: &[&str]) -> Command {
    let mut command = Command::new("node");
    command.current_dir(place::root()).args(words).env("PATH", path_with_tools());
    command
}

/// The folder that a tool's package was installed into.
pub(crate) fn package(name: &str) -> PathBuf {
    place::at("tests/node_modules").join(name)
}

/// A tool that came with a package.
pub(crate) fn tool(name: &str) -> Command {
    let mut command = Command::new(package(".bin").join(name));
    command.current_dir(place::root());
    command
}

fn path_with_tools() -> OsString {
    let mut folders = vec![package(".bin")];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    env::join_paths(folders).unwrap_or_default()
}

fn node_version() -> Result<String> {
    let version = process::answer(Command::new("node").arg("--version"));
    let version = version.context(
        "Node is missing: install Node 20 or later, with npm (`apt-get install nodejs npm` or nodejs.org)",
    )?;
    if major(&version).is_none_or(|major| major < OLDEST_NODE) {
        bail!("Node {version} is too old: {OLDEST_NODE} or later is needed");
    }
    Ok(version)
}

fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_of_node_is_read() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("20"), None);
    }
}
