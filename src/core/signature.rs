//! The fourth stage: parts, header and candidate keys enter, a payload leaves that one of the keys signed
//! (RFC 7515 §5.2). This file is the only maker of [`SignedPayload`].

use alloc::{string::String, vec::Vec};

use crate::{
    base64url,
    header::Header,
    key_set::Candidates,
    refusal::{Part, Refusal},
    token::Parts,
};

/// A payload whose signature was verified.
// INVARIANT: made by `verify` below and nowhere else; no field is public.
#[derive(Debug)]
pub struct SignedPayload {
    header: Header,
    payload: Vec<u8>,
    key_index: Option<usize>,
}

impl SignedPayload {
    /// Tries each candidate in turn.
    ///
    /// # Errors
    /// [`Refusal::Base64url`] for signature or payload, [`Refusal::SignatureMismatch`] when no key signed it.
    pub fn verify(parts: &Parts<'_>, header: Header, candidates: &Candidates<'_>) -> Result<Self, Refusal> {
        let signature =
            base64url::decode(parts.signature).ok_or(Refusal::Base64url { part: Part::Signature })?;
        let payload = base64url::decode(parts.payload).ok_or(Refusal::Base64url { part: Part::Payload })?;
        let signer = candidates
            .keys
            .iter()
            .find(|(_, key)| key.prepared().verify(header.algorithm, parts.signing_input, &signature));
        match signer {
            Some((key_index, _)) => Ok(Self { key_index: *key_index, header, payload }),
            None => Err(Refusal::SignatureMismatch),
        }
    }

    /// The header that was signed along.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload's bytes.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Which member of the set signed it; `None` for a key given directly.
    #[must_use]
    pub fn key_index(&self) -> Option<usize> {
        self.key_index
    }

    /// The header's text and the payload's bytes.
    #[must_use]
    pub fn into_texts(self) -> (String, Vec<u8>) {
        (self.header.text, self.payload)
    }
}
