//! Writes the outline of claims: numbers from which JavaScript builds the claims' objects, without parsing the text again
//! (docs/decisions/0005).

use alloc::vec::Vec;

use crate::{
    json::document::{Document, Kind},
    json::layouts::Layouts,
    text::output_encoding::AsciiOffsets,
};

/// The outline of a text: one or two words for each value, in text order. The lowest three bits of a word are its kind. Offsets count
/// in the text that [`push_ascii`](crate::push_ascii) writes.
///
/// | kind | the other bits | the next word |
/// |---|---|---|
/// | 0, a string without escapes | the offset after its first quotation mark | the offset of its last quotation mark |
/// | 1, a whole number from 0 | its upper bits | its lower 32 bits |
/// | 2, `false`, `true`, `null` | 0, 1, 2 | |
/// | 3, an array | the number of its values, which follow | |
/// | 4, an object | the ID of its layout; its values follow | |
/// | 5, anything else | the offset of its text | the offset of its end |
#[derive(Debug)]
pub(crate) struct Outline {
    words: Vec<u32>,
}

/// The kinds of the table above.
mod kind {
    pub(super) const STRING: u32 = 0;
    pub(super) const WHOLE: u32 = 1;
    pub(super) const WORD: u32 = 2;
    pub(super) const ARRAY: u32 = 3;
    pub(super) const OBJECT: u32 = 4;
    pub(super) const OTHER: u32 = 5;
}

impl Outline {
    /// The most values of a text with an outline.
    const MAX_VALUES: usize = 2048;

    pub(crate) const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// Returns the words. Empty if there is no outline.
    pub(crate) fn words(&self) -> &[u32] {
        &self.words
    }

    pub(crate) fn clear(&mut self) {
        self.words.clear();
    }

    /// Writes the outline of the text that `layouts` matched or learned last. A text with very many values has no outline, and neither has
    /// a text with a new layout, because JavaScript does not know that layout yet.
    pub(crate) fn write(&mut self, document: &Document<'_>, layouts: &Layouts) {
        self.words.clear();
        if layouts.has_new_layout() || document.count() > Self::MAX_VALUES {
            return;
        }
        let offsets = AsciiOffsets::of(document.text().as_bytes());
        let mut writer = OutlineWriter { document, layouts, offsets, objects: 0, words: &mut self.words };
        if writer.value(0).is_none() {
            self.words.clear();
        }
    }
}

struct OutlineWriter<'d> {
    document: &'d Document<'d>,
    layouts: &'d Layouts,
    offsets: AsciiOffsets<'d>,
    /// The number of objects that have begun.
    objects: usize,
    words: &'d mut Vec<u32>,
}

impl OutlineWriter<'_> {
    /// Writes the value at an index, and those inside it. Returns `None` if a number does not fit.
    fn value(&mut self, index: usize) -> Option<()> {
        let value = self.document.value(index)?;
        match value.kind {
            Kind::String => self.string(value.from, value.to),
            Kind::Whole => {
                self.word(kind::WHOLE, u32::try_from(value.to).ok()?)?;
                self.words.push(u32::try_from(value.from).ok()?);
                Some(())
            }
            Kind::Number => self.span(kind::OTHER, value.from, value.to),
            Kind::False => self.word(kind::WORD, 0),
            Kind::True => self.word(kind::WORD, 1),
            Kind::Null => self.word(kind::WORD, 2),
            Kind::Unescaped => {
                let (from, to) = (self.offsets.convert(value.from), self.offsets.convert(value.to));
                self.quoted(from, to)
            }
            Kind::Array => {
                let head = self.words.len();
                self.word(kind::ARRAY, 0)?;
                let (mut item, mut count) = (index + 1, 0);
                while item < value.next {
                    self.value(item)?;
                    item = self.document.value(item)?.next;
                    count += 1;
                }
                *self.words.get_mut(head)? |= count << 3;
                Some(())
            }
            Kind::Object | Kind::Ambiguous => {
                let id = self.layouts.id(self.objects);
                if id == 0 {
                    self.objects += self.document.objects_from(index, value.next);
                    return self.span(kind::OTHER, value.from, value.to);
                }
                self.objects += 1;
                self.word(kind::OBJECT, id)?;
                let mut name = index + 1;
                while name < value.next {
                    self.value(name + 1)?;
                    name = self.document.value(name + 1)?.next;
                }
                Some(())
            }
        }
    }

    /// Writes a string without escapes. If it is not ASCII, the output has escapes, so it is written as a string with escapes.
    fn string(&mut self, from: usize, to: usize) -> Option<()> {
        let bytes = to - from;
        let (from, to) = (self.offsets.convert(from), self.offsets.convert(to));
        if to - from != bytes {
            return self.quoted(from, to);
        }
        self.offsets(kind::STRING, from, to)
    }

    /// Writes a string with escapes, including its quotation marks.
    fn quoted(&mut self, from: usize, to: usize) -> Option<()> {
        self.offsets(kind::OTHER, from.checked_sub(1)?, to + 1)
    }

    fn span(&mut self, kind: u32, from: usize, to: usize) -> Option<()> {
        let (from, to) = (self.offsets.convert(from), self.offsets.convert(to));
        self.offsets(kind, from, to)
    }

    #[inline(always)]
    fn offsets(&mut self, kind: u32, from: usize, to: usize) -> Option<()> {
        self.word(kind, u32::try_from(from).ok()?)?;
        self.words.push(u32::try_from(to).ok()?);
        Some(())
    }

    fn word(&mut self, kind: u32, bits: u32) -> Option<()> {
        self.words.push((bits < 1 << 29).then_some(bits << 3 | kind)?);
        Some(())
    }
}
