//! Huffman codes of deflate as tables to look symbols up in (RFC 1951, section 3.2).
//!
//! ```text
//! next bits of the stream ──▸ main table ──▸ entry: what it stands for, how many bits it took
//!                                        └─▸ codes longer than that: a smaller table behind it
//! ```

// An entry: in its low eight bits how many bits of the stream it takes, as `Bits::skip` wants it;
// then how many of these are the symbol's own, and what follows here.
pub(super) const OWN_SHIFT: u32 = 8;
const OWN: u32 = 0x0f;
/// A byte of content.
const LITERAL: u32 = 0x8000_0000;
/// Neither a byte, nor a length or distance: see the other flags.
pub(super) const SPECIAL: u32 = 0x8000;
/// The rest of the code is looked up in another table; nothing else is set: no such code.
pub(super) const DEEPER: u32 = 0x4000;
/// The block ends.
const END: u32 = 0x2000;
pub(super) const VALUE_SHIFT: u32 = 16;
const VALUE: u32 = 0x7fff;

/// Codes of lengths, of contents, of distances: how many bits their main table looks at.
pub(super) const PRE_BITS: u32 = 7;
pub(super) const MAIN_BITS: u32 = 11;
pub(super) const DIST_BITS: u32 = 8;
/// Table sizes that all codes fit in (2342 and 402 by `enough` of zlib), as powers of two.
pub(super) const MAIN_SIZE: usize = 4096;
pub(super) const DIST_SIZE: usize = 512;
pub(super) const PRE_SIZE: usize = 128;

/// Entries, the main table's first.
pub(super) type Table<const SIZE: usize> = [u32; SIZE];

const LENGTH_BASE: [u16; 29] = [
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131,
    163, 195, 227, 258,
];
const LENGTH_EXTRA: [u8; 29] = [
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
];
const DIST_BASE: [u16; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537,
    2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
];

/// Looks the next symbol up.
#[inline(always)]
pub(super) fn first<const SIZE: usize>(table: &Table<SIZE>, bits: u32, ahead: u64) -> u32 {
    table[ahead as usize & ((1 << bits) - 1) & (SIZE - 1)]
}

/// Looks up the rest of a symbol of which `entry` is the beginning.
#[inline(always)]
pub(super) fn second<const SIZE: usize>(table: &Table<SIZE>, entry: u32, ahead: u64) -> u32 {
    let own = entry >> OWN_SHIFT & OWN;
    let at = (entry >> VALUE_SHIFT & VALUE) as usize + (ahead & !(u64::MAX << own)) as usize;
    table[at & (SIZE - 1)]
}

#[inline(always)]
pub(super) fn is_literal(entry: u32) -> bool {
    entry & LITERAL != 0
}

#[inline(always)]
pub(super) fn is_special(entry: u32) -> bool {
    entry & SPECIAL != 0
}

#[inline(always)]
pub(super) fn is_deeper(entry: u32) -> bool {
    entry & DEEPER != 0
}

#[inline(always)]
pub(super) fn is_end(entry: u32) -> bool {
    entry & END != 0
}

/// Returns the byte that a literal stands for.
#[inline(always)]
pub(super) fn literal(entry: u32) -> u8 {
    (entry >> VALUE_SHIFT) as u8
}

/// Returns the length or distance, with its extra bits.
#[inline(always)]
pub(super) fn value(entry: u32, ahead: u64) -> usize {
    // Of a shift only the low six bits count.
    let extra = (ahead & !u64::MAX.wrapping_shl(entry)).wrapping_shr(entry >> OWN_SHIFT);
    (entry >> VALUE_SHIFT & VALUE) as usize + extra as usize
}

/// What the symbols of each code stand for, without the bits they take.
pub(super) const CONTENTS: [u32; 288] = contents();
pub(super) const DISTANCES: [u32; 32] = distances();
pub(super) const LENGTHS: [u32; 19] = lengths();

const fn contents() -> [u32; 288] {
    let mut meanings = [SPECIAL; 288];
    let mut byte = 0;
    while byte < 256 {
        meanings[byte] = LITERAL | (byte as u32) << VALUE_SHIFT;
        byte += 1;
    }
    meanings[256] = SPECIAL | END;
    let mut length = 0;
    while length < LENGTH_BASE.len() {
        let extra = LENGTH_EXTRA[length] as u32;
        meanings[257 + length] = (LENGTH_BASE[length] as u32) << VALUE_SHIFT | extra;
        length += 1;
    }
    meanings
}

const fn distances() -> [u32; 32] {
    let mut meanings = [SPECIAL; 32];
    let mut symbol = 0;
    while symbol < DIST_BASE.len() {
        let extra = (symbol as u32 / 2).saturating_sub(1);
        meanings[symbol] = (DIST_BASE[symbol] as u32) << VALUE_SHIFT | extra;
        symbol += 1;
    }
    meanings
}

const fn lengths() -> [u32; 19] {
    let mut meanings = [0; 19];
    let mut symbol = 0;
    while symbol < meanings.len() {
        meanings[symbol] = (symbol as u32) << VALUE_SHIFT;
        symbol += 1;
    }
    meanings
}

/// Completes what a symbol stands for, which has its extra bits where the bits it takes belong.
pub(super) fn entry(symbol: u32, own: u32) -> u32 {
    match symbol & (LITERAL | SPECIAL) {
        0 => (symbol + own) | own << OWN_SHIFT,
        _ => symbol | own,
    }
}
