//! Powers modulo an RSA modulus, with one kernel for WebAssembly and one for 64-bit processors.

pub mod modulus;
mod montgomery;
#[cfg(any(test, feature = "both-kernels", not(target_arch = "wasm32")))]
mod montgomery_native;
#[cfg(any(test, feature = "both-kernels", target_arch = "wasm32"))]
mod montgomery_wasm;
#[cfg(any(test, feature = "both-kernels", target_arch = "wasm32"))]
mod simd;
