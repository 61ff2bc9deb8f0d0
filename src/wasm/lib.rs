//! The boundary between jotgate-core and JavaScript: handles, bytes and text cross, decisions don't.
//!
//! A token enters as bytes in the input buffer ([`keys::Policy::admit`]); the header, the claims and, when refused, the
//! refusal leave as JSON text in the output buffer. Between `admit` and reading the output nothing may be awaited: both
//! buffers are the instance's only ones.

mod describe;
pub mod key_cache;
pub mod keys;
pub mod output;
#[cfg(target_arch = "wasm32")]
pub mod stack_probe;
pub mod verify;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
