//! Multiples of a point, kept: a row per digit of a scalar. With all rows a multiplication needs no doubling
//! (E. F. Brickell, D. M. Gordon, K. S. McCurley and D. B. Wilson, "Fast exponentiation with precomputation", 1992).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use spin::RwLock;

use super::scalar::{digit_count, digits};

/// The multiples `j 2^(width i) P` for j in `1..=2^(width - 1)` and i below the number of rows.
pub(crate) struct Table<E> {
    width: usize,
    entries: Vec<E>,
    /// Given back when the table goes.
    _share: Option<Share>,
}

impl<E> Table<E> {
    /// A table of the entries of each row, one row after the other, outside of the bound on memory.
    pub(crate) fn unbounded(width: usize, entries: Vec<E>) -> Self {
        debug_assert!(entries.len().is_multiple_of(1 << (width - 1)));
        Self { width, entries, _share: None }
    }

    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// For each digit of the scalar that is not zero, the least first, its entry and whether it is to be subtracted.
    pub(crate) fn summands(&self, scalar: &[u32]) -> impl Iterator<Item = (&E, bool)> {
        let rows = self.entries.chunks_exact(1 << (self.width - 1));
        rows.zip(digits(scalar, self.width)).filter_map(|(row, digit)| Some((entry(row, digit)?, digit < 0)))
    }

    /// The entry of a digit in the first row, and whether it is to be subtracted.
    pub(crate) fn of_digit(&self, digit: i32) -> Option<(&E, bool)> {
        Some((entry(&self.entries, digit)?, digit < 0))
    }
}

/// The entry of a digit: nothing for zero.
fn entry<E>(row: &[E], digit: i32) -> Option<&E> {
    row.get(usize::try_from(digit.unsigned_abs()).ok()?.checked_sub(1)?)
}

/// How a curve's tables grow.
pub(crate) struct Growth {
    /// The bits of a scalar.
    pub(crate) bits: usize,
    /// After how many successes, and to which width; in order.
    pub(crate) steps: &'static [(u32, usize)],
}

/// Where a table is kept, or none. Never waits: whoever finds it locked goes without.
pub(crate) struct Slot<E>(RwLock<Option<Arc<Table<E>>>>);

impl<E> Slot<E> {
    pub(crate) const fn new() -> Self {
        Self(RwLock::new(None))
    }

    pub(crate) fn get(&self) -> Option<Arc<Table<E>>> {
        self.0.try_read()?.clone()
    }

    pub(crate) fn width(&self) -> usize {
        self.0.try_read().and_then(|table| table.as_ref().map(|table| table.width())).unwrap_or(0)
    }

    pub(crate) fn put(&self, table: Table<E>) -> Arc<Table<E>> {
        let table = Arc::new(table);
        if let Some(mut kept) = self.0.try_write() {
            *kept = Some(Arc::clone(&table));
        }
        table
    }
}

/// A key's table and what decides about it. Only successes count: nobody can heat a key without its owner.
pub(crate) struct Heat<E> {
    successes: AtomicU32,
    slot: Slot<E>,
}

impl<E> Heat<E> {
    pub(crate) const fn new() -> Self {
        Self { successes: AtomicU32::new(0), slot: Slot::new() }
    }

    pub(crate) fn table(&self) -> Option<Arc<Table<E>>> {
        self.slot.get()
    }

    /// Counts a success and builds what is due, one table in a call at most: the base point's first, which all keys
    /// share, then the key's. `build` makes the entries of a number of rows of a width.
    pub(crate) fn success(
        &self,
        growth: &Growth,
        base: &Slot<E>,
        build_base: impl FnOnce(usize, usize) -> Vec<E>,
        build: impl FnOnce(usize, usize) -> Vec<E>,
    ) {
        let successes = self.successes.load(Ordering::Relaxed).saturating_add(1);
        self.successes.store(successes, Ordering::Relaxed);
        let due = growth.steps.iter().rev().find(|(after, _)| successes >= *after);
        let Some((_, width)) = due else { return };
        let rows = digit_count(growth.bits, *width);
        if base.width() < *width {
            // The base points' tables are three at most and don't count against the keys.
            base.put(Table::unbounded(*width, build_base(rows, *width)));
        } else if self.slot.width() < *width
            && let Some(share) = Share::of((rows << (width - 1)) * size_of::<E>())
        {
            let entries = build(rows, *width);
            self.slot.put(Table { width: *width, entries, _share: Some(share) });
        }
    }
}

/// A part of the memory for all keys' tables, given back when dropped.
struct Share(usize);

impl Share {
    /// Nothing if it would pass the bound. First come, first served: a table is never taken from a living key, so
    /// that more keys than fit, used in turn, don't drive out each other's tables.
    fn of(bytes: usize) -> Option<Self> {
        let grant = |used: usize| used.checked_add(bytes).filter(|used| *used <= BOUND);
        USED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grant).ok().map(|_| Self(bytes))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        USED.fetch_sub(self.0, Ordering::Relaxed);
    }
}

static USED: AtomicUsize = AtomicUsize::new(0);
/// The bytes of all keys' tables together.
const BOUND: usize = 8 << 20;
