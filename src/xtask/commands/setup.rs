//! Fetches and builds what the other commands need.

use anyhow::Result;

use crate::commands::no_arguments;
use crate::{npm, paths, process, toolchain, wasm};

/// `cargo xtask setup`
pub(crate) fn setup(arguments: &[&str]) -> Result<bool> {
    no_arguments("setup", arguments)?;
    let _lock = paths::lock()?;
    std::thread::scope(|scope| {
        let npm = scope.spawn(npm::install);
        let tools = scope.spawn(|| wasm::tools(wasm::Tools::WithTestRunner));
        toolchain::wasm32()?;
        process::joined(npm)?;
        process::joined(tools)?;
        Ok(true)
    })
}
