//! Huffman codes of deflate as tables to look symbols up in (RFC 1951, section 3.2).
//!
//! ```text
//! next bits of the stream ──▸ main table ──▸ entry: what it stands for, how many bits it took
//!                                        └─▸ codes longer than that: a smaller table behind it
//! ```
//!
//! Which sets of lengths are codes at all is judged as zlib does, for that is what clients have.

// An entry: in its low eight bits how many bits of the stream it takes, as `Bits::skip` wants it;
// then how many of these are the symbol's own, and what follows here.
const OWN_SHIFT: u32 = 8;
const OWN: u32 = 0x0f;
/// A byte of content.
const LITERAL: u32 = 0x8000_0000;
/// Neither a byte, nor a length or distance: see the other flags.
const SPECIAL: u32 = 0x8000;
/// The rest of the code is looked up in another table; nothing else is set: no such code.
const DEEPER: u32 = 0x4000;
/// The block ends.
const END: u32 = 0x2000;
const VALUE_SHIFT: u32 = 16;
const VALUE: u32 = 0x7fff;

/// The longest code.
const MAX_LEN: usize = 15;
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

/// Says what a symbol of the code of contents stands for, without the bits it takes.
pub(super) fn content(symbol: usize) -> u32 {
    match symbol {
        0..256 => LITERAL | (symbol as u32) << VALUE_SHIFT,
        256 => SPECIAL | END,
        _ => match (
            LENGTH_BASE.get(symbol - 257),
            LENGTH_EXTRA.get(symbol - 257),
        ) {
            (Some(base), Some(extra)) => u32::from(*base) << VALUE_SHIFT | u32::from(*extra),
            _ => SPECIAL,
        },
    }
}

/// Says what a symbol of the code of distances stands for.
pub(super) fn distance(symbol: usize) -> u32 {
    let extra = (symbol as u32 / 2).saturating_sub(1);
    let base = DIST_BASE.get(symbol);
    base.map_or(SPECIAL, |base| u32::from(*base) << VALUE_SHIFT | extra)
}

/// Says what a symbol of the code of lengths stands for.
pub(super) fn itself(symbol: usize) -> u32 {
    (symbol as u32) << VALUE_SHIFT
}

/// What a set of lengths may be, besides a complete code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gaps {
    /// Nothing.
    None,
    /// No code at all, or a single one of one bit.
    Single,
}

/// Fills a table; false when the lengths make no code.
pub(super) fn build<const SIZE: usize>(
    table: &mut Table<SIZE>,
    bits: u32,
    lengths: &[u8],
    gaps: Gaps,
    symbol: impl Fn(usize) -> u32,
) -> bool {
    let Some(mut next) = first_codes(lengths, gaps) else {
        return false;
    };
    let main = 1_usize << bits;
    let is_whole = next.complete;
    if !is_whole {
        table.fill(SPECIAL);
    }
    let codes = &mut next.codes;
    let mut of = |length: u8| {
        let code = codes.get_mut(usize::from(length & 15))?;
        let reversed = code.reverse_bits() >> (16 - u32::from(length)) as u16;
        *code = code.wrapping_add(1);
        Some(usize::from(reversed))
    };
    let mut long = false;
    let mut place = [0_u16; 288];
    for ((number, length), place) in lengths.iter().enumerate().zip(&mut place) {
        if *length == 0 {
            continue;
        }
        let Some(code) = of(*length) else {
            return false;
        };
        *place = code as u16;
        let own = u32::from(*length);
        if own <= bits {
            let entry = entry(symbol(number), own);
            let step = 1_usize << own;
            let mut at = code;
            while at < main {
                table[at & (SIZE - 1)] = entry;
                at += step;
            }
        } else {
            long = true;
            // For now, how deep the table behind it has to be.
            table[code & (main - 1) & (SIZE - 1)] = 0;
        }
    }
    if long {
        fill_deeper(table, bits, lengths, &place, symbol);
    }
    true
}

/// Makes the tables for codes that are longer than the main table is wide.
fn fill_deeper<const SIZE: usize>(
    table: &mut Table<SIZE>,
    bits: u32,
    lengths: &[u8],
    place: &[u16; 288],
    symbol: impl Fn(usize) -> u32,
) {
    let main = 1_usize << bits;
    let long = || {
        let all = lengths.iter().zip(place).enumerate();
        all.filter(|(_, (length, _))| u32::from(**length) > bits)
            .map(|(number, (length, code))| (number, u32::from(*length) - bits, usize::from(*code)))
    };
    for (_, rest, code) in long() {
        let first = &mut table[code & (main - 1) & (SIZE - 1)];
        *first = (*first).max(rest);
    }
    let mut end = main;
    for (number, rest, code) in long() {
        let first = &mut table[code & (main - 1) & (SIZE - 1)];
        if *first & SPECIAL == 0 {
            let depth = *first;
            *first = SPECIAL | DEEPER | (end as u32) << VALUE_SHIFT | depth << OWN_SHIFT | bits;
            end += 1 << depth;
        }
        let start = (*first >> VALUE_SHIFT & VALUE) as usize;
        let size = 1_usize << (*first >> OWN_SHIFT & OWN);
        let entry = entry(symbol(number), rest);
        let mut at = code >> bits;
        while at < size {
            table[(start + at) & (SIZE - 1)] = entry;
            at += 1 << rest;
        }
    }
}

/// Completes what a symbol stands for, which has its extra bits where the bits it takes belong.
fn entry(symbol: u32, own: u32) -> u32 {
    match symbol & (LITERAL | SPECIAL) {
        0 => (symbol + own) | own << OWN_SHIFT,
        _ => symbol | own,
    }
}

struct Codes {
    codes: [u16; 16],
    complete: bool,
}

/// Returns the first code of each length, or nothing when the lengths make no code.
fn first_codes(lengths: &[u8], gaps: Gaps) -> Option<Codes> {
    let mut counts = [0_u16; 16];
    for length in lengths {
        counts[usize::from(length & 15)] += 1;
    }
    counts[0] = 0;
    let mut codes = [0_u16; 16];
    let mut code = 0_u32;
    for length in 1..=MAX_LEN {
        code = (code + u32::from(counts[length - 1])) << 1;
        if code + u32::from(counts[length]) > 1 << length {
            return None;
        }
        codes[length] = code as u16;
    }
    let complete = code + u32::from(counts[MAX_LEN]) == 1 << MAX_LEN;
    let few = counts[1] <= 1 && counts.iter().skip(2).all(|count| *count == 0);
    (complete || gaps == Gaps::Single && few).then_some(Codes { codes, complete })
}
