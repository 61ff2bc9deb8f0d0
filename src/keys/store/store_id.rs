//! The identifier of a store: a random number that all copies of a store share and no other store has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::StoreError;

/// The identifier of a store, which is made once. Two running copies of one store have the same.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct StoreId([u8; StoreId::BYTES]);

impl StoreId {
    const BYTES: usize = 16;

    /// Makes a new identifier.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the system has no randomness.
    pub fn generate() -> Result<Self, StoreError> {
        let mut bytes = [0; Self::BYTES];
        let failed = |error: getrandom::Error| StoreError::Unavailable { detail: error.to_string() };
        getrandom::fill(&mut bytes).map_err(failed)?;
        Ok(Self(bytes))
    }
}

impl FromStr for StoreId {
    type Err = ();

    /// Reads 32 hexadecimal digits in lower case.
    fn from_str(text: &str) -> Result<Self, ()> {
        let number = u128::from_str_radix(text, 16).map_err(|_| ())?;
        let id = Self(number.to_be_bytes());
        // Each identifier has exactly one text: no sign, no upper case, no missing zeros.
        if id.to_string() == text { Ok(id) } else { Err(()) }
    }
}

impl From<StoreId> for String {
    fn from(id: StoreId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for StoreId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map_err(|()| "a store identifier has 32 hexadecimal digits")
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_comes_back_from_its_text_and_no_other_text_is_one() {
        let id = StoreId::generate().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(StoreId::generate().unwrap(), id);
        for text in
            ["", "1", &"0".repeat(31), &"0".repeat(33), &"A".repeat(32), &format!("+{}", "1".repeat(31))]
        {
            assert_eq!(text.parse::<StoreId>(), Err(()), "`{text}`");
        }
    }
}
