//! The fourth stage: parts, header and candidate keys enter, a payload leaves that one of the keys signed
//! (RFC 7515 §5.2). This file is the only maker of [`SignedPayload`].

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

/// What a host could compute in this core's place: whether an RSA signature over these bytes holds. Asked only where exactly one
/// key may have signed, so that one answer decides.
#[derive(Clone, Copy, Debug)]
pub struct Question<'q> {
    /// The algorithm, one of the six of RSA.
    pub algorithm: Algorithm,
    /// Which member of the key set it is about; `None` for a key given directly.
    pub key_index: Option<usize>,
    /// What the signature is over (RFC 7515 §5.1).
    pub signing_input: &'q [u8],
    /// The signature, as long as the modulus (RFC 8017 §8.2.2).
    pub signature: &'q [u8],
}

/// Who is asked: whether the signature holds, or `None` where the core has to find out by itself.
pub type Host<'h> = &'h mut dyn FnMut(Question<'_>) -> Option<bool>;

impl<'q> Question<'q> {
    /// The question behind a token's signature, if there is one that a host may answer.
    fn of(
        parts: &Parts<'q>,
        header: &Header,
        candidates: &Candidates<'_>,
        signature: &'q [u8],
    ) -> Option<Self> {
        let (key_index, key) = candidates.only()?;
        // Hosts differ in what they take for a signature of another length.
        let fits = header.algorithm().is_rsa() && signature.len() == key.prepared().bits().div_ceil(8);
        fits.then_some(Self {
            algorithm: header.algorithm(),
            key_index,
            signing_input: parts.signing_input,
            signature,
        })
    }

    /// Hands the question to `ask`, if there is one.
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

/// Where a token's signature and payload are decoded: kept from token to token, so that nothing is allocated for the next one.
#[derive(Debug)]
pub(crate) struct Room {
    signature: Vec<u8>,
    payload: Vec<u8>,
}

impl Room {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self { signature: Vec::new(), payload: Vec::new() }
    }

    /// Takes back where a payload stood, which nobody needs any more.
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
    /// Tries each candidate in turn within a budget of work, or lets `host` tell whether the only one's RSA signature holds.
    ///
    /// # Errors
    /// [`Refusal::Base64url`] for signature or payload, else those of [`Candidates::search`].
    pub(crate) fn verify(
        parts: &Parts<'_>,
        header: Header,
        candidates: &Candidates<'_>,
        budget: usize,
        host: Option<Host<'_>>,
        room: &mut Room,
    ) -> Result<Self, Refusal> {
        let Room { signature, payload } = room;
        let decode = |room, text, part| base64url::decode_in(room, text).ok_or(Refusal::Base64url { part });
        decode(signature, parts.signature, Part::Signature)?;
        decode(payload, parts.payload, Part::Payload)?;
        let question = || Question::of(parts, &header, candidates, signature);
        let told = host.and_then(|host| host(question()?));
        let (algorithm, message) = (header.algorithm(), parts.signing_input);
        let (key_index, _) = candidates.search(
            budget,
            |key| key.prepared().work(algorithm, message.len(), signature.len()),
            |(_, key)| told.unwrap_or_else(|| key.prepared().verify(algorithm, message, signature)),
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

    /// Which member of the set signed it; `None` for a key given directly.
    #[must_use]
    pub fn key_index(&self) -> Option<usize> {
        self.key_index
    }
}
