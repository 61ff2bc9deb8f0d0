//! What arrives signed: DPoP proofs (RFC 9449) and client assertions (RFC 7523) of clients, and tokens of this issuer that
//! come back. `jotgate-core` verifies them.

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
