//! What a patch must save to be worth its making and its undoing.

use super::Why;

/// How much work is spent on a small bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effort {
    /// Little: patches where they save much, compressed quickly.
    Fast,
    /// What an update is worth on most media.
    #[default]
    Balanced,
    /// All there is: for a thin link.
    Small,
}

/// What decides whether a file travels as a patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CostModel {
    /// How much work is spent.
    pub effort: Effort,
    /// How many bytes the medium writes or reads in a second, if that is to count.
    pub media_speed: Option<u64>,
}

/// What is known of a file that may travel as a patch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// As it is in an archive.
    pub(super) stored: u64,
    /// As a patch, compressed.
    pub(super) patch: u64,
    /// Its content.
    pub(super) content: u64,
}

/// How many bytes an archive repository deflates in a second, on one core; what is patched has to
/// be deflated again.
const DEFLATED_PER_SECOND: u64 = 60_000_000;
/// What an object in a pack takes besides its bytes, compressed: a tar header.
const PACKED: u64 = 100;
/// What a patch takes besides its bytes: two names, operations.
const PATCHED: u64 = 72;

impl CostModel {
    /// Says whether the file travels as a patch: if it [saves](Why::Saves).
    pub(super) fn judge(&self, sizes: &Sizes) -> Why {
        let stored = sizes.stored + PACKED;
        let saved = stored.saturating_sub(sizes.patch + PATCHED);
        let least = match self.effort {
            Effort::Fast => stored / 8,
            Effort::Balanced => stored / 64,
            Effort::Small => 0,
        };
        match self.media_speed {
            _ if saved <= least => Why::SavesLittle,
            Some(speed) if !saves_time(saved, sizes, speed) => Why::MovesFaster,
            _ => Why::Saves,
        }
    }
}

/// Says whether the medium is so slow that deflating is faster. It is written, and read.
fn saves_time(saved: u64, sizes: &Sizes, speed: u64) -> bool {
    let moving = u128::from(saved) * 2 * u128::from(DEFLATED_PER_SECOND);
    let deflating = u128::from(sizes.content) * u128::from(speed);
    moving > deflating
}

impl Effort {
    /// Returns the zstd level for parts; `dense` are those of which most is compressed already.
    pub fn level(self, dense: bool) -> i32 {
        match self {
            _ if dense => 3,
            Effort::Fast => 3,
            Effort::Balanced => 9,
            Effort::Small => 19,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_must_save_more_the_less_is_to_be_spent() {
        let sizes = |patch| Sizes {
            stored: 1_000_000,
            patch,
            content: 2_000_000,
        };
        let model = |effort, media_speed| CostModel {
            effort,
            media_speed,
        };
        let (fast, balanced, small) = (Effort::Fast, Effort::Balanced, Effort::Small);
        for (effort, speed, patch, pays) in [
            (fast, None, 100_000, true),
            (fast, None, 950_000, false),
            (balanced, None, 950_000, true),
            (balanced, None, 990_000, false),
            (small, None, 990_000, true),
            (small, None, 1_000_200, false),
            // Half a megabyte twice over a medium, against deflating two.
            (balanced, Some(10_000_000), 500_000, true),
            (balanced, Some(400_000_000), 500_000, false),
            (small, Some(0), 999_999, true),
        ] {
            let model = model(effort, speed);
            let saves = model.judge(&sizes(patch)) == Why::Saves;
            assert_eq!(saves, pays, "{model:?} {patch}");
        }
    }
}
