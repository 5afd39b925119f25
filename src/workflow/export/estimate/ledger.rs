//! What was measured, by how it travels and why; what stands for others counts as many times.

use std::collections::BTreeMap;

use serde::Serialize;

use super::measure::Measured;
use super::sample::Sample;
use crate::delta::{Pair, Way, Why};
use crate::format::Checksum;

/// Some objects, where they are and where they go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Tally {
    /// How many.
    pub objects: u64,
    /// How many bytes they take in the repository.
    pub stored: u64,
    /// About how many they take in the bundle.
    pub bytes: u64,
}

/// Files that travel alike, for the same reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct WayTally {
    /// How they travel.
    pub way: Way,
    /// Why.
    pub why: Why,
    /// About how many, and how large.
    #[serde(flatten)]
    pub tally: Tally,
}

impl Tally {
    /// Returns what is here and not in a part of it.
    pub(super) fn less(self, part: Tally) -> Tally {
        Tally {
            objects: self.objects.saturating_sub(part.objects),
            stored: self.stored.saturating_sub(part.stored),
            bytes: self.bytes.saturating_sub(part.bytes),
        }
    }
}

/// One file that was looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) file: Checksum,
    pub(super) way: Way,
    pub(super) stored: u64,
    pub(super) bytes: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    files: f64,
    stored: f64,
    bytes: f64,
}

/// Files, as they come.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    lines: Vec<Line>,
    sums: BTreeMap<(Way, Why), Sum>,
    /// How many parts there are, besides those of metadata.
    pub(super) parts: u64,
}

impl Ledger {
    /// Adds a file that stands for so many.
    pub(super) fn add(
        &mut self,
        file: Checksum,
        (way, why): (Way, Why),
        stored: u64,
        bytes: f64,
        factor: f64,
    ) {
        let sum = self.sums.entry((way, why)).or_default();
        sum.files += factor;
        sum.stored += stored as f64 * factor;
        sum.bytes += bytes * factor;
        self.lines.push(Line {
            file,
            way,
            stored,
            bytes,
        });
    }

    /// Adds pairs: what is in parts by its weight, what is not as it is packed.
    pub(super) fn add_pairs(&mut self, sample: &Sample<Pair>, measured: &Measured, packed: f64) {
        let choices = measured.choices.iter();
        let in_parts = choices.filter(|choice| choice.way != Way::Declined);
        let made: u64 = in_parts.map(|choice| choice.made).sum();
        let each = measured.bytes as f64 / made.max(1) as f64;
        let pairs = sample.chosen.iter().zip(&sample.factors);
        for ((pair, factor), choice) in pairs.zip(&measured.choices) {
            let bytes = match choice.way {
                Way::Declined => pair.stored as f64 * packed,
                _ => choice.weight as f64 * each,
            };
            let why = (choice.way, choice.why);
            self.add(pair.new, why, pair.stored, bytes, *factor);
        }
        self.parts += sample.scaled(measured.parts);
    }

    /// Returns everything together.
    pub(super) fn total(&self) -> Tally {
        let mut total = Sum::default();
        for sum in self.sums.values() {
            total.files += sum.files;
            total.stored += sum.stored;
            total.bytes += sum.bytes;
        }
        total.tally()
    }

    /// Returns how many files are in parts.
    pub(super) fn in_parts(&self) -> u64 {
        let sums = self.sums.iter();
        let in_parts = sums.filter(|((way, _), _)| *way != Way::Declined);
        in_parts.map(|(_, sum)| sum.tally().objects).sum()
    }

    /// Returns everything by how it travels, most bytes first.
    pub(super) fn ways(&self) -> Vec<WayTally> {
        let sums = self.sums.iter();
        let mut ways: Vec<_> = sums
            .map(|((way, why), sum)| WayTally {
                way: *way,
                why: *why,
                tally: sum.tally(),
            })
            .collect();
        ways.sort_by_key(|way| std::cmp::Reverse(way.tally.bytes));
        ways
    }

    /// Returns the files that take most.
    pub(super) fn largest(&self, count: usize) -> Vec<Line> {
        let mut lines = self.lines.clone();
        lines.sort_by(|one, other| other.bytes.total_cmp(&one.bytes));
        lines.truncate(count);
        lines
    }
}

impl Sum {
    fn tally(&self) -> Tally {
        Tally {
            objects: self.files.round() as u64,
            stored: self.stored.round() as u64,
            bytes: self.bytes.round() as u64,
        }
    }
}
