//! A seed enters, always the same chance leaves: a failure comes back on the next run. For tests.

/// Marsaglia's xorshift, 64 bits wide.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn seeded(seed: u64) -> Self {
        // Zero is the one state that it never leaves; the multiplication spreads small seeds.
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number below `end`, which is at least 1.
    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from((self.next() >> 32) % end as u64).unwrap()
    }

    pub(super) fn words<const W: usize>(&mut self) -> [u32; W] {
        core::array::from_fn(|_| u32::try_from(self.next() >> 32).unwrap())
    }
}
