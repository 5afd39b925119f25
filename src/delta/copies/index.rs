//! Where blocks of the old file stand, by their hash: a table of bounded size, however large the
//! file.
//!
//! ```text
//! old    |WINDOW|.......|WINDOW|.......|WINDOW|...     one window every `step` bytes
//! table  hash ─▸ number of the window + 1, tag         the next free of a few slots
//! ```

use std::io::{self, Read};

use crate::delta::room;

/// The length of a window: shorter matches are not found.
pub(super) const WINDOW: usize = 32;
/// The least distance of windows.
const LEAST_STEP: u64 = 32;
/// So many windows are indexed at most; the table takes eight to sixteen bytes for each.
const MAX_WINDOWS: u64 = 2 << 20;
/// So many windows are hashed at a time.
const ROW: usize = 64;
/// How many slots are tried.
const PROBES: usize = 8;
/// An odd number without a pattern: the base of the rolling hash.
const BASE: u64 = 0x9e37_79b1_85eb_ca87;
/// Another one, for mixing.
const MIX: u64 = 0xc2b2_ae3d_27d4_eb4f;

/// What the table holds for a window: where to begin to look for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    hash: u64,
    slot: u32,
}

/// Where blocks of the old file stand.
#[derive(Debug)]
pub(in crate::delta) struct BlockIndex {
    step: u64,
    /// The bits of a slot that hold the number of a window.
    numbers: u32,
    shift: u32,
    table: Vec<u32>,
}

impl BlockIndex {
    /// Reads an old file of `len` bytes; `seen` gets all of it.
    pub(in crate::delta) fn read(
        mut old: impl Read,
        len: u64,
        mut seen: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<BlockIndex> {
        let mut index = BlockIndex::for_file(len);
        let mut piece = Vec::new();
        let (mut number, mut last) = (0u32, None);
        let mut row = Vec::with_capacity(ROW);
        loop {
            // Whole steps at a time, so that no window is cut.
            piece.clear();
            let whole = index.step.max(1 << 20);
            if old.by_ref().take(whole).read_to_end(&mut piece)? == 0 {
                return Ok(index);
            }
            seen(&piece)?;
            for blocks in piece.chunks(ROW * index.step as usize) {
                // Hashed before the first of them is put in: then the processor waits for memory once.
                let windows = blocks.chunks(index.step as usize);
                let windows = windows.filter_map(<[u8]>::first_chunk::<WINDOW>);
                row.clear();
                row.extend(windows.map(|window| Rolling::of(window).mixed()));
                for hash in &row {
                    // Of a run of one byte, the first window is enough.
                    if last.replace(*hash) != Some(*hash) {
                        index.insert(*hash, number);
                    }
                    number = number.saturating_add(1);
                }
            }
        }
    }

    fn for_file(len: u64) -> BlockIndex {
        let step = len
            .div_ceil(MAX_WINDOWS)
            .next_power_of_two()
            .max(LEAST_STEP);
        let windows = (len / step + 1).min(MAX_WINDOWS + 1);
        let bits = table_bits(windows);
        let mut table = Vec::new();
        room::zero(&mut table, 1 << bits);
        BlockIndex {
            step,
            numbers: u32::try_from((windows + 1).next_power_of_two() * 2 - 1).unwrap_or(u32::MAX),
            shift: u64::BITS - bits,
            table,
        }
    }

    /// Returns the memory that the index of a file of this size takes.
    pub(in crate::delta) fn memory(len: u64) -> u64 {
        let windows = (len / LEAST_STEP + 1).min(MAX_WINDOWS + 1);
        4 << table_bits(windows)
    }

    fn insert(&mut self, hash: u64, number: u32) {
        let slot = (number + 1) | self.tag(hash);
        let first = (hash >> self.shift) as usize;
        let mask = self.table.len() - 1;
        for probe in 0..PROBES {
            if let Some(free) = self.table.get_mut((first + probe) & mask)
                && *free == 0
            {
                *free = slot;
                return;
            }
        }
    }

    /// Looks a window up. Of several that are looked up in a row the processor fetches what the table
    /// holds side by side; to decide on each before the next is to wait for memory every time.
    pub(super) fn look_up(&self, hash: u64) -> Head {
        let slot = self.table.get((hash >> self.shift) as usize);
        Head {
            hash,
            slot: slot.copied().unwrap_or(0),
        }
    }

    /// Calls `visit` with the places where a window that was looked up probably stands, until it
    /// returns true.
    pub(super) fn places(
        &self,
        head: Head,
        mut visit: impl FnMut(u64) -> io::Result<bool>,
    ) -> io::Result<()> {
        let tag = self.tag(head.hash);
        let first = (head.hash >> self.shift) as usize;
        let mask = self.table.len() - 1;
        let mut found = head.slot;
        for probe in 1..=PROBES {
            if found == 0 {
                break;
            }
            let number = u64::from(found & self.numbers) - 1;
            if found & !self.numbers == tag && visit(number * self.step)? {
                break;
            }
            let next = self.table.get((first + probe) & mask);
            found = next.copied().unwrap_or(0);
        }
        Ok(())
    }

    /// Returns the place where a window of this hash probably stands, if there is just one.
    pub(super) fn only_place(&self, hash: u64) -> Option<u64> {
        let (mut place, mut count) = (None, 0);
        let each = |found| {
            (place, count) = (Some(found), count + 1);
            Ok(count > 1)
        };
        self.places(self.look_up(hash), each).ok()?;
        place.filter(|_| count == 1)
    }

    /// Returns how far apart the windows in the index are.
    pub(super) fn step(&self) -> usize {
        self.step as usize
    }

    /// Returns what a slot holds of a hash, besides the window's number.
    fn tag(&self, hash: u64) -> u32 {
        hash as u32 & !self.numbers
    }
}

/// Returns the size of the table for so many windows, as a power of two.
fn table_bits(windows: u64) -> u32 {
    (windows * 2).next_power_of_two().ilog2().max(8)
}

/// The hash of a window that moves on byte by byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rolling(u64);

/// What a byte counts when it leaves the window.
const LEAVING: u64 = BASE.wrapping_pow(WINDOW as u32);

impl Rolling {
    pub(super) fn of(window: &[u8; WINDOW]) -> Rolling {
        let step = |hash: u64, byte: &u8| hash.wrapping_mul(BASE).wrapping_add(value(*byte));
        Rolling(window.iter().fold(0, step))
    }

    /// Moves on: one byte leaves, one comes in.
    pub(super) fn roll(&mut self, leaves: u8, comes: u8) {
        let without = value(leaves).wrapping_mul(LEAVING);
        self.0 = (self.0.wrapping_mul(BASE))
            .wrapping_add(value(comes))
            .wrapping_sub(without);
    }

    /// Spreads what is in the low bits over all.
    pub(super) fn mixed(self) -> u64 {
        let mixed = (self.0 ^ self.0 >> 29).wrapping_mul(MIX);
        mixed ^ mixed >> 32
    }
}

/// Zeros count as well.
fn value(byte: u8) -> u64 {
    u64::from(byte) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_moved_has_the_hash_of_its_place() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| ((i * i) >> 3) as u8).collect();
        let at = |place: usize| Rolling::of(bytes[place..].first_chunk().unwrap());
        let mut rolling = at(0);
        for place in 1..bytes.len() - WINDOW {
            rolling.roll(bytes[place - 1], bytes[place + WINDOW - 1]);
            assert_eq!(rolling.mixed(), at(place).mixed(), "{place}");
        }
    }

    #[test]
    fn windows_are_found_where_they_stand() {
        let old: Vec<u8> = (0..400_000u32).flat_map(u32::to_be_bytes).collect();
        let mut seen = 0;
        let index = BlockIndex::read(old.as_slice(), old.len() as u64, |piece| {
            seen += piece.len();
            Ok(())
        });
        let index = index.unwrap();
        assert_eq!(seen, old.len());
        let mut found = 0;
        let places: Vec<usize> = (0..old.len() - WINDOW)
            .step_by(index.step as usize)
            .collect();
        for place in &places {
            let hash = Rolling::of(old[*place..].first_chunk().unwrap()).mixed();
            let visit = |at| {
                found += usize::from(at == *place as u64);
                Ok(false)
            };
            index.places(index.look_up(hash), visit).unwrap();
        }
        assert!(
            found * 100 > places.len() * 99,
            "{found} of {}",
            places.len()
        );
    }

    #[test]
    fn the_table_of_any_file_is_bounded() {
        for len in [0, 1, 1 << 20, 60 << 20, 5 << 30, 1 << 50] {
            let memory = BlockIndex::memory(len);
            assert!(memory <= 32 << 20, "{len}: {memory}");
            let index = BlockIndex::for_file(len);
            assert!(4 * index.table.len() as u64 <= memory, "{len}");
        }
    }
}
