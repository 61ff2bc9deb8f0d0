//! Simulates the issuer's rotation and the verifiers' caches in virtual time.
//!
//! The issuer is the real `step` and signer, the verifiers are the real verifier and `KeyCache`. Between them
//! are clocks that differ, replicas that lag, caches that forget and networks that fail. No good token may be
//! refused, and no revoked key trusted past its bound. With any of the four inequalities one second short, that
//! must happen, or the test proves nothing.
//!
//! | module | what it contains |
//! |---|---|
//! | `issuer` | the states that the store held, and when, from a plan of rotations, revocations, migrations |
//! | `network` | what a fetch returns at a moment: replicas, shared caches, outages |
//! | `edge` | one verifier with its cache, as the package's loader drives it |
//! | `algorithms` | each algorithm, from the signer to the verifier |
//! | `world` | the requests, at random and at the worst moments, and their outcomes |
//!
//! All moments are milliseconds of true time. A clock shows them shifted by at most the difference of the
//! clocks.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::print_stdout, clippy::unreachable, reason = "all of it is a test and prints its results")]

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
