//! A reader for the subset of DER (X.690 §10) that keys use: six tags and one form of length.
//!
//! It is much smaller than a complete reader (docs/decisions/0011). The tests compare it with one.

/// The tags of X.690 §8 that occur in keys.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
/// The first context-specific tag, explicit: it contains a value with its own tag.
pub(crate) const EXPLICIT_0: u8 = 0xa0;

/// The unread rest of a sequence of values.
#[derive(Clone, Copy)]
pub(crate) struct Der<'a>(&'a [u8]);

/// One value.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
}

impl<'a> Der<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the content of the only value, which must have this tag.
    pub(crate) fn only(mut self, tag: u8) -> Option<&'a [u8]> {
        let content = self.take(tag)?;
        self.end()?;
        Some(content)
    }

    /// Returns the fields of the only value, which must be a sequence.
    pub(crate) fn only_fields(self) -> Option<Self> {
        self.only(SEQUENCE).map(Self)
    }

    /// Reads the fields of the next value, which must be a sequence.
    pub(crate) fn fields(&mut self) -> Option<Self> {
        self.take(SEQUENCE).map(Self)
    }

    /// Reads the next value, with any tag.
    // Not inlined, for size: keys are only read when a verifier is made.
    #[inline(never)]
    pub(crate) fn next(&mut self) -> Option<Value<'a>> {
        let (&tag, rest) = self.0.split_first()?;
        // Keys contain no tags of several bytes (X.690 §8.1.2.4).
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, mut rest) = rest.split_first()?;
        let mut length = usize::from(first);
        if first >= 0x80 {
            // The length of the length. No key is as long as 16 MiB, and the indefinite length (80) is not DER.
            let bytes;
            (bytes, rest) =
                rest.split_at_checked(usize::from(first & 0x7f)).filter(|(bytes, _)| bytes.len() <= 3)?;
            length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
            // X.690 §10.1: lengths must be as short as possible.
            if length < 0x80 || bytes.first() == Some(&0) {
                return None;
            }
        }
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Value { tag, content })
    }

    /// Reads the content of the next value, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|value| value.tag == tag).map(|value| value.content)
    }

    /// Reads the content of the next value if it has this tag.
    pub(crate) fn take_if(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let content = ahead.take(tag)?;
        *self = ahead;
        Some(content)
    }

    /// Reads the bytes of a non-negative number, without the leading zero that only marks its sign (X.690 §8.3).
    pub(crate) fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.take(INTEGER)? {
            [0, number @ ..] if number.first().is_some_and(|highest| *highest >= 0x80) => Some(number),
            number @ ([0] | [1..0x80, ..]) => Some(number),
            _ => None,
        }
    }

    /// Reads a bit string of whole bytes (X.690 §8.6).
    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        self.take(BIT_STRING)?.strip_prefix(&[0])
    }

    /// Whether everything has been read.
    pub(crate) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Returns `None` if there is more to read.
    pub(crate) fn end(self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use spki::der::asn1::{AnyRef, BitStringRef, UintRef};
    use spki::der::{Decode, Encode, Reader, SliceReader, Tagged};

    /// Returns the first value as the second implementation reads it, and how many bytes remain.
    fn theirs(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
        let mut reader = SliceReader::new(bytes).ok()?;
        let value = AnyRef::decode(&mut reader).ok()?;
        let mut tag = [0; 1];
        value.tag().encode(&mut spki::der::SliceWriter::new(&mut tag)).ok()?;
        Some((tag[0], value.value(), usize::try_from(reader.remaining_len()).ok()?))
    }

    #[test]
    fn every_beginning_of_a_value_is_read_as_by_the_library() {
        let body = [0x55; 0x10100];
        let lengths = (0..=0xff_u8).flat_map(|first| [0, 1, 0x7f, 0x80, 0xff].map(|second| [first, second]));
        for [first, second] in lengths {
            for third in [0, 1, 0xff] {
                for room in [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, body.len()] {
                    let bytes = [&[SEQUENCE, first, second, third], &body[..room]].concat();
                    let mut ours = Der(&bytes);
                    let value = ours.next().map(|value| (value.tag, value.content, ours.0.len()));
                    assert_eq!(value, theirs(&bytes), "{first:x} {second:x} {third:x}, {room}");
                }
            }
        }
    }

    #[test]
    fn every_tag_of_one_byte_is_read_as_by_the_library() {
        for tag in 0..=0xff {
            let bytes = [tag, 1, 0, 9];
            let ours = Der(&bytes).next().map(|value| value.tag);
            let theirs = theirs(&bytes).map(|(tag, ..)| tag);
            // The library may refuse what no key contains. Its tag must be read correctly all the same.
            assert!(theirs.is_none() || ours == theirs, "{tag:x}: {theirs:?}");
            assert_eq!(ours.is_some(), tag & 0x1f != 0x1f, "{tag:x}");
        }
    }

    #[test]
    fn a_length_takes_three_bytes_at_most_and_as_few_as_can_be() {
        let body = vec![7; 0x1_0000];
        let read = |head: &[u8]| Der(&[head, &body[..]].concat()).next().map(|value| value.content.len());
        assert_eq!(read(&[4, 0x83, 1, 0, 0]), Some(0x1_0000));
        assert_eq!(read(&[4, 0x82, 0xff, 0xff]), Some(0xffff));
        for head in [&[4, 0x83, 0, 0xff, 0xff][..], &[4, 0x84, 0, 1, 0, 0], &[4, 0x80], &[4, 0xff]] {
            assert_eq!(read(head), None, "{head:x?}");
        }
    }

    #[test]
    fn numbers_and_bits_are_read_as_by_the_library() {
        for first in 0..=0xff {
            for content in [&[first][..], &[first, 0], &[first, 0x7f], &[first, 0x80], &[first, 0xff, 1], &[]]
            {
                let length = u8::try_from(content.len()).unwrap();
                let number = [&[INTEGER, length], content].concat();
                let theirs = UintRef::from_der(&number).ok().map(|number| number.as_bytes().to_vec());
                assert_eq!(Der(&number).unsigned().map(<[u8]>::to_vec), theirs, "{number:x?}");
                let bits = [&[BIT_STRING, length], content].concat();
                let theirs = BitStringRef::from_der(&bits).ok();
                let theirs = theirs.and_then(|bits| bits.as_bytes().map(<[u8]>::to_vec));
                assert_eq!(Der(&bits).bytes().map(<[u8]>::to_vec), theirs, "{bits:x?}");
            }
        }
    }

    #[test]
    fn nothing_is_taken_if_it_is_of_another_kind() {
        let mut fields = Der(&[INTEGER, 1, 5, NULL, 0]);
        assert_eq!(fields.take_if(NULL), None);
        assert_eq!(fields.take_if(INTEGER), Some(&[5][..]));
        assert_eq!(fields.end(), None);
        assert_eq!(fields.take(NULL), Some(&[][..]));
        assert_eq!(fields.end(), Some(()));
        assert_eq!(fields.take_if(NULL), None);
    }
}
