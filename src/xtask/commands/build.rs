//! Builds the npm package in `target/npm/jotgate`, and the page in `target/www`.

use std::path::PathBuf;

use anyhow::Result;

use crate::commands::no_arguments;
use crate::files::Stamp;
use crate::ui::{progress, terminal};
use crate::wasm::{self, Tools};
use crate::{npm, paths, process};

/// `cargo xtask build`
pub(crate) fn command(arguments: &[&str]) -> Result<bool> {
    no_arguments("build", arguments)?;
    let _lock = paths::lock()?;
    let package = package(Tools::Generator)?;
    terminal::print_line(format!("the npm package is in {}", package.display()));
    Ok(true)
}

/// `cargo xtask www`: builds the package, and the page from it.
pub(crate) fn page(arguments: &[&str]) -> Result<bool> {
    no_arguments("www", arguments)?;
    let _lock = paths::lock()?;
    let page = page_folder()?;
    terminal::print_line(format!(
        "the page is in {}; serve it with `node www/serve.mjs target/www`",
        page.display()
    ));
    Ok(true)
}

/// Builds the package, and the folder with the pages from it.
pub(crate) fn page_folder() -> Result<PathBuf> {
    let package = package(Tools::Generator)?;
    let page = paths::target("www");
    progress::step("building the page", |step| {
        let mut node = npm::node(&["www/build.mjs", "--package"]);
        node.arg(&package).arg("--out").arg(&page);
        process::run_ok(&mut node, step)
    })?;
    Ok(page)
}

/// Builds the package and everything that it needs, if its inputs have changed.
pub(crate) fn package(tools: Tools) -> Result<PathBuf> {
    let bindings = wasm::bindings(tools)?;
    let package = paths::target("npm/jotgate");
    let names = ["pkg-templates", "Cargo.toml", "LICENSE-MIT", "LICENSE-APACHE", "tests/package-lock.json"];
    let mut inputs: Vec<PathBuf> = names.iter().map(|name| paths::at(name)).collect();
    inputs.push(bindings.clone());
    // Beside the package, because everything in the folder is packed.
    let stamp = Stamp::of(paths::target("npm/jotgate.stamp"), &inputs, &[])?;
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
