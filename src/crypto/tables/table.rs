//! Tables of precomputed multiples of a point, one row for each digit of a scalar. With all rows, a multiplication needs no doubling
//! (E. F. Brickell, D. M. Gordon, K. S. McCurley and D. B. Wilson, "Fast exponentiation with precomputation", 1992).

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicI32, Ordering};

use spin::RwLock;

use crate::tables::budget::{BOUND, USED};
use jotgate_arithmetic::scalar::{digit_count, digits};

/// The multiples `j 2^(width i) P` for j in `1..=2^(width - 1)` and each row i.
pub(crate) struct Table<E> {
    width: usize,
    entries: Vec<E>,
    /// Released when the table is dropped.
    _memory: Option<ReservedMemory>,
}

impl<E> Table<E> {
    /// Makes a table that does not count against the memory limit. `entries` contains one row after another.
    pub(crate) fn unbounded(width: usize, entries: Vec<E>) -> Self {
        debug_assert!(entries.len().is_multiple_of(1 << (width - 1)));
        Self { width, entries, _memory: None }
    }

    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// Appends the entry for each non-zero digit of the scalar, lowest digit first, and whether it must be subtracted.
    fn append_summands<'t>(&'t self, scalar: &[u32], summands: &mut Vec<(&'t E, bool)>) {
        let rows = self.entries.chunks_exact(1 << (self.width - 1));
        for (row, digit) in rows.zip(digits(scalar, self.width)) {
            summands.extend(entry(row, digit).map(|entry| (entry, digit < 0)));
        }
    }

    /// Returns the entry of a digit in the first row, and whether it must be subtracted.
    pub(crate) fn of_digit(&self, digit: i32) -> Option<(&E, bool)> {
        Some((entry(&self.entries, digit)?, digit < 0))
    }
}

/// Returns the entry of a digit, or `None` for zero.
fn entry<E>(row: &[E], digit: i32) -> Option<&E> {
    row.get(usize::try_from(digit.unsigned_abs()).ok()?.checked_sub(1)?)
}

/// A table, and the scalar to multiply its point by.
pub(crate) type Factors<'f, E> = (&'f Table<E>, &'f [u32]);

/// Returns the entries to add or subtract for the products of two tables with two scalars. They are prefetched: see [`fetch`].
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

/// Makes the processor prefetch the entries (docs/decisions/0016). `ends` reads both ends of an entry. The tables are larger than the
/// nearest caches. The processor can load many entries at once, but not an entry that is only needed after another addition.
fn fetch<E>(summands: &[(&E, bool)], ends: impl Fn(&E) -> i32) {
    core::hint::black_box(summands.iter().fold(0, |all, (entry, _)| all ^ ends(entry)));
}

/// When the keys of a curve get tables, and how wide they are.
pub(crate) struct GrowthPlan {
    /// The size of a scalar in bits.
    pub(crate) bits: usize,
    /// How many entries one call makes (one row if a row has more): few enough for a short call, and enough to share an inversion.
    pub(crate) entries_per_call: usize,
    /// The number of successful verifications before each table, and its width; in ascending order.
    pub(crate) steps: &'static [(i32, usize)],
}

impl GrowthPlan {
    /// Returns the tables that a key has earned after this many successful verifications, the widest first.
    pub(crate) fn earned(&self, successes: i32) -> impl Iterator<Item = PlannedTable> {
        let earned = self.steps.iter().rev().filter(move |(after, _)| successes >= *after);
        earned.map(|(_, width)| PlannedTable {
            width: *width,
            rows: digit_count(self.bits, *width),
            rows_per_call: (self.entries_per_call >> (width - 1)).max(1),
        })
    }
}

/// A table that should be built.
#[derive(Clone, Copy)]
pub(crate) struct PlannedTable {
    width: usize,
    rows: usize,
    rows_per_call: usize,
}

/// Makes the entries of the next rows, one row after another. The arguments are the last entry so far (`None` before the first row),
/// the number of rows, and their width. Twice the last entry of a row is the first entry of the next one, so that each call can
/// continue from there.
pub(crate) type Build<'b, E> = &'b dyn Fn(Option<&E>, usize, usize) -> Vec<E>;

/// A table, if there is one, and the rows of the table that will replace it. Never waits: a caller that finds it locked continues
/// without a table.
pub(crate) struct TableSlot<E> {
    table: RwLock<Option<Arc<Table<E>>>>,
    partial: RwLock<Option<PartialTable<E>>>,
}

/// A table that is being built, a few rows in each call.
struct PartialTable<E> {
    width: usize,
    entries: Vec<E>,
    memory: Option<ReservedMemory>,
}

impl<E> TableSlot<E> {
    pub(crate) const fn new() -> Self {
        Self { table: RwLock::new(None), partial: RwLock::new(None) }
    }

    pub(crate) fn get(&self) -> Option<Arc<Table<E>>> {
        self.table.try_read()?.clone()
    }

    /// Returns the width of the table, zero without one, or `None` if it is just being replaced.
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

    /// Builds the next rows of a table, and stores the table after the last row. With a `bound`, the memory of the whole table is
    /// reserved at the start. Returns `false` if there is not enough memory.
    pub(crate) fn build_rows(
        &self,
        planned: PlannedTable,
        bound: Option<usize>,
        build: Build<'_, E>,
    ) -> bool {
        let PlannedTable { width, rows, rows_per_call } = planned;
        let Some(mut kept) = self.partial.try_write() else { return true };
        if kept.as_ref().is_none_or(|partial| partial.width < width) {
            let entries = rows << (width - 1);
            let memory = match bound.map(|bound| ReservedMemory::reserve(entries * size_of::<E>(), bound)) {
                Some(None) => return false,
                granted => granted.flatten(),
            };
            // A narrower unfinished table is dropped, once there is memory for both.
            *kept = Some(PartialTable { width, entries: Vec::with_capacity(entries), memory });
        }
        // Another thread may have begun a wider table meanwhile. Rows of two widths must not be mixed.
        let Some(partial) = kept.as_mut().filter(|partial| partial.width == width) else { return true };
        let done = partial.entries.len() >> (width - 1);
        let more = rows_per_call.min(rows - done);
        let entries = build(partial.entries.last(), more, width);
        partial.entries.extend(entries);
        if done + more == rows
            && let Some(PartialTable { width, entries, memory }) = kept.take()
        {
            self.put(Table { width, entries, _memory: memory });
        }
        true
    }
}

/// A key's table, and the count that decides when to build it. Only successful verifications count, so an attacker cannot make us
/// build tables for a key.
pub(crate) struct TableSchedule<E> {
    /// Negative for a key that never gets a table: it starts two billion below zero.
    successes: AtomicI32,
    slot: TableSlot<E>,
}

impl<E> TableSchedule<E> {
    pub(crate) const fn new() -> Self {
        Self { successes: AtomicI32::new(0), slot: TableSlot::new() }
    }

    /// Never gives the key a table.
    pub(crate) const fn disable_tables(&mut self) {
        self.successes = AtomicI32::new(i32::MIN);
    }

    pub(crate) fn table(&self) -> Option<Arc<Table<E>>> {
        self.slot.get()
    }

    /// Counts a successful verification.
    pub(crate) fn count(&self) {
        let successes = self.successes.load(Ordering::Relaxed).saturating_add(1);
        self.successes.store(successes, Ordering::Relaxed);
    }

    /// Builds the next rows of an earned table: first of the base point's table, which all keys share, then of the key's own. If there
    /// is not enough memory for the widest earned table, the key gets the next smaller one.
    pub(crate) fn build(
        &self,
        plan: &GrowthPlan,
        base: &TableSlot<E>,
        build_base: Build<'_, E>,
        build: Build<'_, E>,
    ) {
        let (Some(base_width), Some(key_width)) = (base.width(), self.slot.width()) else { return };
        let earned = plan.earned(self.successes.load(Ordering::Relaxed));
        for planned in earned.take_while(|planned| key_width < planned.width) {
            // The base point's table exists once per curve and does not count against the limit.
            let built = if base_width < planned.width {
                base.build_rows(planned, None, build_base)
            } else {
                let all = BOUND.load(Ordering::Relaxed);
                let bound = if planned.width > MAX_REGULAR_WIDTH { all / 2 } else { all };
                self.slot.build_rows(planned, Some(bound), build)
            };
            if built {
                return;
            }
        }
    }
}

#[cfg(test)]
impl<E> TableSchedule<E> {
    /// Whether there is neither a table nor an unfinished one.
    pub(crate) fn has_no_table(&self) -> bool {
        self.slot.table.read().is_none() && self.slot.partial.read().is_none()
    }

    /// Checks that 16 successes earn the first table, 512 the one of the `wider` width, and that refusals earn none. `accept` verifies
    /// once, `refuse` fails in five or more ways.
    #[track_caller]
    pub(crate) fn earns_its_tables(
        &self,
        wider: usize,
        accept: &dyn Fn(),
        refuse: &dyn Fn(),
        build: &dyn Fn(),
    ) {
        let succeed = |times: usize| (0..times).for_each(|_| accept());
        (0..20).for_each(|_| refuse());
        succeed(15);
        assert!(self.has_no_table());
        refuse();
        assert!(self.has_no_table());
        succeed(1);
        self.build_after(0, 5, build);
        succeed(511 - 16);
        build();
        assert_eq!(self.table().unwrap().width(), 5);
        succeed(1);
        self.build_after(0, wider, build);
    }

    /// Counts this many successes, then calls `build` until the table has this width. More than one call may be needed, because other
    /// tests may have locked the base point's table.
    #[track_caller]
    pub(crate) fn build_after(&self, successes: i32, width: usize, build: impl Fn()) {
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

/// Memory reserved for a table, released when dropped.
struct ReservedMemory(usize);

impl ReservedMemory {
    /// Reserves memory, or returns `None` if all reservations together would exceed the bound in bytes. Tables are never taken from
    /// other keys: otherwise keys used in turn would keep evicting each other's tables.
    fn reserve(bytes: usize, bound: usize) -> Option<Self> {
        let grant = |used: usize| used.checked_add(bytes).filter(|used| *used <= bound);
        USED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grant).ok().map(|_| Self(bytes))
    }
}

impl Drop for ReservedMemory {
    fn drop(&mut self) {
        USED.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Wider tables than this may only use half of the memory, so that the first busy keys leave enough for the usual tables of others.
const MAX_REGULAR_WIDTH: usize = 7;

#[cfg(test)]
mod tests {
    use alloc::vec;
    use core::cell::RefCell;

    use super::*;

    /// Plans a table of this many rows. Each call builds 256 entries or one row.
    fn plan(width: usize, rows: usize) -> PlannedTable {
        PlannedTable { width, rows, rows_per_call: (256 >> (width - 1)).max(1) }
    }

    /// Makes entries whose value is the width of their table.
    fn widths(_: Option<&usize>, rows: usize, width: usize) -> Vec<usize> {
        vec![width; rows << (width - 1)]
    }

    #[test]
    fn a_request_for_a_narrower_table_keeps_a_wider_unfinished_one() {
        let slot = TableSlot::new();
        let ask = |width| slot.build_rows(plan(width, 3), None, &widths);
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
    fn every_call_continues_after_the_last_entry_of_the_one_before() {
        let slot = TableSlot::new();
        let calls = RefCell::new(vec![]);
        let build = |last: Option<&usize>, rows: usize, width: usize| {
            calls.borrow_mut().push((last.copied(), rows));
            let from = last.map_or(0, |last| last + 1);
            (from..from + (rows << (width - 1))).collect()
        };
        while slot.get().is_none() {
            slot.build_rows(plan(6, 20), None, &build);
        }
        assert_eq!(calls.into_inner(), [(None, 8), (Some(255), 8), (Some(511), 4)]);
        assert!(slot.get().unwrap().entries.iter().copied().eq(0..640));
    }

    #[test]
    fn without_memory_for_a_wider_table_the_narrower_one_is_finished() {
        let slot = TableSlot::new();
        // 40 rows of 16 entries take more than one call.
        assert!(slot.build_rows(plan(5, 40), None, &widths));
        assert!(!slot.build_rows(plan(10, 3), Some(0), &widths));
        assert!((0..2).all(|_| slot.build_rows(plan(5, 40), None, &widths)));
        assert_eq!(slot.width(), Some(5));
    }

    #[test]
    fn a_key_without_memory_for_its_widest_table_gets_the_next_smaller_one() {
        // The wide table would take 8 MiB, but wide tables may only take 4; the usual one takes half a megabyte.
        type Entry = [u8; 1 << 14];
        const PLAN: GrowthPlan = GrowthPlan { bits: 5, entries_per_call: 256, steps: &[(1, 5), (2, 10)] };
        let base = TableSlot::new();
        base.put(Table::<Entry>::unbounded(10, vec![[0; 1 << 14]; 512]));
        let build = |_: Option<&Entry>, rows: usize, width: usize| vec![[0; 1 << 14]; rows << (width - 1)];
        let schedule = TableSchedule::new();
        schedule.build_after(2, 5, || schedule.build(&PLAN, &base, &build, &build));
        schedule.build(&PLAN, &base, &build, &build);
        assert_eq!(schedule.slot.width(), Some(5));
    }

    #[test]
    fn no_memory_is_reserved_beyond_the_bound() {
        // Other tests may have reserved some meanwhile, so the exact use is unknown.
        assert!(ReservedMemory::reserve(9, 8).is_none());
        let held = ReservedMemory::reserve(1, usize::MAX).unwrap();
        assert!(ReservedMemory::reserve(0, 0).is_none());
        assert!(USED.load(Ordering::Relaxed) > 0);
        drop(held);
    }
}
