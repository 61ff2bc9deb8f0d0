//! Writes `<name>_bg.wasm` and the JavaScript that calls it into a folder, from a `.wasm` file as cargo left it. The verifier's
//! JavaScript shows what `bindings.ts` has to do and is not shipped; the inspector's is shipped.
//!
//! The `bundler` flavour is asked for because its module asks one file for all that it imports, whatever the runtime.

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
