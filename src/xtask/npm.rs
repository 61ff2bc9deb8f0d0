//! Installs the JavaScript tools of `tests/package-lock.json`.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::files::Stamp;
use crate::ui::progress;
use crate::{paths, process};

/// The oldest Node that the package supports.
const OLDEST_NODE: u32 = 20;

/// Installs the lock file's packages if it has changed since the last time.
pub(crate) fn install() -> Result<()> {
    let version = node_version()?;
    let folder = paths::at("tests");
    let inputs = ["package.json", "package-lock.json", ".npmrc"].map(|name| folder.join(name));
    // Native tools depend on the version of Node.
    let stamp = Stamp::of(folder.join("node_modules/.xtask-stamp"), &inputs, &[&version])?;
    if stamp.is_current() {
        return Ok(());
    }
    progress::step("installing the JavaScript tools of tests/package-lock.json", |step| {
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund"]).current_dir(&folder);
        process::run_ok(&mut npm, step).context("`npm ci` failed: npm and a registry are necessary")
    })?;
    stamp.set()
}

/// `node` with these arguments, at the root of the repository, with the tools on its `PATH`.
pub(crate) fn node(words: &[&str]) -> Command {
    let mut command = Command::new("node");
    command.current_dir(paths::root()).args(words).env("PATH", path_with_tools());
    command
}

/// The folder that a tool's package was installed into.
pub(crate) fn package(name: &str) -> PathBuf {
    paths::at("tests/node_modules").join(name)
}

/// A program of an installed package.
pub(crate) fn tool(name: &str) -> Command {
    let mut command = Command::new(package(".bin").join(name));
    command.current_dir(paths::root());
    command
}

fn path_with_tools() -> OsString {
    let mut folders = vec![package(".bin")];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    env::join_paths(folders).unwrap_or_default()
}

fn node_version() -> Result<String> {
    let version = process::output_of(Command::new("node").arg("--version"));
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
