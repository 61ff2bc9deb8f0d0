//! What clients sign: DPoP proofs (RFC 9449) and client assertions (RFC 7523). `jotgate-core` verifies them.

mod client_assertion;
mod dpop;
mod replay;
#[cfg(test)]
mod test_client;

pub(crate) use client_assertion::{
    ASSERTION_TYPE, Assertion, AssertionFault, assertion_client, verify_assertion,
};
pub(crate) use dpop::{DPOP_ALGORITHMS, DpopFault, verify_dpop};
pub(crate) use replay::ReplayMemory;
