//! A parsed JSON text, as one flat list of values in the order of the text. Strings are borrowed from the text. A policy reads few of a
//! token's claims, so no tree is built (docs/decisions/0010).

use alloc::{collections::BinaryHeap, string::String, vec::Vec};

use crate::json::number;

/// A parsed JSON text.
#[derive(Clone, Debug)]
pub(crate) struct Document<'t> {
    pub(super) text: &'t str,
    /// The values in the order in which they begin. In an object, each follows its name.
    // INVARIANT: never empty, and the first one is an object.
    pub(super) values: Vec<Value>,
    /// The strings that are written with escapes, decoded, by the offset at which they begin.
    pub(super) unescaped: Vec<(usize, String)>,
}

/// The position of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    /// The offset of its beginning in the text, for a string without the quotation mark. For [`Kind::Whole`]: the number's lower 32 bits.
    pub(crate) from: usize,
    /// The offset of its end in the text, for a string without the quotation mark. For [`Kind::Whole`]: the number's upper 32 bits.
    pub(crate) to: usize,
    /// The index of the first value after it and outside it.
    pub(crate) next: usize,
}

/// The kind of a value, by how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    /// A number that is written as at most 15 digits, without sign, point or exponent.
    Whole,
    /// Any other number.
    Number,
    /// A string without escapes.
    String,
    /// A string with escapes.
    Unescaped,
    Array,
    Object,
    /// An object with a duplicate name.
    Ambiguous,
}

/// A value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Json<'d> {
    Null,
    Bool(bool),
    Number(f64),
    String(&'d str),
    Array(Array<'d>),
    Object(Object<'d>),
}

/// An array in a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Array<'d>(Inside<'d>);

/// An object in a document, its members in the order of the text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Object<'d> {
    inside: Inside<'d>,
    /// Whether it has a duplicate name. Only [`Names::Marked`] accepts such an object.
    pub(crate) ambiguous: bool,
}

/// The values between two indexes of a document.
#[derive(Clone, Copy, Debug)]
struct Inside<'d> {
    document: &'d Document<'d>,
    index: usize,
    end: usize,
}

/// How duplicate names are handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// The text is refused: for headers, claims and single keys.
    Unique,
    /// The object is marked, so that one bad member of a key set does not make the other keys unusable.
    Marked,
}

impl<'t> Document<'t> {
    /// Makes an object without members.
    pub(crate) fn none() -> Self {
        let object = Value { kind: Kind::Object, from: 0, to: 2, next: 1 };
        Self { text: "{}", values: alloc::vec![object], unescaped: Vec::new() }
    }

    /// Returns the outermost object.
    pub(crate) fn object(&self) -> Object<'_> {
        match self.json(0) {
            Some(Json::Object(object)) => object,
            // Unreachable, by the invariant.
            _ => Object { inside: Inside { document: self, index: 0, end: 0 }, ambiguous: false },
        }
    }

    /// Returns the value at an index.
    pub(crate) fn json(&self, index: usize) -> Option<Json<'_>> {
        let value = self.values.get(index)?;
        let inside = || Inside { document: self, index: index + 1, end: value.next };
        Some(match value.kind {
            Kind::Null => Json::Null,
            Kind::True => Json::Bool(true),
            Kind::False => Json::Bool(false),
            Kind::Whole => Json::Number(value.to as f64 * 4_294_967_296.0 + value.from as f64),
            // INVARIANT: the reader has checked that the number is in the range of a double.
            Kind::Number => Json::Number(number::read(self.text.get(value.from..value.to)?)?),
            Kind::String | Kind::Unescaped => Json::String(self.string(value)?),
            Kind::Array => Json::Array(Array(inside())),
            Kind::Object | Kind::Ambiguous => {
                Json::Object(Object { inside: inside(), ambiguous: value.kind == Kind::Ambiguous })
            }
        })
    }

    /// Returns the decoded string.
    #[inline(always)]
    fn string(&self, value: &Value) -> Option<&str> {
        match value.kind {
            Kind::String => self.text.get(value.from..value.to),
            Kind::Unescaped => {
                let index = self.unescaped.binary_search_by_key(&value.from, |(from, _)| *from).ok()?;
                self.unescaped.get(index).map(|(_, text)| text.as_str())
            }
            _ => None,
        }
    }

    /// Returns the decoded string at an index.
    pub(crate) fn text_at(&self, index: usize) -> Option<&str> {
        self.values.get(index).and_then(|value| self.string(value))
    }

    /// Returns the text that was parsed.
    pub(crate) fn text(&self) -> &str {
        self.text
    }

    /// Returns the list of values, to reuse its memory for another text. A very large list is freed.
    pub(crate) fn into_values(self) -> Vec<Value> {
        if self.values.capacity() > 1024 { Vec::new() } else { self.values }
    }

    /// Returns the number of values, including names.
    pub(crate) fn count(&self) -> usize {
        self.values.len()
    }

    /// Returns the position of the value at an index.
    pub(crate) fn value(&self, index: usize) -> Option<Value> {
        self.values.get(index).copied()
    }

    /// Returns the number of objects that begin between two indexes.
    pub(crate) fn objects_from(&self, index: usize, end: usize) -> usize {
        let values = self.values.get(index..end).unwrap_or_default();
        values.iter().filter(|value| value.kind == Kind::Object).count()
    }

    /// Returns the member names of each object, in text order. A name that contains escapes is `None`.
    pub(crate) fn objects(&self) -> impl Iterator<Item = impl Iterator<Item = Option<&str>>> {
        let objects = self.values.iter().enumerate().filter(|(_, value)| value.kind == Kind::Object);
        objects.map(move |(index, value)| {
            let end = value.next;
            let mut next = index + 1;
            core::iter::from_fn(move || {
                let name = self.values.get(next).filter(|_| next < end)?;
                next = self.values.get(next + 1)?.next;
                Some(self.text.get(name.from..name.to).filter(|_| name.kind == Kind::String))
            })
        })
    }

    /// Whether there is a duplicate name among the members from that index on.
    pub(super) fn has_duplicates(&self, from: usize) -> bool {
        let names =
            || Members(Inside { document: self, index: from, end: self.values.len() }).map(|(name, _)| name);
        // One bit for each hash. A name is compared with others only if the bit of its hash is already set.
        let (mut hashes, mut count) = ([0_u64; 8], 0);
        for name in names() {
            let hash = name_hash(name.as_bytes());
            let bit = 1 << (hash % 64);
            if let Some(hashes) = hashes.get_mut(hash / 64) {
                if *hashes & bit != 0 && names().take(count).any(|other| other == name) {
                    return true;
                }
                *hashes |= bit;
            }
            count += 1;
            if count == HEAP_FROM {
                // The names of a large object are sorted by a heap, so that equal names are adjacent. The cost therefore does not grow
                // with the square of its length.
                let mut heap: BinaryHeap<&str> = names().collect();
                let mut last = None;
                return core::iter::from_fn(|| heap.pop()).any(|name| last.replace(name) == Some(name));
            }
        }
        false
    }
}

/// Returns a hash of a name, below 512, from its length and its first, middle and last byte.
fn name_hash(name: &[u8]) -> usize {
    let at = |index: usize| name.get(index).copied().unwrap_or_default();
    let length = name.len();
    let [low, ..] = length.to_le_bytes();
    let parts = u32::from_le_bytes([low, at(0), at(length / 2), at(length.wrapping_sub(1))]);
    // The upper nine bits.
    (parts.wrapping_mul(0x9e37_79b1) >> 23) as usize
}

/// From this number of members on, names are compared by a heap.
const HEAP_FROM: usize = 48;

impl<'d> Object<'d> {
    /// Returns the member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Json<'d>> {
        self.members().find(|(member, _)| *member == name).and_then(|(_, index)| self.at(index))
    }

    /// Returns the name of each member, and the index of its value.
    pub(crate) fn members(&self) -> Members<'d> {
        Members(self.inside)
    }

    /// Returns the value at an index of [`Object::members`].
    pub(crate) fn at(&self, index: usize) -> Option<Json<'d>> {
        self.inside.document.json(index)
    }
}

/// The members of an object.
pub(crate) struct Members<'d>(Inside<'d>);

impl<'d> Iterator for Members<'d> {
    type Item = (&'d str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let Inside { document, index, end } = self.0;
        if index >= end {
            return None;
        }
        let name = document.values.get(index).and_then(|name| document.string(name))?;
        self.0.index = document.values.get(index + 1)?.next;
        Some((name, index + 1))
    }
}

impl<'d> Array<'d> {
    /// Returns its values.
    pub(crate) fn items(self) -> impl Iterator<Item = Json<'d>> {
        let Inside { document, mut index, end } = self.0;
        core::iter::from_fn(move || {
            let value = document.values.get(index).filter(|_| index < end)?;
            let json = document.json(index);
            index = value.next;
            json
        })
    }
}

impl<'d> Json<'d> {
    pub(crate) fn as_str(self) -> Option<&'d str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_array(self) -> Option<Array<'d>> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }
}
