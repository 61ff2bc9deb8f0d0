//! Enters: a test binary for wasm32, as cargo hands it to its `runner`. Leaves: the run of its `#[wasm_bindgen_test]`s.

use std::env;

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(env::args_os())
}
