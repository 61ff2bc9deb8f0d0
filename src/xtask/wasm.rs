//! Builds the two WebAssembly modules: compiles them, generates their bindings and makes them small.

use std::path::PathBuf;
use std::process::Command;
use std::{fs, thread};

use anyhow::{Result, bail};

use crate::cargo::{self, cargo};
use crate::files::{self, Stamp};
use crate::toolchain::{self, WASM32};
use crate::ui::progress;
use crate::{npm, paths, process};

/// Which programs of `jotgate-bindgen` are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tools {
    /// The generator of bindings.
    Generator,
    /// The generator and the runner of `#[wasm_bindgen_test]`.
    WithTestRunner,
}

/// A WebAssembly module: its crate, its profile, its file as cargo names it, and the name of its bindings.
struct Module {
    package: &'static str,
    profile: &'static str,
    file: &'static str,
    name: &'static str,
}

/// The modules of the verifier and of the inspector.
const MODULES: [Module; 2] = [
    Module { package: "jotgate-wasm", profile: "npm", file: "jotgate_wasm.wasm", name: "jotgate" },
    Module {
        package: "jotgate-inspect",
        profile: "npm-small",
        file: "jotgate_inspect.wasm",
        name: "jotgate_inspect",
    },
];

/// The features that rustc uses for this target, by name. `--all-features` would let the optimiser use features
/// that runtimes lack.
const OPTIMISE: [&str; 13] = [
    "-O3",
    // Keeps cold functions apart: an engine compiles a function at its first call. See docs/decisions/0012.
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

/// Builds the tools. Cargo builds nothing twice.
pub(crate) fn tools(which: Tools) -> Result<()> {
    let mut words = vec!["build", "--profile", "tools", "--package", "jotgate-bindgen"];
    // Without the runner that an earlier command built, cargo would build the generator again.
    if which == Tools::WithTestRunner || test_runner().exists() {
        words.extend(["--features", "test-runner"]);
    }
    progress::step("building wasm-bindgen's generator", |step| process::run_ok(&mut cargo(&words, ""), step))
        .map(drop)
}

/// The runner of `#[wasm_bindgen_test]`.
pub(crate) fn test_runner() -> PathBuf {
    paths::target("tools/test-runner")
}

/// Returns the folder with the bindings. Makes them again if their inputs have changed. The
/// tools must exist.
///
/// Fetches what is missing in parallel.
pub(crate) fn bindings(which: Tools) -> Result<PathBuf> {
    let compiled = thread::scope(|scope| {
        let npm = scope.spawn(npm::install);
        let tools = scope.spawn(move || tools(which));
        let compiled = compile()?;
        process::joined(npm)?;
        process::joined(tools)?;
        anyhow::Ok(compiled)
    })?;
    let folder = paths::target("npm/bindings");
    let generator = paths::target("tools/bindgen");
    let ours = paths::at("src/xtask/bindgen/bindgen.rs");
    let inputs = [&compiled[..], &[ours, npm::package("binaryen").join("package.json")]].concat();
    // The stamp has the version of the generator, not its program: the program differs if the test runner was
    // built with it, its output does not.
    let version = cargo::locked_version("wasm-bindgen-cli-support")?;
    let how: Vec<&str> = OPTIMISE.into_iter().chain([version.as_str()]).collect();
    let stamp = Stamp::of(folder.join(".stamp"), &inputs, &how)?;
    if stamp.is_current() {
        return Ok(folder);
    }
    progress::step("generating and optimising the bindings", |step| {
        let draft = paths::target("npm/bindings.partial");
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
        files::replace(&draft, &folder)
    })?;
    stamp.set()?;
    Ok(folder)
}

/// Compiles the modules, in the order of [`MODULES`].
fn compile() -> Result<Vec<PathBuf>> {
    let compiler = toolchain::wasm32()?;
    // One command each: in one command, shared dependencies would get the features of both.
    let compile = |module: &Module| {
        let mut command = cargo(
            &["build", "--package", module.package, "--target", WASM32, "--profile", module.profile],
            "wasm",
        );
        compiler.apply_for_release(&mut command, module.profile == "npm");
        let what = format!("building {} for wasm32", module.package);
        progress::step(&what, |step| process::run_ok(&mut command, step))?;
        let compiled = paths::target("wasm").join(WASM32).join(module.profile).join(module.file);
        if !compiled.exists() {
            bail!("cargo did not write `{}`", compiled.display());
        }
        Ok(compiled)
    };
    MODULES.iter().map(compile).collect()
}
