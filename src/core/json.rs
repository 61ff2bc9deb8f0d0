//! JSON text enters, a borrowed tree leaves, or the one reason why it could mean two things (RFC 8259, RFC 8725 §2.6).
//!
//! The reader is our own, as every token passes it: it takes half the time of a general one, and asks for what a token asks for
//! on the way: an object at the top, names that are unique at every level, at most 128 levels, and text that is UTF-8
//! from its first byte. It is held against serde_json in the tests.

use alloc::{borrow::Cow, collections::BTreeSet, string::String, vec::Vec};

use crate::{number, refusal::JsonProblem};

/// The deepest nesting that is read: the object at the top is level one.
const MAXIMUM_DEPTH: usize = 128;

/// A JSON value, its strings borrowed from the text where they hold no escape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'t> {
    Null,
    Bool(bool),
    Number(f64),
    String(Cow<'t, str>),
    Array(Vec<Json<'t>>),
    Object(Object<'t>),
}

/// A JSON object in the order of its text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Object<'t> {
    members: Vec<(Cow<'t, str>, Json<'t>)>,
    /// A name stands twice in this object; only [`Names::Marked`] lets such an object live.
    pub(crate) ambiguous: bool,
}

/// What a name that stands twice means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    /// The text is refused: header, claims, a single key.
    Unique,
    /// The object is marked, the rest of the text lives on: one bad member of a key set must not take the others away.
    Marked,
}

impl<'t> Object<'t> {
    /// Reads `text` as one object.
    pub(crate) fn read(text: &'t [u8], names: Names) -> Result<Self, JsonProblem> {
        let text = core::str::from_utf8(text).map_err(|_| JsonProblem::NotUtf8)?;
        if text.starts_with('\u{feff}') {
            return Err(JsonProblem::NotUtf8);
        }
        let mut reader = Reader { text, at: 0, names };
        let value = reader.value(0)?;
        reader.skip_space();
        match value {
            _ if reader.at < text.len() => Err(JsonProblem::Malformed),
            Json::Object(object) => Ok(object),
            _ => Err(JsonProblem::NotObject),
        }
    }

    /// The member of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Json<'t>> {
        self.members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }
}

impl Json<'_> {
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }
}

/// A text, and how far it was read.
struct Reader<'t> {
    text: &'t str,
    at: usize,
    names: Names,
}

type Read<T> = Result<T, JsonProblem>;

impl<'t> Reader<'t> {
    /// The value that begins here, after any space, within `depth` levels.
    fn value(&mut self, depth: usize) -> Read<Json<'t>> {
        self.skip_space();
        match self.peek().ok_or(JsonProblem::Malformed)? {
            b'"' => self.string().map(Json::String),
            b'{' => self.object(inside(depth)?),
            b'[' => self.array(inside(depth)?),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            _ => self.number().map(Json::Number),
        }
    }

    fn object(&mut self, depth: usize) -> Read<Json<'t>> {
        self.at += 1;
        let mut object = Object::default();
        self.skip_space();
        if self.takes(b'}') {
            return Ok(Json::Object(object));
        }
        // Claims are seldom fewer; growing by doubling from one would move them three times.
        object.members.reserve(8);
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(JsonProblem::Malformed);
            }
            let name = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            object.members.push((name, self.value(depth)?));
            self.skip_space();
            if !self.takes(b',') {
                break;
            }
        }
        self.expect(b'}')?;
        object.ambiguous = names_repeat(&object.members);
        if object.ambiguous && self.names == Names::Unique {
            return Err(JsonProblem::DuplicateMember);
        }
        Ok(Json::Object(object))
    }

    fn array(&mut self, depth: usize) -> Read<Json<'t>> {
        self.at += 1;
        let mut array = Vec::new();
        self.skip_space();
        if self.takes(b']') {
            return Ok(Json::Array(array));
        }
        loop {
            array.push(self.value(depth)?);
            self.skip_space();
            if !self.takes(b',') {
                break;
            }
        }
        self.expect(b']')?;
        Ok(Json::Array(array))
    }

    /// A string (RFC 8259 §7), borrowed up to its end where it holds no escape.
    fn string(&mut self) -> Read<Cow<'t, str>> {
        self.at += 1;
        let plain = self.plain()?;
        if self.takes(b'"') {
            return Ok(Cow::Borrowed(plain));
        }
        let mut text = String::from(plain);
        loop {
            if self.takes(b'"') {
                return Ok(Cow::Owned(text));
            }
            self.expect(b'\\')?;
            text.push(self.escape()?);
            text.push_str(self.plain()?);
        }
    }

    /// The text up to the next quotation mark or backslash; control characters must be escaped.
    fn plain(&mut self) -> Read<&'t str> {
        let rest = self.rest();
        let ends = |byte: &u8| *byte == b'"' || *byte == b'\\' || *byte < 0x20;
        let length = rest.iter().position(ends).ok_or(JsonProblem::Malformed)?;
        let plain = self.text.get(self.at..self.at + length).ok_or(JsonProblem::Malformed)?;
        self.at += length;
        Ok(plain)
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
                        self.expect(b'\\')?;
                        self.expect(b'u')?;
                        Some(self.unit()?)
                    }
                    _ => None,
                };
                let mut letters = char::decode_utf16(core::iter::once(first).chain(second));
                match (letters.next(), letters.next()) {
                    (Some(Ok(letter)), None) => letter,
                    _ => return Err(JsonProblem::Malformed),
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
    fn number(&mut self) -> Read<f64> {
        let from = self.at;
        let negative = self.takes(b'-');
        let digits = self.at;
        let mut whole = 0.0;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            whole = whole * 10.0 + f64::from(digit - b'0');
            self.at += 1;
        }
        let count = self.at - digits;
        let leads_with_zero = self.text.as_bytes().get(digits) == Some(&b'0');
        if count == 0 || (leads_with_zero && count > 1) {
            return Err(JsonProblem::Malformed);
        }
        let ends_here = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        if ends_here && count <= number::EXACT_DIGITS {
            return Ok(if negative { -whole } else { whole });
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        self.text.get(from..self.at).and_then(number::read).ok_or(JsonProblem::Malformed)
    }

    /// One digit or more.
    fn digits(&mut self) -> Read<()> {
        let from = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > from { Ok(()) } else { Err(JsonProblem::Malformed) }
    }

    fn word(&mut self, word: &str, value: Json<'t>) -> Read<Json<'t>> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(JsonProblem::Malformed);
        }
        self.at += word.len();
        Ok(value)
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
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }
}

/// The level of what lies inside.
fn inside(depth: usize) -> Read<usize> {
    if depth == MAXIMUM_DEPTH { Err(JsonProblem::TooDeep) } else { Ok(depth + 1) }
}

/// Whether a name stands twice. A few members are compared in place; a hostile object of thousands goes through a
/// tree, so that its cost grows with its length and not with the square of it.
fn names_repeat(members: &[(Cow<'_, str>, Json<'_>)]) -> bool {
    const FEW: usize = 16;
    if members.len() <= FEW {
        return members
            .iter()
            .enumerate()
            .any(|(index, (name, _))| members.iter().take(index).any(|(other, _)| other == name));
    }
    let mut seen = BTreeSet::new();
    !members.iter().all(|(name, _)| seen.insert(name.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: impl AsRef<[u8]>, problem: JsonProblem) {
        assert_eq!(Object::read(text.as_ref(), Names::Unique), Err(problem));
    }

    #[test]
    fn an_object_is_read_with_its_members_in_order() {
        let object =
            Object::read(br#" {"a":1.5,"b":["x",null,true],"c":{"\u0064":"\n"}} "#, Names::Unique).unwrap();
        assert_eq!(object.get("a"), Some(&Json::Number(1.5)));
        assert_eq!(object.get("b").unwrap().as_array().unwrap()[0].as_str(), Some("x"));
        let Some(Json::Object(inner)) = object.get("c") else { panic!("no object") };
        assert_eq!(inner.get("d").unwrap().as_str(), Some("\n"));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["[]", "\"a\"", "1", "null", "true"] {
            refused(text, JsonProblem::NotObject);
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "{",
            "{}x",
            "{'a':1}",
            "{\"a\":1,}",
            "{\"a\":01}",
            "{\"a\":NaN}",
            "{\"a\":1e400}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\t\"}",
            "{1:2}",
        ] {
            refused(text, JsonProblem::Malformed);
        }
    }

    #[test]
    fn bytes_that_are_no_utf8_and_byte_order_marks_are_refused() {
        refused(b"{\"a\":\"\xff\"}", JsonProblem::NotUtf8);
        refused(b"{\"a\":\"\xc0\x80\"}", JsonProblem::NotUtf8);
        refused("\u{feff}{}", JsonProblem::NotUtf8);
    }

    #[test]
    fn a_name_that_stands_twice_is_refused_at_every_level_and_through_escapes() {
        refused(r#"{"a":1,"a":1}"#, JsonProblem::DuplicateMember);
        refused(r#"{"a":{"b":1,"b":2}}"#, JsonProblem::DuplicateMember);
        refused(r#"{"alg":1,"al\u0067":2}"#, JsonProblem::DuplicateMember);
        let many: alloc::string::String = (0..40).map(|i| alloc::format!("\"k{i}\":0,")).collect();
        refused(alloc::format!("{{{many}\"k7\":1}}"), JsonProblem::DuplicateMember);
        assert!(Object::read(alloc::format!("{{{many}\"k\":1}}").as_bytes(), Names::Unique).is_ok());
    }

    #[test]
    fn a_marked_object_leaves_its_neighbours_alone() {
        let object = Object::read(br#"{"x":{"a":1,"a":2},"y":{"a":1}}"#, Names::Marked).unwrap();
        let ambiguous = |name| matches!(object.get(name), Some(Json::Object(inner)) if inner.ambiguous);
        assert!(ambiguous("x"));
        assert!(!ambiguous("y"));
    }

    #[test]
    fn nesting_ends_at_its_bound() {
        let nested =
            |depth: usize| alloc::format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        assert!(Object::read(nested(MAXIMUM_DEPTH).as_bytes(), Names::Unique).is_ok());
        refused(nested(MAXIMUM_DEPTH + 1), JsonProblem::TooDeep);
        refused("[".repeat(100_000), JsonProblem::TooDeep);
    }

    /// What serde_json makes of a text; it neither looks for repeated names nor counts levels as we do.
    fn other(text: &str) -> Option<serde_json::Value> {
        let value: serde_json::Value = serde_json::from_str(text).ok()?;
        value.is_object().then_some(value)
    }

    fn same(ours: &Json<'_>, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Json::Null, serde_json::Value::Null) => true,
            (Json::Bool(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
            // Without its feature for it, serde_json may be wrong in the last bit.
            (Json::Number(ours), serde_json::Value::Number(theirs)) => {
                let theirs = theirs.as_f64().unwrap();
                (ours - theirs).abs() <= theirs.abs() * f64::EPSILON
            }
            (Json::String(ours), serde_json::Value::String(theirs)) => ours == theirs,
            (Json::Array(ours), serde_json::Value::Array(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
            }
            (Json::Object(ours), serde_json::Value::Object(theirs)) => {
                ours.members.len() == theirs.len()
                    && ours.members.iter().all(|(name, value)| same(value, &theirs[name.as_ref()]))
            }
            _ => false,
        }
    }

    #[track_caller]
    fn agree(text: &str) {
        match (Object::read(text.as_bytes(), Names::Unique), other(text)) {
            (Ok(ours), Some(theirs)) => assert!(same(&Json::Object(ours), &theirs), "{text}"),
            (Err(JsonProblem::DuplicateMember), _) | (Err(_), None) => {}
            (ours, theirs) => panic!("{text}: {ours:?}, {theirs:?}"),
        }
    }

    #[test]
    fn it_reads_what_serde_json_reads_whatever_is_changed_in_a_text() {
        let texts = [
            r#"{"iss":"https://a.example","aud":["a","b"],"exp":1800000000,"nbf":1.5e3,"x":{"y":[[],{},null,true,false]},"z":-0.25}"#,
            "{\"a\":\"\\u00e9\\ud83d\\ude00\\n\\/\\\\\\\"\" , \"é\" : [ 0 , -0 , 1E+2 , 123456789012345678901 ] }",
        ];
        let letters = "{}[]\"\\,:.-+eE019atfnu \t\u{7f}é\u{1}";
        for text in texts {
            agree(text);
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
            for &place in &places {
                let (before, after) = text.split_at(place);
                agree(before);
                for letter in letters.chars() {
                    agree(&alloc::format!("{before}{letter}{after}"));
                    let mut rest = after.chars();
                    rest.next();
                    agree(&alloc::format!("{before}{letter}{}", rest.as_str()));
                    agree(&alloc::format!("{before}{}", rest.as_str()));
                }
            }
        }
    }

    #[test]
    fn numbers_are_the_nearest_doubles() {
        for text in [
            "0",
            "-0",
            "9",
            "999999999",
            "4294967295",
            "4294967296",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "0.1",
            "1e-7",
            "123456.789e3",
            "5e-324",
            "1.7976931348623157e308",
            "-1e-400",
        ] {
            let json = alloc::format!("{{\"a\":{text}}}");
            let object = Object::read(json.as_bytes(), Names::Unique).unwrap();
            assert_eq!(object.get("a"), Some(&Json::Number(text.parse().unwrap())), "{text}");
        }
        for text in [
            "00", "01", "-", "-a", "1.", ".1", "1e", "1e+", "+1", "0x1", "1e999", "-1e999", "Infinity", "1_0",
        ] {
            refused(alloc::format!("{{\"a\":{text}}}"), JsonProblem::Malformed);
        }
    }
}
