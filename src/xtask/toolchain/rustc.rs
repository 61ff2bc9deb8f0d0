//! What a Rust compiler has for wasm32: the sources of the standard library, a linker.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{paths, process};

/// The target's name.
pub(crate) const WASM32: &str = "wasm32-unknown-unknown";

/// A compiler that is not the active one.
#[derive(Clone, Debug)]
pub(crate) struct Other {
    pub(crate) rustc: PathBuf,
    pub(crate) rustdoc: PathBuf,
    /// The `rust-lld` of the active toolchain.
    pub(crate) linker: PathBuf,
}

/// Whether a compiler has the sources of its standard library.
pub(crate) fn has_sources(rustc: &OsStr) -> bool {
    let sysroot =
        process::output_of(Command::new(rustc).current_dir(paths::root()).args(["--print", "sysroot"]));
    sysroot
        .is_some_and(|sysroot| Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").exists())
}

/// The linker for wasm32 of the active toolchain.
pub(crate) fn rust_lld() -> Result<PathBuf> {
    let ask =
        |words: &[&str]| process::output_of(Command::new("rustc").current_dir(paths::root()).args(words));
    let sysroot = ask(&["--print", "sysroot"]).context("rustc is missing: install Rust with rustup")?;
    let about = ask(&["-vV"]).unwrap_or_default();
    let host =
        about.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    let linker = Path::new(&sysroot).join("lib/rustlib").join(host).join("bin/rust-lld");
    if !linker.exists() {
        bail!("the active toolchain has no rust-lld at `{}`: use a toolchain of rustup", linker.display());
    }
    Ok(linker)
}
