//! JSON text enters, its values leave, borrowed, or the one reason why it could mean two things (RFC 8259, RFC 8725 §2.6).
//!
//! The reader is our own, as every token passes it: it takes a quarter of the time of a general one, and asks for what a token asks
//! for on the way: an object at the top, names that are unique at every level, at most 128 levels, and text that is UTF-8
//! from its first byte. It is held against serde_json in the tests.
//!
//! What was read stays one list of values in the order of the text, each with where it begins and ends: a token has twenty
//! claims, of which a policy looks at six, and a tree would be built and torn down for all of them.

use alloc::{collections::BinaryHeap, string::String, vec::Vec};

use crate::{
    json::layouts::{Expected, Layouts},
    json::number,
    refusal::JsonProblem,
    text::scan,
};

/// The deepest nesting that is read: the object at the top is level one.
const MAXIMUM_DEPTH: usize = 128;

/// A JSON text that was read.
#[derive(Clone, Debug)]
pub(crate) struct Document<'t> {
    text: &'t str,
    /// The values in the order in which they begin, in an object each behind its name.
    // INVARIANT: never empty, and the first one is an object.
    values: Vec<Value>,
    /// What the strings say that are written with escapes, by where they begin.
    unescaped: Vec<(usize, String)>,
}

/// Where a value stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value {
    pub(crate) kind: Kind,
    /// Where it begins and ends in the text, a string within its quotation marks; of [`Kind::Whole`] the value's lower and upper
    /// 32 bits.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// The place of the first value that lies behind it and not in it.
    pub(crate) next: usize,
}

/// What a value is, by how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    /// A number from 0 that is written as a few digits, as times are.
    Whole,
    /// Any other.
    Number,
    String,
    Unescaped,
    Array,
    Object,
    /// An object in which a name stands twice.
    Ambiguous,
}

/// A value, as it is looked at.
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
    /// A name stands twice in this object; only [`Names::Marked`] lets such an object live.
    pub(crate) ambiguous: bool,
}

/// What lies between two places of a document.
#[derive(Clone, Copy, Debug)]
struct Inside<'d> {
    document: &'d Document<'d>,
    at: usize,
    end: usize,
}

/// What a name that stands twice means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// The text is refused: header, claims, a single key.
    Unique,
    /// The object is marked, the rest of the text lives on: one bad member of a key set must not take the others away.
    Marked,
}

impl<'t> Document<'t> {
    /// Reads `text` as one object.
    pub(crate) fn read(text: &'t [u8], names: Names) -> Result<Self, JsonProblem> {
        Self::read_as(text, names, &Layouts::new(), Vec::new()).map(|(document, _)| document)
    }

    /// The same, names unique, of a text that may be laid out as others were that are known; then they know this one too.
    /// `values`: where those of another text stood.
    pub(crate) fn read_like(
        text: &'t [u8],
        layouts: &mut Layouts,
        values: Vec<Value>,
    ) -> Result<Self, JsonProblem> {
        let (document, is_known) = Self::read_as(text, Names::Unique, layouts, values)?;
        if is_known {
            layouts.met_again();
        } else {
            layouts.learn(&document);
        }
        Ok(document)
    }

    /// Reads `text`, and tells whether all objects were laid out as expected.
    fn read_as(
        text: &'t [u8],
        names: Names,
        layouts: &Layouts,
        mut values: Vec<Value>,
    ) -> Result<(Self, bool), JsonProblem> {
        let text = core::str::from_utf8(text).map_err(|_| JsonProblem::NotUtf8)?;
        if text.starts_with('\u{feff}') {
            return Err(JsonProblem::ByteOrderMark);
        }
        values.clear();
        // Those of most tokens: a list that grows is moved each time.
        values.reserve(64);
        let document = Document { text, values, unescaped: Vec::new() };
        let mut reader =
            Reader { text: text.as_bytes(), at: 0, names, layouts, objects: 0, as_expected: true, document };
        reader.value(0)?;
        reader.skip_space();
        let Reader { at, document, objects, as_expected, .. } = reader;
        match document.values.first() {
            _ if at < text.len() => Err(JsonProblem::Malformed),
            Some(Value { kind: Kind::Object | Kind::Ambiguous, .. }) => {
                Ok((document, as_expected && layouts.expected_objects(objects)))
            }
            _ => Err(JsonProblem::NotObject),
        }
    }

    /// The object that the text is.
    pub(crate) fn object(&self) -> Object<'_> {
        match self.json(0) {
            Some(Json::Object(object)) => object,
            // By the invariant there is none such.
            _ => Object { inside: Inside { document: self, at: 0, end: 0 }, ambiguous: false },
        }
    }

    /// The value at a place, as it is looked at.
    pub(crate) fn json(&self, place: usize) -> Option<Json<'_>> {
        let value = self.values.get(place)?;
        let inside = || Inside { document: self, at: place + 1, end: value.next };
        Some(match value.kind {
            Kind::Null => Json::Null,
            Kind::True => Json::Bool(true),
            Kind::False => Json::Bool(false),
            Kind::Whole => Json::Number(value.to as f64 * 4_294_967_296.0 + value.from as f64),
            // INVARIANT: the reader took it for a number that a double holds.
            Kind::Number => Json::Number(number::read(self.text.get(value.from..value.to)?)?),
            Kind::String | Kind::Unescaped => Json::String(self.string(value)?),
            Kind::Array => Json::Array(Array(inside())),
            Kind::Object | Kind::Ambiguous => {
                Json::Object(Object { inside: inside(), ambiguous: value.kind == Kind::Ambiguous })
            }
        })
    }

    /// What a string says.
    #[inline(always)]
    fn string(&self, value: &Value) -> Option<&str> {
        match value.kind {
            Kind::String => self.text.get(value.from..value.to),
            Kind::Unescaped => {
                let place = self.unescaped.binary_search_by_key(&value.from, |(from, _)| *from).ok()?;
                self.unescaped.get(place).map(|(_, text)| text.as_str())
            }
            _ => None,
        }
    }

    /// What the string at a place says.
    pub(crate) fn text_at(&self, place: usize) -> Option<&str> {
        self.values.get(place).and_then(|value| self.string(value))
    }

    /// The text that was read.
    pub(crate) fn text(&self) -> &str {
        self.text
    }

    /// Where the values stood, unless they were very many, for those of another text.
    pub(crate) fn into_values(self) -> Vec<Value> {
        if self.values.capacity() > 1024 { Vec::new() } else { self.values }
    }

    /// How many values it has, names among them.
    pub(crate) fn count(&self) -> usize {
        self.values.len()
    }

    /// Where the value at a place stands.
    pub(crate) fn value(&self, place: usize) -> Option<Value> {
        self.values.get(place).copied()
    }

    /// How many objects begin between two places.
    pub(crate) fn objects_from(&self, place: usize, end: usize) -> usize {
        let values = self.values.get(place..end).unwrap_or_default();
        values.iter().filter(|value| value.kind == Kind::Object).count()
    }

    /// Of each object in the order in which they begin its names as they are written, `None` for one that is written with escapes.
    pub(crate) fn objects(&self) -> impl Iterator<Item = impl Iterator<Item = Option<&str>>> {
        let objects = self.values.iter().enumerate().filter(|(_, value)| value.kind == Kind::Object);
        objects.map(move |(place, value)| {
            let end = value.next;
            let mut at = place + 1;
            core::iter::from_fn(move || {
                let name = self.values.get(at).filter(|_| at < end)?;
                at = self.values.get(at + 1)?.next;
                Some(self.text.get(name.from..name.to).filter(|_| name.kind == Kind::String))
            })
        })
    }

    /// Whether a name stands twice among the members from that place on.
    fn repeats(&self, from: usize) -> bool {
        let names =
            || Members(Inside { document: self, at: from, end: self.values.len() }).map(|(name, _)| name);
        // A bit for the shape of each name: where it is not set, there is no such name yet. So many of them that two of twenty
        // names seldom share one.
        let (mut shapes, mut count) = ([0_u64; 8], 0);
        for name in names() {
            let shape = shape(name.as_bytes());
            let bit = 1 << (shape % 64);
            if let Some(shapes) = shapes.get_mut(shape / 64) {
                if *shapes & bit != 0 && names().take(count).any(|other| other == name) {
                    return true;
                }
                *shapes |= bit;
            }
            count += 1;
            if count == MANY {
                // A hostile object of thousands goes through a heap, so that its cost grows with its length and not with the
                // square of it: equal names leave it one behind the other.
                let mut heap: BinaryHeap<&str> = names().collect();
                let mut last = None;
                return core::iter::from_fn(|| heap.pop()).any(|name| last.replace(name) == Some(name));
            }
        }
        false
    }
}

/// A number below 512 for a name: of its length, its ends and its middle, multiplied so that each of them counts in the upper bits.
fn shape(name: &[u8]) -> usize {
    let at = |place: usize| name.get(place).copied().unwrap_or_default();
    let length = name.len();
    let [low, ..] = length.to_le_bytes();
    let parts = u32::from_le_bytes([low, at(0), at(length / 2), at(length.wrapping_sub(1))]);
    // Of 32 bits the upper nine: always an index here.
    (parts.wrapping_mul(0x9e37_79b1) >> 23) as usize
}

/// From how many members on names are compared in a heap.
const MANY: usize = 48;

impl<'d> Object<'d> {
    /// The member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<Json<'d>> {
        self.members().find(|(member, _)| *member == name).and_then(|(_, place)| self.at(place))
    }

    /// Each member's name, and its value's place.
    pub(crate) fn members(&self) -> Members<'d> {
        Members(self.inside)
    }

    /// The value at a place that [`Object::members`] told.
    pub(crate) fn at(&self, place: usize) -> Option<Json<'d>> {
        self.inside.document.json(place)
    }
}

/// The members of an object.
pub(crate) struct Members<'d>(Inside<'d>);

impl<'d> Iterator for Members<'d> {
    type Item = (&'d str, usize);

    fn next(&mut self) -> Option<Self::Item> {
        let Inside { document, at, end } = self.0;
        if at >= end {
            return None;
        }
        let name = document.values.get(at).and_then(|name| document.string(name))?;
        self.0.at = document.values.get(at + 1)?.next;
        Some((name, at + 1))
    }
}

impl<'d> Array<'d> {
    /// Its values, one after the other.
    pub(crate) fn items(self) -> impl Iterator<Item = Json<'d>> {
        let Inside { document, mut at, end } = self.0;
        core::iter::from_fn(move || {
            let value = document.values.get(at).filter(|_| at < end)?;
            let json = document.json(at);
            at = value.next;
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

/// A text, how far it was read, and what was found.
struct Reader<'t, 'l> {
    text: &'t [u8],
    at: usize,
    names: Names,
    layouts: &'l Layouts,
    /// How many objects began.
    objects: usize,
    /// All objects so far were laid out as expected.
    as_expected: bool,
    document: Document<'t>,
}

type Read<T> = Result<T, JsonProblem>;

impl<'t, 'l> Reader<'t, 'l> {
    /// The value that begins here, after any space, within `depth` levels.
    fn value(&mut self, depth: usize) -> Read<()> {
        self.skip_space();
        match self.peek().ok_or(JsonProblem::Malformed)? {
            b'"' => self.string(),
            b'{' => self.object(inside(depth)?),
            b'[' => self.array(inside(depth)?),
            b't' => self.word(b"true", Kind::True),
            b'f' => self.word(b"false", Kind::False),
            b'n' => self.word(b"null", Kind::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Read<()> {
        let mut expected = self.layouts.expected(self.objects);
        self.objects += 1;
        let place = self.begin(Kind::Object);
        self.skip_space();
        if !self.takes(b'}') {
            loop {
                self.name(&mut expected)?;
                self.value(depth)?;
                self.skip_space();
                if !self.takes(b',') {
                    break;
                }
            }
            self.expect(b'}')?;
        }
        // Names that came as expected are unique: nothing else is ever learnt.
        let came = expected.came();
        self.as_expected &= came;
        let ambiguous = !came && self.document.repeats(place + 1);
        if ambiguous && self.names == Names::Unique {
            return Err(JsonProblem::DuplicateMember);
        }
        self.end(place, if ambiguous { Kind::Ambiguous } else { Kind::Object });
        Ok(())
    }

    /// A name with its colon, at once where it is the one that is expected.
    fn name(&mut self, expected: &mut Expected<'l>) -> Read<()> {
        if let Some(length) = expected.next(self.rest()) {
            let from = self.at + 1;
            self.at += length;
            self.push(Kind::String, from, self.at - 2);
            return Ok(());
        }
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(JsonProblem::Malformed);
        }
        self.string()?;
        self.skip_space();
        self.expect(b':')
    }

    fn array(&mut self, depth: usize) -> Read<()> {
        let place = self.begin(Kind::Array);
        self.skip_space();
        if !self.takes(b']') {
            loop {
                self.value(depth)?;
                self.skip_space();
                if !self.takes(b',') {
                    break;
                }
            }
            self.expect(b']')?;
        }
        self.end(place, Kind::Array);
        Ok(())
    }

    /// An object or an array begins here; where it ends is not known yet.
    fn begin(&mut self, kind: Kind) -> usize {
        let place = self.document.values.len();
        self.document.values.push(Value { kind, from: self.at, to: self.at, next: place });
        self.at += 1;
        place
    }

    /// It ends here.
    fn end(&mut self, place: usize, kind: Kind) {
        let next = self.document.values.len();
        if let Some(value) = self.document.values.get_mut(place) {
            *value = Value { kind, to: self.at, next, ..*value };
        }
    }

    /// A value that has no others in it.
    fn push(&mut self, kind: Kind, from: usize, to: usize) {
        let next = self.document.values.len() + 1;
        self.document.values.push(Value { kind, from, to, next });
    }

    /// A string (RFC 8259 §7).
    fn string(&mut self) -> Read<()> {
        self.at += 1;
        let from = self.at;
        self.skip_plain()?;
        if self.takes(b'"') {
            self.push(Kind::String, from, self.at - 1);
            return Ok(());
        }
        let mut text = String::new();
        text.push_str(self.since(from)?);
        while !self.takes(b'"') {
            self.expect(b'\\')?;
            text.push(self.escape()?);
            let from = self.at;
            self.skip_plain()?;
            text.push_str(self.since(from)?);
        }
        self.document.unescaped.push((from, text));
        self.push(Kind::Unescaped, from, self.at - 1);
        Ok(())
    }

    /// The text from there to here.
    fn since(&self, from: usize) -> Read<&'t str> {
        self.document.text.get(from..self.at).ok_or(JsonProblem::Malformed)
    }

    /// Goes on to the next quotation mark or backslash; control characters must be escaped.
    #[inline(always)]
    fn skip_plain(&mut self) -> Read<()> {
        self.at += scan::plain_before(self.rest());
        if matches!(self.peek(), Some(b'"' | b'\\')) { Ok(()) } else { Err(JsonProblem::Malformed) }
    }

    /// What stands behind a backslash. Half a character is none.
    fn escape(&mut self) -> Read<char> {
        let letter = self.peek().ok_or(JsonProblem::Malformed)?;
        self.at += 1;
        Ok(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let second = match first {
                    0xd800..=0xdbff => {
                        if !(self.takes(b'\\') && self.takes(b'u')) {
                            return Err(JsonProblem::LoneSurrogate);
                        }
                        Some(self.unit()?)
                    }
                    _ => None,
                };
                let mut letters = char::decode_utf16(core::iter::once(first).chain(second));
                match (letters.next(), letters.next()) {
                    (Some(Ok(letter)), None) => letter,
                    _ => return Err(JsonProblem::LoneSurrogate),
                }
            }
            _ => return Err(JsonProblem::Malformed),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Read<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|letter| char::from(letter).to_digit(16));
            unit = unit << 4 | digit.ok_or(JsonProblem::Malformed)?;
            self.at += 1;
        }
        u16::try_from(unit).map_err(|_| JsonProblem::Malformed)
    }

    /// A number (RFC 8259 §6) that a double can hold: to every reader of the token it is one.
    fn number(&mut self) -> Read<()> {
        let from = self.at;
        let negative = self.takes(b'-');
        let leads_with_zero = self.peek() == Some(b'0');
        let (count, whole) = self.digits()?;
        if leads_with_zero && count > 1 {
            return Err(JsonProblem::Malformed);
        }
        let mut plain = count <= number::EXACT_DIGITS;
        if self.takes(b'.') {
            self.digits()?;
            plain = false;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
            plain = false;
        }
        if plain && !negative {
            let [low, high] = [whole & u64::from(u32::MAX), whole >> 32].map(usize::try_from);
            self.push(Kind::Whole, low.unwrap_or(0), high.unwrap_or(0));
            return Ok(());
        }
        if !plain && number::read(self.since(from)?).is_none() {
            return Err(JsonProblem::NumberRange);
        }
        self.push(Kind::Number, from, self.at);
        Ok(())
    }

    /// One digit or more: how many, and their number where it is below 2^64.
    fn digits(&mut self) -> Read<(usize, u64)> {
        let (from, mut whole) = (self.at, 0_u64);
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            whole = whole.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            self.at += 1;
        }
        if self.at > from { Ok((self.at - from, whole)) } else { Err(JsonProblem::Malformed) }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Read<()> {
        if !self.rest().starts_with(word) {
            return Err(JsonProblem::Malformed);
        }
        let from = self.at;
        self.at += word.len();
        self.push(kind, from, self.at);
        Ok(())
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Read<()> {
        if self.takes(byte) { Ok(()) } else { Err(JsonProblem::Malformed) }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn rest(&self) -> &'t [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }
}

/// The level of what lies inside.
fn inside(depth: usize) -> Read<usize> {
    if depth == MAXIMUM_DEPTH { Err(JsonProblem::TooDeep) } else { Ok(depth + 1) }
}

#[cfg(test)]
mod tests;
