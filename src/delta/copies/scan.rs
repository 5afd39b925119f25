//! Finding out what of a new file stands in the old one, while the new one is read once.
//!
//! ```text
//! new  ═════════╗ both agree: a range          follow
//!               ║ not any more: every window   search ─▸ they agree again, further on
//!      ═════════╝                                     ─▸ a window stands elsewhere in the old file
//! ```

use std::io::{self, Read};

use super::index::{Head, Rolling, WINDOW};
use super::{BlockIndex, Copies, OldFile};
use crate::delta::SourceFile;
use crate::format::delta::Span;

/// How much of the new file is in memory.
const BUFFER: usize = 1 << 20;
/// How much is compared at a time, and how far a match is looked back.
const STRETCH: usize = 32 << 10;

/// So many windows are looked up at a time at most, and so many at first: most differences are short.
const AHEAD: usize = 32;
const FEW: usize = 4;
/// After so much that is nowhere in the old file, a file that is compressed is only skimmed: what it
/// shares further on, if anything, it shares in long runs, and those are found from any place in them.
const PATIENCE: usize = 64 << 10;
/// When skimming, one range in so many is looked at, each of which has a window of the index in it.
const SKIMMED: usize = 4;

/// How closely a file is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::delta) enum Care {
    /// Every window is looked up.
    Full,
    /// Where nothing is found for long, some are: for files that are compressed already.
    Skimming,
}

/// Makes `new` of ranges of `old`, and of what is new; nothing if that takes more than `most` bytes.
///
/// Every range was compared with the old file as it is read here.
pub(in crate::delta) fn scan(
    index: &BlockIndex,
    old: &SourceFile,
    new: impl Read,
    care: Care,
    most: u64,
) -> io::Result<Option<Copies>> {
    let mut scan = Scan {
        index,
        aligned: OldFile::new(old),
        tried: OldFile::new(old),
        new,
        buffer: Vec::new(),
        at: 0,
        partner: 0,
        care,
        unmatched: 0,
        copies: Copies::default(),
    };
    while scan.refill()? {
        if !scan.follow()? {
            scan.search()?;
        }
        if scan.copies.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(scan.copies))
}

struct Scan<'a, R> {
    index: &'a BlockIndex,
    /// The old file where both were aligned last, and where they are tried.
    aligned: OldFile<'a>,
    tried: OldFile<'a>,
    new: R,
    buffer: Vec<u8>,
    /// Where the scan is, in the buffer.
    at: usize,
    /// What that is aligned with in the old file.
    partner: u64,
    care: Care,
    /// How long nothing of the old file was found, up to where this search began.
    unmatched: usize,
    copies: Copies,
}

/// Where a window of the new file stands in the old one.
struct Found {
    /// In the buffer.
    at: usize,
    /// In the old file.
    old: u64,
    len: usize,
}

impl<R: Read> Scan<'_, R> {
    /// Reads on; false at the end of the new file.
    fn refill(&mut self) -> io::Result<bool> {
        if self.buffer.len() - self.at < STRETCH {
            self.buffer.drain(..self.at);
            self.at = 0;
            let more = (BUFFER - self.buffer.len()) as u64;
            self.new.by_ref().take(more).read_to_end(&mut self.buffer)?;
        }
        Ok(self.at < self.buffer.len())
    }

    fn rest(&self) -> &[u8] {
        self.buffer.get(self.at..).unwrap_or_default()
    }

    /// Takes what both files have in common from here on; false if that is too little.
    fn follow(&mut self) -> io::Result<bool> {
        let mut done = false;
        if self.unmatched >= PATIENCE && self.agree_at(self.at)? {
            // They may have agreed before, in what was skimmed.
            self.look_back()?;
        }
        loop {
            let new = self.buffer.get(self.at..).unwrap_or_default();
            let new = new.get(..STRETCH).unwrap_or(new);
            let old = self.aligned.at(self.partner, new.len())?;
            let common = common_prefix(new, old);
            if common == 0 || common < WINDOW && !done {
                return Ok(done);
            }
            self.unmatched = 0;
            let whole = common == STRETCH;
            self.copies.add_old(Span {
                offset: self.partner,
                len: common as u64,
            });
            self.at += common;
            self.partner += common as u64;
            done = true;
            if !whole {
                return Ok(true);
            }
        }
    }

    /// Takes new bytes until both files agree again, or the buffer is at its end.
    fn search(&mut self) -> io::Result<()> {
        let start = self.at;
        if self.rest().len() < WINDOW {
            // Less than a window is left of the file.
            return self.take_new(self.buffer.len());
        }
        let mut heads = [Head::default(); AHEAD];
        let end = self.buffer.len() - WINDOW + 1;
        let (mut first, mut ahead) = (start, FEW);
        while first < end {
            let some = heads.get_mut(..ahead).unwrap_or_default();
            let count = self.look_up(first, some);
            for (head, place) in heads.iter().take(count).zip(first..) {
                if place > start && self.agree_at(place)? {
                    self.unmatched += place - start;
                    self.partner += (place - start) as u64;
                    return self.take_new(place);
                }
                if let Some(found) = self.find(place, *head)? {
                    return self.take(&found);
                }
            }
            first = end.min(first + self.stride(self.unmatched + first - start, ahead));
            ahead = AHEAD.min(2 * ahead);
        }
        self.unmatched += end - start;
        self.partner += (end - start) as u64;
        self.take_new(end)
    }

    /// Looks up the windows that begin at `first` and after it; returns how many there are.
    fn look_up(&self, first: usize, heads: &mut [Head]) -> usize {
        let bytes = self.buffer.get(first..).unwrap_or_default();
        let Some(window) = bytes.first_chunk::<WINDOW>() else {
            return 0;
        };
        let mut hash = Rolling::of(window);
        let comes = bytes.iter().skip(WINDOW);
        let mut moves = bytes.iter().zip(comes);
        for (looked_up, head) in heads.iter_mut().enumerate() {
            *head = self.index.look_up(hash.mixed());
            match moves.next() {
                Some((leaves, comes)) => hash.roll(*leaves, *comes),
                None => return looked_up + 1,
            }
        }
        heads.len()
    }

    /// Returns how far on the next windows are that are looked up, after so many were, when nothing was
    /// found for so long.
    fn stride(&self, unmatched: usize, ahead: usize) -> usize {
        let skimmed = match self.care {
            Care::Full => None,
            Care::Skimming => unmatched.checked_sub(PATIENCE),
        };
        let Some(skimmed) = skimmed else { return ahead };
        let looked_at = (self.index.step() + WINDOW).next_multiple_of(AHEAD);
        match skimmed % (SKIMMED * looked_at) {
            into if into + ahead < looked_at => ahead,
            into => SKIMMED * looked_at - into,
        }
    }

    /// Takes what is new up to a match, and the match.
    fn take(&mut self, found: &Found) -> io::Result<()> {
        self.unmatched = 0;
        self.take_new(found.at)?;
        self.partner = found.old;
        self.look_back()?;
        self.copies.add_old(Span {
            offset: self.partner,
            len: found.len as u64,
        });
        self.at += found.len;
        self.partner += found.len as u64;
        Ok(())
    }

    fn take_new(&mut self, end: usize) -> io::Result<()> {
        self.copies
            .add_new(self.buffer.get(self.at..end).unwrap_or_default());
        self.at = end;
        Ok(())
    }

    /// Takes new bytes back that end like what is before the match.
    fn look_back(&mut self) -> io::Result<()> {
        let before = self.tried.before(self.partner, STRETCH)?;
        let mut before = before.iter().rev();
        let back = self.copies.take_back(|byte| before.next() == Some(&byte));
        if back > 0 {
            self.partner -= back;
            self.copies.add_old(Span {
                offset: self.partner,
                len: back,
            });
            self.partner += back;
        }
        Ok(())
    }

    /// Says whether a window agrees under the present alignment.
    fn agree_at(&mut self, place: usize) -> io::Result<bool> {
        let partner = self.partner + (place - self.at) as u64;
        let new = self.buffer.get(place..place + WINDOW);
        Ok(self.aligned.at(partner, WINDOW)?.get(..WINDOW) == new)
    }

    /// Finds the window in the old file; of several places the longest match.
    fn find(&mut self, place: usize, head: Head) -> io::Result<Option<Found>> {
        let mut best: Option<Found> = None;
        let new = self.buffer.get(place..).unwrap_or_default();
        let new = new.get(..STRETCH).unwrap_or(new);
        let tried = &mut self.tried;
        self.index.places(head, |old| {
            let len = common_prefix(new, tried.at(old, new.len())?);
            if len >= WINDOW && best.as_ref().is_none_or(|best| len > best.len) {
                best = Some(Found {
                    at: place,
                    old,
                    len,
                });
            }
            Ok(len == new.len())
        })?;
        Ok(best)
    }
}

fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    const STEP: usize = 64;
    let equal = |(one, other): &(&[u8], &[u8])| one == other;
    let chunks = one.chunks_exact(STEP).zip(other.chunks_exact(STEP));
    let start = STEP * chunks.take_while(equal).count();
    let rest = one.iter().zip(other).skip(start);
    start + rest.take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::format::noise::noise;

    fn copies(old: &[u8], new: &[u8]) -> Copies {
        copies_with(Care::Full, old, new)
    }

    fn copies_with(care: Care, old: &[u8], new: &[u8]) -> Copies {
        let index = BlockIndex::read(old, old.len() as u64, |_| Ok(())).unwrap();
        let source = SourceFile::from(old.to_vec());
        let copies = scan(&index, &source, new, care, u64::MAX).unwrap().unwrap();
        assert!(copies.make(old, new));
        copies
    }

    #[test]
    fn little_that_changed_costs_little() {
        let old = noise(3 << 20, 1);
        let mut new = old.clone();
        new[1_000_000] ^= 1;
        new.splice(2_000_000..2_000_000, *b"inserted");
        new.drain(2_500_000..2_500_100);
        new.extend_from_slice(b"appended");
        let made = copies(&old, &new);
        assert_eq!(made.literals().len(), 1 + 8 + 8);
        assert_eq!(made.count(), 7);
        // Halves that changed places, too.
        let (one, other) = old.split_at(old.len() / 2);
        let made = copies(&old, &[other, one].concat());
        assert_eq!((made.literals().len(), made.count()), (0, 2));
    }

    #[test]
    fn skimming_loses_nothing_of_a_long_run() {
        let (old, other) = (noise(3 << 20, 4), noise(3 << 20, 5));
        // It moved, or it stands where it stood; near the end of a buffer, too.
        let moved = [&other[..2 << 20], &old[300_000..500_001], &other[2 << 20..]].concat();
        let made = copies_with(Care::Skimming, &old, &moved);
        assert_eq!((made.literals().len(), made.count()), (3 << 20, 3));
        for start in (100_000..2_400_000).step_by(99_991) {
            let mut new = old.clone();
            let replaced = start..start + 100_000;
            new[replaced.clone()].copy_from_slice(&other[replaced]);
            new[start] = !old[start];
            new[start + 99_999] = !old[start + 99_999];
            let made = copies_with(Care::Skimming, &old, &new);
            // Less than a window at the end of the file is always new.
            let more = made.literals().len() - 100_000;
            assert!(more < WINDOW as u64, "{more} at {start}");
        }
    }

    #[test]
    fn skimming_passes_over_most_short_runs_among_what_is_new() {
        let (old, new) = (noise(1 << 20, 6), noise(2 << 20, 7));
        let pieces = new.chunks(100_000).zip(old.chunks(70));
        let new: Vec<u8> = pieces.flat_map(|(new, old)| [new, old].concat()).collect();
        let found = |care| copies_with(care, &old, &new).count() / 2;
        let (full, skimming) = (found(Care::Full), found(Care::Skimming));
        assert!(
            full == 21 && (1..15).contains(&skimming),
            "{full} {skimming}"
        );
    }

    #[test]
    fn what_is_new_is_told_in_full_and_too_much_of_it_is_refused() {
        let (old, new) = (noise(300_000, 2), noise(3_000_000, 3));
        assert_eq!(copies(&old, &new).literals().len(), 3_000_000);
        assert_eq!(copies(b"", &new).literals().len(), 3_000_000);
        assert_eq!(copies(&old, b"").count(), 0);
        let index = BlockIndex::read(old.as_slice(), 300_000, |_| Ok(())).unwrap();
        let source = SourceFile::from(old.clone());
        let made = scan(&index, &source, new.as_slice(), Care::Full, 2_000_000).unwrap();
        assert!(made.is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn any_file_that_is_skimmed_is_made(
            cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..150_000, any::<u8>()), 1..8),
        ) {
            let old = noise(500_000, 8);
            let mut new = old.clone();
            for (at, len, byte) in cuts {
                let at = at.index(new.len() + 1);
                let end = (at + len).min(new.len());
                match byte % 3 {
                    0 => drop(new.drain(at..end)),
                    1 => new[at..end].iter_mut().for_each(|one| *one ^= byte | 1),
                    _ => drop(new.splice(at..at, noise(len, byte.into()))),
                }
            }
            copies_with(Care::Skimming, &old, &new);
        }
    }

    proptest! {
        #[test]
        fn any_file_is_made(
            old in prop::collection::vec(0u8..3, 0..4000),
            cuts in prop::collection::vec((any::<prop::sample::Index>(), 0usize..300, any::<u8>()), 0..12),
        ) {
            let mut new = old.clone();
            for (at, len, byte) in cuts {
                let at = at.index(new.len() + 1);
                let end = (at + len).min(new.len());
                let moved: Vec<u8> = new.drain(at..end).collect();
                if byte < 128 {
                    new.extend(moved);
                } else {
                    new.insert(at, byte);
                }
            }
            copies(&old, &new);
        }
    }
}
