//! Verifies signed parts of requests with `jotgate-core`: DPoP proofs (RFC 9449), client assertions (RFC 7523), and tokens of this issuer.

mod client_assertion;
mod dpop;
mod own_token;
mod replay;
#[cfg(test)]
mod test_client;

pub(crate) use client_assertion::{
    ASSERTION_TYPE, Assertion, AssertionFault, assertion_client, verify_assertion,
};
pub(crate) use dpop::{DPOP_ALGORITHMS, DpopFault, DpopUse, verify_dpop};
pub(crate) use own_token::{Hint, OwnKeys};
pub(crate) use replay::ReplayMemory;
