//! Bytes and text: base64url, searching in blocks of bytes, and the encoding of output for JavaScript.

pub(crate) mod base64url;
pub(crate) mod output_encoding;
pub(crate) mod scan;
