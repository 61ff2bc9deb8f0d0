//! The arithmetic of big-endian numbers that changing a signature needs.

/// Adds modulo the width.
pub(crate) fn plus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut carry = 0_u16;
    let mut sum: Vec<u8> = digits(a, b)
        .map(|(a, b)| {
            let digit = u16::from(a) + u16::from(b) + carry;
            carry = digit >> 8;
            digit.to_le_bytes()[0]
        })
        .collect();
    sum.reverse();
    sum
}

/// Subtracts modulo the width.
pub(crate) fn minus(a: &[u8], b: &[u8]) -> Vec<u8> {
    let mut borrow = 0_i16;
    let mut difference: Vec<u8> = digits(a, b)
        .map(|(a, b)| {
            let digit = i16::from(a) - i16::from(b) - borrow;
            borrow = i16::from(digit < 0);
            digit.to_le_bytes()[0]
        })
        .collect();
    difference.reverse();
    difference
}

/// A small number of the given width.
pub(crate) fn small(width: usize, number: u8) -> Vec<u8> {
    let mut bytes = vec![0; width];
    bytes[width - 1] = number;
    bytes
}

/// Two to the power of `bit`, modulo the width.
pub(crate) fn power_of_two(width: usize, bit: usize) -> Vec<u8> {
    let mut bytes = vec![0; width];
    let bit = bit % (8 * width);
    bytes[width - 1 - bit / 8] = 1 << (bit % 8);
    bytes
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digit = |index| u8::from_str_radix(&text[index..index + 2], 16).expect("two digits");
    (0..text.len()).step_by(2).map(digit).collect()
}

/// Pairs of digits, least significant first.
fn digits(a: &[u8], b: &[u8]) -> impl Iterator<Item = (u8, u8)> {
    a.iter().copied().rev().zip(b.iter().copied().rev().chain(std::iter::repeat(0)))
}
