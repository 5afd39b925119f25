//! How far two byte strings agree, eight bytes at a time.

/// Returns how many bytes the two have in common at the front.
pub(super) fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let len = one.len().min(other.len());
    let (one, other) = (&one[..len], &other[..len]);
    let ((ones, one), (others, other)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    for (index, (a, b)) in ones.iter().zip(others).enumerate() {
        let differs = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differs != 0 {
            return index * 8 + differs.trailing_zeros() as usize / 8;
        }
    }
    let rest = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    ones.len() * 8 + rest
}

/// Returns how many bytes the two have in common at the end.
pub(super) fn common_suffix(one: &[u8], other: &[u8]) -> usize {
    let len = one.len().min(other.len());
    let (one, other) = (&one[one.len() - len..], &other[other.len() - len..]);
    let ((one, ones), (other, others)) = (one.as_rchunks::<8>(), other.as_rchunks::<8>());
    for (index, (a, b)) in ones.iter().rev().zip(others.iter().rev()).enumerate() {
        let differs = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differs != 0 {
            return index * 8 + differs.leading_zeros() as usize / 8;
        }
    }
    let pairs = one.iter().rev().zip(other.iter().rev());
    ones.len() * 8 + pairs.take_while(|(a, b)| a == b).count()
}

/// Returns at how many places the two agree.
pub(super) fn count_equal(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).filter(|(a, b)| a == b).count()
}

/// Returns the length at which agreement, counted double, outweighs the length the most, from the
/// front.
pub(super) fn best_prefix(one: &[u8], other: &[u8]) -> usize {
    let mut best = Best::default();
    let len = one.len().min(other.len());
    let ((ones, one), (others, other)) = (one[..len].as_chunks::<8>(), other[..len].as_chunks());
    for (a, b) in ones.iter().zip(others) {
        best.eight(*a, *b, |best| {
            a.iter().zip(b).for_each(|(a, b)| best.add(a == b));
        });
    }
    one.iter().zip(other).for_each(|(a, b)| best.add(a == b));
    best.len
}

/// Returns at how many of eight places the two agree.
fn equal_bytes(one: [u8; 8], other: [u8; 8]) -> u32 {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    let differs = u64::from_ne_bytes(one) ^ u64::from_ne_bytes(other);
    // The highest bit of each byte that is not zero; no sum reaches into the next byte.
    let set = (((differs & LOW) + LOW) | differs) & !LOW;
    8 - set.count_ones()
}

/// Like [`best_prefix`], from the end, and given up when `patience` below the best.
pub(super) fn best_suffix(one: &[u8], other: &[u8], patience: i64) -> usize {
    let mut best = Best::default();
    let len = one.len().min(other.len());
    let (one, other) = (&one[one.len() - len..], &other[other.len() - len..]);
    let ((one, ones), (other, others)) = (one.as_rchunks::<8>(), other.as_rchunks::<8>());
    for (a, b) in ones.iter().rev().zip(others.iter().rev()) {
        best.eight(*a, *b, |best| {
            let pairs = a.iter().rev().zip(b.iter().rev());
            pairs.for_each(|(a, b)| best.add(a == b));
        });
        if best.score + patience < best.high {
            return best.len;
        }
    }
    let pairs = one.iter().rev().zip(other.iter().rev());
    pairs.for_each(|(a, b)| best.add(a == b));
    best.len
}

/// A score that goes up by one where bytes agree, and down by one where they do not.
#[derive(Default)]
struct Best {
    at: usize,
    score: i64,
    high: i64,
    len: usize,
}

impl Best {
    fn add(&mut self, is_equal: bool) {
        self.at += 1;
        self.score += if is_equal { 1 } else { -1 };
        self.note();
    }

    /// Adds eight at once, or one by one where a new best may be among them.
    fn eight(&mut self, one: [u8; 8], other: [u8; 8], one_by_one: impl FnOnce(&mut Self)) {
        let equal = i64::from(equal_bytes(one, other));
        if equal < 8 && self.score + equal > self.high {
            return one_by_one(self);
        }
        self.at += 8;
        self.score += 2 * equal - 8;
        self.note();
    }

    fn note(&mut self) {
        if self.score > self.high {
            (self.high, self.len) = (self.score, self.at);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn steps_of_eight_count_like_steps_of_one(
            one in prop::collection::vec(0u8..2, 0..60),
            same in 0usize..60,
            other in prop::collection::vec(0u8..2, 0..60),
        ) {
            let other = [&one[..same.min(one.len())], &other[..]].concat();
            let prefix = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
            prop_assert_eq!(common_prefix(&one, &other), prefix);
            let score = |len: &usize| 2 * count_equal(&one[..*len], &other[..*len]) as i64 - *len as i64;
            let lengths = 0..=one.len().min(other.len());
            let high = lengths.clone().map(|len| score(&len)).max();
            prop_assert_eq!(Some(score(&best_prefix(&one, &other))), high);
            let (mut one, mut other) = (one.clone(), other.clone());
            let best = best_prefix(&one, &other);
            one.reverse();
            other.reverse();
            prop_assert_eq!(common_suffix(&one, &other), prefix);
            prop_assert_eq!(best_suffix(&one, &other, 1000), best);
        }
    }
}
