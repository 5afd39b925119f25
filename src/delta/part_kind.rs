//! What a part holds, which decides how hard it is worth compressing.

/// What most of a part is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartKind {
    /// Whole files and metadata, or nothing of which there is most.
    #[default]
    Whole,
    /// Patches: zeros where old and new agree, and a little between them.
    Patches,
    /// The patch of a large file. What a higher level takes of such a part is seconds, and what it
    /// saves a few hundredths.
    LargePatch,
    /// What is compressed already.
    Dense,
}

/// How much of each kind a part holds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PartKinds {
    patches: u64,
    large: u64,
    dense: u64,
}

impl PartKinds {
    /// Counts so many bytes.
    pub(super) fn add(&mut self, kind: PartKind, bytes: u64) {
        match kind {
            PartKind::Whole => {}
            PartKind::Patches => self.patches += bytes,
            PartKind::LargePatch => self.large += bytes,
            PartKind::Dense => self.dense += bytes,
        }
    }

    /// Returns what most of `all` bytes are.
    pub(super) fn most(self, all: u64) -> PartKind {
        match all / 2 {
            half if self.dense > half => PartKind::Dense,
            half if self.large > half => PartKind::LargePatch,
            half if self.patches + self.large > half => PartKind::Patches,
            _ => PartKind::Whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PartKind::{Dense, LargePatch, Patches, Whole};

    #[test]
    fn what_most_of_a_part_is_decides() {
        let most = |parts: &[(PartKind, u64)]| {
            let mut kinds = PartKinds::default();
            for (kind, bytes) in parts {
                kinds.add(*kind, *bytes);
            }
            kinds.most(parts.iter().map(|(_, bytes)| bytes).sum())
        };
        for (parts, expected) in [
            (&[(Dense, 51), (LargePatch, 49)][..], Dense),
            (&[(LargePatch, 51), (Patches, 49)], LargePatch),
            (&[(LargePatch, 50), (Patches, 50)], Patches),
            (&[(Patches, 51), (Whole, 49)], Patches),
            (&[(Dense, 25), (Patches, 25), (Whole, 50)], Whole),
            (&[], Whole),
        ] {
            assert_eq!(most(parts), expected, "{parts:?}");
        }
    }
}
