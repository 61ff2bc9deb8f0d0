//! The machine enters, a compiler for wasm32 leaves, with its standard library: in four steps, the first that works.
//!
//! Native code is built by the ordinary toolchain; only what is built for wasm32 asks here.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};

use crate::toolchain::debian;
use crate::toolchain::rustc::{Other, WASM32, has_sources, has_standard_library};
use crate::ui::progress;
use crate::{place, process};

/// Every runtime has SIMD. What is written with it, in our kernel of RSA and in `sha2`, is all that is to use it: LLVM's own
/// vectors make the curves' multiplications slower by half.
const SIMD: [&str; 3] = ["-Ctarget-feature=+simd128", "-Cno-vectorize-loops", "-Cno-vectorize-slp"];

/// Where the core's own stack stands: a call that is broken off leaves it as it was just then, and only the host can put it back.
const STACK: [&str; 1] = ["-Clink-arg=--export=__stack_pointer"];

/// What LLVM does for speed wherever it can, at the cost of code: a seventh less after compression. Functions are merged into their
/// callers, loops whose length is not known are written out, and what is known on one way of several computed on the others; what is
/// computed for each token says itself what belongs together.
const SMALL: [&str; 4] = [
    "-Cllvm-args=-unroll-runtime=false",
    "-Cllvm-args=-unroll-allow-peeling=false",
    "-Cllvm-args=-jump-threading-threshold=1",
    "-Cllvm-args=-enable-pre=false",
];

/// How much is merged into callers where speed counts. A profile that counts size alone has a lower threshold of its own.
const INLINING: [&str; 2] = ["-Cllvm-args=-inline-threshold=75", "-Cllvm-args=-inlinehint-threshold=75"];

/// What makes the standard library anew beside what is shipped, so that a panic is a trap and nothing else: its messages, and all that
/// writes them, are a twentieth of what a browser would fetch, and nobody would see them there.
const SILENT: [&str; 2] = ["-Zunstable-options", "-Cpanic=immediate-abort"];
const SILENT_CRATES: &str = "-Zbuild-std=core,alloc,std,panic_abort";

/// The compiler that wasm32 is built with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wasm32 {
    /// Another compiler than the active one, by its wrapper scripts.
    other: Option<Other>,
}

impl Wasm32 {
    /// Makes a cargo command build for wasm32 with this compiler, for tests, whose panics must say where they were.
    pub(crate) fn apply(&self, command: &mut Command) {
        self.apply_with(command, &[]);
    }

    /// Makes a cargo command build what is shipped; says so where it gets larger than it could be.
    pub(crate) fn apply_for_release(&self, command: &mut Command, for_speed: bool) {
        let inlining: &[&str] = if for_speed { &INLINING } else { &[] };
        let rustc = self.other.as_ref().map_or("rustc".as_ref(), |other| other.rustc.as_os_str());
        if !has_sources(rustc) {
            progress::tell(
                "the package gets a twentieth larger: the compiler lacks the sources of its standard library \
                 (with rustup: `rustup component add rust-src`)",
            );
            self.apply_with(command, &[inlining, &SMALL].concat());
            return;
        }
        // Both are unstable, and used here for nothing that a program could mean.
        command.arg(SILENT_CRATES).env("RUSTC_BOOTSTRAP", "1");
        self.apply_with(command, &[&SILENT[..], inlining, &SMALL].concat());
    }

    fn apply_with(&self, command: &mut Command, more: &[&str]) {
        // What is built leaves this machine: its paths must not stand in panic messages. Flags of the user's own
        // are for native code.
        let mut flags = vec![format!("--remap-path-prefix={}=/jotgate", place::root().display())];
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

/// Finds the compiler, or sets one up and says which.
pub(crate) fn wasm32() -> Result<Wasm32> {
    if has_standard_library("rustc".as_ref()) {
        return Ok(Wasm32::default());
    }
    let cache = place::toolchains();
    if let Some(other) = debian::cached(&cache)? {
        return Ok(other.into());
    }
    if rustup_may_download() && rustup_target_add() {
        progress::tell("wasm32 standard library: from rustup");
        return Ok(Wasm32::default());
    }
    match debian::set_up(&cache) {
        Ok((other, version)) => {
            progress::tell(&format!(
                "wasm32 standard library: built by Debian's rustc-web {version} from its own sources"
            ));
            Ok(other.into())
        }
        Err(error) => bail!(
            "there is no wasm32 standard library, and none could be made: {error:#}\n\
             with rustup, run `rustup target add {WASM32}`, then this again"
        ),
    }
}

/// A user who set `RUSTUP_AUTO_INSTALL=0` has said that toolchains are not to be downloaded.
fn rustup_may_download() -> bool {
    env::var_os("RUSTUP_AUTO_INSTALL").is_none_or(|value| value != "0")
        && process::answer(
            Command::new("rustup").current_dir(place::root()).args(["show", "active-toolchain"]),
        )
        .is_some()
}

fn rustup_target_add() -> bool {
    let added = progress::step("asking rustup for the wasm32 standard library", |step| {
        let mut rustup = Command::new("rustup");
        process::run_ok(rustup.current_dir(place::root()).args(["target", "add", WASM32]), step)
    });
    if let Err(error) = &added {
        progress::tell(&format!("rustup could not: {error:#}"));
    }
    added.is_ok() && has_standard_library("rustc".as_ref())
}

fn cargo_home() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cargo"));
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(home)
}
