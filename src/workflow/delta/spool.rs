//! Parts that travel inside a superblock, until that is written.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::StaticDeltaError;

/// A file without a name, to which several write.
pub(super) struct Spool {
    file: File,
    /// Where it is, for messages.
    directory: PathBuf,
    /// How many bytes are taken.
    taken: Mutex<u64>,
    /// How many there may be.
    limit: u64,
}

impl Spool {
    /// Makes one in a directory; it takes so many bytes.
    pub(super) fn within(directory: &Path, limit: u64) -> Result<Spool, StaticDeltaError> {
        let made = tempfile::tempfile_in(directory);
        Ok(Spool {
            file: made.map_err(|source| unwritten(directory, source))?,
            directory: directory.to_owned(),
            taken: Mutex::new(0),
            limit,
        })
    }

    /// Writes a part and says where it is.
    pub(super) fn write(&self, part: &[u8]) -> Result<Range<u64>, StaticDeltaError> {
        let start = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            let start = *taken;
            *taken += part.len() as u64;
            if *taken > self.limit {
                return Err(StaticDeltaError::TooMuchInline { limit: self.limit });
            }
            start
        };
        let written = self.file.write_all_at(part, start);
        written.map_err(|source| unwritten(&self.directory, source))?;
        Ok(start..start + part.len() as u64)
    }

    /// Returns what it is written to.
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

fn unwritten(directory: &Path, source: std::io::Error) -> StaticDeltaError {
    StaticDeltaError::Io {
        action: "write to",
        path: directory.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Class;

    #[test]
    fn parts_stand_one_after_the_other_until_it_is_full() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::within(dir.path(), 7).unwrap();
        assert_eq!(spool.write(b"one").unwrap(), 0..3);
        assert_eq!(spool.write(b"four").unwrap(), 3..7);
        let mut there = [0; 7];
        spool.file().read_exact_at(&mut there, 0).unwrap();
        assert_eq!(&there, b"onefour");
        let full = spool.write(b"5").unwrap_err();
        assert!(matches!(full, StaticDeltaError::TooMuchInline { limit: 7 }));
        assert_eq!(full.class(), Class::Unsupported);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
