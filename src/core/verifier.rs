//! The whole way: a token, keys, a policy, needs and the time enter, a verdict leaves. The stages are the other files'.

use alloc::{boxed::Box, vec::Vec};
use core::mem;

use crate::{
    json::document::Value,
    json::layouts::Layouts,
    json::outline::Outline,
    keys::key_set::Keys,
    policy::Policy,
    refusal::Refusal,
    stages::claims::Claims,
    stages::header::{Header, Headers},
    stages::scope::Needs,
    stages::signature::{Host, Question, Room, SignedPayload},
    stages::token::Parts,
    text::output_encoding::Letters,
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
    /// What the token says, where its signature held and only its claims or its rights were refused.
    pub signed: Option<Box<SignedPayload>>,
}

/// What earlier tokens had that the next one is likely to have too, and the room for what is told of each: kept from call to call by
/// whoever verifies many.
#[derive(Debug)]
pub struct Memory {
    headers: Headers,
    layouts: Layouts,
    outline: Outline,
    room: Room,
    values: Vec<Value>,
    reads_latin1: bool,
}

impl Memory {
    /// Of nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            headers: Headers::new(),
            layouts: Layouts::new(),
            outline: Outline::new(),
            room: Room::new(),
            values: Vec::new(),
            reads_latin1: false,
        }
    }

    /// Whether the host reads Latin-1.
    pub fn set_latin1(&mut self, reads: bool) {
        self.reads_latin1 = reads;
    }

    /// Takes back the room that a verdict took, for the next one.
    pub fn take_back(&mut self, verdict: Verdict) {
        self.room.take_back(verdict.signed);
    }

    /// What the accepted claims are to be written in, for these to be the places of the outline.
    #[must_use]
    pub fn letters(&self) -> Letters {
        self.outline.letters()
    }

    /// What stands where in the claims of the token that was accepted last; nothing where one was refused since, or where the
    /// claims have to be read as any JSON. `src/core/outline.rs` tells what each number says.
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
    let signed = signed(token, keys, policy, &mut Headers::new(), None, &mut Room::new());
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

/// [`verify`], with a memory of earlier tokens, which then holds the outline of this one's claims, and with a host that may be asked
/// whether an RSA signature holds. All else is judged as ever.
///
/// # Errors
/// [`Refused`] with the first refusal met; [`Refusal::SignatureMismatch`] where the host says that it does not hold.
pub fn verify_with(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    needs: &Needs,
    now: f64,
    memory: &mut Memory,
    host: Option<Host<'_>>,
) -> Result<Verdict, Refused> {
    let Memory { headers, layouts, outline, room, values, reads_latin1 } = memory;
    outline.clear();
    judge(signed(token, keys, policy, headers, host, room), |signed| {
        let verified = policy.judge(Claims::read_like(signed, layouts, mem::take(values))?, now)?;
        needs.judge(&verified)?;
        let letters = Letters::of(signed.payload(), *reads_latin1);
        outline.draw(verified.claims.document(), layouts, letters);
        *values = verified.claims.into_values();
        Ok(())
    })
}

/// Hands what a host could compute for a token to `ask`, for a host that can't answer at once; `None` where there is nothing to
/// ask, or where [`verify`] refuses the token before it comes to the signature.
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
    signed(token, keys, policy, &mut Headers::new(), None, &mut Room::new())
}

fn signed(
    token: &[u8],
    keys: Keys<'_>,
    policy: &Policy,
    headers: &mut Headers,
    host: Option<Host<'_>>,
    room: &mut Room,
) -> Result<SignedPayload, Refusal> {
    let parts = Parts::split(token, policy.maximum_bytes)?;
    let header = Header::read(&parts, policy, headers)?;
    let candidates = keys.select(&header, policy)?;
    SignedPayload::verify(&parts, header, &candidates, policy.budget, host, room)
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

    /// The same as bytes, for whoever hands them on: nobody looks again whether they are UTF-8.
    // INVARIANT: the claims were read from these bytes, so they are.
    #[must_use]
    pub fn claims_utf8(&self) -> &[u8] {
        self.signed.payload()
    }

    /// Which member of the key set signed it; `None` for a key given directly.
    #[must_use]
    pub fn key_index(&self) -> Option<usize> {
        self.signed.key_index()
    }
}
