//! The boundary between `jotgate-core` and JavaScript. It passes handles, bytes and text, and decides nothing.
//!
//! JavaScript writes a token into the input buffer ([`policy::Policy::admit`]). A call writes the header, the claims or a refusal as JSON
//! text into the output buffer. Each instance has only one of each buffer, so JavaScript must not await between `admit` and reading the
//! output.
//!
//! # Layout
//!
//! - [`keys`], [`policy`]: values that are made once and used for many tokens.
//! - [`input`], [`output`]: the two buffers.
//! - [`verify`]: the calls on a token.
//! - [`key_cache`]: the state of a remote key set.
//! - `buffer`: the code that both buffers share.
//! - `describe`: refusals and keys as JSON text.
//! - `stack_probe`: checks the runtime's stack before a call.

mod buffer;
mod describe;
pub mod input;
pub mod key_cache;
pub mod keys;
pub mod output;
pub mod policy;
#[cfg(target_arch = "wasm32")]
pub mod stack_probe;
pub mod verify;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
