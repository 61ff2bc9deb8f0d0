//! Enters: a `.wasm` file as cargo left it. Leaves: `jotgate_bg.wasm`, `jotgate_bg.js` and their types in a folder.
//!
//! The `bundler` flavour is asked for because its `jotgate_bg.js` loads nothing by itself: one file serves
//! every JavaScript runtime, and each loader of the package brings the module in its own way.

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
