//! Finds a compiler for wasm32, or makes one.

mod debian;
mod rustc;
mod select;

pub(crate) use crate::toolchain::rustc::WASM32;
pub(crate) use crate::toolchain::select::wasm32;
