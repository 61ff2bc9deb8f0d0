//! Keeps buffers between calls.

use std::{cell::Cell, mem, thread::LocalKey};

/// The largest buffer that is kept between calls. The longest token of the default limit fits in it as UTF-8.
pub(crate) const KEPT_BYTES: usize = 64 * 1024;

/// Takes a value out of its cell during a call, and puts it back afterwards. An interrupted call loses the value, and later calls begin
/// with a new one.
pub(crate) fn with<T: Default, R>(cell: &'static LocalKey<Cell<T>>, use_it: impl FnOnce(&mut T) -> R) -> R {
    let mut taken = cell.take();
    let result = use_it(&mut taken);
    // Normally the cell is empty here. If JavaScript called the core again during this call, the value of that call is leaked,
    // because dropping it would need more code.
    mem::forget(cell.replace(taken));
    result
}
