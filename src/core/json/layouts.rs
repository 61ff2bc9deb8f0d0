//! Stores the member names of objects in earlier texts. An issuer writes the same claims, in the same order, into each of its tokens. If a
//! text has the same layout as the text before it, its names are compared instead of parsed, and are known to be unique
//! (docs/decisions/0005).

use alloc::vec::Vec;
use core::{
    slice,
    sync::atomic::{AtomicU32, Ordering},
};

/// The layouts of the objects in earlier texts.
#[derive(Debug)]
pub(crate) struct Layouts {
    known: Vec<Layout>,
    /// The ID before the first of `known`.
    before: u32,
    /// The IDs of the last text's objects, in the order in which they begin.
    last: Vec<u32>,
    /// Whether the last text had a layout that was not known before.
    has_new: bool,
}

/// The member names of an object as they are written, each with quotation marks and colon.
#[derive(Debug, Default, PartialEq, Eq)]
struct Layout {
    /// The length of each name in bytes.
    lengths: Vec<usize>,
    /// The names in chunks of eight bytes. Each name begins a new chunk.
    chunks: Vec<NameChunk>,
}

/// Up to eight bytes of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NameChunk {
    bytes: u64,
    /// The bits that belong to the name.
    mask: u64,
}

/// The names that are expected next in an object.
#[derive(Debug)]
pub(crate) struct Expected<'l> {
    lengths: slice::Iter<'l, usize>,
    chunks: slice::Iter<'l, NameChunk>,
    /// Whether nothing was expected, or a name was different.
    failed: bool,
}

/// The most layouts that are stored. JavaScript stores the same number.
const MAX_LAYOUTS: u32 = 64;

/// The last ID that was assigned in this process. IDs are never reused, because JavaScript caches layouts by ID.
static LAST_ID: AtomicU32 = AtomicU32::new(0);

impl Layouts {
    /// The most objects of a text whose layouts are stored.
    const MAX_OBJECTS: usize = 64;

    pub(crate) const fn new() -> Self {
        Self { known: Vec::new(), before: 0, last: Vec::new(), has_new: false }
    }

    /// Returns the names that are expected in an object. `order` counts the objects of a text in the order in which they begin.
    pub(crate) fn expected(&self, order: usize) -> Expected<'_> {
        let index = self.last.get(order).and_then(|id| id.checked_sub(self.before)?.checked_sub(1));
        let layout = index.and_then(|index| self.known.get(usize::try_from(index).ok()?));
        let (lengths, chunks) = layout.map_or((&[][..], &[][..]), |known| (&known.lengths, &known.chunks));
        Expected { lengths: lengths.iter(), chunks: chunks.iter(), failed: layout.is_none() }
    }

    /// Whether the last text had this number of objects.
    pub(crate) fn expected_objects(&self, count: usize) -> bool {
        self.last.len() == count.min(Self::MAX_OBJECTS)
    }

    /// Returns the ID of the layout of an object in the last text, or 0 if it has none.
    pub(crate) fn id(&self, order: usize) -> u32 {
        self.last.get(order).copied().unwrap_or_default()
    }

    /// Whether the last text had a layout that was not known before.
    pub(crate) fn has_new_layout(&self) -> bool {
        self.has_new
    }

    /// Records that a text had the same layouts as the text before it.
    pub(crate) fn matched_last(&mut self) {
        self.has_new = false;
    }

    /// Stores the layouts of a text's objects. Their names must be unique. A name with escapes is `None`.
    pub(crate) fn learn<'d>(&mut self, objects: impl Iterator<Item = impl Iterator<Item = Option<&'d str>>>) {
        self.last.clear();
        self.has_new = false;
        for names in objects.take(Self::MAX_OBJECTS) {
            let id = Layout::of(names).map_or(0, |layout| self.id_of(layout));
            self.last.push(id);
        }
    }

    fn id_of(&mut self, layout: Layout) -> u32 {
        let index = self.known.iter().position(|known| *known == layout).unwrap_or_else(|| {
            if self.known.len() >= MAX_LAYOUTS as usize {
                // Issuers use few layouts, so these names are probably invented. Start over instead of evicting one by one.
                self.known.clear();
            }
            if self.known.is_empty() {
                let before = LAST_ID
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| last.checked_add(MAX_LAYOUTS));
                self.before = before.unwrap_or(u32::MAX);
            }
            self.known.push(layout);
            self.has_new = true;
            self.known.len() - 1
        });
        // After 2^32 layouts there are no IDs left.
        u32::try_from(index + 1).ok().and_then(|index| self.before.checked_add(index)).unwrap_or(0)
    }
}

impl Layout {
    const MAX_NAMES: usize = 64;
    const MAX_NAME_BYTES: usize = 64;

    /// Makes the layout of these names. Returns `None` for too many names, a long name, or a name with escapes.
    fn of<'d>(names: impl Iterator<Item = Option<&'d str>>) -> Option<Self> {
        let mut layout = Self::default();
        for name in names {
            let name = name.filter(|name| name.len() <= Self::MAX_NAME_BYTES)?;
            if layout.lengths.len() == Self::MAX_NAMES {
                return None;
            }
            let mut written = Vec::with_capacity(name.len() + 3);
            written.push(b'"');
            written.extend_from_slice(name.as_bytes());
            written.extend_from_slice(b"\":");
            layout.lengths.push(written.len());
            layout.chunks.extend(written.chunks(8).map(NameChunk::of));
        }
        Some(layout)
    }
}

impl NameChunk {
    fn of(bytes: &[u8]) -> Self {
        let (mut word, mut mask) = ([0; 8], [0; 8]);
        for ((word, mask), byte) in word.iter_mut().zip(&mut mask).zip(bytes) {
            (*word, *mask) = (*byte, 0xff);
        }
        Self { bytes: u64::from_le_bytes(word), mask: u64::from_le_bytes(mask) }
    }
}

impl Expected<'_> {
    /// Returns the length of the next name, with quotation marks and colon, if the text begins with it.
    pub(crate) fn next(&mut self, text: &[u8]) -> Option<usize> {
        if self.failed {
            return None;
        }
        let length = self.matches(text);
        self.failed = length.is_none();
        length
    }

    fn matches(&mut self, text: &[u8]) -> Option<usize> {
        let length = *self.lengths.next()?;
        let mut rest = text;
        for _ in 0..length.div_ceil(8) {
            // Within the last eight bytes of the text, the name is parsed instead.
            let (chunk, after) = rest.split_first_chunk::<8>()?;
            let expected = self.chunks.next()?;
            if u64::from_le_bytes(*chunk) & expected.mask != expected.bytes {
                return None;
            }
            rest = after;
        }
        Some(length)
    }

    /// Whether all expected names were found, and no others.
    pub(crate) fn all_matched(&self) -> bool {
        !self.failed && self.lengths.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::json::document::{Document, Names};

    #[test]
    fn no_id_is_used_twice() {
        let (mut first, mut second) = (Layouts::new(), Layouts::new());
        let mut ids = Vec::new();
        for name in 0..200 {
            let text = format!(r#"{{"n{name}":1}}"#);
            for layouts in [&mut first, &mut second] {
                layouts.learn(Document::read(text.as_bytes(), Names::Unique).unwrap().objects());
                ids.push(layouts.id(0));
            }
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 400);
        assert!(!ids.contains(&0));
    }
}
