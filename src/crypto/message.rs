//! Writes messages without the standard library's formatting, which would make the WebAssembly module larger.

use alloc::string::String;
use core::fmt;

/// Writes the words one after another.
///
/// # Errors
/// The writer's error.
pub fn write_words(to: &mut dyn fmt::Write, words: &[&str]) -> fmt::Result {
    words.iter().try_for_each(|word| to.write_str(word))
}

/// Formats a whole number in decimal digits.
#[must_use]
pub fn digits(number: u64) -> String {
    let mut text = if number < 10 { String::new() } else { digits(number / 10) };
    text.extend(u32::try_from(number % 10).ok().and_then(|digit| char::from_digit(digit, 10)));
    text
}

/// Formats a length or count in decimal digits.
#[must_use]
pub fn count(number: usize) -> String {
    digits(u64::try_from(number).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn numbers_are_written_as_by_the_standard_library() {
        let powers = (0..20).map(|power| 10_u64.pow(power));
        for number in powers.flat_map(|power| [power - 1, power, power + 1]).chain([u64::MAX]) {
            assert_eq!(digits(number), number.to_string());
        }
        assert_eq!(count(4096), "4096");
    }

    #[test]
    fn words_follow_each_other_as_they_are() {
        let mut message = String::new();
        write_words(&mut message, &["a", "", " b"]).unwrap();
        assert_eq!(message, "a b");
    }
}
