//! The fourth stage: parts, header and candidate keys enter, a payload leaves that one of the keys signed
//! (RFC 7515 §5.2). Only this file makes a [`SignedPayload`].

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

/// An RSA signature that the host may verify instead of the core. There is a question only if exactly one key may have signed, so that
/// one answer decides.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// One of the six RSA algorithms.
    pub algorithm: Algorithm,
    /// The index of the key in its set; `None` for a single key.
    pub key_index: Option<usize>,
    /// The signed message (RFC 7515 §5.1).
    pub signing_input: &'q [u8],
    /// The signature, as long as the modulus (RFC 8017 §8.2.2).
    pub signature: &'q [u8],
}

/// Answers a question: whether the signature holds, or `None` if the core has to check it.
pub type Host<'h> = &'h mut dyn FnMut(Question<'_>) -> Option<bool>;

impl<'q> Question<'q> {
    /// The question about a token's signature, if a host may answer it.
    fn of(
        parts: &Parts<'q>,
        header: &Header,
        candidates: &Candidates<'_>,
        signature: &'q [u8],
    ) -> Option<Self> {
        let (key_index, key) = candidates.only()?;
        // Hosts differ on signatures of another length, so they are not asked.
        let fits = header.algorithm().is_rsa() && signature.len() == key.prepared().bits().div_ceil(8);
        fits.then_some(Self {
            algorithm: header.algorithm(),
            key_index,
            signing_input: parts.signing_input,
            signature,
        })
    }

    /// Passes the question to `ask`, if there is one.
    pub(crate) fn put<T>(
        parts: &Parts<'_>,
        header: &Header,
        candidates: &Candidates<'_>,
        ask: impl FnOnce(Question<'_>) -> T,
    ) -> Option<T> {
        let signature = base64url::decode(parts.signature)?;
        Question::of(parts, header, candidates, &signature).map(ask)
    }
}

/// Buffers for decoded signatures and payloads, reused from token to token.
#[derive(Debug)]
pub(crate) struct DecodeBuffers {
    signature: Vec<u8>,
    payload: Vec<u8>,
}

impl DecodeBuffers {
    /// Empty.
    pub(crate) const fn new() -> Self {
        Self { signature: Vec::new(), payload: Vec::new() }
    }

    /// Reuses the buffer of a payload that is no longer needed.
    pub(crate) fn take_back(&mut self, signed: SignedPayload) {
        self.payload = signed.payload;
    }
}

/// A payload whose signature was verified.
// INVARIANT: made by `verify` below and nowhere else; no field is public.
#[derive(Debug)]
pub struct SignedPayload {
    header: Header,
    payload: Vec<u8>,
    key_index: Option<usize>,
}

impl SignedPayload {
    /// Tries each candidate in turn within a budget of work. `host` may verify the RSA signature of an only candidate.
    ///
    /// # Errors
    /// [`Refusal::Base64url`] for signature or payload, else those of [`Candidates::search`].
    pub(crate) fn verify(
        parts: &Parts<'_>,
        header: Header,
        candidates: &Candidates<'_>,
        budget: usize,
        host: Option<Host<'_>>,
        buffers: &mut DecodeBuffers,
    ) -> Result<Self, Refusal> {
        let DecodeBuffers { signature, payload } = buffers;
        let decode =
            |buffer, text, part| base64url::decode_in(buffer, text).ok_or(Refusal::Base64url { part });
        decode(signature, parts.signature, Part::Signature)?;
        decode(payload, parts.payload, Part::Payload)?;
        let question = || Question::of(parts, &header, candidates, signature);
        let host_verdict = host.and_then(|host| host(question()?));
        let (algorithm, message) = (header.algorithm(), parts.signing_input);
        let (key_index, _) = candidates.search(
            budget,
            |key| key.prepared().work(algorithm, message.len(), signature.len()),
            |(_, key)| host_verdict.unwrap_or_else(|| key.prepared().verify(algorithm, message, signature)),
        )?;
        Ok(Self { key_index, header, payload: mem::take(payload) })
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

    /// The index in its set of the key that signed it; `None` for a single key.
    #[must_use]
    pub fn key_index(&self) -> Option<usize> {
        self.key_index
    }
}
