//! Reproducible random numbers for tests: the same seed always gives the same numbers.

use crate::limbs::low_word;

/// Marsaglia's xorshift, 64 bits wide.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Makes a generator with this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        // The generator never leaves the state zero. The multiplication spreads small seeds.
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        low_word(self.0 >> 32)
    }

    /// A number below `end`, which is at least 1.
    pub fn below(&mut self, end: usize) -> usize {
        self.next() as usize % end
    }

    /// A number of this many words.
    pub fn words<const W: usize>(&mut self) -> [u32; W] {
        core::array::from_fn(|_| self.next())
    }
}
