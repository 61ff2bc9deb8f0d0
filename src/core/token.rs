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
        let mut dots = token.iter().enumerate().filter(|(_, byte)| **byte == b'.').map(|(index, _)| index);
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

#[cfg(test)]
mod tests {
    use super::*;

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
