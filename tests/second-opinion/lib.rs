//! Compares jotgate with jsonwebtoken and aws-lc-rs. Ours accepts what they sign; where the verdicts differ,
//! the difference is listed with its reason. The crate is its tests, on native targets only.
//!
//! | module | what it compares |
//! |---|---|
//! | `minted` | every algorithm, with the public key in every form |
//! | `refusals` | one row for each refusal, both verdicts |
//! | `mutations` | thousands of changed tokens, both verdicts |
//! | `arithmetic` | jotgate-crypto with aws-lc-rs |
//! | `pair`, `opinion`, `random` | keys, the two verdicts, and a repeatable random generator |
#![cfg(not(target_arch = "wasm32"))]

#[cfg(test)]
mod arithmetic;
#[cfg(test)]
mod minted;
#[cfg(test)]
mod mutations;
#[cfg(test)]
mod opinion;
#[cfg(test)]
mod pair;
#[cfg(test)]
mod random;
#[cfg(test)]
mod refusals;
