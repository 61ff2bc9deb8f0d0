//! Ed25519 verification. All numbers are public, so nothing here runs in constant time.

use alloc::vec::Vec;

use crate::tables::table::{GrowthPlan, Table, TableSchedule, TableSlot, summands};
use crate::{Hash, digest};
use jotgate_arithmetic::limbs::{from_hex, words_from_le};
use jotgate_arithmetic::point::edwards::{Extended, Niels, multiples};
use jotgate_arithmetic::scalar::digits;
use jotgate_arithmetic::scalar::orders::ED25519;

/// A public key.
pub(crate) struct PublicKey {
    bytes: [u8; 32],
    /// The negative of the key, which verifications multiply.
    negative: Extended,
    schedule: TableSchedule<Niels>,
}

impl PublicKey {
    /// Decodes a point of any order in its canonical encoding.
    pub(crate) fn from_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let point = Extended::from_words(&words_from_le(bytes)?)?;
        Some(Self { bytes: *bytes, negative: point.negated(), schedule: TableSchedule::new() })
    }

    pub(crate) const fn disable_tables(&mut self) {
        self.schedule.disable_tables();
    }

    pub(crate) fn is_of_small_order(&self) -> bool {
        self.negative.is_of_small_order()
    }

    /// Verifies a signature (RFC 8032 §5.1.7, without the cofactor): S must be below L, and R must be the encoding of
    /// `[S]B - [k]A`, byte for byte.
    // Not inlined: WebAssembly engines compile a function on its first call, and no program needs all algorithms.
    #[inline(never)]
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        let verified = self.check(message, signature).unwrap_or(false);
        if verified {
            self.schedule.count();
            self.build_tables();
        }
        verified
    }

    /// Builds the next rows of a planned table.
    #[inline(never)]
    fn build_tables(&self) {
        let build_base = |last: Option<&_>, rows, width| {
            let base = Extended::from_words(&BASE);
            base.map_or_else(Vec::new, |base| multiples(&base, last, rows, width))
        };
        let build = |last: Option<&_>, rows, width| multiples(&self.negative, last, rows, width);
        self.schedule.build(&GROWTH_PLAN, &BASE_FULL, &build_base, &build);
    }

    /// Returns `None` if S is out of range.
    fn check(&self, message: &[u8], signature: &[u8]) -> Option<bool> {
        let (r, s) = signature.split_at_checked(32)?;
        let s: [u32; 8] = words_from_le(s)?;
        if !ED25519.contains(&s) {
            return None;
        }
        let hash = digest(Hash::Sha512, &[r, &self.bytes, message]);
        let (low, high) = hash.split_at_checked(32)?;
        let k = ED25519.reduce_wide(&words_from_le(low)?, &words_from_le(high)?);
        Some(self.sum(&s, &k)?.words() == words_from_le(r)?)
    }

    /// `[s]B - [k]A`.
    fn sum(&self, s: &[u32; 8], k: &[u32; 8]) -> Option<Extended> {
        let Some((base, key)) = BASE_FULL.get().zip(self.schedule.table()) else {
            return self.sum_by_doubling(s, k);
        };
        let summands = summands([(&base, s), (&key, k)], Niels::ends);
        Some(summands.iter().fold(Extended::NEUTRAL, |sum, (point, negative)| sum.plus(point, *negative)))
    }

    /// The same without tables (E. G. Straus, "Addition chains of vectors", 1964).
    #[inline(never)]
    fn sum_by_doubling(&self, s: &[u32; 8], k: &[u32; 8]) -> Option<Extended> {
        let row_of = |point: &Extended| Table::unbounded(ROW_WIDTH, multiples(point, None, 1, ROW_WIDTH));
        let base_row = match BASE_ROW.get() {
            Some(row) => row,
            None => BASE_ROW.put(row_of(&Extended::from_words(&BASE)?)),
        };
        let key_row = row_of(&self.negative);
        let mut sum = Extended::NEUTRAL;
        for (s, k) in digits(s, ROW_WIDTH).into_iter().zip(digits(k, ROW_WIDTH)).rev() {
            for _ in 0..ROW_WIDTH {
                sum = sum.doubled();
            }
            for (point, negative) in base_row.of_digit(s).into_iter().chain(key_row.of_digit(k)) {
                sum = sum.plus(point, negative);
            }
        }
        Some(sum)
    }
}

/// Multiples of the base point, shared by all keys: one row for keys without tables, and all rows.
static BASE_ROW: TableSlot<Niels> = TableSlot::new();
static BASE_FULL: TableSlot<Niels> = TableSlot::new();

/// The encoding of the base point: y = 4/5, x even.
const BASE: [u32; 8] = from_hex("66666666 66666666 66666666 66666666 66666666 66666666 66666666 66666658");

/// The width of the rows for verifications without tables.
const ROW_WIDTH: usize = 5;

/// Each table is begun after enough verifications to pay for it (docs/decisions/0015).
const GROWTH_PLAN: GrowthPlan =
    GrowthPlan { bits: 256, entries_per_call: 256, steps: &[(16, 5), (512, 7), (4096, 10)] };

#[cfg(test)]
mod tests;
