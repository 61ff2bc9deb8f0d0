//! Finds a compiler for wasm32 that has the sources of its standard library: the first of three ways that works.
//!
//! Cargo builds the standard library from these sources, with the settings of each module. Native code uses the
//! ordinary toolchain.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::toolchain::debian;
use crate::toolchain::rustc::{Other, has_sources};
use crate::ui::progress;
use crate::{paths, process};

/// SIMD is used where we write it by hand and in `sha2`. LLVM may not vectorise by itself: that makes the
/// curves slower. See docs/decisions/0012.
const SIMD: [&str; 3] = ["-Ctarget-feature=+simd128", "-Cno-vectorize-loops", "-Cno-vectorize-slp"];

/// Exports the stack pointer of the core: after an interrupted call only JavaScript can restore it.
const STACK: [&str; 1] = ["-Clink-arg=--export=__stack_pointer"];

/// Turns off optimisations that add much code for little speed: runtime unrolling, peeling, jump threading,
/// partial redundancy elimination. See docs/decisions/0012.
const SMALL: [&str; 4] = [
    "-Cllvm-args=-unroll-runtime=false",
    "-Cllvm-args=-unroll-allow-peeling=false",
    "-Cllvm-args=-jump-threading-threshold=1",
    "-Cllvm-args=-enable-pre=false",
];

/// The inline thresholds of modules that are built for speed. A profile for size has a lower one of its own.
const INLINING: [&str; 2] = ["-Cllvm-args=-inline-threshold=75", "-Cllvm-args=-inlinehint-threshold=75"];

/// Makes a panic a trap without a message. See docs/decisions/0013.
const SILENT: [&str; 2] = ["-Zunstable-options", "-Cpanic=immediate-abort"];
/// The crates of the standard library in what is shipped.
const SHIPPED_CRATES: &str = "-Zbuild-std=core,alloc,std,panic_abort";
/// Those of the tests.
const TEST_CRATES: &str = "-Zbuild-std=core,alloc,std,panic_abort,panic_unwind,test,proc_macro";

/// The compiler for wasm32.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wasm32 {
    /// Another compiler than the active one, by its wrapper scripts.
    other: Option<Other>,
}

impl Wasm32 {
    /// Makes a cargo command build tests for wasm32. Their panics keep their messages.
    pub(crate) fn apply(&self, command: &mut Command) {
        command.arg(TEST_CRATES);
        self.apply_with(command, &[]);
    }

    /// Makes a cargo command build what is shipped.
    pub(crate) fn apply_for_release(&self, command: &mut Command, for_speed: bool) {
        let inlining: &[&str] = if for_speed { &INLINING } else { &[] };
        command.arg(SHIPPED_CRATES);
        self.apply_with(command, &[&SILENT[..], inlining, &SMALL].concat());
    }

    fn apply_with(&self, command: &mut Command, more: &[&str]) {
        // Panic messages must not contain paths of this machine. `RUSTFLAGS` of the user are for native code.
        let mut flags = vec![format!("--remap-path-prefix={}=/jotgate", paths::root().display())];
        flags.extend(cargo_home().map(|path| format!("--remap-path-prefix={}=/cargo", path.display())));
        flags.extend(SIMD.iter().chain(&STACK).chain(more).map(|&flag| flag.to_owned()));
        command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        // The unstable flags do not change what the program computes.
        command.env("RUSTC_BOOTSTRAP", "1");
        if let Some(Other { rustc, rustdoc, linker }) = &self.other {
            command.env("RUSTC", rustc).env("RUSTDOC", rustdoc);
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
    }
}

impl From<Other> for Wasm32 {
    fn from(other: Other) -> Self {
        Self { other: Some(other) }
    }
}

/// Finds the compiler, or fetches one and prints which.
pub(crate) fn wasm32() -> Result<Wasm32> {
    if has_sources("rustc".as_ref()) {
        return Ok(Wasm32::default());
    }
    let cache = paths::toolchains();
    if let Some(other) = debian::cached(&cache)? {
        return Ok(other.into());
    }
    if rustup_may_download() && rustup_component_add() {
        return Ok(Wasm32::default());
    }
    match debian::set_up(&cache) {
        Ok((other, version)) => {
            progress::print_status(&format!("compiler for wasm32: Debian's rustc-web {version}"));
            Ok(other.into())
        }
        Err(error) => bail!(
            "the sources of the standard library are missing, and no other compiler could be fetched: {error:#}\n\
             with rustup, run `rustup component add rust-src`, then this again"
        ),
    }
}

/// `RUSTUP_AUTO_INSTALL=0` means that toolchains must not be downloaded.
fn rustup_may_download() -> bool {
    env::var_os("RUSTUP_AUTO_INSTALL").is_none_or(|value| value != "0")
        && process::output_of(
            Command::new("rustup").current_dir(paths::root()).args(["show", "active-toolchain"]),
        )
        .is_some()
}

fn rustup_component_add() -> bool {
    let added = progress::step("fetching the standard library's sources by rustup", |step| {
        let mut rustup = Command::new("rustup");
        process::run_ok(rustup.current_dir(paths::root()).args(["component", "add", "rust-src"]), step)
    });
    if let Err(error) = &added {
        progress::print_status(&format!("rustup could not: {error:#}"));
    }
    added.is_ok() && has_sources("rustc".as_ref())
}

fn cargo_home() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}
