//! Parts that travel inside a superblock, until that is written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::StaticDeltaError;

/// A file without a name, to which several write.
pub(super) struct Spool {
    file: File,
    directory: PathBuf,
    /// How many bytes there are; whoever holds it may write.
    len: Mutex<u64>,
    /// How many there may be.
    limit: u64,
}

impl Spool {
    /// Makes one in a directory; it takes so many bytes.
    pub(super) fn within(directory: &Path, limit: u64) -> Result<Spool, StaticDeltaError> {
        let made = tempfile::tempfile_in(directory);
        Ok(Spool {
            file: made.map_err(unwritten(directory))?,
            directory: directory.to_owned(),
            len: Mutex::new(0),
            limit,
        })
    }

    /// Appends what is written to an empty file, and says where it is; only that takes turns.
    pub(super) fn write<T>(
        &self,
        write: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> Result<(T, Range<u64>), StaticDeltaError> {
        let apart = tempfile::tempfile_in(&self.directory).and_then(|mut part| {
            let written = write(&mut part)?;
            part.rewind()?;
            Ok((written, part.metadata()?.len(), part))
        });
        let (written, size, mut part) = apart.map_err(unwritten(&self.directory))?;
        let mut len = self.len.lock().unwrap_or_else(PoisonError::into_inner);
        let place = *len..*len + size;
        if place.end > self.limit {
            let limit = self.limit;
            return Err(StaticDeltaError::TooMuchInline { limit });
        }
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.start))
            .and_then(|_| io::copy(&mut part, &mut file))
            .map_err(unwritten(&self.directory))?;
        *len = place.end;
        Ok((written, place))
    }

    /// Returns what it is written to.
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

fn unwritten(directory: &Path) -> impl FnOnce(io::Error) -> StaticDeltaError {
    |source| StaticDeltaError::Io {
        action: "write to",
        path: directory.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::FileExt;

    use super::*;
    use crate::Class;

    #[test]
    fn parts_stand_one_after_the_other_until_it_is_full() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::within(dir.path(), 7).unwrap();
        let write = |text: &str| spool.write(|file| file.write_all(text.as_bytes()).map(|()| 1));
        assert_eq!(write("one").unwrap(), (1, 0..3));
        assert!(matches!(
            write("fives").unwrap_err(),
            StaticDeltaError::TooMuchInline { limit: 7 }
        ));
        assert_eq!(write("four").unwrap(), (1, 3..7));
        let mut there = [0; 7];
        spool.file().read_exact_at(&mut there, 0).unwrap();
        assert_eq!(&there, b"onefour");
        assert_eq!(write("5").unwrap_err().class(), Class::Unsupported);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
