//! Verifies a token: runs the stages in their order.

use alloc::{boxed::Box, vec::Vec};
use core::mem;

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
    stages::signature::{DecodeBuffers, Host, Question, SignedPayload},
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
    /// Why.
    pub refusal: Refusal,
    /// The token's content, if its signature holds and only its claims or rights were refused.
    pub signed: Option<Box<SignedPayload>>,
}

/// Caches and buffers reused across calls: headers and claim layouts seen before, and scratch space.
#[derive(Debug)]
pub struct Memory {
    headers: Headers,
    layouts: Layouts,
    outline: Outline,
    buffers: DecodeBuffers,
    values: Vec<Value>,
}

impl Memory {
    /// Empty.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            headers: Headers::new(),
            layouts: Layouts::new(),
            outline: Outline::new(),
            buffers: DecodeBuffers::new(),
            values: Vec::new(),
        }
    }

    /// Reuses the buffer of a verdict that is no longer needed.
    pub fn take_back(&mut self, verdict: Verdict) {
        self.buffers.take_back(verdict.signed);
    }

    /// The outline of the claims that were accepted last (`src/core/json/outline.rs`). Empty if a token was refused since, or if the
    /// claims must be parsed as JSON.
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
/// [`Refused`] with the first refusal met.
pub fn verify(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    needs: &Needs,
    now: f64,
) -> Result<Verdict, Refused> {
    let signed = signed(token, keys, policy, &mut Headers::new(), None, &mut DecodeBuffers::new());
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

/// Verifies a token as [`verify`] does, with a memory of earlier tokens, which then holds the outline of the claims. `host` may verify
/// an RSA signature instead of the core.
///
/// # Errors
/// [`Refused`] with the first refusal met; [`Refusal::SignatureMismatch`] if the host says that the signature does not hold.
pub fn verify_with(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    needs: &Needs,
    now: f64,
    memory: &mut Memory,
    host: Option<Host<'_>>,
) -> Result<Verdict, Refused> {
    let Memory { headers, layouts, outline, buffers, values } = memory;
    outline.clear();
    judge(signed(token, keys, policy, headers, host, buffers), |signed| {
        let verified = policy.judge(Claims::read_like(signed, layouts, mem::take(values))?, now)?;
        needs.judge(&verified)?;
        outline.write(verified.claims.document(), layouts);
        *values = verified.claims.into_values();
        Ok(())
    })
}

/// Passes the question that a host could answer about a token to `ask`. Returns `None` if there is no question, or if [`verify`] refuses
/// the token before its signature.
pub fn question<T>(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    memory: &mut Memory,
    ask: impl FnOnce(Question<'_>) -> T,
) -> Option<T> {
    let parts = Parts::split(token, policy.maximum_bytes).ok()?;
    let header = Header::read(&parts, policy, &mut memory.headers).ok()?;
    let candidates = keys.select(&header, policy).ok()?;
    Question::put(&parts, &header, &candidates, ask)
}

/// Verifies the signature alone: a compact JWS whose payload may be anything (RFC 7515 §5.2).
///
/// # Errors
/// Any refusal up to and including [`Refusal::SignatureMismatch`].
pub fn verify_signature(token: &[u8], keys: Keys<'_>, policy: &Policy) -> Result<SignedPayload, Refusal> {
    signed(token, keys, policy, &mut Headers::new(), None, &mut DecodeBuffers::new())
}

fn signed(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    headers: &mut Headers,
    host: Option<Host<'_>>,
    buffers: &mut DecodeBuffers,
) -> Result<SignedPayload, Refusal> {
    let parts = Parts::split(token, policy.maximum_bytes)?;
    let header = Header::read(&parts, policy, headers)?;
    let candidates = keys.select(&header, policy)?;
    SignedPayload::verify(&parts, header, &candidates, policy.budget, host, buffers)
}

impl Verdict {
    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        self.signed.header()
    }

    /// The claims as JSON text.
    #[must_use]
    pub fn claims(&self) -> &str {
        core::str::from_utf8(self.claims_utf8()).unwrap_or_default()
    }

    /// The claims as bytes, without another check that they are UTF-8.
    // INVARIANT: the claims were read from these bytes, so they are.
    #[must_use]
    pub fn claims_utf8(&self) -> &[u8] {
        self.signed.payload()
    }

    /// The index in its set of the key that signed it; `None` for a single key.
    #[must_use]
    pub fn key_index(&self) -> Option<usize> {
        self.signed.key_index()
    }
}
