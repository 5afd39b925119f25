//! The blocks of a deflate stream.

use super::bits::Bits;
use super::code::{self, DIST_BITS, DIST_SIZE, MAIN_BITS, MAIN_SIZE, PRE_BITS, PRE_SIZE, Table};
use super::damaged;
use super::table::{Gaps, build};
use super::window::Window;
use crate::format::FormatError;
use crate::format::filez::WHAT;

/// The most codes of contents and of distances that a block may list.
const MAX_CONTENTS: usize = 286;
const MAX_DISTANCES: usize = 30;
/// The order in which the lengths of the code of lengths stand.
const ORDER: [u8; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];
/// The symbol that ends a block; without it there is none.
const END: usize = 256;

/// How far the symbols of a block were inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// To the end of the block.
    End,
    /// Until there was no more room.
    Full,
}

/// The two codes of a block.
#[derive(Debug)]
pub(super) struct Codes {
    contents: Table<MAIN_SIZE>,
    distances: Table<DIST_SIZE>,
}

/// Returns how many bytes a block holds that is not compressed; they follow.
pub(super) fn stored(bits: &mut Bits<'_>) -> Result<usize, FormatError> {
    let truncated = || FormatError::Truncated(WHAT);
    let head = bits.bytes(4).and_then(<[u8]>::first_chunk::<4>);
    let [a, b, c, d] = *head.ok_or_else(truncated)?;
    let length = u16::from_le_bytes([a, b]);
    if length != !u16::from_le_bytes([c, d]) {
        return Err(damaged());
    }
    Ok(usize::from(length))
}

impl Codes {
    pub(super) fn new() -> Codes {
        Codes {
            contents: [0; MAIN_SIZE],
            distances: [0; DIST_SIZE],
        }
    }

    /// Takes the codes that are agreed on.
    pub(super) fn set_fixed(&mut self) {
        let mut lengths = [8; 288];
        for (number, length) in lengths.iter_mut().enumerate() {
            match number {
                144..256 => *length = 9,
                256..280 => *length = 7,
                _ => {}
            }
        }
        let _complete = self.set(&lengths, &[5; 32], Gaps::None);
    }

    /// Reads the codes of a block.
    pub(super) fn read(&mut self, bits: &mut Bits<'_>) -> Result<(), FormatError> {
        let contents = bits.take(5) + END + 1;
        let distances = bits.take(5) + 1;
        let listed = bits.take(4) + 4;
        if contents > MAX_CONTENTS || distances > MAX_DISTANCES {
            return Err(damaged());
        }
        let mut lengths = [0; 19];
        for place in ORDER.iter().take(listed) {
            bits.refill();
            if let Some(length) = lengths.get_mut(usize::from(*place)) {
                *length = bits.take(3) as u8;
            }
        }
        let mut table = [0; PRE_SIZE];
        if !build(&mut table, PRE_BITS, &lengths, Gaps::None, &code::LENGTHS) {
            return Err(damaged());
        }
        let mut lengths = [0; MAX_CONTENTS + MAX_DISTANCES];
        let lengths = lengths.get_mut(..contents + distances);
        let lengths = lengths.ok_or_else(damaged)?;
        read_lengths(bits, &table, lengths)?;
        let (contents, distances) = lengths.split_at(contents);
        let ends = contents.get(END).is_some_and(|length| *length > 0);
        match ends && self.set(contents, distances, Gaps::Single) {
            true => Ok(()),
            false => Err(damaged()),
        }
    }

    fn set(&mut self, contents: &[u8], distances: &[u8], gaps: Gaps) -> bool {
        let (main, dist) = (&mut self.contents, &mut self.distances);
        build(main, MAIN_BITS, contents, gaps, &code::CONTENTS)
            && build(dist, DIST_BITS, distances, gaps, &code::DISTANCES)
    }

    /// Inflates the symbols of a block, to its end or as far as there is room; tells which.
    ///
    /// The next symbol is looked up before a match is copied: the processor goes on with the one
    /// while it still waits for the other.
    #[inline(never)]
    pub(super) fn symbols(
        &self,
        input: &mut Bits<'_>,
        window: &mut Window<'_>,
    ) -> Result<Until, FormatError> {
        // Copies, which need not be in memory.
        let (mut bits, mut at) = (*input, window.at());
        let next = |bits: &Bits<'_>| code::first(&self.contents, MAIN_BITS, bits.ahead());
        bits.refill();
        let mut entry = next(&bits);
        let until = loop {
            if Window::is_full(at) {
                break Until::Full;
            }
            // Three bytes, and a length after two of them, take no more bits than there are.
            let mut bytes = 0;
            while code::is_literal(entry) {
                window.put(at, code::literal(entry));
                bits.skip(entry);
                at += 1;
                bytes += 1;
                if bytes == 3 {
                    bits.refill();
                }
                entry = next(&bits);
                if bytes == 3 {
                    break;
                }
            }
            if bytes == 3 {
                continue;
            }
            if code::is_special(entry) {
                if code::is_deeper(entry) {
                    bits.skip(MAIN_BITS);
                    entry = code::second(&self.contents, entry, bits.ahead());
                }
                if code::is_literal(entry) {
                    window.put(at, code::literal(entry));
                    bits.skip(entry);
                    at += 1;
                    bits.refill();
                    entry = next(&bits);
                    continue;
                }
                if code::is_end(entry) {
                    bits.skip(entry);
                    break Until::End;
                }
                if code::is_special(entry) {
                    return Err(damaged());
                }
            }
            let length = code::value(entry, bits.ahead());
            bits.skip(entry);
            bits.refill_for_distance();
            let mut entry_of_distance = code::first(&self.distances, DIST_BITS, bits.ahead());
            if code::is_special(entry_of_distance) {
                if code::is_deeper(entry_of_distance) {
                    bits.skip(DIST_BITS);
                    let ahead = bits.ahead();
                    entry_of_distance = code::second(&self.distances, entry_of_distance, ahead);
                }
                if code::is_special(entry_of_distance) {
                    return Err(damaged());
                }
            }
            let distance = code::value(entry_of_distance, bits.ahead());
            bits.skip(entry_of_distance);
            bits.refill();
            entry = next(&bits);
            window.repeat(at, distance, length)?;
            at += length;
        };
        window.set_at(at);
        *input = bits;
        Ok(until)
    }
}

impl Codes {
    /// Goes through the symbols of a block to its end, and makes nothing of them.
    #[inline(never)]
    pub(super) fn pass(&self, input: &mut Bits<'_>) -> Result<(), FormatError> {
        let mut bits = *input;
        let next = |bits: &Bits<'_>| code::first(&self.contents, MAIN_BITS, bits.ahead());
        while !bits.is_overrun() {
            bits.refill();
            let mut entry = next(&bits);
            // Two bytes, and a length after them, take no more bits than there are.
            if code::is_literal(entry) {
                bits.skip(entry);
                entry = next(&bits);
                if code::is_literal(entry) {
                    bits.skip(entry);
                    entry = next(&bits);
                }
            }
            if code::is_special(entry) && code::is_deeper(entry) {
                bits.skip(MAIN_BITS);
                entry = code::second(&self.contents, entry, bits.ahead());
            }
            bits.skip(entry);
            if code::is_literal(entry) {
                continue;
            }
            if code::is_end(entry) {
                *input = bits;
                return Ok(());
            }
            if code::is_special(entry) {
                return Err(damaged());
            }
            bits.refill_for_distance();
            let mut distance = code::first(&self.distances, DIST_BITS, bits.ahead());
            if code::is_special(distance) && code::is_deeper(distance) {
                bits.skip(DIST_BITS);
                distance = code::second(&self.distances, distance, bits.ahead());
            }
            if code::is_special(distance) {
                return Err(damaged());
            }
            bits.skip(distance);
        }
        Err(FormatError::Truncated(WHAT))
    }
}

/// Reads the lengths of both codes, in which runs are shortened.
fn read_lengths(
    bits: &mut Bits<'_>,
    table: &Table<PRE_SIZE>,
    lengths: &mut [u8],
) -> Result<(), FormatError> {
    let mut at = 0;
    let mut before = None;
    while at < lengths.len() {
        bits.refill();
        let entry = code::first(table, PRE_BITS, bits.ahead());
        bits.skip(entry);
        let (length, times) = match code::value(entry, 0) {
            16 => (before.ok_or_else(damaged)?, 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            length => (length as u8, 1),
        };
        let run = lengths.get_mut(at..).and_then(|rest| rest.get_mut(..times));
        run.ok_or_else(damaged)?.fill(length);
        before = Some(length);
        at += times;
    }
    Ok(())
}
