//! What a part holds, which decides how hard it is worth compressing.

/// What most of a part is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartKind {
    /// Patches of files like most, which are zeros where old and new agree; or whole files.
    #[default]
    Common,
    /// The patch of a large file. What the next level takes of such a part is seconds, and what it
    /// saves a few thousandths.
    Large,
    /// What is compressed already.
    Dense,
}

/// Files from this size on are large: they are compared window by window, too.
const LARGE_FROM: u64 = 24 << 20;

/// How much of each kind a part holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartKinds {
    large: u64,
    dense: u64,
}

impl PartKind {
    /// Judges a patch by what it takes when it is compressed quickly, and by the file that it makes.
    pub(super) fn of(weight: u64, content: u64) -> PartKind {
        match content {
            _ if weight > content / 2 => PartKind::Dense,
            LARGE_FROM.. => PartKind::Large,
            _ => PartKind::Common,
        }
    }
}

impl PartKinds {
    /// Counts so many bytes.
    pub(super) fn add(&mut self, kind: PartKind, bytes: u64) {
        match kind {
            PartKind::Common => {}
            PartKind::Large => self.large += bytes,
            PartKind::Dense => self.dense += bytes,
        }
    }

    /// Returns what most of `all` bytes are.
    pub(super) fn most(self, all: u64) -> PartKind {
        match all / 2 {
            half if self.dense > half => PartKind::Dense,
            half if self.large > half => PartKind::Large,
            _ => PartKind::Common,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_of_a_part_is_decides() {
        let patches = [(600, 1000), (1, LARGE_FROM), (300, 1000), (0, 0)];
        let [dense, large, common, empty] = patches.map(|(weight, new)| PartKind::of(weight, new));
        assert_eq!(
            [dense, large, common, empty],
            [
                PartKind::Dense,
                PartKind::Large,
                PartKind::Common,
                PartKind::Common
            ]
        );
        let most = |parts: &[(PartKind, u64)]| {
            let mut kinds = PartKinds::default();
            for (kind, bytes) in parts {
                kinds.add(*kind, *bytes);
            }
            kinds.most(parts.iter().map(|(_, bytes)| bytes).sum())
        };
        assert_eq!(most(&[(dense, 51), (large, 49)]), PartKind::Dense);
        assert_eq!(most(&[(large, 51), (common, 49)]), PartKind::Large);
        assert_eq!(
            most(&[(dense, 25), (large, 25), (common, 50)]),
            PartKind::Common
        );
        assert_eq!(most(&[]), PartKind::Common);
    }
}
