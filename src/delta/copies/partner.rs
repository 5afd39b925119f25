//! Where in an old file a stretch of the new one has most of its like.

use std::ops::Range;

use super::BlockIndex;
use super::index::{Rolling, WINDOW};

/// How far apart the places are that are looked at.
const EVERY: usize = 16 << 10;
/// How much of the old file is added at both ends of what was found.
const MARGIN: u64 = 1 << 20;

/// Returns a range of an old file of `old_len` bytes, at most `most` long, in which stands what `new`
/// has in common with it; `new` stands at `new_start` of a file of `new_len` bytes.
///
/// Where nothing was found, what stands at the same place in proportion.
pub(in crate::delta) fn partner(
    index: &BlockIndex,
    old_len: u64,
    most: u64,
    new: &[u8],
    (new_start, new_len): (u64, u64),
) -> Range<u64> {
    let mut places = places(index, new);
    places.sort_unstable();
    let within = most.saturating_sub(2 * MARGIN);
    let (start, end) = densest(&places, within).unwrap_or_else(|| {
        let start = u128::from(new_start) * u128::from(old_len) / u128::from(new_len.max(1));
        let start = u64::try_from(start).unwrap_or(old_len);
        (start, start.saturating_add(within.min(new.len() as u64)))
    });
    let end = end.saturating_add(MARGIN).min(old_len);
    let start = start.saturating_sub(MARGIN).min(end);
    start..end.min(start + most)
}

/// Looks places up in the old file: at every step one window is in the index, if all is the same.
fn places(index: &BlockIndex, new: &[u8]) -> Vec<u64> {
    let mut found = Vec::new();
    for stretch in new.chunks(EVERY) {
        let Some(window) = stretch.first_chunk::<WINDOW>() else {
            continue;
        };
        let mut hash = Rolling::of(window);
        let pairs = stretch.iter().zip(stretch.iter().skip(WINDOW));
        for (leaves, comes) in pairs.take(index.step()) {
            if let Some(place) = index.only_place(hash.mixed()) {
                found.push(place);
                break;
            }
            hash.roll(*leaves, *comes);
        }
    }
    found
}

/// Returns the stretch of at most `within` bytes that has most of these places, which are sorted.
fn densest(places: &[u64], within: u64) -> Option<(u64, u64)> {
    let mut best: Option<(usize, u64, u64)> = None;
    let mut first = 0;
    for (last, end) in places.iter().enumerate() {
        while places.get(first).is_some_and(|start| end - start > within) {
            first += 1;
        }
        let count = last + 1 - first;
        let start = *places.get(first)?;
        if best.is_none_or(|(most, ..)| count > most) {
            best = Some((count, start, end + WINDOW as u64));
        }
    }
    best.map(|(_, start, end)| (start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::noise::noise;

    #[test]
    fn finds_what_moved() {
        let old = noise(9 << 20, 1);
        let index = BlockIndex::read(old.as_slice(), old.len() as u64, |_| Ok(())).unwrap();
        let len = old.len() as u64;
        let new = &old[6 << 20..7 << 20];
        let range = partner(&index, len, 6 << 20, new, (0, len));
        assert!(range.start <= 6 << 20 && range.end >= 7 << 20, "{range:?}");
        assert!(range.end - range.start <= 6 << 20, "{range:?}");
        // A few places elsewhere do not count.
        let mixed = [new, &old[..64 << 10], &old[1 << 20..1090 << 10]].concat();
        let range = partner(&index, len, 6 << 20, &mixed, (0, len));
        assert!(range.start <= 6 << 20 && range.end >= 7 << 20, "{range:?}");
        // Nothing in common: the same place, in proportion.
        let range = partner(&index, len, 6 << 20, &noise(1 << 20, 2), (len, 2 * len));
        let middle = len / 2;
        assert!(
            range.start <= middle && range.end >= middle + (1 << 20),
            "{range:?}"
        );
    }

    #[test]
    fn no_range_is_beyond_the_old_file() {
        let index = BlockIndex::read(&b""[..], 0, |_| Ok(())).unwrap();
        assert_eq!(partner(&index, 0, 6 << 20, b"new", (7, 10)), 0..0);
        let old = noise(100, 3);
        let index = BlockIndex::read(old.as_slice(), 100, |_| Ok(())).unwrap();
        assert_eq!(partner(&index, 100, 6 << 20, b"new", (7, 10)), 0..100);
    }
}
