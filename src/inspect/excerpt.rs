//! Text that was taken out of the pasted text, with the offset of each byte.

use std::ops::Range;

/// A text and, for each of its bytes, the offset in the pasted text that it comes from. All offsets are in bytes of UTF-8.
#[derive(Clone, Default)]
pub(crate) struct Excerpt {
    text: String,
    /// One offset for each byte of `text`.
    offsets: Vec<usize>,
    end: usize,
}

impl Excerpt {
    /// The whole pasted text.
    pub(crate) fn whole(text: &str) -> Self {
        Self { text: text.to_owned(), offsets: (0..text.len()).collect(), end: text.len() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The offset of the first byte in the pasted text.
    pub(crate) fn start(&self) -> usize {
        self.offsets.first().copied().unwrap_or(self.end)
    }

    /// The offset after the last byte.
    pub(crate) fn end(&self) -> usize {
        self.end
    }

    /// The offset in the pasted text of the byte at `index`. Returns the end for an index beyond the text.
    pub(crate) fn offset(&self, index: usize) -> usize {
        self.offsets.get(index).copied().unwrap_or(self.end)
    }

    /// A part of the text. A range that is not on characters is empty.
    pub(crate) fn slice(&self, range: Range<usize>) -> Self {
        let end = self.end_of(range.end);
        let text = self.text.get(range.clone()).unwrap_or_default().to_owned();
        let offsets = if text.is_empty() { &[] } else { self.offsets.get(range).unwrap_or_default() };
        Self { text, offsets: offsets.to_vec(), end }
    }

    /// The part that `part` is, which is a slice of [`Excerpt::text`].
    pub(crate) fn part(&self, part: &str) -> Self {
        let start = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize);
        self.slice(start..start.saturating_add(part.len()))
    }

    /// The text without leading and trailing characters that `drop` selects.
    pub(crate) fn trim(&self, drop: impl Fn(char) -> bool) -> Self {
        self.part(self.text.trim_matches(drop))
    }

    /// The text without the characters that `drop` selects.
    pub(crate) fn without(&self, drop: impl Fn(char) -> bool) -> Self {
        self.map(|rest| {
            let character = rest.chars().next()?;
            let length = character.len_utf8();
            Some((length, (!drop(character)).then_some(character)))
        })
    }

    /// The text with percent-encoded bytes decoded (RFC 3986 §2.1), where they are ASCII.
    pub(crate) fn percent_decoded(&self) -> Self {
        self.map(|rest| {
            let decoded = rest.strip_prefix('%').and_then(|digits| {
                let byte = u8::from_str_radix(digits.get(..2)?, 16).ok()?;
                byte.is_ascii().then_some(char::from(byte))
            });
            match decoded {
                Some(character) => Some((3, Some(character))),
                None => rest.chars().next().map(|character| (character.len_utf8(), Some(character))),
            }
        })
    }

    /// Rewrites the text: `next` looks at the rest and returns how many bytes it takes and the character for them.
    pub(crate) fn map(&self, next: impl Fn(&str) -> Option<(usize, Option<char>)>) -> Self {
        let mut mapped = Self { text: String::new(), offsets: Vec::new(), end: self.end };
        let mut at = 0;
        while let Some((length, character)) =
            self.text.get(at..).filter(|rest| !rest.is_empty()).and_then(&next)
        {
            if let Some(character) = character {
                mapped.text.push(character);
                mapped.offsets.resize(mapped.text.len(), self.offset(at));
            }
            at += length.max(1);
        }
        mapped
    }

    /// The text that is made of some characters, each with its index in this text and its length in bytes.
    pub(crate) fn collected(&self, characters: &[(usize, usize, char)]) -> Self {
        let end = characters.last().map_or(self.end, |(at, length, _)| self.end_of(at + length));
        let mut collected = Self { text: String::new(), offsets: Vec::new(), end };
        for (at, _, character) in characters {
            collected.text.push(*character);
            collected.offsets.resize(collected.text.len(), self.offset(*at));
        }
        collected
    }

    fn end_of(&self, index: usize) -> usize {
        match index.checked_sub(1).and_then(|last| self.offsets.get(last)) {
            // The last byte's own end: the next byte's offset, or the end of the whole.
            Some(last) => match self.offsets.get(index) {
                Some(next) if *next == last + 1 => *next,
                Some(_) => last + 1,
                None => self.end,
            },
            None => self.start(),
        }
    }
}

/// Turns offsets in bytes of UTF-8 into offsets in UTF-16 code units, as JavaScript counts.
pub(crate) struct Offsets<'t> {
    text: &'t str,
}

impl<'t> Offsets<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        Self { text }
    }

    /// The character at a byte's offset as text that can be shown, such as `=` or `U+200B`; empty at the end.
    pub(crate) fn character(&self, offset: usize) -> String {
        let Some(character) = self.text.get(offset..).and_then(|rest| rest.chars().next()) else {
            return String::new();
        };
        if character.is_control()
            || character.is_whitespace()
            || !character.is_alphanumeric() && !character.is_ascii()
        {
            format!("U+{:04X}", u32::from(character))
        } else {
            character.to_string()
        }
    }

    /// The number of UTF-16 code units before the byte at `offset`.
    pub(crate) fn utf16(&self, offset: usize) -> usize {
        let before = self.text.char_indices().take_while(|(at, _)| *at < offset);
        before.map(|(_, character)| character.len_utf16()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_knows_where_it_was() {
        let whole = Excerpt::whole("é \"a%2Eb\nc\" x");
        let quoted = whole.part(&whole.text()[4..11]);
        assert_eq!((quoted.text(), quoted.start(), quoted.end()), ("a%2Eb\nc", 4, 11));
        let clean = quoted.percent_decoded().without(char::is_whitespace);
        assert_eq!(clean.text(), "a.bc");
        let offsets: Vec<usize> = (0..5).map(|index| clean.offset(index)).collect();
        assert_eq!(offsets, [4, 5, 8, 10, 11]);
        assert_eq!(Offsets::of("é \"a").utf16(4), 3);
        let middle = clean.slice(1..3);
        assert_eq!((middle.text(), middle.start(), middle.end()), (".b", 5, 9));
    }
}
