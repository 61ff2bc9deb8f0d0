//! Multiples of a point, kept: a row per digit of a scalar. With all rows a multiplication needs no doubling
//! (E. F. Brickell, D. M. Gordon, K. S. McCurley and D. B. Wilson, "Fast exponentiation with precomputation", 1992).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicI32, Ordering};

use spin::RwLock;

use crate::tables::budget::{BOUND, USED};
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
    /// How many entries one call makes, or one row where a row has more: a fraction of a millisecond, and enough to share an
    /// inversion among.
    pub(crate) entries_of_a_call: usize,
    /// After how many successes, and to which width; in order.
    pub(crate) steps: &'static [(i32, usize)],
}

impl Growth {
    /// The tables that are due after so many successes, the widest first.
    pub(crate) fn due(&self, successes: i32) -> impl Iterator<Item = Due> {
        let due = self.steps.iter().rev().filter(move |(after, _)| successes >= *after);
        due.map(|(_, width)| Due {
            width: *width,
            rows: digit_count(self.bits, *width),
            rows_of_a_call: (self.entries_of_a_call >> (width - 1)).max(1),
        })
    }
}

/// A table that is to be built.
#[derive(Clone, Copy)]
pub(crate) struct Due {
    width: usize,
    rows: usize,
    rows_of_a_call: usize,
}

/// Makes the entries of the next rows, one row after the other: given are the last entry so far, or nothing for the first row, how
/// many rows, and their width. A row ends with half of what the next one begins with, so that no call begins from the point again.
pub(crate) type Build<'b, E> = &'b dyn Fn(Option<&E>, usize, usize) -> Vec<E>;

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

    /// Builds the next rows of a table; the last ones put it in its place. All of its memory is asked for at once, where there is a
    /// bound on it. False where there is no memory for such a table.
    pub(crate) fn advance(&self, due: Due, bound: Option<usize>, build: Build<'_, E>) -> bool {
        let Due { width, rows, rows_of_a_call } = due;
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
        let more = rows_of_a_call.min(rows - done);
        let entries = build(draft.entries.last(), more, width);
        draft.entries.extend(entries);
        if done + more == rows
            && let Some(Draft { width, entries, share }) = kept.take()
        {
            self.put(Table { width, entries, _share: share });
        }
        true
    }
}

/// A key's table and what decides about it. Only successes count: nobody can heat a key without its owner.
pub(crate) struct Heat<E> {
    /// Below zero for a key that never gets one: two billion successes below.
    successes: AtomicI32,
    slot: Slot<E>,
}

impl<E> Heat<E> {
    pub(crate) const fn new() -> Self {
        Self { successes: AtomicI32::new(0), slot: Slot::new() }
    }

    /// Never gives the key a table, whatever it verifies.
    pub(crate) const fn stay_cold(&mut self) {
        self.successes = AtomicI32::new(i32::MIN);
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
    pub(crate) fn build(
        &self,
        growth: &Growth,
        base: &Slot<E>,
        build_base: Build<'_, E>,
        build: Build<'_, E>,
    ) {
        let (Some(base_width), Some(key_width)) = (base.width(), self.slot.width()) else { return };
        let due = growth.due(self.successes.load(Ordering::Relaxed));
        for due in due.take_while(|due| key_width < due.width) {
            // The base points' tables are one a curve and don't count against the keys.
            let begun = if base_width < due.width {
                base.advance(due, None, build_base)
            } else {
                let all = BOUND.load(Ordering::Relaxed);
                let bound = if due.width > LARGEST_USUAL { all / 2 } else { all };
                self.slot.advance(due, Some(bound), build)
            };
            if begun {
                return;
            }
        }
    }
}

#[cfg(test)]
impl<E> Heat<E> {
    /// Whether there is neither a table nor the beginning of one.
    pub(crate) fn is_cold(&self) -> bool {
        self.slot.table.read().is_none() && self.slot.draft.read().is_none()
    }

    /// Sixteen successes must earn the first table and 512 the one of the `wider` width, and a hundred refusals and more none: `accept`
    /// verifies once, `refuse` fails in five ways or more.
    #[track_caller]
    pub(crate) fn earns_its_tables(
        &self,
        wider: usize,
        accept: &dyn Fn(),
        refuse: &dyn Fn(),
        grow: &dyn Fn(),
    ) {
        let succeed = |times: usize| (0..times).for_each(|_| accept());
        (0..20).for_each(|_| refuse());
        succeed(15);
        assert!(self.is_cold());
        refuse();
        assert!(self.is_cold());
        succeed(1);
        self.heat(0, 5, grow);
        succeed(511 - 16);
        grow();
        assert_eq!(self.table().unwrap().width(), 5);
        succeed(1);
        self.heat(0, wider, grow);
    }

    /// Counts that many successes, then lets `build` build until the table has that width: other tests build the base point's
    /// table meanwhile, and who finds it taken goes without.
    #[track_caller]
    pub(crate) fn heat(&self, successes: i32, width: usize, build: impl Fn()) {
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

/// Tables wider than this are a luxury: they may take half of the memory, so that a few keys which were hot first leave room for
/// the usual tables of those that come later.
const LARGEST_USUAL: usize = 7;

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::cell::RefCell;

    use super::*;

    /// A table of that many rows, of which a call builds 256 entries or one row.
    fn due(width: usize, rows: usize) -> Due {
        Due { width, rows, rows_of_a_call: (256 >> (width - 1)).max(1) }
    }

    /// Entries that are nothing but their table's width.
    fn widths(_: Option<&usize>, rows: usize, width: usize) -> Vec<usize> {
        vec![width; rows << (width - 1)]
    }

    #[test]
    fn who_asks_for_a_narrower_table_leaves_a_wider_draft_as_it_is() {
        let slot = Slot::new();
        let ask = |width| slot.advance(due(width, 3), None, &widths);
        ask(10);
        ask(5);
        ask(10);
        assert!(slot.get().is_none());
        ask(5);
        ask(10);
        let table = slot.get().unwrap();
        assert_eq!((table.width, table.entries.len()), (10, 3 * 512));
        assert!(table.entries.iter().all(|width| *width == 10));
    }

    #[test]
    fn every_call_is_told_where_the_one_before_ended() {
        let slot = Slot::new();
        let told = RefCell::new(vec![]);
        let build = |last: Option<&usize>, rows: usize, width: usize| {
            told.borrow_mut().push((last.copied(), rows));
            let from = last.map_or(0, |last| last + 1);
            (from..from + (rows << (width - 1))).collect()
        };
        while slot.get().is_none() {
            slot.advance(due(6, 20), None, &build);
        }
        assert_eq!(told.into_inner(), [(None, 8), (Some(255), 8), (Some(511), 4)]);
        assert!(slot.get().unwrap().entries.iter().copied().eq(0..640));
    }

    #[test]
    fn who_is_refused_a_wider_table_goes_on_with_the_narrower_one() {
        let slot = Slot::new();
        // Forty rows of 16 entries are more than a call makes.
        assert!(slot.advance(due(5, 40), None, &widths));
        assert!(!slot.advance(due(10, 3), Some(0), &widths));
        assert!((0..2).all(|_| slot.advance(due(5, 40), None, &widths)));
        assert_eq!(slot.width(), Some(5));
    }

    #[test]
    fn a_key_for_whose_widest_table_there_is_no_memory_gets_the_next_one() {
        // The wide table would take 8 MiB, of 4 that wide ones may have; the usual one takes half a megabyte.
        type Entry = [u8; 1 << 14];
        const GROWTH: Growth = Growth { bits: 5, entries_of_a_call: 256, steps: &[(1, 5), (2, 10)] };
        let base = Slot::new();
        base.put(Table::<Entry>::unbounded(10, vec![[0; 1 << 14]; 512]));
        let build = |_: Option<&Entry>, rows: usize, width: usize| vec![[0; 1 << 14]; rows << (width - 1)];
        let heat = Heat::new();
        heat.heat(2, 5, || heat.build(&GROWTH, &base, &build, &build));
        heat.build(&GROWTH, &base, &build, &build);
        assert_eq!(heat.slot.width(), Some(5));
    }

    #[test]
    fn memory_is_refused_beyond_the_bound() {
        // Other tests hold some of it meanwhile: more than all of it is never granted, nothing always is.
        assert!(Share::of(9, 8).is_none());
        let held = Share::of(1, usize::MAX).unwrap();
        assert!(Share::of(0, 0).is_none());
        assert!(USED.load(Ordering::Relaxed) > 0);
        drop(held);
    }
}
