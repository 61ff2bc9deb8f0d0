//! The fourth stage: verifies that one of the candidate keys signed the token, and returns the payload (RFC 7515 §5.2). Only this file
//! makes a [`SignedPayload`].

use alloc::vec::Vec;
use core::mem;

use jotgate_crypto::Algorithm;

use crate::{
    refusal::{Part, Refusal},
    stages::candidates::Candidates,
    stages::header::Header,
    stages::token::Parts,
    text::base64url,
};

/// An RSA signature that the host may verify instead of the core. There is a question only if exactly one key may have signed the token,
/// so that one answer is enough.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// One of the six RSA algorithms.
    pub algorithm: Algorithm,
    /// The index of the key in its set; `None` for a single key.
    pub key_index: Option<usize>,
    /// The signature, as long as the modulus (RFC 8017 §8.2.2).
    pub signature: &'q [u8],
}

/// Buffers for decoded signatures and payloads. They are reused for each token.
#[derive(Debug)]
pub(crate) struct DecodeBuffers {
    signature: Vec<u8>,
    payload: Vec<u8>,
}

impl DecodeBuffers {
    /// Makes empty buffers.
    pub(crate) const fn new() -> Self {
        Self { signature: Vec::new(), payload: Vec::new() }
    }

    /// Reuses the buffer of a payload that is no longer needed.
    pub(crate) fn take_back(&mut self, signed: SignedPayload) {
        self.payload = signed.payload;
    }

    /// Decodes the signature and the payload.
    fn decode(&mut self, parts: &Parts<'_>) -> Result<(), Refusal> {
        let decode =
            |buffer, text, part| base64url::decode_in(buffer, text).ok_or(Refusal::Base64url { part });
        decode(&mut self.signature, parts.signature, Part::Signature)?;
        decode(&mut self.payload, parts.payload, Part::Payload)
    }
}

/// A token that was read up to its RSA signature, which the host may verify. It owns its payload, so that the host's answer cannot be used
/// for another token.
#[derive(Debug)]
pub(crate) struct Pending {
    header: Header,
    payload: Vec<u8>,
    key_index: Option<usize>,
    /// The refusal if the signature is invalid.
    mismatch: Refusal,
}

impl Pending {
    /// Returns the token and the question about it. Returns `None` if the core must verify the signature itself, or refuses the token
    /// before.
    pub(crate) fn read<'b>(
        parts: &Parts<'_>,
        header: Header,
        candidates: Candidates<'_>,
        buffers: &'b mut DecodeBuffers,
    ) -> Option<(Self, Question<'b>)> {
        let algorithm = header.algorithm();
        let (key_index, key) = candidates.only().filter(|_| algorithm.is_rsa())?;
        buffers.decode(parts).ok()?;
        let DecodeBuffers { signature, payload } = buffers;
        // Hosts treat signatures of another length differently, so they are not asked.
        if signature.len() != key.prepared().bits().div_ceil(8) {
            return None;
        }
        let pending =
            Self { header, payload: mem::take(payload), key_index, mismatch: candidates.into_mismatch() };
        Some((pending, Question { algorithm, key_index, signature }))
    }

    /// Returns the payload if the host's answer is that the signature is valid.
    ///
    /// # Errors
    /// The refusal of the candidates, such as [`Refusal::SignatureMismatch`], if it does not.
    pub(crate) fn answer(self, holds: bool) -> Result<SignedPayload, Refusal> {
        let Self { header, payload, key_index, mismatch } = self;
        if holds { Ok(SignedPayload { header, payload, key_index }) } else { Err(mismatch) }
    }
}

/// A payload whose signature was verified.
// INVARIANT: only `verify` below and `Pending::answer` make one. No field is public.
#[derive(Debug)]
pub struct SignedPayload {
    header: Header,
    payload: Vec<u8>,
    key_index: Option<usize>,
}

impl SignedPayload {
    /// Tries the candidates in their order, within a budget of work.
    ///
    /// # Errors
    /// [`Refusal::Base64url`] for the signature or the payload, and those of [`Candidates::search`].
    pub(crate) fn verify(
        parts: &Parts<'_>,
        header: Header,
        candidates: &Candidates<'_>,
        budget: usize,
        buffers: &mut DecodeBuffers,
    ) -> Result<Self, Refusal> {
        buffers.decode(parts)?;
        let DecodeBuffers { signature, payload } = buffers;
        let (algorithm, message) = (header.algorithm(), parts.signing_input);
        let (key_index, _) = candidates.search(
            budget,
            |key| key.prepared().work(algorithm, message.len(), signature.len()),
            |(_, key)| key.prepared().verify(algorithm, message, signature),
        )?;
        Ok(Self { key_index, header, payload: mem::take(payload) })
    }

    /// Returns the header, which is part of the signed message.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the bytes of the payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Returns the index of the signing key in its set, or `None` for a single key.
    #[must_use]
    pub fn key_index(&self) -> Option<usize> {
        self.key_index
    }
}
