//! Reads JSON and keeps its exact text: the order of members, duplicate names and numbers of any length.
//!
//! It shows text to people and decides nothing. The core's own reader decides what is valid.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The members of an object in their order, with the text of each value.
#[derive(Default)]
pub(crate) struct Members<'t>(pub(crate) Vec<(String, &'t str)>);

impl<'t> Members<'t> {
    /// Reads an object. Returns `None` for any other text.
    pub(crate) fn read(text: &'t str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The text of the first member with this name.
    pub(crate) fn raw(&self, name: &str) -> Option<&'t str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, raw)| *raw)
    }

    /// The string of the first member with this name.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        string(self.raw(name)?)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry::<Name<'de>, &RawValue>()? {
                    members.push((name.into_owned(), value.get()));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[derive(Deserialize)]
struct Name<'n>(#[serde(borrow)] Cow<'n, str>);

/// The string that a JSON text is. Returns `None` for any other value.
pub(crate) fn string(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// The items of an array, each with its text. Returns `None` for any other value.
pub(crate) fn items(raw: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}

/// The strings of an array of strings. Returns `None` for any other value.
pub(crate) fn strings(raw: &str) -> Option<Vec<String>> {
    serde_json::from_str(raw).ok()
}

/// The number that a JSON text is. Returns `None` for any other value.
pub(crate) fn number(raw: &str) -> Option<f64> {
    raw.starts_with(|first: char| first == '-' || first.is_ascii_digit()).then(|| raw.parse().ok())?
}

/// The offset in bytes of the first byte that cannot be JSON, and what is wrong there. Returns `None` for valid JSON.
pub(crate) fn first_error(text: &str) -> Option<(usize, &'static str)> {
    use serde_json::error::Category;
    let Err(error) = serde_json::from_str::<&RawValue>(text) else { return first_without_value(text) };
    let line_start =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    if error.classify() == Category::Eof {
        return Some((text.len(), "The JSON ends here, before it is complete."));
    }
    let at = line_start + error.column().saturating_sub(1);
    Some((at.min(text.len()), "The JSON cannot be read from here on."))
}

/// The first number or string of valid JSON that has no value: a number beyond a double, or half of a surrogate pair
/// (RFC 8259 §6, §8.2). The core rejects both.
fn first_without_value(text: &str) -> Option<(usize, &'static str)> {
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let index = text.len() - rest.len();
        let length = if first == '"' {
            let (length, lone) = string_at(rest.as_bytes());
            if let Some(lone) = lone {
                return Some((index + lone, "This is half of a surrogate pair, which is no character."));
            }
            length
        } else if first == '-' || first.is_ascii_digit() {
            let is_part = |character: char| matches!(character, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
            let number = rest.find(|character| !is_part(character)).map_or(rest, |end| rest.split_at(end).0);
            if number.parse().is_ok_and(f64::is_infinite) {
                return Some((index, "This number is too large: programs would read it as infinity."));
            }
            number.len()
        } else {
            first.len_utf8()
        };
        rest = rest.get(length..)?;
    }
    None
}

/// The length of the string at the start of `text` with its quotation marks, and the offset of its first lone surrogate.
fn string_at(text: &[u8]) -> (usize, Option<usize>) {
    let mut index = 1;
    let (mut high, mut lone) = (None, None);
    loop {
        let rest = text.get(index..).unwrap_or_default();
        let unit = rest.strip_prefix(b"\\u").and_then(|digits| digits.get(..4));
        let unit = unit.and_then(|digits| std::str::from_utf8(digits).ok());
        let unit = unit.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let is_low = unit.is_some_and(|unit| (0xDC00..0xE000).contains(&unit));
        lone = lone.or(match high.take() {
            Some(start) if !is_low => Some(start),
            None if is_low => Some(index),
            _ => None,
        });
        if unit.is_some_and(|unit| (0xD800..0xDC00).contains(&unit)) {
            high = Some(index);
        }
        index += match rest {
            [] => return (index, lone),
            [b'"', ..] => return (index + 1, lone),
            [b'\\', b'u', ..] => 6,
            [b'\\', ..] => 2,
            _ => 1,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fault_is_found_where_it_is() {
        let at = |text: &str| first_error(text).map(|(at, _)| at);
        assert_eq!(at(r#"{"a":1e400}"#), Some(5));
        assert_eq!(at(r#"{"a":[-1e400]}"#), Some(6));
        assert_eq!(at(r#"{"1e400":"-1e400","b":1e308}"#), None);
        assert_eq!(at(r#"{"a":"\ud800"}"#), Some(6));
        assert_eq!(at(r#"{"a":"ö\udc00"}"#), Some(8));
        assert_eq!(at(r#"{"a":"\ud83d\ude00","b":"\\ud800"}"#), None);
        assert_eq!(at(r#"{"a":"\ud83d\ud83d\ude00"}"#), Some(6));
        assert_eq!(at(r#"{"a":1,}"#), Some(7));
        assert_eq!(at(r#"{"a":1"#), Some(6));
    }
}
