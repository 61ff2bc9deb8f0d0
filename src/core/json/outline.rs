//! Claims enter that were read, numbers leave by which a host builds its own objects from their text without reading it again: its
//! reader of JSON would look for all that is known here, and takes as long as the signature of HS256.

use alloc::vec::Vec;

use crate::{
    json::document::{Document, Kind},
    json::layouts::Layouts,
    text::output_encoding::{Letters, Units},
};

/// What stands where in a text, value by value in their order. Of each word the lowest three bits tell what it is about:
///
/// | kind | the other bits | the word behind |
/// |---|---|---|
/// | 0, a string without escapes | where it begins, in code units, within its quotation marks | where it ends |
/// | 1, a whole number from 0 | its upper bits | its lower 32 bits |
/// | 2, `false`, `true`, `null` | 0, 1, 2 | |
/// | 3, an array | how many values it has, which come next | |
/// | 4, an object | the number of its layout: its values come next | |
/// | 5, anything else | where its text begins, in code units | where it ends |
#[derive(Debug)]
pub(crate) struct Outline {
    words: Vec<u32>,
    letters: Letters,
}

/// The kinds, as the table above tells them.
mod kind {
    pub(super) const STRING: u32 = 0;
    pub(super) const WHOLE: u32 = 1;
    pub(super) const WORD: u32 = 2;
    pub(super) const ARRAY: u32 = 3;
    pub(super) const OBJECT: u32 = 4;
    pub(super) const OTHER: u32 = 5;
}

impl Outline {
    /// How many values a text may have.
    const MOST: usize = 2048;

    /// Of nothing yet.
    pub(crate) const fn new() -> Self {
        Self { words: Vec::new(), letters: Letters::Ascii }
    }

    /// The words; none where there is no outline.
    pub(crate) fn words(&self) -> &[u32] {
        &self.words
    }

    /// What the text is to be written in, so that these are its places.
    pub(crate) fn letters(&self) -> Letters {
        self.letters
    }

    pub(crate) fn clear(&mut self) {
        self.words.clear();
    }

    /// Draws the outline of a text that `layouts` have just met; none of one with very many values, and none at the first sight of a
    /// layout: the host does not know it either, and an instance that starts has one thing less to compile.
    pub(crate) fn draw(&mut self, document: &Document<'_>, layouts: &Layouts, letters: Letters) {
        self.words.clear();
        self.letters = letters;
        if layouts.had_news() || document.count() > Self::MOST {
            return;
        }
        let units = Units::of(document.text().as_bytes(), letters);
        let mut pen = Pen { document, layouts, letters, units, objects: 0, words: &mut self.words };
        if pen.value(0).is_none() {
            self.words.clear();
        }
    }
}

/// Where the drawing is.
struct Pen<'d> {
    document: &'d Document<'d>,
    layouts: &'d Layouts,
    letters: Letters,
    units: Units<'d>,
    /// How many objects began.
    objects: usize,
    words: &'d mut Vec<u32>,
}

impl Pen<'_> {
    /// Draws the value at a place, and those in it.
    fn value(&mut self, place: usize) -> Option<()> {
        let value = self.document.value(place)?;
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
                let (from, to) = (self.units.before(value.from), self.units.before(value.to));
                self.quoted(from, to)
            }
            Kind::Array => {
                let head = self.words.len();
                self.word(kind::ARRAY, 0)?;
                let (mut item, mut count) = (place + 1, 0);
                while item < value.next {
                    self.value(item)?;
                    item = self.document.value(item)?.next;
                    count += 1;
                }
                *self.words.get_mut(head)? |= count << 3;
                Some(())
            }
            Kind::Object | Kind::Ambiguous => {
                let number = self.layouts.number(self.objects);
                if number == 0 {
                    self.objects += self.document.objects_from(place, value.next);
                    return self.span(kind::OTHER, value.from, value.to);
                }
                self.objects += 1;
                self.word(kind::OBJECT, number)?;
                let mut name = place + 1;
                while name < value.next {
                    self.value(name + 1)?;
                    name = self.document.value(name + 1)?.next;
                }
                Some(())
            }
        }
    }

    /// A string that is written without escapes; in ASCII it may get some.
    fn string(&mut self, from: usize, to: usize) -> Option<()> {
        let bytes = to - from;
        let (from, to) = (self.units.before(from), self.units.before(to));
        if self.letters == Letters::Ascii && to - from != bytes {
            return self.quoted(from, to);
        }
        self.units(kind::STRING, from, to)
    }

    /// A string with escapes: with its quotation marks.
    fn quoted(&mut self, from: usize, to: usize) -> Option<()> {
        self.units(kind::OTHER, from.checked_sub(1)?, to + 1)
    }

    fn span(&mut self, kind: u32, from: usize, to: usize) -> Option<()> {
        let (from, to) = (self.units.before(from), self.units.before(to));
        self.units(kind, from, to)
    }

    #[inline(always)]
    fn units(&mut self, kind: u32, from: usize, to: usize) -> Option<()> {
        self.word(kind, u32::try_from(from).ok()?)?;
        self.words.push(u32::try_from(to).ok()?);
        Some(())
    }

    fn word(&mut self, kind: u32, bits: u32) -> Option<()> {
        self.words.push((bits < 1 << 29).then_some(bits << 3 | kind)?);
        Some(())
    }
}
