//! How closely two files are compared.

use crate::delta::Effort;

/// Files from this size on may be compressed already.
const COMPRESSED_FROM: usize = 1 << 20;
/// Files from this size on are sampled, for not all compressed files begin with a magic number.
const SAMPLED_FROM: usize = 4 << 20;
/// How many samples are taken.
const SAMPLES: usize = 64;
/// The length of one sample.
const SAMPLE: usize = 4096;
/// From so many bits per byte on, samples come from something compressed.
const DENSE: f64 = 7.9;
/// Old files from this size on are indexed less closely, which saves memory.
const MEDIUM_FROM: u64 = 32 << 20;
/// Old files below these sizes are indexed more closely at the greatest effort; beyond them that would
/// take most of the memory that all patches share.
const FINE_FROM: u64 = 20 << 20;
const FINER_FROM: u64 = 4 << 20;
/// What compressed files begin with: gzip, xz, zstd, bzip2.
const MAGICS: [&[u8]; 4] = [b"\x1f\x8b", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"BZh"];

/// How closely two files are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::delta) enum Grain {
    /// Every window of 16 bytes: all that there is to find, at twice the work.
    Finest,
    /// Every second window of 16 bytes: a little smaller still than every fourth.
    Finer,
    /// Every fourth window of 16 bytes: what makes small patches.
    Fine,
    /// Every 16th window of 16 bytes: for large files.
    Medium,
    /// Every 32nd window of 32 bytes: for files that are compressed already, and for windows of large
    /// ones. Of a browser's library, a closer look finds much that is the same by chance, and makes the
    /// patch larger.
    Coarse,
    /// The same, and where little is found, every third place of the new file is passed over: a sixth
    /// less work for patches that are 1 % larger.
    Coarsest,
}

/// The numbers behind a grain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mesh {
    /// How many bytes an anchor has at least.
    pub(super) width: usize,
    /// How far apart the indexed windows of the old file are.
    pub(super) step: usize,
    /// How many places are tried for one window.
    pub(super) chain: usize,
    /// Where the files agree again after so many bytes, no other alignment is looked for.
    pub(super) slip: usize,
    /// How far apart windows of the new file are looked up where many in a row were not found. With
    /// `step` it has no divisor in common, or some alignments would never be met.
    pub(super) stride: usize,
}

impl Grain {
    /// Chooses a grain for two files, at this effort.
    pub(in crate::delta) fn of(old: &[u8], new: &[u8], effort: Effort) -> Grain {
        if is_compressed(new) {
            Grain::coarse(effort)
        } else {
            Grain::of_sizes(old.len() as u64, effort)
        }
    }

    /// Chooses the closest grain that an old file of this size may need.
    pub(in crate::delta) fn of_sizes(old: u64, effort: Effort) -> Grain {
        match effort {
            _ if old >= MEDIUM_FROM => Grain::Medium,
            Effort::Small if old < FINER_FROM => Grain::Finest,
            Effort::Small if old < FINE_FROM => Grain::Finer,
            _ => Grain::Fine,
        }
    }

    /// Chooses a grain for what no closer look would make smaller.
    pub(in crate::delta) fn coarse(effort: Effort) -> Grain {
        match effort {
            Effort::Small => Grain::Coarse,
            Effort::Fast | Effort::Balanced => Grain::Coarsest,
        }
    }

    pub(super) fn mesh(self) -> Mesh {
        let (width, step, chain, slip, stride) = match self {
            Grain::Finest => (16, 1, 32, 0, 1),
            Grain::Finer => (16, 2, 8, 0, 1),
            Grain::Fine => (16, 4, 8, 4, 1),
            Grain::Medium => (16, 16, 8, 4, 1),
            Grain::Coarse => (32, 32, 1, 4, 1),
            Grain::Coarsest => (32, 32, 1, 4, 3),
        };
        Mesh {
            width,
            step,
            chain,
            slip,
            stride,
        }
    }
}

/// Tells whether a file is one of those that no compressor makes smaller.
fn is_compressed(file: &[u8]) -> bool {
    if file.len() < COMPRESSED_FROM {
        return false;
    }
    let marked = MAGICS.iter().any(|magic| file.starts_with(magic));
    marked || file.len() >= SAMPLED_FROM && entropy(file) > DENSE
}

/// Returns the bits per byte in samples of the file.
fn entropy(file: &[u8]) -> f64 {
    let mut counts = [0u32; 256];
    for sample in file
        .chunks(file.len() / SAMPLES)
        .map(|piece| &piece[..piece.len().min(SAMPLE)])
    {
        for byte in sample {
            counts[usize::from(*byte)] += 1;
        }
    }
    let total: f64 = counts.iter().map(|count| f64::from(*count)).sum();
    let bits = |count: &u32| match count {
        0 => 0.0,
        count => f64::from(*count) / total * (total / f64::from(*count)).log2(),
    };
    counts.iter().map(bits).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_is_recognised() {
        let mut seed = 1u64;
        let mut noise = |len: usize| -> Vec<u8> {
            let next = || {
                seed = seed
                    .wrapping_mul(6364136223846793005)
                    .wrapping_add(1442695040888963407);
                (seed >> 56) as u8
            };
            std::iter::repeat_with(next).take(len).collect()
        };
        let text = b"All work and no play makes Jack a dull boy.\n".repeat(200_000);
        let gzip = [&b"\x1f\x8b\x08"[..], &text].concat();
        let image = [&text[..20_000], &noise(5 << 20)].concat();
        let old = b"";
        let of = |old: &[u8], new: &[u8]| Grain::of(old, new, Effort::Balanced);
        assert_eq!(of(old, &text), Grain::Fine);
        assert_eq!(of(old, &gzip), Grain::Coarsest);
        assert_eq!(of(old, &gzip[..9000]), Grain::Fine);
        assert_eq!(of(old, &image), Grain::Coarsest);
        assert_eq!(Grain::of(old, &gzip, Effort::Small), Grain::Coarse);
        assert_eq!(of(old, &noise(2 << 20)), Grain::Fine);
        assert_eq!(of(&vec![0; MEDIUM_FROM as usize], &text), Grain::Medium);
    }

    #[test]
    fn a_long_stride_meets_every_alignment() {
        let all = [
            Grain::Finest,
            Grain::Finer,
            Grain::Fine,
            Grain::Medium,
            Grain::Coarse,
            Grain::Coarsest,
        ];
        for Mesh { step, stride, .. } in all.map(Grain::mesh) {
            let mut met: Vec<usize> = (0..step).map(|place| place * stride % step).collect();
            met.sort_unstable();
            assert_eq!(met, (0..step).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_greatest_effort_looks_closer_at_smaller_files() {
        for (old, balanced, small) in [
            (FINER_FROM - 1, Grain::Fine, Grain::Finest),
            (FINER_FROM, Grain::Fine, Grain::Finer),
            (FINE_FROM, Grain::Fine, Grain::Fine),
            (MEDIUM_FROM, Grain::Medium, Grain::Medium),
        ] {
            assert_eq!(Grain::of_sizes(old, Effort::Balanced), balanced, "{old}");
            assert_eq!(Grain::of_sizes(old, Effort::Small), small, "{old}");
        }
    }
}
