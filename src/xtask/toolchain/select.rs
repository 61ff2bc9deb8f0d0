//! Finds a compiler for wasm32 with its standard library: the first of four ways that works.
//!
//! Native code uses the ordinary toolchain.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::toolchain::debian;
use crate::toolchain::rustc::{Other, WASM32, has_sources, has_standard_library};
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

/// Builds the standard library again, so that a panic is a trap without a message. See docs/decisions/0013.
const SILENT: [&str; 2] = ["-Zunstable-options", "-Cpanic=immediate-abort"];
const SILENT_CRATES: &str = "-Zbuild-std=core,alloc,std,panic_abort";

/// The compiler for wasm32.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wasm32 {
    /// Another compiler than the active one, by its wrapper scripts.
    other: Option<Other>,
}

impl Wasm32 {
    /// Makes a cargo command build tests for wasm32. Their panics keep their messages.
    pub(crate) fn apply(&self, command: &mut Command) {
        self.apply_with(command, &[]);
    }

    /// Makes a cargo command build what is shipped.
    ///
    /// # Errors
    /// The compiler lacks the sources of its standard library: without them the module would be another one.
    pub(crate) fn apply_for_release(&self, command: &mut Command, for_speed: bool) -> Result<()> {
        let inlining: &[&str] = if for_speed { &INLINING } else { &[] };
        let rustc = self.other.as_ref().map_or("rustc".as_ref(), |other| other.rustc.as_os_str());
        if !has_sources(rustc) {
            bail!(
                "the compiler lacks the sources of its standard library, which the package is built with\n\
                 with rustup, run `rustup component add rust-src`, then this again"
            );
        }
        // Both flags are unstable, but they do not change what the program computes.
        command.arg(SILENT_CRATES).env("RUSTC_BOOTSTRAP", "1");
        self.apply_with(command, &[&SILENT[..], inlining, &SMALL].concat());
        Ok(())
    }

    fn apply_with(&self, command: &mut Command, more: &[&str]) {
        // Panic messages must not contain paths of this machine. `RUSTFLAGS` of the user are for native code.
        let mut flags = vec![format!("--remap-path-prefix={}=/jotgate", paths::root().display())];
        flags.extend(cargo_home().map(|path| format!("--remap-path-prefix={}=/cargo", path.display())));
        flags.extend(SIMD.iter().chain(&STACK).chain(more).map(|&flag| flag.to_owned()));
        command.env_remove("RUSTFLAGS").env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
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

/// Finds the compiler, or makes one and prints which.
pub(crate) fn wasm32() -> Result<Wasm32> {
    if has_standard_library("rustc".as_ref()) && ensure_sources() {
        return Ok(Wasm32::default());
    }
    let cache = paths::toolchains();
    if let Some(other) = debian::cached(&cache)? {
        return Ok(other.into());
    }
    if rustup_may_download() && rustup_target_add() && ensure_sources() {
        progress::print_status("wasm32 standard library: from rustup");
        return Ok(Wasm32::default());
    }
    match debian::set_up(&cache) {
        Ok((other, version)) => {
            progress::print_status(&format!(
                "wasm32 standard library: built by Debian's rustc-web {version} from its own sources"
            ));
            Ok(other.into())
        }
        Err(error) => bail!(
            "there is no wasm32 standard library with its sources, and none could be made: {error:#}\n\
             with rustup, run `rustup target add {WASM32}` and `rustup component add rust-src`, then this again"
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

fn rustup_target_add() -> bool {
    rustup("asking rustup for the wasm32 standard library", &["target", "add", WASM32])
        && has_standard_library("rustc".as_ref())
}

/// Whether the active toolchain has the sources of its standard library, which rustup adds where it may download.
fn ensure_sources() -> bool {
    has_sources("rustc".as_ref())
        || rustup_may_download()
            && rustup("asking rustup for the standard library's sources", &["component", "add", "rust-src"])
            && has_sources("rustc".as_ref())
}

fn rustup(what: &str, arguments: &[&str]) -> bool {
    let done = progress::step(what, |step| {
        process::run_ok(Command::new("rustup").current_dir(paths::root()).args(arguments), step)
    });
    if let Err(error) = &done {
        progress::print_status(&format!("rustup could not: {error:#}"));
    }
    done.is_ok()
}

fn cargo_home() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}
