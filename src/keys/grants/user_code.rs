//! Makes and reads the codes that a device shows and people enter (RFC 8628 §6.1).

/// Letters without vowels, so that no code is a word, and without letters that look alike.
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";
/// 20⁸ codes: within 10 minutes, a guess is right with a chance of 1 in 25 thousand million for each device that waits.
const LENGTH: usize = 8;

/// Makes a new code.
///
/// # Errors
/// If the system has no randomness.
pub(crate) fn new_user_code() -> Result<String, getrandom::Error> {
    let mut code = String::with_capacity(LENGTH);
    while code.len() < LENGTH {
        let mut random = [0; 16];
        getrandom::fill(&mut random)?;
        // 240 is a multiple of 20: each letter is equally likely.
        let letters = random.iter().filter(|byte| **byte < 240);
        let letters = letters.filter_map(|byte| LETTERS.get(usize::from(byte % 20)));
        code.extend(letters.map(|letter| char::from(*letter)).take(LENGTH - code.len()));
    }
    Ok(code)
}

/// Formats a code for people: two groups of four letters.
pub(crate) fn shown_user_code(code: &str) -> String {
    code.split_at_checked(LENGTH / 2).map_or_else(|| code.to_owned(), |(one, two)| format!("{one}-{two}"))
}

/// Reads a code that a person typed. Returns its stored form, or `None` if it cannot be a code.
pub(crate) fn read_user_code(text: &str) -> Option<String> {
    let letters =
        text.chars().filter(|char| !matches!(char, ' ' | '-' | '\u{2010}'..='\u{2014}' | '.' | '_'));
    let code: String = letters.take(LENGTH + 1).map(|char| char.to_ascii_uppercase()).collect();
    (code.len() == LENGTH && code.bytes().all(|byte| LETTERS.contains(&byte))).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed_and_other_text_is_none() {
        let code = new_user_code().unwrap();
        assert_ne!(code, new_user_code().unwrap());
        let shown = shown_user_code(&code);
        assert_eq!((shown.len(), &shown[4..5]), (9, "-"));
        for text in [&code, &shown, &shown.to_lowercase(), &format!(" {} ", shown.replace('-', " \u{2013} "))]
        {
            assert_eq!(read_user_code(text).as_ref(), Some(&code), "{text}");
        }
        for text in ["", "BCDF", "BCDF-GHJA", "BCDF-GHJK-L", "BCDFGHJ\u{212a}", &"B".repeat(9999)] {
            assert_eq!(read_user_code(text), None, "{text}");
        }
    }
}
