//! Points of the curves.

pub mod edwards;
pub mod jacobian;
