//! Enters: a `.wasm` file as cargo left it. Leaves: `jotgate_bg.wasm` in a folder, and JavaScript that calls it, which shows what
//! `bindings.ts` has to do and is not shipped.
//!
//! The `bundler` flavour is asked for because its module asks one file for all that it imports, whatever the runtime.

use std::env;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [wasm, folder] = arguments.as_slice() else {
        bail!("usage: bindgen <file.wasm> <folder>");
    };
    Bindgen::new()
        .input_path(wasm)
        .out_name("jotgate")
        .bundler(true)?
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .with_context(|| format!("no bindings for `{wasm}`"))
}
