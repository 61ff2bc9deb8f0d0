//! Reads numbers of JSON as doubles (RFC 8259 §6), and writes times for messages.
//!
//! The standard library's functions contain large tables. The core only needs times, and to know whether a number is in the range of a
//! double.

use alloc::string::String;

use jotgate_crypto::message::digits;

/// The most digits that always fit in a u64. Later digits change a timestamp by less than a microsecond.
const DIGITS: i32 = 19;
/// The most digits that always fit in a double without loss.
pub(crate) const EXACT_DIGITS: usize = 15;
/// The first digits of `2^1024 - 2^970`, and its number of digits. Numbers from this one on are rounded to infinity.
const TOO_LARGE: (u64, i32) = (1_797_693_134_862_315_807, 309);

/// Reads a number, whose syntax the caller has checked (RFC 8259 §6). The result is exact for at most 15 digits and 22 decimals or
/// zeros. Otherwise it is approximate, and zero below 10^-280. Returns `None` if the number is beyond the range of a double, or too
/// close to its end.
pub(crate) fn read(text: &str) -> Option<f64> {
    let (significand, count, power) = decimal(text.as_bytes());
    let (first, end) = TOO_LARGE;
    // The number is less than 10^above, and, unless it is zero, at least a tenth of that.
    let above = power.saturating_add(count);
    let too_large =
        above > end || above == end && (count..DIGITS).fold(significand, |digits, _| digits * 10) >= first;
    if too_large && significand > 0 {
        return None;
    }
    let scale = (0..power.unsigned_abs().min(400)).fold(1.0, |scale, _| scale * 10.0);
    let size = match double(significand) {
        zero if significand == 0 => zero,
        size if power < 0 => size / scale,
        size => (size * scale).min(f64::MAX),
    };
    Some(if text.starts_with('-') { -size } else { size })
}

/// Returns the digits from the first non-zero one on as a number, their count, and the power of ten of the last one.
fn decimal(text: &[u8]) -> (u64, i32, i32) {
    let (mut significand, mut count, mut power, mut behind_point) = (0, 0, 0_i32, false);
    let mut letters = text.iter();
    for letter in letters.by_ref() {
        match letter {
            b'0'..=b'9' => {
                power -= i32::from(behind_point);
                if count < DIGITS {
                    significand = significand * 10 + u64::from(letter - b'0');
                    count += i32::from(significand > 0);
                } else {
                    power += 1;
                }
            }
            b'.' => behind_point = true,
            b'e' | b'E' => break,
            _ => {}
        }
    }
    let (mut exponent, mut down) = (0_i32, false);
    for letter in letters {
        match letter {
            b'0'..=b'9' => exponent = exponent.saturating_mul(10).saturating_add(i32::from(letter - b'0')),
            _ => down = *letter == b'-',
        }
    }
    let exponent = if down { -exponent } else { exponent };
    (significand, count, power.saturating_add(exponent))
}

/// Writes a number of seconds to the millisecond. A number beyond 2^53 is written as larger than that.
pub(crate) fn seconds(seconds: f64) -> String {
    let (negative, size) = (seconds < 0.0, seconds.abs());
    if size > MAX_EXACT {
        return String::from(if negative { "<-9007199254740992" } else { ">9007199254740992" });
    }
    let whole = cut(size);
    // Adding a thousand keeps leading zeros.
    let thousandths = 1_000 + cut((size - double(whole)) * 1_000.0 + 0.5);
    let (whole, thousandths) = if thousandths < 2_000 { (whole, thousandths) } else { (whole + 1, 1_000) };
    let mut text = String::from(if negative { "-" } else { "" });
    text.push_str(&digits(whole));
    text.push('.');
    text.push_str(digits(thousandths).get(1..).unwrap_or_default());
    let shown = text.trim_end_matches('0').trim_end_matches('.').len();
    text.truncate(shown);
    text
}

/// From this number on, not every whole number is a double.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 2^53; the caller uses the rest"
)]
fn cut(number: f64) -> u64 {
    number as u64
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53; `read` documents the rest")]
fn double(whole: u64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests;
