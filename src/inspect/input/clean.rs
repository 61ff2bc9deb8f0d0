//! Removes what people paste along with a token.

use crate::excerpt::Excerpt;

/// Invisible characters.
const INVISIBLE: [char; 6] = ['\u{feff}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{ad}'];
const QUOTES: [char; 9] = ['"', '\'', '`', '“', '”', '‘', '’', '«', '»'];

/// Removes what is around the text and cannot be seen.
pub(super) fn around(text: &Excerpt, cleaned: &mut Vec<&'static str>) -> Excerpt {
    let visible = text.without(|character| INVISIBLE.contains(&character));
    note(cleaned, "invisible_characters", text, &visible);
    let trimmed = visible.trim(char::is_whitespace);
    note(cleaned, "whitespace", &visible, &trimmed);
    let quoted = |text: &str| {
        let (first, last) = (text.chars().next(), text.chars().next_back());
        text.len() > 1
            && first.is_some_and(|first| QUOTES.contains(&first))
            && last.is_some_and(|last| QUOTES.contains(&last))
    };
    if !quoted(trimmed.text().trim_end_matches([',', ';'])) {
        return trimmed;
    }
    let bare = trimmed.trim(|character| {
        QUOTES.contains(&character) || character.is_whitespace() || matches!(character, ',' | ';')
    });
    note(cleaned, "quotes", &trimmed, &bare);
    let unescaped = unescaped(&bare);
    note(cleaned, "escapes", &bare, &unescaped);
    unescaped
}

/// Removes what is inside of a token and cannot be a part of it.
pub(super) fn inside(text: &Excerpt, cleaned: &mut Vec<&'static str>) -> Excerpt {
    let bare = text.trim(|character| {
        QUOTES.contains(&character) || matches!(character, ',' | ';') || character.is_whitespace()
    });
    note(cleaned, "quotes", text, &bare);
    let joined = bare.without(|character| matches!(character, '\n' | '\r'));
    note(cleaned, "line_breaks", &bare, &joined);
    let spaceless = joined.without(char::is_whitespace);
    note(cleaned, "whitespace", &joined, &spaceless);
    let decoded = spaceless.percent_decoded();
    note(cleaned, "percent_encoding", &spaceless, &decoded);
    decoded
}

/// Removes the escapes of a JSON string (RFC 8259 §7).
pub(super) fn unescaped(text: &Excerpt) -> Excerpt {
    text.map(|rest| {
        let mut characters = rest.chars();
        let first = characters.next()?;
        if first != '\\' {
            return Some((first.len_utf8(), Some(first)));
        }
        let escape = characters.next()?;
        let plain = match escape {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let code = rest.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
                return Some((6, code.and_then(char::from_u32)));
            }
            other => other,
        };
        Some((1 + escape.len_utf8(), Some(plain)))
    })
}

fn note(cleaned: &mut Vec<&'static str>, what: &'static str, before: &Excerpt, after: &Excerpt) {
    if before.text() != after.text() && !cleaned.contains(&what) {
        cleaned.push(what);
    }
}
