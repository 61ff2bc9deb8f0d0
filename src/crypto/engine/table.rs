//! Multiples of a point, kept: a row per digit of a scalar. With all rows a multiplication needs no doubling
//! (E. F. Brickell, D. M. Gordon, K. S. McCurley and D. B. Wilson, "Fast exponentiation with precomputation", 1992).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use spin::RwLock;

use jotgate_arithmetic::scalar::{digit_count, digits};

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

    /// Appends for each digit of the scalar that is not zero, the least first, its entry and whether it is to be subtracted.
    fn append_summands<'t>(&'t self, scalar: &[u32], summands: &mut Vec<(&'t E, bool)>) {
        let rows = self.entries.chunks_exact(1 << (self.width - 1));
        for (row, digit) in rows.zip(digits(scalar, self.width)) {
            summands.extend(entry(row, digit).map(|entry| (entry, digit < 0)));
        }
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

/// A table and the scalar that its point is multiplied by.
pub(crate) type Factors<'f, E> = (&'f Table<E>, &'f [u32]);

/// What two tables make of two scalars: entries to be added, or subtracted. The processor has fetched them: see [`fetch`].
pub(crate) fn summands<'f, E>(
    [(table, scalar), (other, other_scalar)]: [Factors<'f, E>; 2],
    ends: impl Fn(&E) -> i32,
) -> Vec<(&'f E, bool)> {
    let mut summands = Vec::with_capacity(64);
    table.append_summands(scalar, &mut summands);
    other.append_summands(other_scalar, &mut summands);
    fetch(&summands, ends);
    summands
}

/// Has the processor fetch entries before they are needed, `ends` being a look at one. The tables are larger than its nearest
/// caches, and it waits for many entries at once, but for none that stands behind an addition.
fn fetch<E>(summands: &[(&E, bool)], ends: impl Fn(&E) -> i32) {
    core::hint::black_box(summands.iter().fold(0, |all, (entry, _)| all ^ ends(entry)));
}

/// How a curve's tables grow.
pub(crate) struct Growth {
    /// The bits of a scalar.
    pub(crate) bits: usize,
    /// After how many successes, and to which width; in order.
    pub(crate) steps: &'static [(u32, usize)],
}

impl Growth {
    /// The widths of the tables that are due after so many successes, the widest first, and how many rows each has.
    fn due(&self, successes: u32) -> impl Iterator<Item = (usize, usize)> {
        let due = self.steps.iter().rev().filter(move |(after, _)| successes >= *after);
        due.map(|(_, width)| (*width, digit_count(self.bits, *width)))
    }
}

/// Where a table is kept, or none, and the rows of the one that will take its place. Never waits: whoever finds it locked goes
/// without.
pub(crate) struct Slot<E> {
    table: RwLock<Option<Arc<Table<E>>>>,
    draft: RwLock<Option<Draft<E>>>,
}

/// A table that is being built, some rows in a call.
struct Draft<E> {
    width: usize,
    entries: Vec<E>,
    share: Option<Share>,
}

/// How many entries one call makes: a fraction of a millisecond, and enough to share an inversion among.
const ENTRIES_OF_A_CALL: usize = 256;

impl<E> Slot<E> {
    pub(crate) const fn new() -> Self {
        Self { table: RwLock::new(None), draft: RwLock::new(None) }
    }

    pub(crate) fn get(&self) -> Option<Arc<Table<E>>> {
        self.table.try_read()?.clone()
    }

    /// The table's width, zero without one; nothing where it is being replaced just now.
    pub(crate) fn width(&self) -> Option<usize> {
        Some(self.table.try_read()?.as_ref().map_or(0, |table| table.width()))
    }

    pub(crate) fn put(&self, table: Table<E>) -> Arc<Table<E>> {
        let table = Arc::new(table);
        if let Some(mut kept) = self.table.try_write() {
            *kept = Some(Arc::clone(&table));
        }
        table
    }

    /// Builds the next rows of a table of that width; the last ones put it in its place. All of its memory is asked for at once,
    /// where there is a bound on it; `build` makes the entries of some rows. False where there is no memory for such a table.
    fn advance(
        &self,
        width: usize,
        rows: usize,
        bound: Option<usize>,
        build: &dyn Fn(Range<usize>, usize) -> Vec<E>,
    ) -> bool {
        let Some(mut kept) = self.draft.try_write() else { return true };
        if kept.as_ref().is_none_or(|draft| draft.width < width) {
            let entries = rows << (width - 1);
            let share = match bound.map(|bound| Share::of(entries * size_of::<E>(), bound)) {
                Some(None) => return false,
                granted => granted.flatten(),
            };
            // What was begun narrower is given up, once there is memory for both.
            *kept = Some(Draft { width, entries: Vec::with_capacity(entries), share });
        }
        // Another thread may have asked for a wider one meanwhile: rows of two widths would make no table.
        let Some(draft) = kept.as_mut().filter(|draft| draft.width == width) else { return true };
        let done = draft.entries.len() >> (width - 1);
        let until = rows.min(done + (ENTRIES_OF_A_CALL >> (width - 1)).max(1));
        draft.entries.extend(build(done..until, width));
        if until == rows
            && let Some(Draft { width, entries, share }) = kept.take()
        {
            self.put(Table { width, entries, _share: share });
        }
        true
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

    /// Counts a success.
    pub(crate) fn count(&self) {
        let successes = self.successes.load(Ordering::Relaxed).saturating_add(1);
        self.successes.store(successes, Ordering::Relaxed);
    }

    /// Builds of what is due some rows: first of the base point's table, which all keys share, then of the key's. Where there is no
    /// memory for the widest that is due, the key gets the next one: keys that were hot first may have left room for that.
    /// `build` makes the entries of rows of a width.
    pub(crate) fn build(
        &self,
        growth: &Growth,
        base: &Slot<E>,
        build_base: &dyn Fn(Range<usize>, usize) -> Vec<E>,
        build: &dyn Fn(Range<usize>, usize) -> Vec<E>,
    ) {
        let (Some(base_width), Some(key_width)) = (base.width(), self.slot.width()) else { return };
        let due = growth.due(self.successes.load(Ordering::Relaxed));
        for (width, rows) in due.take_while(|(width, _)| key_width < *width) {
            // The base points' tables are one a curve and don't count against the keys.
            let begun = if base_width < width {
                base.advance(width, rows, None, build_base)
            } else {
                let bound = if width > LARGEST_USUAL { BOUND / 2 } else { BOUND };
                self.slot.advance(width, rows, Some(bound), build)
            };
            if begun {
                return;
            }
        }
    }
}

#[cfg(test)]
impl<E> Heat<E> {
    /// Counts that many successes, then lets `build` build until the table has that width: other tests build the base point's
    /// table meanwhile, and who finds it taken goes without.
    #[track_caller]
    pub(crate) fn heat(&self, successes: u32, width: usize, build: impl Fn()) {
        extern crate std;
        (0..successes).for_each(|_| self.count());
        for _ in 0..1_000_000 {
            if self.slot.width() == Some(width) {
                return;
            }
            build();
            std::thread::yield_now();
        }
        panic!("a table of width {width} is never built after {successes} successes");
    }
}

/// A part of the memory for all keys' tables, given back when dropped.
struct Share(usize);

impl Share {
    /// Nothing if all shares together would pass that bound, in bytes. First come, first served: a table is never taken from a living key, so
    /// that more keys than fit, used in turn, don't drive out each other's tables.
    fn of(bytes: usize, bound: usize) -> Option<Self> {
        let grant = |used: usize| used.checked_add(bytes).filter(|used| *used <= bound);
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
/// Tables wider than this are a luxury: they may take half of the memory, so that a few keys which were hot first leave room for
/// the usual tables of those that come later.
const LARGEST_USUAL: usize = 7;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn who_asks_for_a_narrower_table_leaves_a_wider_draft_as_it_is() {
        let slot = Slot::new();
        let ask = |width, rows| {
            let build = |rows: Range<usize>, width: usize| vec![width; rows.len() << (width - 1)];
            slot.advance(width, rows, None, &build);
        };
        ask(10, 3);
        ask(5, 3);
        ask(10, 3);
        assert!(slot.get().is_none());
        ask(5, 3);
        ask(10, 3);
        let table = slot.get().unwrap();
        assert_eq!((table.width, table.entries.len()), (10, 3 * 512));
        assert!(table.entries.iter().all(|width| *width == 10));
    }

    #[test]
    fn who_is_refused_a_wider_table_goes_on_with_the_narrower_one() {
        let slot = Slot::new();
        let build = |rows: Range<usize>, width: usize| vec![width; rows.len() << (width - 1)];
        // Forty rows of 16 entries are more than a call makes.
        assert!(slot.advance(5, 40, None, &build));
        assert!(!slot.advance(10, 3, Some(0), &build));
        assert!((0..2).all(|_| slot.advance(5, 40, None, &build)));
        assert_eq!(slot.width(), Some(5));
    }

    #[test]
    fn a_key_for_whose_widest_table_there_is_no_memory_gets_the_next_one() {
        // The wide table would take 8 MiB, of 4 that wide ones may have; the usual one takes half a megabyte.
        type Entry = [u8; 1 << 14];
        const GROWTH: Growth = Growth { bits: 5, steps: &[(1, 5), (2, 10)] };
        let base = Slot::new();
        base.put(Table::<Entry>::unbounded(10, vec![[0; 1 << 14]; 512]));
        let build = |rows: Range<usize>, width: usize| vec![[0; 1 << 14]; rows.len() << (width - 1)];
        let heat = Heat::new();
        heat.heat(2, 5, || heat.build(&GROWTH, &base, &build, &build));
        heat.build(&GROWTH, &base, &build, &build);
        assert_eq!(heat.slot.width(), Some(5));
    }

    #[test]
    fn memory_is_refused_beyond_the_bound() {
        // Other tests hold some of it meanwhile: more than all of it is never granted, nothing always is.
        assert!(Share::of(BOUND + 1, BOUND).is_none());
        let held = Share::of(1, usize::MAX).unwrap();
        assert!(Share::of(0, 0).is_none());
        assert!(USED.load(Ordering::Relaxed) > 0);
        drop(held);
    }
}
