//! Finds the block in PEM text (RFC 7468), or describes what was found instead.
//!
//! Keys come from files, JSON and environment variables. Text before the block, quotation marks, CRLF and line breaks written as
//! `\n` are therefore accepted. The first block decides.

use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::encoding::spki::read_certificate;
use crate::{KeyParts, KeyRefusal};

impl KeyParts {
    /// Reads a public key from PEM text: `PUBLIC KEY` (SubjectPublicKeyInfo, RFC 5280 §4.1) or `RSA PUBLIC KEY`
    /// (RFC 8017 §A.1.1). Text around the block is ignored. Lines may have any length (the lax grammar of RFC 7468 §3), and line
    /// breaks may be written as `\n`, as in environment variables. A second block is refused.
    ///
    /// # Errors
    /// [`KeyRefusal::NotPem`] for text without a block, [`KeyRefusal::Malformed`] for an incomplete or a second block,
    /// [`KeyRefusal::UnsupportedKind`] for other labels, such as those of private keys and certificates, and the errors of
    /// [`Self::from_spki`] and [`Self::from_pkcs1`].
    pub fn from_pem(text: &str) -> Result<Self, KeyRefusal> {
        let (key, rest) = read_block(text, |label| match label {
            b"PUBLIC KEY" => Some(Self::from_spki),
            b"RSA PUBLIC KEY" => Some(Self::from_pkcs1),
            _ => None,
        })?;
        // With two keys it is unclear which one is meant.
        if find(rest, BEGIN).is_some() { Err(KeyRefusal::Malformed) } else { Ok(key) }
    }

    /// Reads the public key of an X.509 certificate in PEM (`CERTIFICATE`, RFC 5280 §4.1, RFC 7468 §5.1). The certificate's
    /// signature, dates, names, extensions and chain are not checked, so the caller must already trust the certificate. Only the
    /// first certificate of a chain is read; the rest is ignored.
    ///
    /// # Errors
    /// [`KeyRefusal::NotPem`] for text without a block, [`KeyRefusal::Malformed`] for a block that is incomplete or not a
    /// certificate, [`KeyRefusal::UnsupportedKind`] for another label, and the errors of [`Self::from_spki`].
    pub fn from_certificate(text: &str) -> Result<Self, KeyRefusal> {
        read_block(text, |label| (label == b"CERTIFICATE").then_some(read_certificate)).map(|(key, _)| key)
    }
}

/// Reads a key from the bytes of a block.
type Read = fn(&[u8]) -> Result<KeyParts, KeyRefusal>;

/// Reads the first block. Returns the key and the text after the block.
///
/// Lines may be of any length (RFC 7468 §3, "lax"). RFC 1421 headers are malformed.
fn read_block(text: &str, reader: fn(&[u8]) -> Option<Read>) -> Result<(KeyParts, &[u8]), KeyRefusal> {
    let text = text.as_bytes();
    let found = find(text, BEGIN).ok_or(KeyRefusal::NotPem { found: kind_of_text(text) })?;
    let (label, rest) = split_at(after(text, found, BEGIN), DASHES).ok_or(KeyRefusal::Malformed)?;
    // The label is checked before the content is decoded, so that a private key is never decoded.
    let read = reader(label).ok_or(KeyRefusal::UnsupportedKind { found: kind_of_label(label) })?;
    let (body, rest) = split_at(rest, END).ok_or(KeyRefusal::Malformed)?;
    let rest =
        rest.strip_prefix(label).and_then(|rest| rest.strip_prefix(DASHES)).ok_or(KeyRefusal::Malformed)?;
    let bytes = base64(body, false).ok_or(KeyRefusal::Malformed)?;
    Ok((read(&bytes)?, rest))
}

const DASHES: &[u8] = b"-----";
const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// Returns the offset of the first occurrence.
pub(crate) fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

fn after<'t>(text: &'t [u8], found: usize, word: &[u8]) -> &'t [u8] {
    text.get(found + word.len()..).unwrap_or_default()
}

/// Returns the text before and after the first occurrence.
fn split_at<'t>(text: &'t [u8], word: &[u8]) -> Option<(&'t [u8], &'t [u8])> {
    let found = find(text, word)?;
    Some((text.get(..found)?, after(text, found, word)))
}

/// Decodes padded Base64 (RFC 4648 §4). White space is ignored, also if written as an escape. If `lax`, both alphabets are accepted
/// and padding may be missing.
pub(crate) fn base64(text: &[u8], lax: bool) -> Option<Zeroizing<Vec<u8>>> {
    // The decoded bytes may be a secret: the buffers never grow, and are overwritten when they are dropped.
    let mut letters = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut escaped = false;
    for &byte in text {
        match byte {
            b'\\' => escaped = true,
            b'n' | b'r' if escaped => escaped = false,
            b'-' | b'_' if !lax => return None,
            // Translated to base64url, so that the decoder for JWKs can read it.
            b'+' => letters.push(b'-'),
            b'/' => letters.push(b'_'),
            _ if byte.is_ascii_whitespace() => escaped = false,
            _ => letters.push(byte),
        }
        escaped &= byte == b'\\';
    }
    if !lax && !letters.len().is_multiple_of(4) {
        return None;
    }
    for _padding in 0..2 {
        letters.pop_if(|last| *last == b'=');
    }
    let mut bytes = Zeroizing::new(alloc::vec![0; letters.len()]);
    let length = Base64UrlUnpadded::decode(&letters, &mut bytes).ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

/// Describes the content of a block with any other label.
fn kind_of_label(label: &[u8]) -> &'static str {
    let has = |word: &[u8]| find(label, word).is_some();
    match label {
        b"PUBLIC KEY" | b"RSA PUBLIC KEY" => "a public key without its certificate",
        b"CERTIFICATE" => "a certificate, not its public key alone",
        _ if has(b"OPENSSH") => "an OpenSSH private key",
        _ if has(b"PRIVATE KEY") => "a private key",
        _ if has(b"CERTIFICATE REQUEST") => "a certificate request",
        _ if has(b"PARAMETERS") => "parameters without a key",
        _ if has(b"PGP") => "a PGP block",
        _ => "a PEM block of another kind",
    }
}

/// Describes text without a block.
fn kind_of_text(text: &[u8]) -> &'static str {
    let quoted = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'');
    let start = text.iter().position(|byte| !quoted(byte)).unwrap_or(text.len());
    let text = text.get(start..).unwrap_or_default();
    let begins = |words: &[&[u8]]| words.iter().any(|word| text.starts_with(word));
    match text {
        [] => "no text",
        [b'{' | b'[', ..] => "JSON text, such as a JWK",
        _ if begins(&[b"ssh-", b"ecdsa-sha2-", b"sk-ssh-", b"sk-ecdsa-", b"---- BEGIN SSH2"]) => {
            "an OpenSSH key"
        }
        _ if begins(&[b"https:", b"http:"]) => "an address",
        _ if begins(&[b"MI", b"MF", b"MC", b"MH"]) => "Base64 without its BEGIN and END lines",
        _ => "text without a PEM block",
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String};

    use super::*;
    use crate::known_answers;

    const P256: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\
        6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==";

    fn pem(label: &str) -> String {
        let (first, second) = P256.split_at(64);
        format!("-----BEGIN {label}-----\n{first}\n{second}\n-----END {label}-----\n")
    }

    #[test]
    fn v16_a_key_is_read_as_environment_variables_and_files_hold_it() {
        let good = pem("PUBLIC KEY");
        for text in [
            good.replace('\n', "\\n"),
            good.replace('\n', "\\\\n"),
            good.replace('\n', "\\r\\n"),
            good.replace('\n', "\r\n"),
            good.replace('\n', " "),
            good.replace('/', "\\/"),
            format!("\"{}\"", good.replace('\n', "\\n")),
            format!("'{good}'"),
            format!("\u{feff}{good}"),
            format!("KEY=\"{good}\""),
            format!("Bag Attributes\n    friendlyName: a\n{good}"),
            format!("{good}this key is for tests\n"),
        ] {
            assert!(KeyParts::from_pem(&text) == Ok(known_answers::p256()), "{text}");
        }
        // Escapes that look similar are not accepted.
        for text in [good.replace("zj0", "zj\\0\0"), good.replace("MF", "M\\xF"), format!("{good}{good}")] {
            assert_eq!(KeyParts::from_pem(&text).err(), Some(KeyRefusal::Malformed), "{text}");
        }
    }

    #[test]
    fn v16_what_was_found_is_named() {
        for (text, code, found) in [
            (pem("PRIVATE KEY"), "key_kind_unsupported", "a private key"),
            (pem("RSA PRIVATE KEY"), "key_kind_unsupported", "a private key"),
            (pem("OPENSSH PRIVATE KEY"), "key_kind_unsupported", "an OpenSSH private key"),
            (pem("CERTIFICATE"), "key_kind_unsupported", "a certificate, not its public key alone"),
            (pem("CERTIFICATE REQUEST"), "key_kind_unsupported", "a certificate request"),
            (pem("EC PARAMETERS"), "key_kind_unsupported", "parameters without a key"),
            (pem("PGP PUBLIC KEY BLOCK"), "key_kind_unsupported", "a PGP block"),
            (pem("X"), "key_kind_unsupported", "a PEM block of another kind"),
            ("ssh-rsa AAAA".into(), "key_malformed", "an OpenSSH key"),
            ("\"ecdsa-sha2-nistp256 AAAA\"".into(), "key_malformed", "an OpenSSH key"),
            (r#"{"kty":"EC"}"#.into(), "key_malformed", "JSON text, such as a JWK"),
            ("https://issuer.example/jwks".into(), "key_malformed", "an address"),
            (P256.into(), "key_malformed", "Base64 without its BEGIN and END lines"),
            (" ".into(), "key_malformed", "no text"),
            ("jotgate".into(), "key_malformed", "text without a PEM block"),
        ] {
            let refusal = KeyParts::from_pem(&text).unwrap_err();
            assert_eq!(refusal.code(), code, "{text}");
            assert!(format!("{refusal}").contains(&format!("found {found},")), "{refusal}");
        }
        let refusal = KeyParts::from_certificate(&pem("PUBLIC KEY")).unwrap_err();
        assert!(format!("{refusal}").contains("found a public key without its certificate,"), "{refusal}");
    }
}
