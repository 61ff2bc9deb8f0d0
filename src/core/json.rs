//! JSON text enters, a borrowed tree leaves, or the one reason why it could mean two things (RFC 8259, RFC 8725 §2.6).
//!
//! serde_json tokenizes; this file adds what a token asks for: an object at the top, names that are unique at every
//! level, at most 128 levels, and text that is UTF-8 from its first byte.

use alloc::{borrow::Cow, collections::BTreeSet, vec::Vec};
use core::{cell::Cell, fmt};

use serde_core::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::refusal::JsonProblem;

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
        let found = Cell::new(JsonProblem::Malformed);
        let mut reader = serde_json::Deserializer::from_str(text);
        // The bound is kept by `Reading`, whose count is ours and the same for every version of the tokenizer.
        reader.disable_recursion_limit();
        let value = Reading { depth: 0, names, found: &found }
            .deserialize(&mut reader)
            .and_then(|value| reader.end().map(|()| value))
            .map_err(|_| found.get())?;
        match value {
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

/// One value being read: how deep it lies, and where to write down why it can't be.
#[derive(Clone, Copy)]
struct Reading<'f> {
    depth: usize,
    names: Names,
    found: &'f Cell<JsonProblem>,
}

impl Reading<'_> {
    /// The reading of what lies inside.
    fn inside<E: serde_core::de::Error>(self) -> Result<Self, E> {
        if self.depth == MAXIMUM_DEPTH {
            self.found.set(JsonProblem::TooDeep);
            return Err(E::custom("too deep"));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'t> DeserializeSeed<'t> for Reading<'_> {
    type Value = Json<'t>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Json<'t>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Reading<'_> {
    type Value = Json<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json<'t>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'t>, E> {
        Ok(Json::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "a NumericDate is a double to every reader of the token")]
    fn visit_u64<E>(self, value: u64) -> Result<Json<'t>, E> {
        Ok(Json::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "a NumericDate is a double to every reader of the token")]
    fn visit_i64<E>(self, value: i64) -> Result<Json<'t>, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'t>, E> {
        Ok(Json::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'t str) -> Result<Json<'t>, E> {
        Ok(Json::String(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'t>, E> {
        Ok(Json::String(Cow::Owned(value.into())))
    }

    fn visit_seq<A: SeqAccess<'t>>(self, mut items: A) -> Result<Json<'t>, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inside)? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'t>>(self, mut entries: A) -> Result<Json<'t>, A::Error> {
        let inside = self.inside()?;
        let mut object = Object::default();
        while let Some(name) = entries.next_key_seed(Name)? {
            let value = entries.next_value_seed(inside)?;
            object.members.push((name, value));
        }
        object.ambiguous = names_repeat(&object.members);
        if object.ambiguous && self.names == Names::Unique {
            self.found.set(JsonProblem::DuplicateMember);
            return Err(A::Error::custom("a name stands twice"));
        }
        Ok(Json::Object(object))
    }
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

/// A member's name, borrowed where it holds no escape.
struct Name;

impl<'t> DeserializeSeed<'t> for Name {
    type Value = Cow<'t, str>;

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<Cow<'t, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'t> Visitor<'t> for Name {
    type Value = Cow<'t, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, value: &'t str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cow<'t, str>, E> {
        Ok(Cow::Owned(value.into()))
    }
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
}
