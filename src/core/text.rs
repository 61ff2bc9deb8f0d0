//! UTF-8 enters, what a host makes of it leaves: its length in code units, or the same text as Latin-1.

use alloc::vec::Vec;

use crate::blocks::ascii_before;

/// Writes text in UTF-8 as Latin-1 (ISO 8859-1), or only the beginning of it where it has a letter beyond; whether it is whole.
pub fn push_latin1(bytes: &mut Vec<u8>, text: &[u8]) -> bool {
    let mut rest = text;
    loop {
        let plain = ascii_before(rest);
        let (ascii, beyond) = rest.split_at(plain);
        bytes.extend_from_slice(ascii);
        // U+0080 to U+00FF are those whose first byte is one of these two.
        match beyond {
            [] => return true,
            [lead @ 0xc2..=0xc3, trail, after @ ..] => {
                bytes.push(lead << 6 | trail & 0x3f);
                rest = after;
            }
            _ => return false,
        }
    }
}

/// Places in a text, one behind the other, in UTF-16 code units.
#[derive(Debug)]
pub(crate) struct Units<'t> {
    text: &'t [u8],
    /// Where the next letter beyond ASCII begins, or the end.
    beyond: usize,
    /// How many bytes more than code units the text had so far.
    more: usize,
}

impl<'t> Units<'t> {
    pub(crate) fn of(text: &'t [u8]) -> Self {
        Self { text, beyond: ascii_before(text), more: 0 }
    }

    /// How many code units stand before a place in bytes, which lies not before the one asked for last.
    pub(crate) fn before(&mut self, place: usize) -> usize {
        while self.beyond < place {
            let rest = self.text.get(self.beyond..).unwrap_or_default();
            // A letter of two bytes is one unit, of three one, of four two.
            let (bytes, more) = match rest.first() {
                Some(0xf0..) => (4, 2),
                Some(0xe0..) => (3, 2),
                _ => (2, 1),
            };
            self.more += more;
            self.beyond += bytes + ascii_before(rest.get(bytes..).unwrap_or_default());
        }
        place - self.more
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    #[test]
    fn text_becomes_latin1_letter_by_letter_where_it_can() {
        let latin1: String = ('\0'..='\u{ff}').collect();
        let mut bytes = Vec::new();
        assert!(push_latin1(&mut bytes, latin1.as_bytes()));
        assert_eq!(bytes, (0..=255).collect::<Vec<u8>>());
        for text in ["", "a", "é", "aé", "éa", "éé", "Nuñez", "0123456é8901234567é", "01234567é9012345"]
        {
            let mut bytes = Vec::new();
            assert!(push_latin1(&mut bytes, text.as_bytes()));
            assert_eq!(bytes.iter().map(|byte| char::from(*byte)).collect::<String>(), text);
        }
        for text in ["\u{100}", "aĀb", "é€", "😀", "\u{fffd}"] {
            assert!(!push_latin1(&mut Vec::new(), text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn places_are_counted_in_code_units() {
        for text in [
            "",
            "plain text of more than eight",
            "é",
            "aé€😀b",
            "0123456é€😀89012345678é",
            "😀😀",
            "\u{7ff}\u{800}\u{ffff}\u{10000}",
        ] {
            let mut units = Units::of(text.as_bytes());
            for (place, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let expected = text[..place].encode_utf16().count();
                assert_eq!(units.before(place), expected, "{text} {place}");
                assert_eq!(units.before(place), expected, "asked again");
                assert_eq!(Units::of(text.as_bytes()).before(place), expected, "at once");
            }
        }
    }
}
