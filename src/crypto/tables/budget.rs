//! How much memory the tables of all keys together may take, and take.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Sets how many bytes the tables of all keys together may take: in the process, or in the instance of WebAssembly. By default they are
/// 8 MiB; with none, no key gets a table. Only tables that are begun later are measured by it: those that are there, or begun, stay,
/// count, and go with their keys. The tables that all keys share, one for each curve in use, are not counted. It changes how fast
/// signatures are checked, never what is said of them; the engine of other crates has no tables.
pub fn set_table_memory(bytes: usize) {
    BOUND.store(bytes, Ordering::Relaxed);
}

/// How many bytes the tables of all keys together take, those that are begun with all that they will take.
#[must_use]
pub fn table_memory() -> usize {
    USED.load(Ordering::Relaxed)
}

/// What [`set_table_memory`] sets.
pub(crate) static BOUND: AtomicUsize = AtomicUsize::new(8 << 20);
/// What [`table_memory`] tells.
pub(crate) static USED: AtomicUsize = AtomicUsize::new(0);
