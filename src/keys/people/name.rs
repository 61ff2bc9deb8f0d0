//! The names with which people log in, and the identifiers that their tokens carry.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use unicode_normalization::UnicodeNormalization;

use crate::token::SUBJECT_PREFIX;

/// The reason why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameRefusal;

/// The longest name, in characters.
const LONGEST: usize = 128;

/// Checks the name of a new person: 1 to 128 characters in NFC, none of them a control character or white space at an end.
///
/// # Errors
/// [`NameRefusal`].
pub fn check_name(name: &str) -> Result<String, NameRefusal> {
    let name = normalize_name(name);
    let length = name.chars().count();
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if length == 0 || length > LONGEST || name.contains(hidden) { Err(NameRefusal) } else { Ok(name) }
}

/// Returns the stored form of a name: in NFC (UAX #15), without white space at its ends.
pub(crate) fn normalize_name(name: &str) -> String {
    name.trim().nfc().collect()
}

/// Makes a new `sub`: `u_` and 128 random bits in base64url. No client identifier begins with `u_`.
///
/// # Errors
/// If the system has no randomness.
pub fn new_subject() -> Result<String, getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(format!("{SUBJECT_PREFIX}{}", Base64UrlUnpadded::encode_string(&random)))
}

impl fmt::Display for NameRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a name has 1 to {LONGEST} characters, none of them a control character")
    }
}

impl std::error::Error for NameRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_normalised_and_one_that_hides_something_is_refused() {
        assert_eq!(check_name(" Zoe\u{308} "), Ok("Zo\u{eb}".to_owned()));
        for name in ["", "  ", "a\nb", "a\u{202e}b", &"x".repeat(LONGEST + 1)] {
            assert_eq!(check_name(name), Err(NameRefusal), "{name:?}");
        }
    }

    #[test]
    fn each_subject_is_new_and_looks_like_no_client() {
        let [one, other] = [(); 2].map(|()| new_subject().unwrap());
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[..2]), (24, "u_"));
        assert!(crate::check_client_id(&one).is_err());
    }
}
