//! From an old file and a new one to a patch: the stream that [`super::patch`] reads.
//!
//! ```text
//! old ─ index ─▸ windows by their hash          every few bytes one window, see `index`
//! new ─ scan ──▸ anchors                        where a window of the new file stands in the old
//!       anchor ─ record ─▸ add · copy · seek    grown in both directions over what differs little
//! ```
//!
//! The anchors take the place of a suffix array: an index of one window in four bytes finds what
//! counts for the compressed size, at a fraction of time and memory. A file that is compressed
//! already shares only long runs with its predecessor, if any, so a coarse index is enough there.

mod grain;
mod index;
mod record;
mod runs;
mod scan;

pub(super) use grain::Grain;
pub(super) use record::seek;

use index::Index;
use scan::Scan;

/// Makes patches, and keeps its buffers from one to the next.
#[derive(Debug, Default)]
pub(super) struct Differ {
    index: Index,
}

impl Differ {
    /// Appends the patch that makes `new` out of `old` to `out`.
    pub(in crate::delta) fn diff(
        &mut self,
        old: &[u8],
        new: &[u8],
        grain: Grain,
        out: &mut Vec<u8>,
    ) {
        self.index.fill(old, grain);
        Scan::new(old, new, &self.index, out).run();
    }

    /// Gives memory back that a large patch took.
    pub(in crate::delta) fn trim(&mut self) {
        self.index.trim();
    }

    /// Returns the memory that a patch of files of these sizes takes, both files and itself
    /// included.
    pub(in crate::delta) fn memory(old: u64, new: u64, grain: Grain) -> u64 {
        Index::memory(old, grain) + old + new + new + new / 16
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::delta::{SourceFile, patch::Patch};
    use crate::format::noise::noise;

    const GRAINS: [Grain; 6] = [
        Grain::Finest,
        Grain::Finer,
        Grain::Fine,
        Grain::Medium,
        Grain::Coarse,
        Grain::Coarsest,
    ];

    fn apply(old: &[u8], stream: &[u8], size: usize) -> Vec<u8> {
        let old = SourceFile::from(old.to_vec());
        let mut patch = Patch::new(stream, size as u64);
        let mut out = Vec::new();
        let mut buf = [0; 4096];
        loop {
            match patch.read(&old, &mut buf).unwrap() {
                0 => return out,
                n => out.extend_from_slice(&buf[..n]),
            }
        }
    }

    /// Makes the patch at every grain, and holds what it makes against the new file.
    fn check(old: &[u8], new: &[u8]) -> Vec<Vec<u8>> {
        let mut differ = Differ::default();
        let made = GRAINS.map(|grain| {
            let mut stream = Vec::new();
            differ.diff(old, new, grain, &mut stream);
            assert!(apply(old, &stream, new.len()) == new, "{grain:?}");
            stream
        });
        made.to_vec()
    }

    /// Counts the bytes of a patch that are not 0: about what is left of it when compressed.
    fn weight(stream: &[u8]) -> usize {
        stream.iter().filter(|byte| **byte != 0).count()
    }

    #[test]
    fn small_and_empty_files_are_made() {
        let long = noise(40, 1);
        for old in [&b""[..], b"a", b"abcdefg", b"0123456789abcdef", &long] {
            for new in [&b""[..], b"a", b"abcdefg", b"0123456789abcdefg", &long[3..]] {
                check(old, new);
            }
        }
    }

    #[test]
    fn what_is_the_same_weighs_nothing() {
        let file = noise(300_000, 2);
        for stream in check(&file, &file) {
            assert_eq!(stream.len(), 24 + file.len());
            assert!(weight(&stream) < 24);
        }
    }

    #[test]
    fn runs_of_one_byte_are_made() {
        let zeros = vec![0; 200_000];
        let ones = vec![1; 130_000];
        let mixed = [&zeros[..], &noise(5000, 3), &ones].concat();
        for (old, new) in [
            (&zeros[..], &ones[..]),
            (&zeros, &zeros[1..]),
            (&zeros, &mixed),
            (&mixed, &zeros),
            (&ones, &mixed),
            (&[], &mixed),
        ] {
            check(old, new);
        }
    }

    #[test]
    fn pieces_that_moved_are_found() {
        let pieces: Vec<Vec<u8>> = (4..20).map(|seed| noise(9000, seed)).collect();
        let old = pieces.concat();
        let new: Vec<u8> = pieces.iter().rev().flatten().copied().collect();
        for stream in check(&old, &new) {
            assert!(weight(&stream) < 2000, "{}", weight(&stream));
        }
    }

    #[test]
    fn scattered_changes_stay_small() {
        let old = noise(100_000, 30);
        let mut new = old.clone();
        for at in (0..new.len()).step_by(50) {
            new[at] = new[at].wrapping_add(1);
        }
        new.splice(40_000..40_000, *b"inserted");
        for stream in check(&old, &new) {
            assert!(weight(&stream) < 3500, "{}", weight(&stream));
        }
    }

    #[test]
    fn nothing_in_common_is_carried_whole() {
        let (old, new) = (noise(50_000, 31), noise(60_000, 32));
        for stream in check(&old, &new) {
            assert!(stream.len() < new.len() + 10_000);
        }
    }

    #[derive(Clone, Debug)]
    enum Edit {
        Set(usize, u8),
        Insert(usize, Vec<u8>),
        Remove(usize, usize),
        Repeat(usize, usize, usize),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        let at = 0usize..5000;
        prop_oneof![
            (at.clone(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
            (at.clone(), prop::collection::vec(any::<u8>(), 0..60))
                .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
            (at.clone(), 0usize..400).prop_map(|(at, len)| Edit::Remove(at, len)),
            (at.clone(), 0usize..400, at).prop_map(|(from, len, to)| Edit::Repeat(from, len, to)),
        ]
    }

    fn edited(mut file: Vec<u8>, edits: &[Edit]) -> Vec<u8> {
        for edit in edits {
            let len = file.len();
            let within = |at: usize| at.min(len);
            match edit {
                Edit::Set(at, byte) => {
                    if let Some(there) = file.get_mut(*at) {
                        *there = *byte;
                    }
                }
                Edit::Insert(at, bytes) => {
                    let at = within(*at);
                    file.splice(at..at, bytes.iter().copied());
                }
                Edit::Remove(at, len) => {
                    file.drain(within(*at)..within(at + len));
                }
                Edit::Repeat(from, len, to) => {
                    let piece = file[within(*from)..within(from + len)].to_vec();
                    let to = within(*to);
                    file.splice(to..to, piece);
                }
            }
        }
        file
    }

    proptest! {
        #[test]
        fn edited_files_are_made(
            seed in 1u64..1000,
            len in 0usize..5000,
            letters in 1u8..=255,
            edits in prop::collection::vec(edit(), 0..20),
        ) {
            let old: Vec<u8> = noise(len, seed).iter().map(|byte| byte % letters).collect();
            let new = edited(old.clone(), &edits);
            check(&old, &new);
            check(&new, &old);
        }

        #[test]
        fn unrelated_files_are_made(
            old in prop::collection::vec(0u8..3, 0..2000),
            new in prop::collection::vec(0u8..3, 0..2000),
        ) {
            check(&old, &new);
        }
    }
}
