//! What a patch must save to be worth its making and its undoing.

use super::Why;
use crate::delta::{PART_SIZE, PartKind};

/// How much work is spent on a small bundle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effort {
    /// Little: patches where they save much, compressed quickly.
    Fast,
    /// What an update is worth on most media.
    #[default]
    Balanced,
    /// All there is, also for files that travel whole: for a thin link.
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

/// Nanoseconds of one core for a byte of content, as whole runs over real images add up on one machine;
/// on another only their ratio to the medium's speed shifts.
mod cost {
    /// Reading both files of a pair, comparing them, and trying the patch out.
    pub(super) const MAKING: u64 = 19;
    /// Compressing the patch, most of which is zeros, at each effort's level.
    pub(super) const COMPRESSING: [u64; 3] = [1, 5, 65];
    /// Applying the patch at the site, and deflating what it makes for an archive repository.
    pub(super) const UNDOING: u64 = 3 + 22;
    /// Compressing a byte that is no zero of a patch, besides, at the level of the greatest effort.
    pub(super) const SEARCHING: u64 = 300;
    /// What a file takes that travels as it is: inflated and hashed once here, once at the site.
    pub(super) const CHECKING: u64 = 2 * 3;
}

/// How many cores work at a time: what desktops and servers have, and sticks can feed.
const CORES: u64 = 2;
/// What an object in a pack takes besides its bytes, compressed: a tar header.
const PACKED: u64 = 100;
/// What a patch takes besides its bytes: two names, operations.
const PATCHED: u64 = 72;

impl CostModel {
    /// Says whether making a patch is likely to be worth it.
    ///
    /// Where only bytes count, every patch is made and looked at. Against a medium's speed a patch has to
    /// pay for those, too, that are made in vain, and so the usual one decides.
    pub(super) fn judge_before(&self, stored: u64, content: u64) -> Why {
        let saved = (stored + PACKED).saturating_sub(usual(stored, content) + PATCHED);
        match self.media_speed {
            Some(speed) if !self.saves_time(saved, content, cost::MAKING, speed) => {
                Why::MovesFaster
            }
            _ => self.judge_made(&Sizes {
                stored,
                patch: 0,
                content,
            }),
        }
    }

    /// Says whether the file travels as the patch that was made: if it [saves](Why::Saves).
    pub(super) fn judge_made(&self, sizes: &Sizes) -> Why {
        let stored = sizes.stored + PACKED;
        let saved = stored.saturating_sub(sizes.patch + PATCHED);
        let least = match self.effort {
            Effort::Fast => stored / 8,
            Effort::Balanced => stored / 64,
            Effort::Small => 0,
        };
        match self.media_speed {
            _ if saved <= least => Why::SavesLittle,
            Some(speed) if !self.saves_time(saved, sizes.content, 0, speed) => Why::MovesFaster,
            _ => Why::Saves,
        }
    }

    /// Says whether files that travel whole are worth compressing again. What deflate left of them
    /// becomes a fifth smaller, about 8 of 100 bytes of content.
    pub fn recompresses(&self) -> bool {
        match (self.effort, self.media_speed) {
            (Effort::Small, Some(speed)) => self.saves_time(8, 100, cost::SEARCHING, speed),
            (effort, _) => effort == Effort::Small,
        }
    }

    /// Says whether the way from door to door is shorter with the patch: what it saves is neither
    /// written nor read, what it takes is worked on both sides.
    ///
    /// `making`: what is still to be spent on the patch, besides what follows from choosing it.
    fn saves_time(&self, saved: u64, content: u64, making: u64, speed: u64) -> bool {
        let compressing = cost::COMPRESSING[self.effort as usize];
        let per_byte = (making + compressing + cost::UNDOING).saturating_sub(cost::CHECKING);
        let working = u128::from(content) * u128::from(per_byte) / u128::from(CORES);
        let moving = u128::from(saved) * 2 * 1_000_000_000;
        moving > working * u128::from(speed)
    }
}

/// Returns how large a patch usually is: of a program a seventh, but of what was compressed already
/// hardly less than the file.
fn usual(stored: u64, content: u64) -> u64 {
    match stored < content - content / 16 {
        true => stored / 7,
        false => stored - stored / 8,
    }
}

impl Effort {
    /// Returns how small the last parts may be: a site that has several cores applies them sooner, but
    /// each begins anew to learn what repeats.
    pub(super) fn least_part(self) -> u64 {
        match self {
            Effort::Fast | Effort::Balanced => 4_000_000,
            Effort::Small => PART_SIZE,
        }
    }

    /// Returns the zstd level that is worth its time for parts of this kind.
    pub fn level(self, kind: PartKind) -> i32 {
        match (self, kind) {
            (_, PartKind::Dense) => 3,
            (Effort::Fast, _) => 3,
            (Effort::Balanced, PartKind::LargePatch) => 3,
            (Effort::Balanced, _) => 8,
            (Effort::Small, PartKind::LargePatch) => 9,
            (Effort::Small, _) => 19,
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
            // Half a megabyte twice over a medium, against working on two.
            (balanced, Some(30_000_000), 500_000, true),
            (balanced, Some(400_000_000), 990_000, false),
            (balanced, Some(400_000_000), 500_000, false),
            (fast, Some(400_000_000), 500_000, false),
            (fast, Some(40_000_000), 500_000, true),
            // Compressing as hard as that takes longer than moving.
            (small, Some(30_000_000), 500_000, false),
            (small, Some(5_000_000), 500_000, true),
            (small, Some(0), 999_999, true),
        ] {
            let model = model(effort, speed);
            let saves = model.judge_made(&sizes(patch)) == Why::Saves;
            assert_eq!(saves, pays, "{model:?} {patch}");
        }
    }

    #[test]
    fn whole_files_are_compressed_again_where_bytes_are_what_counts() {
        for (effort, media_speed, again) in [
            (Effort::Fast, None, false),
            (Effort::Balanced, Some(1000), false),
            (Effort::Small, None, true),
            (Effort::Small, Some(100_000), true),
            (Effort::Small, Some(30_000_000), false),
        ] {
            let model = CostModel {
                effort,
                media_speed,
            };
            assert_eq!(model.recompresses(), again, "{model:?}");
        }
    }

    #[test]
    fn what_saves_little_at_a_higher_level_gets_a_lower_one() {
        use PartKind::{Dense, LargePatch, Patches, Whole};
        for (effort, levels) in [
            (Effort::Fast, [3, 3, 3, 3]),
            (Effort::Balanced, [8, 8, 3, 3]),
            (Effort::Small, [19, 19, 9, 3]),
        ] {
            let of = [Whole, Patches, LargePatch, Dense].map(|kind| effort.level(kind));
            assert_eq!(of, levels, "{effort:?}");
        }
    }

    #[test]
    fn a_medium_that_is_fast_enough_spares_the_making() {
        let before = |content, media_speed| {
            let model = CostModel {
                effort: Effort::Balanced,
                media_speed,
            };
            model.judge_before(1_000_000, content)
        };
        assert_eq!(before(2_000_000, None), Why::Saves);
        assert_eq!(before(2_000_000, Some(30_000_000)), Why::Saves);
        assert_eq!(before(2_000_000, Some(400_000_000)), Why::MovesFaster);
        // Of what deflate leaves as large as it is, little would be saved.
        assert_eq!(before(1_000_000, None), Why::Saves);
        assert_eq!(before(1_000_000, Some(30_000_000)), Why::MovesFaster);
    }
}
