//! Runs the `#[wasm_bindgen_test]`s of a test binary for wasm32. Cargo calls it as its `runner`.

use std::env;

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(env::args_os())
}
