//! wasm-bindgen's generator and test runner, pinned by the workspace's lock file
