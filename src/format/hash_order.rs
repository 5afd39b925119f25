//! The order in which GLib's hash table gives its keys back.
//!
//! Some dictionaries (summaries, detached metadata, delta indexes) pass through a `GHashTable` in
//! libostree, and are written in the order of its buckets. To write the same bytes, this table
//! places keys into the same buckets.
//!
//! ```text
//! hash      h = 5381; h = h·33 + c for every byte as a signed one; 0 and 1 are reserved, so 2
//! start     (h · 11) mod p(s), p(s) the prime of a table of 2^s buckets, s ≥ 3
//! collision i = i + 1, + 2, + 3 … mod 2^s
//! growth    when 2^s ≤ n + n/16: room for 1.333·n, and every entry is placed again, in place
//! ```

/// Returns the positions of `keys` in the order of the buckets they would take.
///
/// A key that occurs again replaces the first, and is not given back.
pub fn hash_order(keys: &[&str]) -> Vec<usize> {
    let mut table = Table::new();
    for (position, key) in keys.iter().enumerate() {
        table.insert(keys, position, hash(key));
    }
    table
        .buckets
        .into_iter()
        .flatten()
        .map(|entry| entry.position)
        .collect()
}

/// The prime a table of 2^s buckets takes its start positions from.
const PRIMES: [u32; 32] = [
    1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521, 131071,
    262139, 524287, 1048573, 2097143, 4194301, 8388593, 16777213, 33554393, 67108859, 134217689,
    268435399, 536870909, 1073741789, 2147483647,
];

const MIN_SHIFT: usize = 3;

fn hash(key: &str) -> u32 {
    let step = |h: u32, byte: u8| {
        // A C `char` is signed here.
        h.wrapping_mul(33)
            .wrapping_add_signed(i32::from(byte.cast_signed()))
    };
    key.bytes().fold(5381, step).max(2)
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    position: usize,
    hash: u32,
}

struct Table {
    buckets: Vec<Option<Entry>>,
    shift: usize,
    count: usize,
}

impl Table {
    fn new() -> Table {
        Table {
            buckets: vec![None; 1 << MIN_SHIFT],
            shift: MIN_SHIFT,
            count: 0,
        }
    }

    /// Returns the buckets to try for a hash, in order.
    fn probe(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let mask = (1 << self.shift) - 1;
        let prime = PRIMES.get(self.shift).copied().unwrap_or(u32::MAX);
        let mut at = (hash.wrapping_mul(11) % prime) as usize;
        let mut step = 0;
        std::iter::from_fn(move || {
            let current = at;
            step += 1;
            at = (at + step) & mask;
            Some(current)
        })
    }

    fn insert(&mut self, keys: &[&str], position: usize, hash: u32) {
        let is_same = |entry: &Entry| entry.hash == hash && keys[entry.position] == keys[position];
        let free = self
            .probe(hash)
            .find(|&at| self.buckets[at].as_ref().is_none_or(is_same));
        let at = free.expect("a table is never full, and triangular steps reach every bucket");
        if self.buckets[at].is_none() {
            self.buckets[at] = Some(Entry { position, hash });
            self.count += 1;
            if self.buckets.len() <= self.count + self.count / 16 {
                self.grow();
            }
        }
    }

    /// Makes room and places every entry again, in place: an entry that is put where another one
    /// still waits drives that one on to its own new bucket.
    fn grow(&mut self) {
        // 1.333 is what GLib multiplies with, not four thirds.
        let wanted = (self.count as f64 * 1.333) as usize;
        let shift = (usize::BITS - wanted.leading_zeros()) as usize;
        self.shift = shift.max(MIN_SHIFT);
        let old_len = self.buckets.len();
        self.buckets.resize((1 << self.shift).max(old_len), None);
        let mut placed = vec![false; self.buckets.len()];
        for at in 0..old_len {
            if placed[at] {
                continue;
            }
            let mut waiting = self.buckets[at].take();
            while let Some(entry) = waiting {
                let free = self.probe(entry.hash).find(|&to| !placed[to]);
                let to = free.expect("there are more buckets than entries");
                placed[to] = true;
                waiting = self.buckets[to].replace(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_keys_stay_in_eight_buckets_and_the_eighth_grows() {
        let keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
        assert_eq!(hash_order(&keys[..7]).len(), 7);
        let mut order = hash_order(&keys);
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_repeated_key_keeps_its_place_and_counts_once() {
        assert_eq!(hash_order(&["a", "a", "a"]), [0]);
        assert_eq!(hash_order(&[]), [0_usize; 0]);
    }
}
