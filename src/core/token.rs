//! The first stage: a token's bytes enter, its three parts leave (RFC 7515 §7.1).

use crate::refusal::Refusal;

/// The parts of a compact JWS, still encoded.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'t> {
    /// What the signature is over: header, dot and payload as they were sent (RFC 7515 §5.1).
    pub(crate) signing_input: &'t [u8],
    pub(crate) header: &'t [u8],
    pub(crate) payload: &'t [u8],
    pub(crate) signature: &'t [u8],
}

impl<'t> Parts<'t> {
    /// Splits a token of at most `maximum` bytes at its dots.
    ///
    /// # Errors
    /// [`Refusal::TokenTooLong`], or [`Refusal::TokenParts`] for any other number of parts than three.
    pub fn split(token: &'t [u8], maximum: usize) -> Result<Self, Refusal> {
        if token.len() > maximum {
            return Err(Refusal::TokenTooLong { maximum });
        }
        let mut dots = Dots { rest: token, at: 0, found: 0 };
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            return Err(Refusal::TokenParts);
        };
        let part = |from: usize, to: usize| token.get(from..to).ok_or(Refusal::TokenParts);
        Ok(Self {
            signing_input: part(0, second)?,
            header: part(0, first)?,
            payload: part(first + 1, second)?,
            signature: part(second + 1, token.len())?,
        })
    }
}

/// The places of the dots in a token, found eight bytes at a time.
struct Dots<'t> {
    /// What was not looked at yet, and where it begins.
    rest: &'t [u8],
    at: usize,
    /// The highest bit of each byte of the eight before `at` that is a dot not told yet.
    found: u64,
}

impl Iterator for Dots<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        const HIGHS: u64 = 0x8080_8080_8080_8080;
        while self.found == 0 {
            let Some((eight, rest)) = self.rest.split_first_chunk::<8>() else {
                let place = self.rest.iter().position(|byte| *byte == b'.')?;
                let found = self.at + place;
                self.rest = self.rest.get(place + 1..).unwrap_or_default();
                self.at = found + 1;
                return Some(found);
            };
            // A byte is zero where it was a dot; adding 0x7F to its low bits sets the highest of every other. No carry leaves
            // a byte.
            let zero = u64::from_le_bytes(*eight) ^ (ONES * 0x2e);
            self.found = !(((zero & !HIGHS) + !HIGHS) | zero) & HIGHS;
            (self.rest, self.at) = (rest, self.at + 8);
        }
        // INVARIANT: fewer than 64 zeros before a bit that is set.
        let place = usize::try_from(self.found.trailing_zeros() / 8).ok()?;
        self.found &= self.found - 1;
        Some(self.at - 8 + place)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use super::*;

    #[test]
    fn every_dot_is_found_at_its_place() {
        for length in 0..40 {
            for one in 0..length {
                for other in 0..length {
                    // Beside a dot, what differs from it in one bit, and the highest byte.
                    for fill in [0, b'/', 0xae, 0xff, b'a'] {
                        let mut token = vec![fill; length];
                        (token[one], token[other]) = (b'.', b'.');
                        let expected: Vec<usize> =
                            (0..length).filter(|place| token[*place] == b'.').collect();
                        let found: Vec<usize> = Dots { rest: &token, at: 0, found: 0 }.collect();
                        assert_eq!(found, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn a_token_falls_into_three_parts() {
        let parts = Parts::split(b"aa.b.cc", 7).unwrap();
        assert_eq!((parts.header, parts.payload, parts.signature), (&b"aa"[..], &b"b"[..], &b"cc"[..]));
        assert_eq!(parts.signing_input, b"aa.b");
    }

    #[test]
    fn any_other_number_of_parts_is_refused() {
        for token in ["", "a", "a.b", "a.b.c.d", "a.b.c.d.e", "...."] {
            assert_eq!(Parts::split(token.as_bytes(), 99).unwrap_err(), Refusal::TokenParts, "`{token}`");
        }
    }

    #[test]
    fn a_token_is_refused_one_byte_past_the_limit() {
        assert!(Parts::split(b"a.b.c", 5).is_ok());
        assert_eq!(Parts::split(b"a.b.cc", 5).unwrap_err(), Refusal::TokenTooLong { maximum: 5 });
    }
}
