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
    let error = serde_json::from_str::<&RawValue>(text).err()?;
    let line_start =
        text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    if error.classify() == Category::Eof {
        return Some((text.len(), "The JSON ends here, before it is complete."));
    }
    let at = line_start + error.column().saturating_sub(1);
    Some((at.min(text.len()), "The JSON cannot be read from here on."))
}
