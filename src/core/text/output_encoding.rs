//! Writes JSON text as ASCII, which JavaScript engines read faster than UTF-8.

use alloc::vec::Vec;

use crate::text::scan::ascii_before;

/// Appends JSON text in UTF-8 as ASCII. Other characters become escapes (RFC 8259 §7).
pub fn push_ascii(bytes: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    loop {
        let (ascii, beyond) = rest.split_at(ascii_before(rest));
        bytes.extend_from_slice(ascii);
        let Some(&lead) = beyond.first() else { return };
        let (character, after) = beyond.split_at(length(lead).min(beyond.len()));
        rest = after;
        push_escape(bytes, character);
    }
}

/// Returns the length in UTF-8 of a character beyond ASCII, by its first byte.
fn length(lead: u8) -> usize {
    match lead {
        0xf0.. => 4,
        0xe0.. => 3,
        _ => 2,
    }
}

fn push_escape(bytes: &mut Vec<u8>, character: &[u8]) {
    for unit in core::str::from_utf8(character).unwrap_or_default().encode_utf16() {
        bytes.extend_from_slice(b"\\u");
        let digit = |shift: u16| char::from_digit(u32::from(unit >> shift & 0xf), 16).unwrap_or('0');
        bytes.extend([12, 8, 4, 0].map(|shift| digit(shift) as u8));
    }
}

/// Converts ascending offsets in a text to offsets in the output of [`push_ascii`].
#[derive(Debug)]
pub(crate) struct AsciiOffsets<'t> {
    text: &'t [u8],
    /// The offset of the next character beyond ASCII, or the end.
    beyond: usize,
    /// The end of the last such character, in the text and in the output.
    passed: (usize, usize),
}

impl<'t> AsciiOffsets<'t> {
    pub(crate) fn of(text: &'t [u8]) -> Self {
        Self { text, beyond: ascii_before(text), passed: (0, 0) }
    }

    /// Returns the offset in the output. `offset` must not be less than in the call before.
    pub(crate) fn convert(&mut self, offset: usize) -> usize {
        while self.beyond < offset {
            let rest = self.text.get(self.beyond..).unwrap_or_default();
            let length = length(rest.first().copied().unwrap_or_default());
            let (text, output) = self.passed;
            // An escape has six characters; a character of four bytes becomes two escapes.
            let output = output + self.beyond - text + 6 * (1 + length / 4);
            self.passed = (self.beyond + length, output);
            self.beyond += length + ascii_before(rest.get(length..).unwrap_or_default());
        }
        let (text, output) = self.passed;
        output + offset - text
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String};

    use super::*;

    fn written(text: &str) -> String {
        let mut bytes = Vec::new();
        push_ascii(&mut bytes, text.as_bytes());
        String::from_utf8(bytes).unwrap()
    }

    const TEXTS: [&str; 14] = [
        "",
        "a",
        "é",
        "aé",
        "éa",
        "éé",
        "Nuñez",
        "0123456é8901234567é",
        "01234567é9012345",
        "plain text of more than sixteen letters",
        "aé€😀b",
        "0123456é€😀89012345678é",
        "😀😀",
        "\u{80}\u{ff}\u{100}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
    ];

    #[test]
    fn escapes_mean_the_same_to_a_reader_of_json() {
        for text in TEXTS {
            let written = written(text);
            assert!(written.is_ascii());
            let read: String = serde_json::from_str(&format!("\"{written}\"")).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn offsets_are_those_of_the_output() {
        for text in TEXTS {
            let mut offsets = AsciiOffsets::of(text.as_bytes());
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let expected = written(&text[..offset]).len();
                assert_eq!(offsets.convert(offset), expected, "{text} {offset}");
                assert_eq!(offsets.convert(offset), expected, "the same offset again");
                assert_eq!(
                    AsciiOffsets::of(text.as_bytes()).convert(offset),
                    expected,
                    "as the first offset"
                );
            }
        }
    }
}
