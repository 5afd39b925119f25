//! Are many files there? Each directory is read once, which takes a tenth of asking for every file.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{Dir, FileType};
use rustix::io::Errno;

use super::error::{Context, RepoError};
use super::repository::Repo;
use super::spread::{spread, threads};
use super::{durable, paths};
use crate::format::{Checksum, ObjectKind, ObjectName};

/// Fewer files than this are asked for one by one.
const FEW: usize = 4;
/// A directory with this many more files than are looked for is not read to its end.
const MANY: usize = 8;

impl Repo {
    /// Says whether all of these files are there.
    pub(in crate::repo) fn has_files(&self, files: &[Checksum]) -> Result<bool, RepoError> {
        let mut files = files.to_vec();
        files.sort_unstable();
        let fans = files.chunk_by(|a, b| a.as_bytes().first() == b.as_bytes().first());
        let fans: Vec<_> = fans.collect();
        let all = AtomicBool::new(true);
        spread(
            threads(),
            &fans,
            || (),
            |(), fan| {
                if all.load(Ordering::Relaxed) && !self.has_all_of_fan(fan)? {
                    all.store(false, Ordering::Relaxed);
                }
                Ok(())
            },
        )?;
        Ok(all.into_inner())
    }

    /// Says whether all of these files, which belong into one directory, are there.
    fn has_all_of_fan(&self, files: &[Checksum]) -> Result<bool, RepoError> {
        let seen = match files.len() < FEW {
            true => Vec::new(),
            false => self.seen_in_fan(files)?,
        };
        // What was not seen may be there for all that, or be no file: `has` knows.
        for (at, file) in files.iter().enumerate() {
            let is_seen = seen.get(at).is_some_and(|seen| *seen);
            if !is_seen && !self.has(&ObjectName::new(*file, ObjectKind::File))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads one two-letter directory, and says which of these files were seen in it.
    fn seen_in_fan(&self, files: &[Checksum]) -> Result<Vec<bool>, RepoError> {
        let loose =
            |file: &Checksum| paths::loose(&ObjectName::new(*file, ObjectKind::File), self.mode());
        let names: Vec<String> = files.iter().map(loose).collect();
        let mut seen = vec![false; names.len()];
        let fan = names.first().and_then(|name| name.get(..2));
        let fan = fan.unwrap_or_default();
        let at = || self.path().join(paths::OBJECTS).join(fan);
        let dir = match durable::open_dir(self.objects(), fan) {
            Err(Errno::NOENT) => return Ok(seen),
            other => other.at("open", at())?,
        };
        let entries = Dir::new(dir).at("list", at())?;
        for entry in entries.take(names.len().saturating_mul(MANY)) {
            let entry = entry.at("list", at())?;
            if !matches!(entry.file_type(), FileType::RegularFile | FileType::Symlink) {
                continue;
            }
            let name = entry.file_name().to_bytes();
            let place = names.binary_search_by(|loose| {
                let loose = loose.as_bytes().get(fan.len() + 1..);
                loose.unwrap_or_default().cmp(name)
            });
            if let Some(seen) = place.ok().and_then(|place| seen.get_mut(place)) {
                *seen = true;
            }
        }
        Ok(seen)
    }
}
