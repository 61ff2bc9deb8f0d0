//! jotgate held against jsonwebtoken and aws-lc-rs: what they sign ours accepts, and where they and ours differ on a
//! refusal the difference is listed with its reason. The crate is its tests, on native targets alone.
//!
//! | module | what it holds against whom |
//! |---|---|
//! | `minted` | every algorithm, with the public key in every form |
//! | `refusals` | one row a refusal class, both verdicts |
//! | `mutations` | thousands of bent tokens, both verdicts |
//! | `arithmetic` | jotgate-crypto alone, against aws-lc-rs |
//! | `pair`, `opinion`, `random` | what those share: keys, the two verdicts, repeatable chance |
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
