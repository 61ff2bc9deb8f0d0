//! `pkg-templates` and the bindings enter, the npm package leaves in `target/npm/jotgate`.

use std::path::PathBuf;

use anyhow::Result;

use crate::files::Stamp;
use crate::wasm::{self, Tools};
use crate::{no_arguments, npm, place, process, progress, terminal};

/// `cargo xtask build`
pub(crate) fn command(arguments: &[&str]) -> Result<bool> {
    no_arguments("build", arguments)?;
    let _lock = place::lock()?;
    let package = build(Tools::Generator)?;
    terminal::say(&format!("the npm package is in {}", package.display()));
    Ok(true)
}

/// Builds the package and all that it needs, as far as it is not there.
pub(crate) fn build(tools: Tools) -> Result<PathBuf> {
    let bindings = wasm::bindings(tools)?;
    let package = place::target("npm/jotgate");
    let names = ["pkg-templates", "Cargo.toml", "LICENSE-MIT", "LICENSE-APACHE", "tests/package-lock.json"];
    let mut inputs: Vec<PathBuf> = names.iter().map(|name| place::at(name)).collect();
    inputs.push(bindings.clone());
    // Beside the package, not in it: it is packed as it is.
    let stamp = Stamp::of(place::target("npm/jotgate.stamp"), &inputs, &[])?;
    if stamp.is_current() && package.join("package.json").exists() {
        return Ok(package);
    }
    progress::step("assembling the npm package", |step| {
        let mut node = npm::node(&["pkg-templates/build.mjs", "--bindings"]);
        node.arg(&bindings).arg("--out").arg(&package);
        process::run_ok(&mut node, step)
    })?;
    stamp.set()?;
    Ok(package)
}
