//! Checks new passwords.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

/// The reason why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordRefusal {
    /// It has fewer than 15 characters.
    Short,
    /// It has more than 128 characters.
    Long,
    /// It is easy to guess.
    Common,
}

/// The fewest characters (NIST SP 800-63B-4 §3.1.1.2, for a password that is the only factor).
const SHORTEST: usize = 15;
/// The most characters.
const LONGEST: usize = 128;

/// Returns the form of a password that is hashed: in NFC (RFC 8265 §4.2), so that it is the same from every keyboard.
pub(crate) fn normalize_password(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.nfc().collect())
}

/// Checks a new password of the person with that name. Returns the form that is hashed.
///
/// # Errors
/// [`PasswordRefusal`].
pub fn check_password(text: &str, name: &str) -> Result<Zeroizing<String>, PasswordRefusal> {
    let password = normalize_password(text);
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(PasswordRefusal::Short);
    }
    if length > LONGEST {
        return Err(PasswordRefusal::Long);
    }
    if zxcvbn(&password, &[name, "jotgate"]).score() < Score::Three {
        return Err(PasswordRefusal::Common);
    }
    Ok(password)
}

impl PasswordRefusal {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Short => "password_short",
            Self::Long => "password_long",
            Self::Common => "password_common",
        }
    }
}

impl fmt::Display for PasswordRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short => write!(f, "a password has at least {SHORTEST} characters"),
            Self::Long => write!(f, "a password has at most {LONGEST} characters"),
            Self::Common => f.write_str(
                "this password is easy to guess: choose several words that do not belong together",
            ),
        }
    }
}

impl std::error::Error for PasswordRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_long_and_common_passwords_are_refused() {
        for (text, refusal) in [
            ("correct horse", PasswordRefusal::Short),
            ("passwordpassword", PasswordRefusal::Common),
            ("aaaaaaaaaaaaaaaaaa", PasswordRefusal::Common),
            ("qwertyuiop123456789", PasswordRefusal::Common),
            (&"x".repeat(129), PasswordRefusal::Long),
        ] {
            assert_eq!(check_password(text, "adalovelace").unwrap_err(), refusal, "{text}");
        }
        assert_eq!(
            check_password("gru\u{308}n-Kahn quartz 7", "ada").unwrap().as_str(),
            "gr\u{fc}n-Kahn quartz 7"
        );
    }
}
