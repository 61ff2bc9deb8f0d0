//! Builds the two WebAssembly modules: compiles them, generates their bindings and makes them small.

use std::path::PathBuf;
use std::process::Command;
use std::{fs, thread};

use anyhow::{Result, bail};

use crate::cargo::{self, cargo};
use crate::files::{self, Stamp};
use crate::selection::Selection;
use crate::toolchain::{self, WASM32};
use crate::ui::progress;
use crate::{npm, place, process};

/// What of `jotgate-bindgen` is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tools {
    /// The generator of bindings alone.
    Generator,
    /// The runner of `#[wasm_bindgen_test]` too, which takes as long again to compile.
    WithTestRunner,
}

/// A module of WebAssembly: the crate that it is made of and its profile, its file as cargo names it, and the name of its bindings.
struct Module {
    package: &'static str,
    profile: &'static str,
    file: &'static str,
    name: &'static str,
}

/// The verifier's, and the inspector's.
const MODULES: [Module; 2] = [
    Module { package: "jotgate-wasm", profile: "npm", file: "jotgate_wasm.wasm", name: "jotgate" },
    Module {
        package: "jotgate-inspect",
        profile: "npm-small",
        file: "jotgate_inspect.wasm",
        name: "jotgate_inspect",
    },
];

/// What rustc emits for this target, by name: `--all-features` would let the optimiser use what no runtime has yet.
const OPTIMISE: [&str; 13] = [
    "-O3",
    // What rustc left apart stays apart: an engine compiles a function when it is first called, and nobody calls every algorithm.
    "--one-caller-inline-max-function-size=100",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
];

/// Builds the tools; cargo sees to it that nothing is built twice.
pub(crate) fn tools(which: Tools) -> Result<()> {
    let mut words = vec!["build", "--profile", "tools", "--package", "jotgate-bindgen"];
    if which == Tools::WithTestRunner {
        words.extend(["--features", "test-runner"]);
    }
    progress::step("building wasm-bindgen's generator", |step| process::run_ok(&mut cargo(&words, ""), step))
        .map(drop)
}

/// The runner of `#[wasm_bindgen_test]`.
pub(crate) fn test_runner() -> PathBuf {
    place::target("tools/test-runner")
}

/// The folder with the bindings of a selection, made anew if what they are made of has changed. The tools must be there.
///
/// Sets up what is missing, each thing beside the others.
pub(crate) fn bindings(which: Tools, selection: &Selection) -> Result<PathBuf> {
    let compiled = thread::scope(|scope| {
        let npm = scope.spawn(npm::install);
        let tools = scope.spawn(move || tools(which));
        let compiled = compile(selection)?;
        process::joined(npm)?;
        process::joined(tools)?;
        anyhow::Ok(compiled)
    })?;
    let place = place::target(&format!("npm/bindings{}", selection.suffix()));
    let generator = place::target("tools/bindgen");
    let ours = place::at("src/xtask/bindgen/bindgen.rs");
    let inputs = [&compiled[..], &[ours, npm::package("binaryen").join("package.json")]].concat();
    // Its version, not its program: that is another with the test runner beside it, and writes the same.
    let version = cargo::locked_version("wasm-bindgen-cli-support")?;
    let how: Vec<&str> = OPTIMISE.into_iter().chain([version.as_str()]).collect();
    let stamp = Stamp::of(place.join(".stamp"), &inputs, &how)?;
    if stamp.is_current() {
        return Ok(place);
    }
    progress::step("generating and optimising the bindings", |step| {
        let draft = place::target("npm/bindings.partial");
        files::remove(&draft)?;
        fs::create_dir_all(&draft)?;
        for (module, compiled) in MODULES.iter().zip(&compiled) {
            process::run_ok(Command::new(&generator).arg(compiled).arg(&draft).arg(module.name), step)?;
            let wasm = draft.join(format!("{}_bg.wasm", module.name));
            let raw = draft.join("raw.wasm");
            fs::rename(&wasm, &raw)?;
            process::run_ok(npm::tool("wasm-opt").args(OPTIMISE).arg(&raw).arg("-o").arg(&wasm), step)?;
            fs::remove_file(&raw)?;
        }
        files::replace(&draft, &place)
    })?;
    stamp.set()?;
    Ok(place)
}

/// The modules as cargo left them, in the order of [`MODULES`]. Every selection has the same files: the next one takes their place.
fn compile(selection: &Selection) -> Result<Vec<PathBuf>> {
    let compiler = toolchain::wasm32()?;
    // One command each: together, what they share would be built with the features of both.
    let compile = |module: &Module| {
        let mut command = cargo(
            &["build", "--package", module.package, "--target", WASM32, "--profile", module.profile],
            "wasm",
        );
        command.args(selection.words());
        compiler.apply_for_release(&mut command, module.profile == "npm");
        let what = format!("building {} for wasm32", module.package);
        progress::step(&what, |step| process::run_ok(&mut command, step))?;
        let compiled = place::target("wasm").join(WASM32).join(module.profile).join(module.file);
        if !compiled.exists() {
            bail!("cargo made no `{}`", compiled.display());
        }
        Ok(compiled)
    };
    MODULES.iter().map(compile).collect()
}
