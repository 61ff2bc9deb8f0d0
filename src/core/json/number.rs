//! A number's text enters, a double leaves (RFC 8259 §6); and back again, as messages show times.
//!
//! The standard library's reader and writer of doubles bring tables of 12 KB and as much code: an eighth of what is sent to a browser.
//! All that the core asks of a number is which time it is, and whether the host's reader would find a double for it.

use alloc::string::String;

use jotgate_crypto::message::digits;

/// As many digits as fit 64 bits, whichever they are; what stands behind them moves no time by a microsecond.
const DIGITS: i32 = 19;
/// Digits that fit a double without loss.
pub(crate) const EXACT_DIGITS: usize = 15;
/// The first digits of `2^1024 - 2^970`, from which on numbers are rounded to infinity, and the power of ten behind all before its
/// point.
const TOO_LARGE: (u64, i32) = (1_797_693_134_862_315_807, 309);

/// The double of a number: the nearest one of a number with no more than 15 digits and 22 decimals or zeros, and near it
/// otherwise, or zero below 10^-280. `None` where it is beyond their range, or so close to the end of it that nineteen digits can't tell. The text
/// is a number of RFC 8259 §6: who calls has read its letters.
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

/// The first digits from one that is not zero on, how many they are, and the power of ten of the last one.
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

/// A number of seconds as a message shows it: to the millisecond. What is larger than any time is shown as larger.
pub(crate) fn seconds(seconds: f64) -> String {
    let (negative, size) = (seconds < 0.0, seconds.abs());
    if size > WHOLE {
        return String::from(if negative { "<-9007199254740992" } else { ">9007199254740992" });
    }
    let whole = cut(size);
    // With a thousand in front of them, they keep their zeros.
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

/// From here on not every whole number is a double.
const WHOLE: f64 = 9_007_199_254_740_992.0;

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 2^53, and the rest is looked at"
)]
fn cut(number: f64) -> u64 {
    number as u64
}

#[expect(
    clippy::cast_precision_loss,
    reason = "nothing is lost up to 2^53, and what is lost beyond is told where it matters"
)]
fn double(whole: u64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests;
