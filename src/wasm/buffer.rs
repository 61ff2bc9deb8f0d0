//! Buffers that are kept from call to call.

use std::{cell::Cell, mem, thread::LocalKey};

/// The largest buffer that is kept between calls: a token of the default limit fits, written as UTF-8.
pub(crate) const KEPT_BYTES: usize = 64 * 1024;

/// Takes a value out of its cell for the time of a call, and puts it back. A call that is interrupted loses the value, and
/// later calls begin with a new one.
pub(crate) fn with<T: Default, R>(cell: &'static LocalKey<Cell<T>>, use_it: impl FnOnce(&mut T) -> R) -> R {
    let mut taken = cell.take();
    let result = use_it(&mut taken);
    // Normally the cell is empty here. If JavaScript called the core again during this call, the value that it left is leaked:
    // dropping it would take more code.
    mem::forget(cell.replace(taken));
    result
}
