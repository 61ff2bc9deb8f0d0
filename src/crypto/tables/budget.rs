//! The memory of all keys' tables: its limit and its use.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Sets the limit in bytes for the tables of all keys together, in this process or WebAssembly instance. The default is 8 MiB. With 0,
/// no key gets a table. The limit applies to tables that are begun later: existing ones stay until their keys are dropped, and count.
/// The shared tables, one for each curve in use, do not count. The limit changes only the speed of verifications, never a verdict.
pub fn set_table_memory(bytes: usize) {
    BOUND.store(bytes, Ordering::Relaxed);
}

/// Returns how many bytes the tables of all keys together use. A table that is being built counts with its full size.
#[must_use]
pub fn table_memory() -> usize {
    USED.load(Ordering::Relaxed)
}

/// The limit that [`set_table_memory`] sets.
pub(crate) static BOUND: AtomicUsize = AtomicUsize::new(8 << 20);
/// The use that [`table_memory`] returns.
pub(crate) static USED: AtomicUsize = AtomicUsize::new(0);
