//! Verifies a token: runs the stages in their order.

use alloc::{boxed::Box, vec::Vec};
use core::{fmt, mem};

use crate::{
    json::document::Value,
    json::layouts::Layouts,
    json::outline::Outline,
    policy::Policy,
    policy::needs::Needs,
    refusal::Refusal,
    stages::candidates::Keys,
    stages::claims::Claims,
    stages::header::{Header, Headers},
    stages::signature::{DecodeBuffers, Pending, Question, SignedPayload},
    stages::token::Parts,
};

/// A token that was accepted.
#[derive(Debug)]
pub struct Verdict {
    signed: SignedPayload,
}

/// A token that was refused.
#[derive(Debug)]
pub struct Refused {
    /// The reason.
    pub refusal: Refusal,
    /// The token's content, if its signature is valid and only its claims or rights were refused.
    pub signed: Option<Box<SignedPayload>>,
}

/// Caches and buffers that are reused across calls: decoded headers, claim layouts, and scratch space.
#[derive(Debug)]
pub struct Memory {
    headers: Headers,
    layouts: Layouts,
    outline: Outline,
    buffers: DecodeBuffers,
    values: Vec<Value>,
    /// The token of the last [`question`].
    pending: Option<Pending>,
}

impl Memory {
    /// Makes empty caches and buffers.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            headers: Headers::new(),
            layouts: Layouts::new(),
            outline: Outline::new(),
            buffers: DecodeBuffers::new(),
            values: Vec::new(),
            pending: None,
        }
    }

    /// Reuses the buffer of a verdict that is no longer needed.
    pub fn take_back(&mut self, verdict: Verdict) {
        self.buffers.take_back(verdict.signed);
    }

    /// Returns the outline of the last accepted claims (`src/core/json/outline.rs`). Empty if a token was refused since, or if the claims
    /// must be parsed as JSON.
    #[must_use]
    pub fn outline(&self) -> &[u32] {
        self.outline.words()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

/// Verifies a token. `now` is the time in seconds since 1970-01-01T00:00:00Z. The steps and their order: size and parts,
/// header, algorithm, key, signature (RFC 7515 §5.2), claims (RFC 7519 §7.2), policy, needs.
///
/// # Errors
/// [`Refused`] with the first refusal.
pub fn verify(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    needs: &Needs,
    now: f64,
) -> Result<Verdict, Refused> {
    let signed = signed(token, keys, policy, &mut Headers::new(), &mut DecodeBuffers::new());
    judge(signed, |signed| {
        let verified = policy.judge(Claims::read(signed)?, now)?;
        needs.judge(&verified)
    })
}

fn judge(
    signed: Result<SignedPayload, Refusal>,
    judge: impl FnOnce(&SignedPayload) -> Result<(), Refusal>,
) -> Result<Verdict, Refused> {
    let signed = signed.map_err(|refusal| Refused { refusal, signed: None })?;
    match judge(&signed) {
        Ok(()) => Ok(Verdict { signed }),
        Err(refusal) => Err(Refused { refusal, signed: Some(Box::new(signed)) }),
    }
}

/// Verifies a token as [`verify`] does, with caches of earlier tokens. `memory` then contains the outline of the claims.
///
/// # Errors
/// [`Refused`] with the first refusal.
pub fn verify_with(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    needs: &Needs,
    now: f64,
    memory: &mut Memory,
) -> Result<Verdict, Refused> {
    let signed = signed(token, keys, policy, &mut memory.headers, &mut memory.buffers);
    judge_with(signed, policy, needs, now, memory)
}

/// Reads a token up to its RSA signature. Returns the question for the host; pass the answer to [`resume`]. Returns `None` if only the
/// core may verify the token, or if [`verify`] refuses it before its signature.
pub fn question<'m>(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    memory: &'m mut Memory,
) -> Option<Question<'m>> {
    let Memory { headers, buffers, pending, .. } = memory;
    *pending = None;
    let parts = Parts::split(token, policy.maximum_bytes).ok()?;
    let header = Header::read(&parts, policy, headers).ok()?;
    let candidates = keys.select(&header, policy).ok()?;
    let (read, question) = Pending::read(&parts, header, candidates, buffers)?;
    *pending = Some(read);
    Some(question)
}

/// Verifies the token of the last [`question`]. `holds` is the host's answer: whether the signature is valid.
///
/// # Errors
/// [`Refused`] with the first refusal, also if there was no question.
pub fn resume(
    holds: bool,
    policy: &Policy,
    needs: &Needs,
    now: f64,
    memory: &mut Memory,
) -> Result<Verdict, Refused> {
    let pending = memory.pending.take().ok_or(Refusal::SignatureMismatch);
    judge_with(pending.and_then(|pending| pending.answer(holds)), policy, needs, now, memory)
}

/// Checks the claims of a token whose signature was verified.
#[inline(never)] // Both ways to a verdict share its code: docs/decisions/0012.
fn judge_with(
    signed: Result<SignedPayload, Refusal>,
    policy: &Policy,
    needs: &Needs,
    now: f64,
    memory: &mut Memory,
) -> Result<Verdict, Refused> {
    let Memory { layouts, outline, values, .. } = memory;
    outline.clear();
    judge(signed, |signed| {
        let verified = policy.judge(Claims::read_like(signed, layouts, mem::take(values))?, now)?;
        needs.judge(&verified)?;
        outline.write(verified.claims.document(), layouts);
        *values = verified.claims.into_values();
        Ok(())
    })
}

/// Verifies only the signature of a compact JWS, whose payload may be any bytes (RFC 7515 §5.2).
///
/// # Errors
/// Any refusal up to and including [`Refusal::SignatureMismatch`].
pub fn verify_signature(token: &[u8], keys: Keys<'_>, policy: &Policy) -> Result<SignedPayload, Refusal> {
    signed(token, keys, policy, &mut Headers::new(), &mut DecodeBuffers::new())
}

fn signed(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    headers: &mut Headers,
    buffers: &mut DecodeBuffers,
) -> Result<SignedPayload, Refusal> {
    let parts = Parts::split(token, policy.maximum_bytes)?;
    let header = Header::read(&parts, policy, headers)?;
    let candidates = keys.select(&header, policy)?;
    SignedPayload::verify(&parts, header, &candidates, policy.budget, buffers)
}

impl Verdict {
    /// Returns the header.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.signed.header()
    }

    /// Returns the claims as JSON text.
    #[must_use]
    pub fn claims(&self) -> &str {
        core::str::from_utf8(self.claims_utf8()).unwrap_or_default()
    }

    /// Returns the claims as bytes, without another check that they are UTF-8.
    // INVARIANT: the claims were read from these bytes, so they are UTF-8.
    #[must_use]
    pub fn claims_utf8(&self) -> &[u8] {
        self.signed.payload()
    }

    /// Reads the claims for typed access. With serde, parse [`Self::claims`] instead.
    // INVARIANT: the claims of a verdict were read before, so they are read again without a refusal.
    #[must_use]
    pub fn read_claims(&self) -> Claims<'_> {
        Claims::read(&self.signed).unwrap_or_else(|_| Claims::none(self.header().typ()))
    }

    /// The index in its set of the key that signed it; `None` for a single key.
    #[must_use]
    pub fn key_index(&self) -> Option<usize> {
        self.signed.key_index()
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        refused.refusal
    }
}

/// The message of the refusal, which contains the values that were compared. It is for logs, not for the client.
impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl core::error::Error for Refused {}
