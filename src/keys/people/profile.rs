//! Checks the profile of a person.

use std::fmt;

use crate::ledger::Profile;

/// The reason why a profile is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileRefusal {
    /// The name is too long, or has control characters.
    Name,
    /// The address does not have exactly one `@`, has white space or control characters, or is too long.
    Email,
    /// `email_verified` is set without an address.
    NoEmail,
}

/// The longest name, in bytes.
const LONGEST_NAME: usize = 256;
/// The longest address, in bytes (RFC 5321 §4.5.3.1.3).
const LONGEST_EMAIL: usize = 254;

/// Checks a profile. Does not check whether the address exists.
///
/// # Errors
/// Any [`ProfileRefusal`].
pub fn check_profile(profile: &Profile) -> Result<(), ProfileRefusal> {
    let is_name = |name: &String| name.len() <= LONGEST_NAME && !name.contains(char::is_control);
    if !profile.name.as_ref().is_none_or(is_name) {
        return Err(ProfileRefusal::Name);
    }
    let Some(email) = &profile.email else {
        return if profile.email_verified { Err(ProfileRefusal::NoEmail) } else { Ok(()) };
    };
    let halves = email.split_once('@').filter(|(local, host)| !local.is_empty() && !host.is_empty());
    let plain = |char: char| !char.is_whitespace() && !char.is_control();
    match halves {
        Some((_, host))
            if !host.contains('@') && email.len() <= LONGEST_EMAIL && email.chars().all(plain) =>
        {
            Ok(())
        }
        _ => Err(ProfileRefusal::Email),
    }
}

impl ProfileRefusal {
    /// Returns the stable code, for programs to compare.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Name => "profile_name",
            Self::Email => "profile_email",
            Self::NoEmail => "profile_no_email",
        }
    }
}

impl fmt::Display for ProfileRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => write!(f, "a full name has {LONGEST_NAME} bytes at most and no control characters"),
            Self::Email => write!(
                f,
                "an email address has one @ with text on both sides, {LONGEST_EMAIL} bytes at most and no white space"
            ),
            Self::NoEmail => f.write_str("there is no email address that could be verified: add --email"),
        }
    }
}

impl std::error::Error for ProfileRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_that_no_claim_can_carry_is_refused_with_its_code() {
        let profile = |name: &str, email: &str, email_verified| Profile {
            name: Some(name.to_owned()),
            email: Some(email.to_owned()).filter(|email| !email.is_empty()),
            email_verified,
        };
        let long = "x".repeat(LONGEST_NAME + 1);
        for (name, email, verified, code) in [
            ("Ada Lovelace", "ada@example.com", true, None),
            ("Ada", "", false, None),
            ("A\nB", "", false, Some("profile_name")),
            (&long, "", false, Some("profile_name")),
            ("Ada", "", true, Some("profile_no_email")),
            ("Ada", "ada", false, Some("profile_email")),
            ("Ada", "a@b@c", false, Some("profile_email")),
            ("Ada", "@b", false, Some("profile_email")),
            ("Ada", "a@", false, Some("profile_email")),
            ("Ada", "a b@c", false, Some("profile_email")),
        ] {
            let refusal = check_profile(&profile(name, email, verified)).err();
            assert_eq!(refusal.map(ProfileRefusal::code), code, "{name} {email}");
        }
    }
}
