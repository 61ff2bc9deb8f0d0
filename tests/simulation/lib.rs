//! The issuer's rotation against the verifiers' caches, in virtual time: the real `step` and signer
//! on one side, the real verifier and `KeyCache` on the other, and between them clocks that differ, replicas that lag,
//! caches that forget and networks that fail. No good token may be refused, no revoked key trusted past its bound; and with
//! any of the four inequalities one second short, that must happen, or nothing is proved.
//!
//! | module | what it is |
//! |---|---|
//! | `issuer` | the states that the store held, and when, from a plan of rotations, revocations, migrations |
//! | `network` | what a fetch brings at a moment: replicas, shared caches, outages |
//! | `edge` | one verifier with its cache, as the package's loader drives it |
//! | `algorithms` | before all that: each algorithm, from the signer to the verifier |
//! | `world` | who asks what and when, at random and at the worst moments; what became of it |
//!
//! All moments are milliseconds of true time; a clock shows them shifted by at most the clocks' difference.
#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::print_stdout,
    clippy::unreachable,
    reason = "all of it is a test, and shows what became of it"
)]

#[cfg(test)]
mod algorithms;
#[cfg(test)]
mod edge;
#[cfg(test)]
mod issuer;
#[cfg(test)]
mod network;
#[cfg(test)]
mod world;
