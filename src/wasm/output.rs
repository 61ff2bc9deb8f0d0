//! The two buffers of an instance: where a token is written by the host, and where the host reads the answer.

use core::{cell::Cell, mem};

use std::thread::LocalKey;

use jotgate_core::{Memory, Refusal, Refused, SignedPayload, Verdict, text::output_encoding::Letters};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::describe;

/// How much of a buffer is kept between calls: what a token of the default limit needs when written as UTF-8.
const KEPT_BYTES: usize = 64 * 1024;

/// The answer to one call. The host knows where it stands and looks at its numbers without another call.
#[repr(C)]
struct Output {
    /// Where `bytes` stand in memory.
    place: u32,
    numbers: Numbers,
    /// Header, payload and refusal, one text behind the other.
    bytes: Vec<u8>,
    /// The outline of the payload (`src/core/json/outline.rs`).
    outline: Vec<u32>,
}

/// What there is to know of an answer, each in four bytes.
#[derive(Clone, Copy)]
#[repr(C)]
struct Numbers {
    /// The lengths in bytes. Nothing is refused without a text that says why.
    header: u32,
    payload: u32,
    refusal: u32,
    /// Which member of the key set signed; −1 for a key given directly, and after a refusal.
    key_index: i32,
    /// The number of the header, 0 without one.
    header_number: u32,
    /// Where the outline stands, in words of four bytes; 0 where there is none.
    outline: u32,
}

impl Default for Output {
    fn default() -> Self {
        Self::NONE
    }
}

impl Output {
    const NONE: Self = Self { place: 0, numbers: Numbers::NONE, bytes: Vec::new(), outline: Vec::new() };
}

impl Numbers {
    const NONE: Self = Self { header: 0, payload: 0, refusal: 0, key_index: 0, header_number: 0, outline: 0 };

    fn words(self) -> [u32; 6] {
        let Self { header, payload, refusal, key_index, header_number, outline } = self;
        [header, payload, refusal, key_index.cast_unsigned(), header_number, outline]
    }
}

/// A call takes what it uses and puts it back when it is done: one that is broken off in the middle loses that, and harms none after it.
pub(crate) fn with<T: Default, R>(cell: &'static LocalKey<Cell<T>>, use_it: impl FnOnce(&mut T) -> R) -> R {
    let mut taken = cell.take();
    let result = use_it(&mut taken);
    // There is nothing in its place, but where host code that the core asked called the core again: that is lost. To look for it would
    // take 300 bytes of code.
    mem::forget(cell.replace(taken));
    result
}

thread_local! {
    static INPUT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static OUTPUT: Cell<Output> = const { Cell::new(Output::NONE) };
    static LATIN1: Cell<bool> = const { Cell::new(false) };
}

/// Where the answers to all calls stand in memory, their numbers first: where the texts stand, then six of four bytes each.
#[wasm_bindgen(js_name = answerPointer)]
#[must_use]
pub fn answer_pointer() -> *const u32 {
    OUTPUT.with(|output| output.as_ptr().cast_const().cast())
}

/// From now on claims are written as Latin-1 where they can be: some hosts read it at once.
#[wasm_bindgen(js_name = speakLatin1)]
pub fn speak_latin1() {
    LATIN1.set(true);
}

/// Whether the host reads Latin-1.
pub(crate) fn reads_latin1() -> bool {
    LATIN1.get()
}

/// Makes room for `length` bytes of input and says where.
pub(crate) fn reserve(length: usize) -> *const u8 {
    with(&INPUT, |input| {
        if input.len() < length {
            input.resize(length, 0);
        } else if input.len() > KEPT_BYTES && length <= KEPT_BYTES {
            input.truncate(KEPT_BYTES);
            input.shrink_to_fit();
        }
        input.as_ptr()
    })
}

/// Where the input stands in memory.
#[wasm_bindgen(js_name = inputPointer)]
#[must_use]
pub fn input_pointer() -> *const u8 {
    with(&INPUT, |input| input.as_ptr())
}

/// Hands the first `length` bytes of the input to `read`, or as many as there are.
pub(crate) fn with_input<T>(length: usize, read: impl FnOnce(&[u8]) -> T) -> T {
    with(&INPUT, |input| read(input.get(..length).unwrap_or(input)))
}

/// Makes room for several tokens, `length` bytes in all, and says where.
#[wasm_bindgen(js_name = admitBatch)]
#[must_use]
pub fn admit_batch(length: usize) -> *const u8 {
    reserve(length)
}

/// One call for many tokens, `count` of them: each answer is taken out of the output before the next is written, and all of them stand
/// there at the end: as the outline a table of the numbers of each and then their outlines, whose places count from the table's
/// beginning; as the payload their texts.
pub(crate) fn collect(answers: impl Iterator<Item = bool>, count: usize) {
    let (mut table, mut outlines, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    let behind = count * Numbers::NONE.words().len();
    for _ in answers {
        with(&OUTPUT, |output| {
            let outline = match output.outline.as_slice() {
                [] => 0,
                _ => number(behind + outlines.len()),
            };
            table.extend(Numbers { outline, ..output.numbers }.words());
            outlines.extend_from_slice(&output.outline);
            texts.extend_from_slice(&output.bytes);
        });
    }
    table.append(&mut outlines);
    with(&OUTPUT, |output| {
        output.numbers = Numbers { payload: number(texts.len()), ..Numbers::NONE };
        output.bytes = texts;
        output.outline = table;
        output.settle();
    });
}

/// Writes what was accepted; always `true`.
pub(crate) fn accept(header: &str, payload: &[u8], key_index: Option<usize>) -> bool {
    write(header, 0, Payload::Bytes(payload), &[], key_index, &[]);
    true
}

/// Writes claims that were decoded; always `true`.
pub(crate) fn decoded(header: &str, claims: &str) -> bool {
    let letters = Letters::of(claims.as_bytes(), reads_latin1());
    write(header, 0, Payload::Text(claims.as_bytes(), letters), &[], None, &[]);
    true
}

/// Writes why something was refused, and what the token says if its signature held; always `false`.
pub(crate) fn refuse(refusal: &Refusal, signed: Option<&SignedPayload>) -> bool {
    let text = describe::refusal(refusal);
    let header = signed.map(|signed| signed.header().text()).unwrap_or_default();
    let payload = signed.map(SignedPayload::payload).unwrap_or_default();
    write(header, 0, Payload::Bytes(payload), text.as_bytes(), None, &[]);
    false
}

/// Writes a verdict, and what `memory` holds of the claims that were accepted.
pub(crate) fn answer(outcome: Result<Verdict, Refused>, memory: &mut Memory) -> bool {
    match outcome {
        Ok(verdict) => {
            let header = verdict.header();
            write(
                header.text(),
                header.number(),
                Payload::Text(verdict.claims_utf8(), memory.letters()),
                &[],
                verdict.key_index(),
                memory.outline(),
            );
            memory.take_back(verdict);
            true
        }
        Err(Refused { refusal, signed }) => refuse(&refusal, signed.as_deref()),
    }
}

/// What a token carries.
enum Payload<'p> {
    /// Anything.
    Bytes(&'p [u8]),
    /// Claims in UTF-8, and what they are written in: one byte a code unit.
    Text(&'p [u8], Letters),
}

fn write(
    header: &str,
    header_number: u32,
    payload: Payload<'_>,
    refusal: &[u8],
    key_index: Option<usize>,
    outline: &[u32],
) {
    with(&OUTPUT, |output| {
        let bytes = &mut output.bytes;
        bytes.clear();
        if bytes.capacity() > KEPT_BYTES {
            bytes.shrink_to(KEPT_BYTES);
        }
        bytes.extend_from_slice(header.as_bytes());
        let from = bytes.len();
        match payload {
            Payload::Text(text, letters) => letters.push(bytes, text),
            Payload::Bytes(payload) => bytes.extend_from_slice(payload),
        }
        let payload = bytes.len() - from;
        bytes.extend_from_slice(refusal);
        output.numbers = Numbers {
            header: number(header.len()),
            payload: number(payload),
            refusal: number(refusal.len()),
            key_index: key_index.and_then(|index| i32::try_from(index).ok()).unwrap_or(-1),
            header_number,
            outline: 0,
        };
        output.outline.clear();
        output.outline.extend_from_slice(outline);
        output.settle();
    });
}

impl Output {
    /// The bytes may have moved.
    fn settle(&mut self) {
        self.place = number(self.bytes.as_ptr().addr());
        self.numbers.outline =
            if self.outline.is_empty() { 0 } else { number(self.outline.as_ptr().addr() / 4) };
    }
}

/// In the 32-bit memory of an instance every length and place fits.
fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_tells_its_numbers() {
        let numbers = || with(&OUTPUT, |output| (output.numbers, output.bytes.clone()));
        accept("{}", b"\xff", Some(7));
        let (Numbers { header, payload, refusal, key_index, .. }, bytes) = numbers();
        assert_eq!((header, payload, refusal, key_index), (2, 1, 0, 7));
        assert_eq!(bytes, b"{}\xff");
        decoded("{}", "é");
        assert_eq!(numbers().1, b"{}\\u00e9");
        speak_latin1();
        decoded("{}", "é");
        assert_eq!((numbers().0.payload, numbers().1), (1, b"{}\xe9".to_vec()));
        decoded("{}", "é€");
        assert_eq!((numbers().0.payload, numbers().1), (12, b"{}\\u00e9\\u20ac".to_vec()));
        refuse(&Refusal::NoMatchingKey, None);
        let (Numbers { payload, refusal, key_index, .. }, bytes) = numbers();
        assert_eq!((payload, key_index), (0, -1));
        assert_eq!(refusal, number(bytes.len()));
    }
}
