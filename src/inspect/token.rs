//! Decodes a token without verifying it, and finds the first byte that cannot be right.

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::{
    excerpt::{Excerpt, Offsets},
    input, json,
    report::{FirstBad, PartReport, SizeLimit, SizeReport},
};

const SIGNED: [&str; 3] = ["header", "payload", "signature"];
const ENCRYPTED: [&str; 5] = ["header", "encrypted_key", "iv", "ciphertext", "tag"];

/// A token, split at its dots and decoded as far as that is possible.
pub(crate) struct Token {
    pub(crate) text: Excerpt,
    pub(crate) parts: Vec<Part>,
}

/// One part of a token.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) encoded: Excerpt,
    /// The decoded bytes; `None` if the part is not base64url.
    pub(crate) bytes: Option<Vec<u8>>,
    /// The decoded text of a header or payload in UTF-8.
    pub(crate) text: Option<String>,
}

impl Token {
    pub(crate) fn of(text: Excerpt) -> Self {
        let encoded: Vec<&str> = text.text().split('.').collect();
        // Five parts without `enc` are two signed tokens in a row.
        let is_encrypted = encoded.len() == ENCRYPTED.len() && input::is_encrypted(text.text());
        let names: &[&'static str] = if is_encrypted { &ENCRYPTED } else { &SIGNED };
        let parts = encoded.iter().enumerate().map(|(index, part)| {
            let name = names.get(index).copied().unwrap_or("extra");
            let bytes = Base64UrlUnpadded::decode_vec(part).ok();
            let text_of = matches!(name, "header" | "payload").then_some(&bytes).and_then(Option::as_ref);
            let decoded = text_of.and_then(|bytes| String::from_utf8(bytes.clone()).ok());
            Part { name, encoded: text.part(part), bytes, text: decoded }
        });
        Self { parts: parts.collect(), text }
    }

    /// Whether it is an encrypted token: five parts, and a header with `enc` (RFC 7516 §7.1).
    pub(crate) fn is_encrypted(&self) -> bool {
        self.part("ciphertext").is_some()
    }

    /// The decoded text of a part.
    pub(crate) fn decoded(&self, name: &str) -> Option<&str> {
        self.part(name)?.text.as_deref()
    }

    pub(crate) fn part(&self, name: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.name == name)
    }

    pub(crate) fn reports(&self, offsets: &Offsets<'_>) -> Vec<PartReport> {
        let report = |part: &Part| PartReport {
            name: part.name,
            start: offsets.utf16(part.encoded.start()),
            end: offsets.utf16(part.encoded.end()),
            bytes: part.bytes.as_ref().map(Vec::len),
            text: part.text.clone(),
        };
        self.parts.iter().map(report).collect()
    }

    /// The first byte that cannot be right: in the encoding of a part, in the JSON of header or payload, or in the number of parts.
    pub(crate) fn first_bad(&self, offsets: &Offsets<'_>) -> Option<FirstBad> {
        let signed_or_encrypted = self.parts.len() == SIGNED.len() || self.is_encrypted();
        let parts = self.parts.iter().filter(|part| part.name != "extra");
        let bad = parts.filter_map(bad_in).next().or_else(|| {
            let last = self.parts.last().filter(|_| !signed_or_encrypted)?;
            let (at, why) = if self.parts.len() > 3 {
                let extra = self.part("extra")?;
                // The dot in front of it.
                (
                    extra.encoded.start().saturating_sub(1),
                    "A signed token ends here: it has three parts, and a further dot follows.",
                )
            } else {
                (last.encoded.end(), "The token ends here; a signed token has three parts.")
            };
            Some(Bad { at, part: last.name, decoded_at: None, why: why.to_owned() })
        })?;
        let character = offsets.character(bad.at);
        Some(FirstBad {
            at: offsets.utf16(bad.at),
            part: bad.part,
            character,
            decoded_at: bad.decoded_at,
            why: bad.why,
        })
    }

    pub(crate) fn size(&self) -> SizeReport {
        const LIMITS: [(&str, usize); 5] = [
            ("A cookie in browsers", 4096),
            ("One header line in Apache (`LimitRequestFieldSize`)", 8190),
            ("One header line in nginx (`large_client_header_buffers`)", 8192),
            ("All headers together in Node.js, and jotgate's `maxTokenLength`", 16_384),
            ("All headers together in Cloudflare", 131_072),
        ];
        let token = self.text.text().len();
        let header = token + "Authorization: Bearer \r\n".len();
        let limits = LIMITS.map(|(name, bytes)| SizeLimit { name, bytes, fits: header <= bytes }).into();
        SizeReport { token, header, limits }
    }
}

/// A fault, by its offset in bytes of the pasted text.
struct Bad {
    at: usize,
    part: &'static str,
    decoded_at: Option<usize>,
    why: String,
}

fn bad_in(part: &Part) -> Option<Bad> {
    let bad = |index: usize, why: &str| Bad {
        at: part.encoded.offset(index),
        part: part.name,
        decoded_at: None,
        why: why.to_owned(),
    };
    let text = part.encoded.text();
    if let Some((index, character)) = text
        .char_indices()
        .find(|(_, character)| !matches!(character, 'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '_'))
    {
        return Some(bad(index, foreign_character(character)));
    }
    let Some(bytes) = &part.bytes else {
        let why = if text.len() % 4 == 1 {
            "A part of base64url never has this many characters: one was lost or added."
        } else {
            "The last character carries bits that no encoder writes: it was changed or cut off."
        };
        return Some(bad(text.len().saturating_sub(1), why));
    };
    if !matches!(part.name, "header" | "payload") || (part.name == "payload" && bytes.is_empty()) {
        return None;
    }
    let (decoded_at, why) = match std::str::from_utf8(bytes) {
        Err(error) => (error.valid_up_to(), "This byte is not UTF-8."),
        Ok(text) => json::first_error(text)?,
    };
    // Four characters carry three bytes.
    let index = decoded_at / 3 * 4 + decoded_at % 3;
    Some(Bad { decoded_at: Some(decoded_at), ..bad(index.min(text.len().saturating_sub(1)), why) })
}

fn foreign_character(character: char) -> &'static str {
    match character {
        '=' => "Base64url in a token has no padding: remove the `=`.",
        '+' | '/' => "This is base64, not base64url: a token has `-` for `+` and `_` for `/`.",
        '%' => "This is percent-encoding that cannot be decoded.",
        '…' => "The token was shortened here: copy all of it.",
        character if character.is_whitespace() => "A token has no white space.",
        _ => "Base64url has only A–Z, a–z, 0–9, `-` and `_`.",
    }
}
