//! A number's text enters, the double nearest to it leaves (RFC 8259 §6); and back again, as messages show times.
//!
//! Core's own reader and writer of doubles bring tables of 12 KB and as much code: an eighth of what is sent to a browser. Those
//! here are small, and held against them in the tests. A time takes the short way, one multiplication or division at most.

use alloc::{string::String, vec::Vec};
use core::cmp::Ordering;

use jotgate_crypto::message::digits;

/// As many digits as can tell a double's neighbour from the middle between the two; what stands behind them only has to be
/// known to be there.
const DIGITS: usize = 770;
/// Digits that fit a double without loss, and the powers of ten that do.
pub(crate) const EXACT_DIGITS: usize = 15;
const EXACT_POWERS: i32 = 22;
/// Bits of a double behind the first, and what is added to its exponent.
const FRACTION: u32 = 52;
const BIAS: i32 = 1023;

/// The double nearest to a number, the even one where two are as near; `None` where it is beyond their range. The text is a
/// number of RFC 8259 §6: who calls has read its letters.
pub(crate) fn read(text: &str) -> Option<f64> {
    let (digits, power, negative) = decimal(text);
    let positive = if digits.is_empty() { 0.0 } else { nearest(&digits, power)? };
    Some(if negative { -positive } else { positive })
}

/// The digits without zeros in front, the power of ten of the last one, and whether a minus stands before them.
fn decimal(text: &str) -> (Vec<u8>, i32, bool) {
    let (mut digits, mut power, mut behind_point) = (Vec::new(), 0_i32, false);
    let mut letters = text.bytes();
    for letter in letters.by_ref() {
        match letter {
            b'0'..=b'9' => {
                let digit = letter - b'0';
                power -= i32::from(behind_point);
                if digits.len() < DIGITS {
                    if digit > 0 || !digits.is_empty() {
                        digits.push(digit);
                    }
                    continue;
                }
                power += 1;
                // The last digit stands for all behind it; a 1 in the place of zeros is as good as they are.
                if let Some(last) = digits.last_mut() {
                    *last |= u8::from(digit > 0);
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
            _ => down = letter == b'-',
        }
    }
    let exponent = if down { -exponent } else { exponent };
    (digits, power.saturating_add(exponent), text.starts_with('-'))
}

fn nearest(digits: &[u8], power: i32) -> Option<f64> {
    let count = i32::try_from(digits.len()).ok()?;
    if digits.len() <= EXACT_DIGITS && power.abs() <= EXACT_POWERS {
        let whole = digits.iter().fold(0.0, |whole, digit| whole * 10.0 + f64::from(*digit));
        let scale = (0..power.abs()).fold(1.0, |scale, _| scale * 10.0);
        return Some(if power < 0 { whole / scale } else { whole * scale });
    }
    // The number is at least a tenth of 10^above, and less than it.
    let above = power.saturating_add(count);
    if above > 309 {
        return None;
    }
    if above < -323 {
        return Some(0.0);
    }
    let mut numerator = Big(Vec::new());
    for digit in digits {
        numerator.multiply(10, u32::from(*digit));
    }
    // 10^p is 5^p · 2^p, and the power of two is only added up.
    let mut denominator = Big([1].into());
    let scaled = if power < 0 { &mut denominator } else { &mut numerator };
    scaled.multiply_by_fives(power.unsigned_abs());
    quotient(numerator, denominator, power)
}

/// `numerator / denominator · 2^power` as a double.
fn quotient(mut numerator: Big, mut denominator: Big, power: i32) -> Option<f64> {
    // The numerator gets one bit less: the quotient lies between a quarter and one.
    let up = (denominator.bits() - 1).saturating_sub(numerator.bits());
    let down = (numerator.bits() + 1).saturating_sub(denominator.bits());
    numerator.shift(up);
    denominator.shift(down);
    let quotient = (0..64).fold(0, |quotient: u64, _| {
        numerator.multiply(2, 0);
        quotient << 1 | u64::from(numerator.take_away(&denominator))
    });
    // The number is `quotient · 2^exponent`, and a bit more where something remains.
    let spare = quotient.leading_zeros();
    let quotient = quotient << spare;
    let exponent = power - 64 + signed(down) - signed(up) - signed(spare);
    let biased = exponent + 63 + BIAS;
    if biased > 2 * BIAS {
        return None;
    }
    // Below the normal doubles there are fewer bits.
    let dropped = 63 - FRACTION + u32::try_from(1 - biased).unwrap_or(0);
    let kept = quotient.checked_shr(dropped).unwrap_or(0);
    let half = 1_u64.checked_shl(dropped - 1).unwrap_or(0);
    let rest = quotient ^ kept.checked_shl(dropped).unwrap_or(0);
    let up = match rest.cmp(&half) {
        Ordering::Less => false,
        Ordering::Equal => half > 0 && (!numerator.is_zero() || kept & 1 == 1),
        Ordering::Greater => half > 0,
    };
    // Rounded up to the next power of two, the bits run over into the exponent as they should.
    let exponent = u64::try_from(biased.max(1) - 1).unwrap_or(0);
    let double = f64::from_bits((exponent << FRACTION) + kept + u64::from(up));
    Some(double).filter(|double| double.is_finite())
}

/// A few thousand bits at most.
fn signed(bits: u32) -> i32 {
    i32::try_from(bits).unwrap_or(i32::MAX)
}

/// A whole number in places of 32 bits, the lowest first and the highest not zero.
struct Big(Vec<u32>);

impl Big {
    /// The bits of a place.
    const LIMB: u32 = u32::BITS;

    /// `self · factor + more`
    fn multiply(&mut self, factor: u32, more: u32) {
        let mut carry = more;
        for place in &mut self.0 {
            (*place, carry) = place.carrying_mul(factor, carry);
        }
        if carry > 0 {
            self.0.push(carry);
        }
    }

    fn multiply_by_fives(&mut self, times: u32) {
        /// 5^13 is the highest power in 32 bits.
        const AT_ONCE: u32 = 13;
        for _ in 0..times / AT_ONCE {
            self.multiply(5_u32.pow(AT_ONCE), 0);
        }
        self.multiply(5_u32.pow(times % AT_ONCE), 0);
    }

    fn bits(&self) -> u32 {
        let places = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        places * Self::LIMB - self.0.last().map_or(0, |place| place.leading_zeros())
    }

    /// `self · 2^bits`
    fn shift(&mut self, bits: u32) {
        self.multiply(1 << (bits % Self::LIMB), 0);
        let places = (bits / Self::LIMB) as usize;
        self.0.splice(..0, core::iter::repeat_n(0, places));
    }

    fn is_zero(&self) -> bool {
        self.0.iter().all(|place| *place == 0)
    }

    /// Subtracts a number that is not larger, and tells whether it was.
    fn take_away(&mut self, other: &Self) -> bool {
        let mut borrow = false;
        let others = other.0.iter().copied().chain(core::iter::repeat(0));
        let rest = self.0.iter().zip(others).map(|(place, other)| {
            let rest;
            (rest, borrow) = place.borrowing_sub(other, borrow);
            rest
        });
        let rest: Vec<u32> = rest.collect();
        let fits = !borrow && self.0.len() >= other.0.len();
        if fits {
            self.0 = rest;
        }
        fits
    }
}

/// A number of seconds as a message shows it: with as few decimals as tell the double from its neighbours, at most nine, and no
/// more digits than a double surely holds. What is larger than any time is shown as larger.
pub(crate) fn seconds(seconds: f64) -> String {
    let (negative, size) = (seconds < 0.0, seconds.abs());
    if size > WHOLE {
        return String::from(if negative { "<-9007199254740992" } else { ">9007199254740992" });
    }
    let (mut decimals, mut scale) = (0, 1.0);
    while decimals < DECIMALS && double(rounded(size * scale)) / scale != size && size * scale * 10.0 < WHOLE
    {
        (decimals, scale) = (decimals + 1, scale * 10.0);
    }
    let (shown, mut unit) = (rounded(size * scale), 10_u64.pow(decimals));
    let mut text = String::from(if negative { "-" } else { "" });
    text.push_str(&digits(shown / unit));
    let mut rest = shown % unit;
    if rest > 0 {
        while rest % 10 == 0 {
            (rest, unit) = (rest / 10, unit / 10);
        }
        // With a one in front of them, the decimals keep their zeros.
        text.push('.');
        text.push_str(digits(unit + rest).get(1..).unwrap_or_default());
    }
    text
}

/// From here on not every whole number is a double.
const WHOLE: f64 = 9_007_199_254_740_992.0;
const DECIMALS: u32 = 9;

/// The nearest whole number to one from 0 to 2^53.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is in range, and the rest is looked at"
)]
fn rounded(number: f64) -> u64 {
    let cut = number as u64;
    cut + u64::from(number - double(cut) >= 0.5)
}

/// A whole number up to 2^53, which a double holds.
#[expect(clippy::cast_precision_loss, reason = "nothing is lost up to 2^53")]
fn double(whole: u64) -> f64 {
    whole as f64
}

#[cfg(test)]
mod tests {
    use alloc::{
        format,
        string::{String, ToString},
    };

    use super::*;

    #[track_caller]
    fn agrees(text: &str) {
        let expected: f64 = text.parse().unwrap();
        let expected = expected.is_finite().then(|| expected.to_bits());
        assert_eq!(read(text).map(f64::to_bits), expected, "{text}");
    }

    /// SplitMix64 (Steele, Lea and Flood 2014): the same numbers in every run.
    fn random(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (*seed ^ *seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    #[test]
    fn a_number_is_the_double_that_the_standard_library_reads() {
        for text in [
            "0",
            "-0",
            "0.0",
            "-0.000e999",
            "0e-999",
            "1",
            "-1",
            "10",
            "0.1",
            "1e22",
            "1e23",
            "1e-22",
            "1e-23",
            "123456789012345",
            "1234567890123456",
            "9007199254740991",
            "9007199254740993",
            "9007199254740993.0000000000000000000000001",
            "1e0000000000000000000001",
            "1E+2",
            "1e-2",
            "0.000001e6",
            "1700000000.1234567",
            "18446744073709551616",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.797693134862315807e308",
            "1.7976931348623159e308",
            "1e308",
            "9e308",
            "1e309",
            "1e99999999999",
            "1e-99999999999",
            "-1e400",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308",
            "4.9e-324",
            "5e-324",
            "2.5e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "3e-324",
            "1e-323",
            "1e-324",
            "0.000000000000000000000000000000000000000000000000000000000000000000001",
        ] {
            agrees(text);
        }
    }

    #[test]
    fn random_numbers_are_the_doubles_that_the_standard_library_reads() {
        let mut seed = 1;
        for _ in 0..20_000 {
            let bits = random(&mut seed);
            let exponent = i32::try_from(random(&mut seed) % 700).unwrap() - 350;
            agrees(&format!("{bits}e{exponent}"));
            agrees(&format!("{}.{}e{exponent}", bits >> 40, bits & 0xffff_ffff));
            let double = f64::from_bits(bits);
            if double.is_finite() {
                agrees(&format!("{double:e}"));
            }
        }
    }

    /// In the middle between two doubles the even one counts, and the smallest digit behind decides otherwise.
    #[test]
    fn the_middle_between_two_doubles_goes_to_the_even_one_however_many_digits_it_has() {
        let mut seed = 2;
        let mut exponents: Vec<u64> = (0..300).map(|_| random(&mut seed) % 2_046).collect();
        exponents.extend([0, 1, 2, 2_045]);
        for exponent in exponents {
            let fraction = random(&mut seed) >> 12;
            let (low, high) = (exponent << 52 | fraction, (exponent << 52 | fraction) + 1);
            let middle = middle(f64::from_bits(low), f64::from_bits(high));
            agrees(&middle);
            let even = if low % 2 == 0 { low } else { high };
            assert_eq!(read(&middle).map(f64::to_bits), Some(even));
            let more = if middle.contains('.') {
                format!("{middle}0000000001")
            } else {
                format!("{middle}.0000000001")
            };
            assert_eq!(
                read(&more).map(f64::to_bits),
                Some(high).filter(|bits| f64::from_bits(*bits).is_finite())
            );
            let mut less = middle.into_bytes();
            let last = less.iter().rposition(|letter| (b'1'..=b'9').contains(letter)).unwrap();
            less[last] -= 1;
            assert_eq!(read(core::str::from_utf8(&less).unwrap()).map(f64::to_bits), Some(low));
        }
    }

    /// Exactly, as the standard library writes any double: half of each is a double where they are not the smallest.
    fn middle(low: f64, high: f64) -> String {
        let exact = |double: f64| format!("{double:.1080}");
        let (low, high) = (exact(low), exact(high));
        let low = format!("{low:0>width$}", width = high.len());
        let (mut sum, mut carry) = (Vec::new(), 0);
        for (one, other) in low.bytes().rev().zip(high.bytes().rev()) {
            if one == b'.' {
                sum.push(one);
                continue;
            }
            let digit = one - b'0' + other - b'0' + carry;
            sum.push(b'0' + digit % 10);
            carry = digit / 10;
        }
        sum.push(b'0' + carry);
        let mut half = 0;
        let digits = sum.iter().rev().map(|letter| {
            if *letter == b'.' {
                return '.';
            }
            let ten = half * 10 + (letter - b'0');
            half = ten % 2;
            char::from(b'0' + ten / 2)
        });
        let digits: String = digits.collect();
        let digits = digits.trim_start_matches('0').trim_end_matches('0').trim_end_matches('.');
        if digits.starts_with('.') { format!("0{digits}") } else { digits.to_string() }
    }

    #[test]
    fn thousands_of_digits_are_read_to_the_last() {
        let nines = "9".repeat(3_000);
        agrees(&format!("0.{nines}"));
        agrees(&format!("{nines}e-3000"));
        agrees(&format!("1{}", "0".repeat(308)));
        agrees(&format!("1{}", "0".repeat(309)));
        agrees(&format!("1{}e-2999", "0".repeat(3_000)));
        agrees(&format!("0.{}1", "0".repeat(322)));
        agrees(&format!("0.{}1e3000", "0".repeat(3_000)));
        let middle = "9007199254740993";
        agrees(&format!("{middle}.{}", "0".repeat(2_000)));
        agrees(&format!("{middle}.{}1", "0".repeat(2_000)));
        agrees(&format!("9007199254740992.{nines}"));
    }

    #[test]
    fn times_are_shown_as_the_standard_library_shows_doubles() {
        let mut seed = 3;
        let mut times = alloc::vec![
            0.0,
            1.0,
            0.5,
            60.0,
            0.1,
            0.001,
            1_700_000_000.0,
            1_700_000_000.123,
            1_700_000_000.123_456
        ];
        times.extend([
            9_007_199_254_740_991.0,
            9_007_199_254_740_992.0,
            4_503_599_627_370_497.0,
            0.000_000_001,
        ]);
        for _ in 0..20_000 {
            let whole = double(random(&mut seed) >> 14);
            times.extend([
                whole,
                whole / 10.0,
                whole / 1e3,
                whole / 1e6,
                double(random(&mut seed) >> 44) / 1e9,
            ]);
        }
        for time in times {
            assert_eq!(seconds(time), time.to_string());
            if time > 0.0 {
                assert_eq!(seconds(-time), (-time).to_string());
            }
        }
    }

    #[test]
    fn what_is_no_time_is_shown_shortened() {
        for (number, text) in [
            (1e300, ">9007199254740992"),
            (-9_007_199_254_740_994.0, "<-9007199254740992"),
            (-0.0, "0"),
            (5e-324, "0"),
            (1.0 / 3.0, "0.333333333"),
            (1_700_000_000.123_456_7, "1700000000.123457"),
        ] {
            assert_eq!(seconds(number), text);
        }
    }
}
