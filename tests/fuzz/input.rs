//! Makes choices from the bytes of an input. Missing bytes are zero, so every input is valid.

use sha2::{Digest, Sha512};

/// The rest of an input.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// A number below `end`, which is at least 1.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let low = usize::from(self.byte());
        let wide = if end > 256 { low << 8 | usize::from(self.byte()) } else { low };
        wide % end
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// The next bytes.
    pub(crate) fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    /// Pseudorandom bytes of a seed of two bytes.
    pub(crate) fn spread(&mut self, length: usize) -> Vec<u8> {
        let seed = self.bytes(2);
        (0_u8..)
            .flat_map(|block| Sha512::new().chain_update(&seed).chain_update([block]).finalize())
            .take(length)
            .collect()
    }

    pub(crate) fn message(&mut self) -> Vec<u8> {
        let length = self.below(64);
        self.bytes(length)
    }

    /// Flips one bit.
    pub(crate) fn flip(&mut self, bytes: &mut [u8]) {
        if !bytes.is_empty() {
            let index = self.below(bytes.len());
            bytes[index] ^= 1 << self.below(8);
        }
    }

    /// Truncates, extends or replaces a signature.
    pub(crate) fn resize(&mut self, signature: &mut Vec<u8>) {
        match self.below(4) {
            0 => signature.truncate(self.below(signature.len().max(1))),
            1 => signature.push(self.byte()),
            2 => signature.insert(0, self.byte()),
            _ => *signature = self.bytes(signature.len()),
        }
    }

    /// Changes a message.
    pub(crate) fn change_message(&mut self, message: &mut Vec<u8>) {
        match self.below(3) {
            0 => self.flip(message),
            1 => message.push(self.byte()),
            _ => message.truncate(self.below(64)),
        }
    }
}
