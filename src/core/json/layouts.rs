//! The names of objects that were read before, in their order: an issuer writes the same claims into each of its tokens. A text is
//! expected to be laid out as the one before it; where it is, its names are compared and not read, and are known to be unique.

use alloc::vec::Vec;
use core::{
    slice,
    sync::atomic::{AtomicU32, Ordering},
};

use crate::json::document::Document;

/// What is known of the objects of earlier texts.
#[derive(Debug)]
pub(crate) struct Layouts {
    known: Vec<Layout>,
    /// The number before that of the first of these.
    before: u32,
    /// The numbers of the last text's objects, in the order in which they begin.
    last: Vec<u32>,
    /// One of these is new.
    news: bool,
}

/// The names of an object as they stand in a text, each between quotation marks and with its colon.
#[derive(Debug, Default, PartialEq, Eq)]
struct Layout {
    /// In bytes.
    lengths: Vec<usize>,
    /// The names' bytes by eights; each name begins a new one.
    eights: Vec<Eight>,
}

/// Up to eight bytes of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Eight {
    bytes: u64,
    /// The bits that belong to the name.
    mask: u64,
}

/// What is expected of an object, or what is left of it.
#[derive(Debug)]
pub(crate) struct Expected<'l> {
    lengths: slice::Iter<'l, usize>,
    eights: slice::Iter<'l, Eight>,
    /// Nothing was expected, or something else came.
    fails: bool,
}

/// How many layouts are known at most; a host may keep as many.
const MOST: u32 = 64;

/// How many numbers are given away, in all memories: whoever remembers a layout by its number may have been told it by one that is gone.
static GIVEN: AtomicU32 = AtomicU32::new(0);

impl Layouts {
    /// How many objects of a text are looked at.
    const OBJECTS: usize = 64;

    /// None yet.
    pub(crate) const fn new() -> Self {
        Self { known: Vec::new(), before: 0, last: Vec::new(), news: false }
    }

    /// What is expected of the object that begins as the `order`-th of a text.
    pub(crate) fn expected(&self, order: usize) -> Expected<'_> {
        let layout = self.last.get(order).and_then(|number| number.checked_sub(self.before)?.checked_sub(1));
        let layout = layout.and_then(|place| self.known.get(usize::try_from(place).ok()?));
        let (lengths, eights) = layout.map_or((&[][..], &[][..]), |known| (&known.lengths, &known.eights));
        Expected { lengths: lengths.iter(), eights: eights.iter(), fails: layout.is_none() }
    }

    /// Whether as many objects were expected.
    pub(crate) fn expected_objects(&self, count: usize) -> bool {
        self.last.len() == count.min(Self::OBJECTS)
    }

    /// The number of the layout that the `order`-th object of the last text has, one that nothing else ever had; 0 for none.
    pub(crate) fn number(&self, order: usize) -> u32 {
        self.last.get(order).copied().unwrap_or_default()
    }

    /// Whether the last text had a layout that none before it had.
    pub(crate) fn had_news(&self) -> bool {
        self.news
    }

    /// The last text was laid out as the one before it.
    pub(crate) fn met_again(&mut self) {
        self.news = false;
    }

    /// Remembers how the objects of a text are laid out, whose names are unique.
    pub(crate) fn learn(&mut self, document: &Document<'_>) {
        self.last.clear();
        self.news = false;
        for names in document.objects().take(Self::OBJECTS) {
            let number = Layout::of(names).map_or(0, |layout| self.number_of(layout));
            self.last.push(number);
        }
    }

    fn number_of(&mut self, layout: Layout) -> u32 {
        let place = self.known.iter().position(|known| *known == layout).unwrap_or_else(|| {
            if self.known.len() >= MOST as usize {
                // Issuers write few: so many come from one that makes up names, and would have pushed out all others one by one.
                self.known.clear();
            }
            if self.known.is_empty() {
                let given =
                    GIVEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |given| given.checked_add(MOST));
                self.before = given.unwrap_or(u32::MAX);
            }
            self.known.push(layout);
            self.news = true;
            self.known.len() - 1
        });
        // After four billion of them there are no numbers left.
        u32::try_from(place + 1).ok().and_then(|place| self.before.checked_add(place)).unwrap_or(0)
    }
}

impl Layout {
    /// The most names, and the longest one in bytes.
    const NAMES: usize = 64;
    const LONGEST: usize = 64;

    /// Of names that are written without escapes; none of others.
    fn of<'d>(names: impl Iterator<Item = Option<&'d str>>) -> Option<Self> {
        let mut layout = Self::default();
        for name in names {
            let name = name.filter(|name| name.len() <= Self::LONGEST)?;
            if layout.lengths.len() == Self::NAMES {
                return None;
            }
            let mut written = Vec::with_capacity(name.len() + 3);
            written.push(b'"');
            written.extend_from_slice(name.as_bytes());
            written.extend_from_slice(b"\":");
            layout.lengths.push(written.len());
            layout.eights.extend(written.chunks(8).map(Eight::of));
        }
        Some(layout)
    }
}

impl Eight {
    fn of(bytes: &[u8]) -> Self {
        let (mut word, mut mask) = ([0; 8], [0; 8]);
        for ((word, mask), byte) in word.iter_mut().zip(&mut mask).zip(bytes) {
            (*word, *mask) = (*byte, 0xff);
        }
        Self { bytes: u64::from_le_bytes(word), mask: u64::from_le_bytes(mask) }
    }
}

impl Expected<'_> {
    /// Whether a text begins with the name that comes next: then its length, with quotation marks and colon.
    pub(crate) fn next(&mut self, text: &[u8]) -> Option<usize> {
        if self.fails {
            return None;
        }
        let length = self.begins(text);
        self.fails = length.is_none();
        length
    }

    fn begins(&mut self, text: &[u8]) -> Option<usize> {
        let length = *self.lengths.next()?;
        let mut rest = text;
        for _ in 0..length.div_ceil(8) {
            // So near to its end a text has hardly a name: then it is read as any other.
            let (eight, after) = rest.split_first_chunk::<8>()?;
            let expected = self.eights.next()?;
            if u64::from_le_bytes(*eight) & expected.mask != expected.bytes {
                return None;
            }
            rest = after;
        }
        Some(length)
    }

    /// Whether each name came, and no other.
    pub(crate) fn came(&self) -> bool {
        !self.fails && self.lengths.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::json::document::Names;

    #[test]
    fn no_number_is_given_twice() {
        let (mut first, mut second) = (Layouts::new(), Layouts::new());
        let mut numbers = Vec::new();
        for name in 0..200 {
            let text = format!(r#"{{"n{name}":1}}"#);
            for layouts in [&mut first, &mut second] {
                layouts.learn(&Document::read(text.as_bytes(), Names::Unique).unwrap());
                numbers.push(layouts.number(0));
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 400);
        assert!(!numbers.contains(&0));
    }
}
