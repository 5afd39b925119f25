//! Cuts a release's objects into packs, and packs into jobs.

use crate::format::Checksum;

/// A pack is closed before it would grow beyond this, unless one object alone does.
const PACK_SIZE: u64 = 256 << 20;
/// Objects are compressed together up to about this size.
const BATCH_SIZE: u64 = 2 << 20;
/// From this stored size on an object is never held in memory as a whole.
pub(super) const LARGE: u64 = 4 << 20;

/// An object that is to travel in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackObject {
    /// Its name.
    pub name: Checksum,
    /// Its size in the repository.
    pub size: u64,
}

/// What a worker does at a time.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Job<'a> {
    /// Packs some small objects into one frame.
    Batch(&'a [PackObject]),
    /// Packs one large object, frame after frame.
    Large(&'a PackObject),
    /// Ends the pack.
    End,
}

/// Lists the jobs that pack the objects, which are sorted by name.
pub(super) fn jobs(objects: &[PackObject]) -> Vec<Job<'_>> {
    let mut jobs = Vec::new();
    let (mut first, mut batch, mut pack) = (0, 0, 0);
    for (index, object) in objects.iter().enumerate() {
        let closes = pack > 0 && pack + object.size > PACK_SIZE;
        let large = object.size >= LARGE;
        if first < index && (closes || large || batch + object.size > BATCH_SIZE) {
            jobs.push(Job::Batch(&objects[first..index]));
            (first, batch) = (index, 0);
        }
        if closes {
            jobs.push(Job::End);
            pack = 0;
        }
        if large {
            jobs.push(Job::Large(object));
            first = index + 1;
        } else {
            batch += object.size;
        }
        pack += object.size;
    }
    if first < objects.len() {
        jobs.push(Job::Batch(&objects[first..]));
    }
    if !objects.is_empty() {
        jobs.push(Job::End);
    }
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Describes jobs as a text: `3` for a batch of three, `L` for a large one, `.` for an end.
    fn shape(sizes: &[u64]) -> String {
        let name = |index: usize| Checksum::of(&index.to_be_bytes());
        let objects: Vec<_> = sizes
            .iter()
            .enumerate()
            .map(|(index, size)| PackObject {
                name: name(index),
                size: *size,
            })
            .collect();
        let jobs = jobs(&objects);
        let carried: usize = jobs
            .iter()
            .map(|job| match job {
                Job::Batch(objects) => objects.len(),
                Job::Large(_) => 1,
                Job::End => 0,
            })
            .sum();
        assert_eq!(carried, sizes.len());
        let letter = |job: &Job<'_>| match job {
            Job::Batch(objects) => objects.len().to_string(),
            Job::Large(_) => "L".to_owned(),
            Job::End => ".".to_owned(),
        };
        jobs.iter().map(letter).collect()
    }

    #[test]
    fn packs_close_near_their_size() {
        const M: u64 = 1 << 20;
        for (sizes, expected) in [
            (vec![], ""),
            (vec![0], "1."),
            (vec![M, M], "2."),
            (vec![M, M, 1], "21."),
            (vec![M, 5 * M, M], "1L1."),
            (vec![5 * M, 5 * M], "LL."),
            (vec![300 * M], "L."),
            (vec![300 * M, 1, 1], "L.2."),
            (vec![1, 300 * M, 1], "1.L.1."),
            (vec![200 * M, 56 * M, 1], "LL.1."),
            (vec![5000 * M, 5000 * M], "L.L."),
        ] {
            assert_eq!(shape(&sizes), expected, "{sizes:?}");
        }
    }
}
