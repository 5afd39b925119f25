//! Scanning the new file for anchors, and cutting it into records at them.
//!
//! ```text
//! new   ──last══════════════▸forward     ┆    backward◂══════start═════anchor══▸ …
//!         aligned with the old file      copied         aligned with another place of it
//! ```
//!
//! A record reaches from `last` as far as its alignment is right more often than wrong; the next
//! one begins as far before its anchor as its own alignment is. What lies between is copied.

use super::{
    index::{AHEAD, Head, Index},
    record,
    runs::{best_prefix, best_suffix, common_prefix, common_suffix, count_equal},
};

/// A new alignment must make so many more bytes right than the present one does.
const THRESHOLD: usize = 4;
/// An anchor of this length is taken without looking at others.
const LONG: usize = 4096;
/// How far an alignment is followed backward beyond the place where it fitted best.
const PATIENCE: i64 = 4096;
/// How many windows are looked up at first where the files differ; most differences are short.
const FEW: usize = 4;
/// How many alignments that were not worth it are remembered.
const REMEMBERED: usize = 4;

/// A scan of the new file under way.
pub(super) struct Scan<'a> {
    old: &'a [u8],
    new: &'a [u8],
    index: &'a Index,
    out: &'a mut Vec<u8>,
    /// Where the current record begins, in the new file and in the old.
    last: Pair,
    /// Where the scan is.
    at: usize,
    /// Alignments that were not worth it, and up to where in the new file that holds.
    rejected: [(isize, usize); REMEMBERED],
    next_rejected: usize,
}

/// A place in the new file, and the place in the old file that it is aligned with.
#[derive(Clone, Copy, Debug)]
struct Pair {
    new: usize,
    old: usize,
}

impl Pair {
    /// What has to be added to a place in the new file to get the one in the old.
    fn offset(self) -> isize {
        self.old.wrapping_sub(self.new) as isize
    }

    fn before(self, by: usize) -> Pair {
        Pair {
            new: self.new - by,
            old: self.old - by,
        }
    }
}

/// A place where both files agree: the scan's, and how far in both directions.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    at: Pair,
    forward: usize,
    backward: usize,
}

impl Anchor {
    fn len(&self) -> usize {
        self.forward + self.backward
    }
}

impl<'a> Scan<'a> {
    pub(super) fn new(
        old: &'a [u8],
        new: &'a [u8],
        index: &'a Index,
        out: &'a mut Vec<u8>,
    ) -> Scan<'a> {
        Scan {
            old,
            new,
            index,
            out,
            last: Pair { new: 0, old: 0 },
            at: 0,
            rejected: [(0, 0); REMEMBERED],
            next_rejected: 0,
        }
    }

    /// Writes all records.
    pub(super) fn run(mut self) {
        loop {
            self.at += self.agreement(self.at);
            if let Some(by) = (1..=self.index.slip()).find(|by| self.agrees_at(self.at + by)) {
                self.at += by;
            } else if !self.search() {
                break;
            }
        }
        let rest = &self.new[self.last.new..];
        if !rest.is_empty() {
            let old = &self.old[self.last.old..];
            let (aligned, copied) = rest.split_at(best_prefix(rest, old));
            record::write(self.out, old, aligned, copied, 0);
        }
    }

    /// Goes on until a record was ended at an anchor, or the files agree again; false at the end.
    fn search(&mut self) -> bool {
        let mut heads = [Head::default(); AHEAD];
        let (mut ahead, mut stride) = (FEW, 1);
        loop {
            let some = heads.get_mut(..ahead).unwrap_or_default();
            let windows = self.new.get(self.at..).unwrap_or_default();
            let count = self.index.look_up(windows, stride, some);
            for head in heads.iter().take(count) {
                match self.best(*head) {
                    Some(anchor) if self.is_worth_it(&anchor) => {
                        self.end_record(&anchor);
                        return true;
                    }
                    Some(anchor) => self.reject(&anchor),
                    None => {}
                }
                self.at += stride;
                if self.agrees_at(self.at) {
                    return true;
                }
            }
            if count < ahead {
                return false;
            }
            if ahead == AHEAD {
                stride = self.index.stride();
            }
            ahead = AHEAD.min(2 * ahead);
        }
    }

    /// Returns how far both files agree under the present alignment.
    fn agreement(&self, at: usize) -> usize {
        match (self.new.get(at..), self.partner(at)) {
            (Some(new), Some(old)) => common_prefix(new, old),
            _ => 0,
        }
    }

    /// Says whether the next eight bytes agree under the present alignment.
    fn agrees_at(&self, at: usize) -> bool {
        let new = self.new.get(at..).and_then(|new| new.first_chunk::<8>());
        let old = self.partner(at).and_then(|old| old.first_chunk::<8>());
        new.is_some() && new == old
    }

    /// Returns the old file from where `at` is aligned with it.
    fn partner(&self, at: usize) -> Option<&'a [u8]> {
        let at = at.checked_add_signed(self.last.offset())?;
        self.old.get(at..)
    }

    /// Finds the longest anchor at the scan's place.
    fn best(&self, head: Head) -> Option<Anchor> {
        let mut best: Option<Anchor> = None;
        let at = self.at;
        self.index.places(head, |old| {
            let at = Pair { new: at, old };
            let offset = at.offset();
            let known = |(rejected, end): &(isize, usize)| *rejected == offset && at.new < *end;
            if offset == self.last.offset() || self.rejected.iter().any(known) {
                return true;
            }
            let anchor = Anchor {
                at,
                forward: common_prefix(&self.new[at.new..], &self.old[old..]),
                backward: common_suffix(&self.new[self.last.new..at.new], &self.old[..old]),
            };
            if best.is_none_or(|best| anchor.len() > best.len()) {
                best = Some(anchor);
            }
            anchor.len() <= LONG
        });
        best
    }

    /// Says whether the anchor makes clearly more bytes right than the present alignment.
    fn is_worth_it(&self, anchor: &Anchor) -> bool {
        let start = anchor.at.new - anchor.backward;
        let new = &self.new[start..anchor.at.new + anchor.forward];
        let right = match start.checked_add_signed(self.last.offset()) {
            Some(old) => count_equal(new, self.old.get(old..).unwrap_or_default()),
            // The alignment begins before the old file does; that is where this record began.
            None => 0,
        };
        anchor.len() > right + THRESHOLD
    }

    fn reject(&mut self, anchor: &Anchor) {
        let end = anchor.at.new + anchor.forward;
        self.rejected[self.next_rejected % REMEMBERED] = (anchor.at.offset(), end);
        self.next_rejected += 1;
    }

    /// Ends the record, and begins the next at the anchor.
    fn end_record(&mut self, anchor: &Anchor) {
        let (old, new, last) = (self.old, self.new, self.last);
        let start = anchor.at.before(anchor.backward);
        let between = &new[last.new..start.new];
        let forward = best_prefix(between, &old[last.old..]);
        let backward = best_suffix(between, &old[..start.old], PATIENCE);
        let (forward, backward) = match (forward + backward).checked_sub(between.len()) {
            Some(overlap) if overlap > 0 => {
                let kept = self.split(start, forward, backward, overlap);
                (forward - overlap + kept, backward - kept)
            }
            _ => (forward, backward),
        };
        let begin = start.before(backward);
        let (aligned, rest) = between.split_at(forward);
        let copied = &rest[..rest.len() - backward];
        let seek = begin.old as i64 - (last.old + forward) as i64;
        record::write(self.out, &old[last.old..], aligned, copied, seek);
        self.last = begin;
        self.at = anchor.at.new + anchor.forward;
    }

    /// Divides the bytes that both alignments claim where the sum of what is right is largest;
    /// returns how many of them the earlier one keeps.
    fn split(&self, start: Pair, forward: usize, backward: usize, overlap: usize) -> usize {
        let first = self.last.new + forward - overlap;
        let new = &self.new[first..first + overlap];
        let earlier = &self.old[self.last.old + forward - overlap..];
        let later = &self.old[start.old - backward..];
        let (mut score, mut high, mut kept) = (0i64, 0, 0);
        for (index, ((new, earlier), later)) in new.iter().zip(earlier).zip(later).enumerate() {
            score += i64::from(new == earlier) - i64::from(new == later);
            if score > high {
                (high, kept) = (score, index + 1);
            }
        }
        kept
    }
}
