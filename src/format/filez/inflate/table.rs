//! Making tables of codes (RFC 1951, section 3.2.2).
//!
//! Codes stand in the stream with their first bit lowest, so a table is looked up with bits that are
//! reversed. One that a code of `n` bits fills repeats itself every `1 << n` entries: so it is made for
//! the shortest codes, doubled for those that are a bit longer, and so on.
//!
//! Which sets of lengths are codes at all is judged as zlib does, for that is what clients have.

use super::code::{DEEPER, OWN_SHIFT, SPECIAL, Table, VALUE_SHIFT, entry};

/// The longest code.
const MAX_LEN: usize = 15;
/// The most symbols that a code has, of which none needs to be in use.
const MAX_SYMBOLS: usize = 320;

/// What a set of lengths may be, besides a complete code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Gaps {
    /// Nothing.
    None,
    /// No code at all, or a single one of one bit.
    Single,
}

/// Fills a table; false when the lengths make no code.
///
/// `meanings` says for every symbol what it stands for, without the bits it takes.
pub(super) fn build<const SIZE: usize>(
    table: &mut Table<SIZE>,
    bits: u32,
    lengths: &[u8],
    gaps: Gaps,
    meanings: &[u32],
) -> bool {
    let Some(order) = Order::of(lengths, gaps) else {
        return false;
    };
    let mut filler = Filler {
        table,
        meanings,
        code: 0,
    };
    match order.complete {
        true => filler.fill(bits, &order),
        false => filler.fill_few(bits, &order),
    }
    true
}

/// Symbols by the length of their code, and how many there are of each.
struct Order {
    counts: [u16; 16],
    symbols: [u16; MAX_SYMBOLS],
    /// Whether every row of bits stands for something.
    complete: bool,
}

impl Order {
    /// Sorts symbols; nothing when their lengths make no code.
    fn of(lengths: &[u8], gaps: Gaps) -> Option<Order> {
        let mut counts = [0_u16; 16];
        for length in lengths {
            counts[usize::from(length & 15)] += 1;
        }
        let unused = std::mem::take(&mut counts[0]);
        // How many codes of the longest kind there would be room for.
        let mut left = 1 << MAX_LEN;
        let mut starts = [0_u16; 16];
        let mut start = 0;
        for length in 1..=MAX_LEN {
            starts[length] = start;
            start += counts[length];
            left -= i32::from(counts[length]) << (MAX_LEN - length);
        }
        let few = counts[1] <= 1 && start == counts[1];
        if left < 0 || left > 0 && !(gaps == Gaps::Single && few) {
            return None;
        }
        // Those that are not in use go behind all others.
        starts[0] = start;
        debug_assert!(usize::from(start + unused) <= MAX_SYMBOLS);
        let mut symbols = [0; MAX_SYMBOLS];
        for (symbol, length) in lengths.iter().enumerate() {
            let place = &mut starts[usize::from(length & 15)];
            if let Some(slot) = symbols.get_mut(usize::from(*place)) {
                *slot = symbol as u16;
            }
            *place += 1;
        }
        Some(Order {
            counts,
            symbols,
            complete: left == 0,
        })
    }
}

/// A table that is being filled.
struct Filler<'a, const SIZE: usize> {
    table: &'a mut Table<SIZE>,
    meanings: &'a [u32],
    /// The next code, its first bit lowest.
    code: usize,
}

impl<const SIZE: usize> Filler<'_, SIZE> {
    /// Fills a table with no code, or with one of one bit.
    fn fill_few(&mut self, bits: u32, order: &Order) {
        self.table.fill(SPECIAL);
        if order.counts[1] == 1 {
            let entry = self.entry(order.symbols[0], 1);
            for slot in self.table.iter_mut().take(1 << bits).step_by(2) {
                *slot = entry;
            }
        }
    }

    fn fill(&mut self, bits: u32, order: &Order) {
        let main = 1 << bits;
        let mut symbols = order.symbols.iter();
        let mut filled = 1;
        for length in 1..=bits {
            // Of the codes so far, none looks at this bit.
            self.table.copy_within(0..filled, filled);
            filled *= 2;
            let count = usize::from(order.counts[length as usize]);
            for symbol in symbols.by_ref().take(count) {
                self.table[self.code & (SIZE - 1)] = self.entry(*symbol, length);
                self.advance(length);
            }
        }
        debug_assert_eq!(filled, main);
        let mut end = main;
        let mut prefix = main;
        let mut size = 0;
        for length in bits + 1..=MAX_LEN as u32 {
            for left in (1..=order.counts[length as usize]).rev() {
                let symbol = symbols.next().copied().unwrap_or_default();
                if self.code & (main - 1) != prefix {
                    prefix = self.code & (main - 1);
                    let depth = depth(order, bits, length, left);
                    let pointer = (end as u32) << VALUE_SHIFT | depth << OWN_SHIFT | bits;
                    self.table[prefix & (SIZE - 1)] = SPECIAL | DEEPER | pointer;
                    size = 1 << depth;
                    end += size;
                }
                let own = length - bits;
                let entry = self.entry(symbol, own);
                let mut at = self.code >> bits;
                while at < size {
                    self.table[(end - size + at) & (SIZE - 1)] = entry;
                    at += 1 << own;
                }
                self.advance(length);
            }
        }
    }

    fn entry(&self, symbol: u16, own: u32) -> u32 {
        let meaning = self.meanings.get(usize::from(symbol));
        entry(meaning.copied().unwrap_or(SPECIAL), own)
    }

    /// Goes on to the next code of the same length: one more, counted from the highest bit down.
    #[inline(always)]
    fn advance(&mut self, length: u32) {
        let zeros = !self.code & ((1 << length) - 1);
        // After the last one there is none.
        let highest = (1 << zeros.checked_ilog2().unwrap_or(0)) as usize;
        self.code = self.code & (highest - 1) | highest;
    }
}

/// Returns how many bits the table takes that begins with a code of this length, of which there are so
/// many from here on.
fn depth(order: &Order, bits: u32, length: u32, left: u16) -> u32 {
    let mut depth = length - bits;
    let mut used = usize::from(left);
    while used < 1 << depth && bits + depth < MAX_LEN as u32 {
        depth += 1;
        used = 2 * used + usize::from(order.counts[(bits + depth) as usize]);
    }
    depth
}
