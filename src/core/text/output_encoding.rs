//! JSON text in UTF-8 enters, the same leaves in one byte a letter, as hosts read it fastest, with the places of its values.

use alloc::vec::Vec;

use crate::text::scan::ascii_before;

/// What JSON text is written in for a host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Letters {
    /// ISO 8859-1.
    Latin1,
    /// ASCII, every letter beyond it as JSON writes it by number (RFC 8259 §7): text in UTF-8 takes hosts four times as long to read.
    #[default]
    Ascii,
}

impl Letters {
    /// What a text in UTF-8 is best written in: Latin-1 where the host reads it and it has all letters.
    #[must_use]
    pub fn of(text: &[u8], reads_latin1: bool) -> Self {
        if !reads_latin1 {
            return Self::Ascii;
        }
        let mut rest = text;
        loop {
            rest = match rest.split_at(ascii_before(rest)) {
                (_, []) => return Self::Latin1,
                // U+0080 to U+00FF are those whose first byte is one of these two.
                (_, [0xc2..=0xc3, _, after @ ..]) => after,
                _ => return Self::Ascii,
            };
        }
    }

    /// Writes a text in UTF-8 that it was chosen for.
    pub fn push(self, bytes: &mut Vec<u8>, text: &[u8]) {
        let mut rest = text;
        loop {
            let (ascii, beyond) = rest.split_at(ascii_before(rest));
            bytes.extend_from_slice(ascii);
            let Some(&lead) = beyond.first() else { return };
            let (letter, after) = beyond.split_at(length(lead).min(beyond.len()));
            rest = after;
            match (self, letter) {
                (Self::Latin1, [lead, trail]) => bytes.push(lead << 6 | trail & 0x3f),
                _ => push_by_number(bytes, letter),
            }
        }
    }

    /// How many code units a letter beyond ASCII takes, by its length in UTF-8.
    fn units(self, length: usize) -> usize {
        match self {
            Self::Latin1 => 1,
            // A letter of four bytes is a pair of surrogates.
            Self::Ascii => 6 * (1 + length / 4),
        }
    }
}

/// How many bytes a letter beyond ASCII has in UTF-8, by its first.
fn length(lead: u8) -> usize {
    match lead {
        0xf0.. => 4,
        0xe0.. => 3,
        _ => 2,
    }
}

fn push_by_number(bytes: &mut Vec<u8>, letter: &[u8]) {
    let letter = core::str::from_utf8(letter).unwrap_or_default().encode_utf16();
    for unit in letter {
        bytes.extend_from_slice(b"\\u");
        let digit = |shift: u16| char::from_digit(u32::from(unit >> shift & 0xf), 16).unwrap_or('0');
        bytes.extend([12, 8, 4, 0].map(|shift| digit(shift) as u8));
    }
}

/// Places in a text, one behind the other, in code units of what it is written in.
#[derive(Debug)]
pub(crate) struct Units<'t> {
    text: &'t [u8],
    letters: Letters,
    /// Where the next letter beyond ASCII begins, or the end.
    beyond: usize,
    /// Where the last one ended, in bytes and in code units.
    behind: (usize, usize),
}

impl<'t> Units<'t> {
    pub(crate) fn of(text: &'t [u8], letters: Letters) -> Self {
        Self { text, letters, beyond: ascii_before(text), behind: (0, 0) }
    }

    /// How many code units stand before a place in bytes, which lies not before the one asked for last.
    pub(crate) fn before(&mut self, place: usize) -> usize {
        while self.beyond < place {
            let rest = self.text.get(self.beyond..).unwrap_or_default();
            let length = length(rest.first().copied().unwrap_or_default());
            let (bytes, units) = self.behind;
            let units = units + self.beyond - bytes + self.letters.units(length);
            self.behind = (self.beyond + length, units);
            self.beyond += length + ascii_before(rest.get(length..).unwrap_or_default());
        }
        let (bytes, units) = self.behind;
        units + place - bytes
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String};

    use super::*;

    fn written(text: &str, letters: Letters) -> String {
        let mut bytes = Vec::new();
        letters.push(&mut bytes, text.as_bytes());
        bytes.into_iter().map(char::from).collect()
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
    fn text_is_written_in_latin1_where_it_can_be() {
        let latin1: String = ('\0'..='\u{ff}').collect();
        assert_eq!(Letters::of(latin1.as_bytes(), true), Letters::Latin1);
        for text in TEXTS.into_iter().chain([&*latin1]) {
            let can = text.chars().all(|letter| letter <= '\u{ff}');
            let letters = Letters::of(text.as_bytes(), true);
            assert_eq!(letters, if can { Letters::Latin1 } else { Letters::Ascii }, "{text}");
            if can {
                assert_eq!(written(text, letters), text);
            }
            assert_eq!(Letters::of(text.as_bytes(), false), Letters::Ascii);
        }
    }

    #[test]
    fn what_is_written_by_number_is_the_same_to_a_reader_of_json() {
        for text in TEXTS {
            let written = written(text, Letters::Ascii);
            assert!(written.is_ascii());
            let read: String = serde_json::from_str(&format!("\"{written}\"")).unwrap();
            assert_eq!(read, text);
        }
    }

    #[test]
    fn places_are_counted_in_what_is_written() {
        for text in TEXTS {
            for letters in [Letters::of(text.as_bytes(), true), Letters::Ascii] {
                let mut units = Units::of(text.as_bytes(), letters);
                for (place, _) in text.char_indices().chain([(text.len(), ' ')]) {
                    let expected = written(&text[..place], letters).chars().count();
                    assert_eq!(units.before(place), expected, "{text} {place}");
                    assert_eq!(units.before(place), expected, "asked again");
                    assert_eq!(Units::of(text.as_bytes(), letters).before(place), expected, "at once");
                }
            }
        }
    }
}
