//! Writes `<name>_bg.wasm` and the JavaScript that calls it into a folder, from the `.wasm` file that cargo
//! built. The JavaScript of the verifier is a reference for `bindings.ts` and is not shipped; that of the
//! inspector is shipped.
//!
//! Uses the `bundler` flavour, because its module imports everything from one file in every runtime.

use std::env;

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [wasm, folder, name] = arguments.as_slice() else {
        bail!("usage: bindgen <file.wasm> <folder> <name>");
    };
    Bindgen::new()
        .input_path(wasm)
        .out_name(name)
        .bundler(true)?
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(folder)
        .with_context(|| format!("no bindings for `{wasm}`"))
}
