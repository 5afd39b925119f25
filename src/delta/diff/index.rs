//! Where the windows of the old file are, by their hash.
//!
//! ```text
//! table   hash, top bits ─▸ slot          0, or the number of a window + 1 in the low bits,
//!                                         further bits of its hash in those that are left
//! chain   window number ─▸ slot           the window before it with the same top bits
//! filter  hash, more top bits ─▸ bit      whether there is any: most windows of a new file have none,
//!                                         and this is a quarter of the table's size
//! ```

use crate::delta::room;

use super::grain::{Grain, Mesh};

/// Odd numbers without a pattern.
const MIX: [u64; 3] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x9e37_79b9_7f4a_7c15,
];

/// By how many bits more of a hash the filter tells windows apart than the table.
const FILTER_BITS: u32 = 3;
/// So many windows are hashed before the first of them is put in.
const ROW: usize = 64;
/// So many windows are looked up at a time: the processor then waits for memory once instead of for each.
pub(super) const AHEAD: usize = 32;

/// What the table holds for a window: where to begin to look for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head {
    slot: u32,
    tag: u32,
}

/// Where the windows of the old file are.
#[derive(Debug)]
pub(super) struct Index {
    mesh: Mesh,
    table: Vec<u32>,
    chain: Vec<u32>,
    filter: Vec<u8>,
    /// How far a hash is shifted to be an index into the table.
    shift: u32,
    /// The bits of a slot that hold the number of a window.
    numbers: u32,
}

impl Default for Index {
    fn default() -> Index {
        Index {
            mesh: Grain::Fine.mesh(),
            table: Vec::new(),
            chain: Vec::new(),
            filter: Vec::new(),
            shift: 63,
            numbers: 0,
        }
    }
}

impl Index {
    /// Indexes a file; what was indexed before is forgotten.
    pub(super) fn fill(&mut self, old: &[u8], grain: Grain) {
        self.mesh = grain.mesh();
        let Mesh {
            width, step, chain, ..
        } = self.mesh;
        let windows = windows(old.len(), self.mesh);
        let bits = table_bits(windows);
        self.shift = u64::BITS - bits;
        self.numbers = u32::try_from(windows.next_power_of_two() * 2 - 1).unwrap_or(u32::MAX);
        room::zero(&mut self.table, 1 << bits);
        room::zero(&mut self.filter, 1 << bits);
        room::zero(&mut self.chain, if chain > 1 { windows } else { 0 });
        let mut hashes = old.windows(width).step_by(step).map(hash).enumerate();
        let mut row = Vec::with_capacity(ROW);
        let mut last = None;
        loop {
            row.clear();
            row.extend(hashes.by_ref().take(ROW));
            if row.is_empty() {
                return;
            }
            for (number, hash) in &row {
                // Of a run of one byte, the first window is enough.
                if last.replace(*hash) != Some(*hash) {
                    self.insert(*hash, *number);
                }
            }
        }
    }

    fn insert(&mut self, hash: u64, number: usize) {
        let slot = (number as u32 + 1) | self.tag(hash);
        if let Some(head) = self.table.get_mut((hash >> self.shift) as usize) {
            let before = std::mem::replace(head, slot);
            if let Some(link) = self.chain.get_mut(number) {
                *link = before;
            }
            let (byte, bit) = self.filter_bit(hash);
            if let Some(byte) = self.filter.get_mut(byte) {
                *byte |= bit;
            }
        }
    }

    /// Returns how many bytes may differ before another alignment is looked for.
    pub(super) fn slip(&self) -> usize {
        self.mesh.slip
    }

    /// Returns how far apart windows are looked up where many in a row were not found.
    pub(super) fn stride(&self) -> usize {
        self.mesh.stride
    }

    /// Gives memory back that a large file took.
    pub(super) fn trim(&mut self) {
        for slots in [&mut self.table, &mut self.chain] {
            room::give_back(slots);
        }
        room::give_back(&mut self.filter);
    }

    /// Returns the memory that the index of a file of this size takes.
    pub(super) fn memory(old: u64, grain: Grain) -> u64 {
        let mesh = grain.mesh();
        let windows = windows(usize::try_from(old).unwrap_or(usize::MAX), mesh);
        let chain = if mesh.chain > 1 { windows } else { 0 };
        let table = 1 << table_bits(windows);
        4 * (table + chain as u64) + table
    }

    /// Looks up the windows that begin with each byte of `new`, or each of so many, as many as there
    /// are heads; returns how many of them there are.
    pub(super) fn look_up(&self, new: &[u8], stride: usize, heads: &mut [Head]) -> usize {
        let windows = new.windows(self.mesh.width).step_by(stride);
        let count = windows.len().min(heads.len());
        for (head, window) in heads.iter_mut().zip(windows) {
            let hash = hash(window);
            let (byte, bit) = self.filter_bit(hash);
            let slot = match self.filter.get(byte) {
                Some(byte) if byte & bit != 0 => self.table.get((hash >> self.shift) as usize),
                _ => None,
            };
            *head = Head {
                slot: slot.copied().unwrap_or(0),
                tag: self.tag(hash),
            };
        }
        count
    }

    /// Calls `visit` with the places in the old file where a window that was looked up probably
    /// stands, last one first, until it returns false.
    pub(super) fn places(&self, head: Head, mut visit: impl FnMut(usize) -> bool) {
        let Head { mut slot, tag } = head;
        for _ in 0..self.mesh.chain {
            if slot == 0 {
                return;
            }
            let number = ((slot & self.numbers) - 1) as usize;
            if slot & !self.numbers == tag && !visit(number * self.mesh.step) {
                return;
            }
            slot = self.chain.get(number).copied().unwrap_or(0);
        }
    }

    /// Returns where the filter says whether there are windows of such a hash.
    fn filter_bit(&self, hash: u64) -> (usize, u8) {
        let place = hash >> (self.shift - FILTER_BITS);
        ((place >> FILTER_BITS) as usize, 1 << (place % 8))
    }

    /// Returns what a slot holds of a hash, besides the window's number.
    fn tag(&self, hash: u64) -> u32 {
        hash as u32 & !self.numbers
    }
}

/// Mixes the bytes of a window, 16 at a time.
fn hash(window: &[u8]) -> u64 {
    let (pairs, _) = window.as_chunks::<16>();
    let mixed = pairs.iter().fold(0, |hash: u64, pair| {
        let pair = u128::from_le_bytes(*pair);
        hash.rotate_left(31) ^ product(pair as u64 ^ MIX[0], (pair >> 64) as u64 ^ MIX[1])
    });
    mixed.wrapping_mul(MIX[2])
}

/// Both halves of a product, one over the other: each bit of both factors has its part in each.
fn product(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Returns how many windows of a file are indexed.
fn windows(len: usize, mesh: Mesh) -> usize {
    match len.checked_sub(mesh.width) {
        Some(last) => last / mesh.step + 1,
        None => 0,
    }
}

/// Returns the size of the table for so many windows, as a power of two.
fn table_bits(windows: usize) -> u32 {
    (windows + windows / 4).next_power_of_two().ilog2().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(index: &Index, window: &[u8]) -> Vec<usize> {
        let mut places = Vec::new();
        let mut head = [Head::default()];
        assert_eq!(index.look_up(window, 1, &mut head), 1);
        index.places(head[0], |place| {
            places.push(place);
            true
        });
        places
    }

    #[test]
    fn windows_are_found_where_they_stand() {
        let old: Vec<u8> = (0..4000u32).flat_map(u32::to_be_bytes).collect();
        for grain in [
            Grain::Finest,
            Grain::Finer,
            Grain::Fine,
            Grain::Medium,
            Grain::Coarse,
            Grain::Coarsest,
        ] {
            let mut index = Index::default();
            index.fill(&old, grain);
            let Mesh {
                width, step, chain, ..
            } = grain.mesh();
            let found = |at: &usize| places(&index, &old[*at..at + width]).contains(at);
            let all = (0..old.len() - width).step_by(step);
            let count = all.clone().count();
            // With one place per bucket some are lost; with chains hardly any.
            let least = if chain > 1 {
                count - count / 50
            } else {
                count / 2
            };
            assert!(all.filter(found).count() >= least, "{grain:?}");
            assert!(places(&index, &[0xee; 32][..width]).is_empty());
        }
    }

    #[test]
    fn a_run_is_indexed_once_and_short_files_not_at_all() {
        let mut index = Index::default();
        index.fill(&[7; 1000], Grain::Fine);
        assert_eq!(places(&index, &[7; 16]), [0]);
        index.fill(&[7; 15], Grain::Fine);
        assert_eq!(places(&index, &[7; 16]), [0; 0]);
        index.fill(&[], Grain::Coarse);
        assert_eq!(places(&index, &[7; 32]), [0; 0]);
    }
}
