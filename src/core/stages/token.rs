//! The first stage: splits a token into its three parts (RFC 7515 §7.1).

use crate::{refusal::Refusal, text::scan::dot_before};

/// The parts of a compact JWS, still encoded.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'t> {
    /// The signed message: header, dot and payload as they were sent (RFC 7515 §5.1).
    pub(crate) signing_input: &'t [u8],
    pub(crate) header: &'t [u8],
    pub(crate) payload: &'t [u8],
    pub(crate) signature: &'t [u8],
}

impl<'t> Parts<'t> {
    /// Splits a token of at most `maximum` bytes at its dots.
    ///
    /// # Errors
    /// [`Refusal::TokenTooLong`], or [`Refusal::TokenParts`] if there are not three parts.
    pub fn split(token: &'t [u8], maximum: usize) -> Result<Self, Refusal> {
        if token.len() > maximum {
            return Err(Refusal::TokenTooLong { maximum });
        }
        Self::of(token).ok_or_else(|| Refusal::TokenParts { found: count_parts(token) })
    }

    fn of(token: &'t [u8]) -> Option<Self> {
        let (header, rest) = at_dot(token)?;
        let (payload, signature) = at_dot(rest)?;
        let signing_input = token.get(..=header.len() + payload.len())?;
        at_dot(signature).is_none().then_some(Self { signing_input, header, payload, signature })
    }
}

#[cold]
fn count_parts(token: &[u8]) -> usize {
    token.split(|byte| *byte == b'.').count()
}

/// Splits a text at its first dot. Returns `None` if there is no dot.
fn at_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let dot = dot_before(text);
    Some((text.get(..dot)?, text.get(dot + 1..)?))
}

#[cfg(test)]
mod tests;
