//! Reads JSON text strictly (RFC 8259, RFC 8725 §2.6): an object in UTF-8 with unique names at every level, at most 128 levels deep.
//! docs/decisions/0010 says why the core has its own reader. The tests compare it with serde_json.

use alloc::{string::String, vec::Vec};

use crate::{
    json::document::{Document, Kind, Names, Value},
    json::layouts::{Expected, Layouts},
    json::number,
    refusal::JsonProblem,
    text::scan,
};

/// The deepest nesting that is read. The outermost object is level one.
const MAXIMUM_DEPTH: usize = 128;

impl<'t> Document<'t> {
    /// Reads `text` as one object.
    pub(crate) fn read(text: &'t [u8], names: Names) -> Result<Self, JsonProblem> {
        Self::read_as(text, names, &Layouts::new(), Vec::new()).map(|(document, _)| document)
    }

    /// Reads `text` with unique names. Compares its objects with the layouts of the last text, and learns new layouts. `values` is a
    /// list whose memory is reused.
    pub(crate) fn read_like(
        text: &'t [u8],
        layouts: &mut Layouts,
        values: Vec<Value>,
    ) -> Result<Self, JsonProblem> {
        let (document, is_known) = Self::read_as(text, Names::Unique, layouts, values)?;
        if is_known {
            layouts.matched_last();
        } else {
            layouts.learn(document.objects());
        }
        Ok(document)
    }

    /// Reads `text`. Returns whether all objects had the expected layout.
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
        // Enough for most tokens. A list is copied each time it grows.
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
}

/// Reads one text. It has the offset that was reached, and the values that were found.
struct Reader<'t, 'l> {
    text: &'t [u8],
    at: usize,
    names: Names,
    layouts: &'l Layouts,
    /// The number of objects that have begun.
    objects: usize,
    /// Whether all objects so far had the expected layout.
    as_expected: bool,
    document: Document<'t>,
}

type Read<T> = Result<T, JsonProblem>;

impl<'t, 'l> Reader<'t, 'l> {
    /// Reads the value at the current offset, after any white space. `depth` is its level.
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
        let index = self.begin(Kind::Object);
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
        // Expected names are unique, because only such layouts are learned.
        let matched = expected.all_matched();
        self.as_expected &= matched;
        let ambiguous = !matched && self.document.has_duplicates(index + 1);
        if ambiguous && self.names == Names::Unique {
            return Err(JsonProblem::DuplicateMember);
        }
        self.end(index, if ambiguous { Kind::Ambiguous } else { Kind::Object });
        Ok(())
    }

    /// Reads a name with its colon. Compares it with the expected name first.
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
        let index = self.begin(Kind::Array);
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
        self.end(index, Kind::Array);
        Ok(())
    }

    /// Begins an object or an array. Returns its index.
    fn begin(&mut self, kind: Kind) -> usize {
        let index = self.document.values.len();
        self.document.values.push(Value { kind, from: self.at, to: self.at, next: index });
        self.at += 1;
        index
    }

    /// Ends the object or array at an index.
    fn end(&mut self, index: usize, kind: Kind) {
        let next = self.document.values.len();
        if let Some(value) = self.document.values.get_mut(index) {
            *value = Value { kind, to: self.at, next, ..*value };
        }
    }

    /// Adds a value that contains no other values.
    fn push(&mut self, kind: Kind, from: usize, to: usize) {
        let next = self.document.values.len() + 1;
        self.document.values.push(Value { kind, from, to, next });
    }

    /// Reads a string (RFC 8259 §7).
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

    /// Returns the text from an offset to the current one.
    fn since(&self, from: usize) -> Read<&'t str> {
        self.document.text.get(from..self.at).ok_or(JsonProblem::Malformed)
    }

    /// Skips to the next quotation mark or backslash. Control characters must be escaped.
    #[inline(always)]
    fn skip_plain(&mut self) -> Read<()> {
        self.at += scan::plain_before(self.rest());
        if matches!(self.peek(), Some(b'"' | b'\\')) { Ok(()) } else { Err(JsonProblem::Malformed) }
    }

    /// Reads the escape after a backslash. Refuses a lone surrogate.
    fn escape(&mut self) -> Read<char> {
        let byte = self.peek().ok_or(JsonProblem::Malformed)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
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
                let mut characters = char::decode_utf16(core::iter::once(first).chain(second));
                match (characters.next(), characters.next()) {
                    (Some(Ok(character)), None) => character,
                    _ => return Err(JsonProblem::LoneSurrogate),
                }
            }
            _ => return Err(JsonProblem::Malformed),
        })
    }

    /// Reads four hexadecimal digits.
    fn unit(&mut self) -> Read<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            unit = unit << 4 | digit.ok_or(JsonProblem::Malformed)?;
            self.at += 1;
        }
        u16::try_from(unit).map_err(|_| JsonProblem::Malformed)
    }

    /// Reads a number (RFC 8259 §6). Refuses one beyond the range of a double, which other readers would turn into infinity or null.
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

    /// Reads at least one digit. Returns the count of digits, and their value modulo 2^64.
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

/// Returns the next deeper level, or an error if it is too deep.
fn inside(depth: usize) -> Read<usize> {
    if depth == MAXIMUM_DEPTH { Err(JsonProblem::TooDeep) } else { Ok(depth + 1) }
}

#[cfg(test)]
mod tests;
