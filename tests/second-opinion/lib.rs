//! jotgate held against jsonwebtoken and aws-lc-rs
