//! What is looked at in place of all: blocks of neighbours, evenly spread.

use crate::delta::Pair;

/// How much of a release is looked at, in bytes as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Pairs of this size and more are all looked at.
    pub large: u64,
    /// Of what is smaller, of whole files and of packs, so much of each.
    pub small: u64,
    /// So much of neighbours is taken together.
    pub block: u64,
}

impl Default for Sampling {
    fn default() -> Sampling {
        Sampling {
            large: 4 << 20,
            small: 24 << 20,
            block: 1 << 20,
        }
    }
}

/// Some things that stand for all.
pub(super) struct Sample<T> {
    /// Those that were chosen, in their order.
    pub(super) chosen: Vec<T>,
    /// For how many each of them stands.
    pub(super) factors: Vec<f64>,
}

/// Sizes in which things are told apart: small files compress otherwise than large ones.
const CLASSES: usize = 64;

impl<T> Sample<T> {
    /// Takes all.
    pub(super) fn all(chosen: Vec<T>) -> Sample<T> {
        Sample {
            factors: vec![1.0; chosen.len()],
            chosen,
        }
    }

    /// Takes some blocks, or all of it if that is not more.
    pub(super) fn of(all: Vec<T>, size: impl Fn(&T) -> u64, sampling: Sampling) -> Sample<T> {
        let total: u64 = all.iter().map(&size).sum();
        if total <= sampling.small {
            return Sample::all(all);
        }
        let block = sampling.block.max(1);
        let (blocks, wanted) = (total.div_ceil(block), sampling.small.div_ceil(block).max(1));
        let (mut at, mut next) = (0, 0);
        let (mut there, mut taken) = ([0; CLASSES], [0; CLASSES]);
        let mut chosen = Vec::new();
        for thing in all {
            let size = size(&thing);
            let (first, last) = (at / block, (at + size.saturating_sub(1)) / block);
            at += size;
            there[class(size)] += size;
            // The block in the middle of each of as many stretches as blocks are wanted.
            while next < wanted && middle(next, blocks, wanted) < first {
                next += 1;
            }
            if next < wanted && middle(next, blocks, wanted) <= last {
                taken[class(size)] += size;
                chosen.push(thing);
            }
        }
        let each = |thing| factor(class(size(thing)), &there, &taken);
        Sample {
            factors: chosen.iter().map(each).collect(),
            chosen,
        }
    }
}

impl<T> Sample<T> {
    /// Returns how many that would be of all, if they are so many of these.
    pub(super) fn scaled(&self, count: u64) -> u64 {
        let of_all: f64 = self.factors.iter().sum();
        (count as f64 * of_all / self.chosen.len().max(1) as f64).ceil() as u64
    }
}

/// Sizes that differ by less than a factor of four are of one class.
fn class(size: u64) -> usize {
    size.checked_ilog2().unwrap_or(0) as usize / 2
}

/// Returns for how many of its class one thing stands; classes of which nothing was taken are spread
/// over the others.
fn factor(class: usize, there: &[u64; CLASSES], taken: &[u64; CLASSES]) -> f64 {
    let total: u64 = there.iter().sum();
    let classes = there.iter().zip(taken);
    let known: u64 = classes
        .filter(|(_, taken)| **taken > 0)
        .map(|(there, _)| *there)
        .sum();
    let ratio = |one: u64, other: u64| one as f64 / other.max(1) as f64;
    match (there.get(class), taken.get(class)) {
        (Some(there), Some(taken)) if *taken > 0 => ratio(*there, *taken) * ratio(total, known),
        _ => 1.0,
    }
}

fn middle(number: u64, blocks: u64, wanted: u64) -> u64 {
    (2 * number + 1) * blocks / (2 * wanted)
}

/// Parts pairs that are large from the others.
pub(super) fn split(pairs: &[Pair], sampling: Sampling) -> (Vec<Pair>, Vec<Pair>) {
    pairs.iter().partition(|pair| pair.stored >= sampling.large)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_spread_and_stand_for_all() {
        let sampling = Sampling {
            large: 0,
            small: 50,
            block: 10,
        };
        let all: Vec<u64> = (0..1000).collect();
        let sample = Sample::of(all.clone(), |_| 1, sampling);
        assert_eq!(sample.chosen.len(), 50);
        assert_eq!(
            sample.chosen[..12],
            [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 300, 301]
        );
        assert!(
            sample
                .factors
                .iter()
                .all(|factor| (factor - 20.0).abs() < 1e-9)
        );
        assert_eq!(Sample::of(all.clone(), |_| 0, sampling).chosen, all);
        // One thing that is larger than all that is wanted.
        let sample = Sample::of(vec![7, 900, 7], |size| *size, sampling);
        assert_eq!(sample.chosen, [900]);
        assert!((sample.factors[0] - 914.0 / 900.0).abs() < 1e-9);
        // Of two sizes each stands for its own.
        let all: Vec<u64> = (0..1000).map(|n| 1 + 99 * (n % 2)).collect();
        let sample = Sample::of(
            all,
            |size| *size,
            Sampling {
                small: 5000,
                block: 500,
                large: 0,
            },
        );
        let stored = sample.chosen.iter().zip(&sample.factors);
        let stored: f64 = stored.map(|(size, factor)| *size as f64 * factor).sum();
        assert!((stored - 50_500.0).abs() < 1e-6);
    }
}
