//! Reading a file from the medium itself, not from memory.
//!
//! ```text
//! O_DIRECT      blocks at multiples of their size, into memory that lies so too
//! fadvise       where the filesystem knows no O_DIRECT: synced pages are dropped, then read again
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Advice, OFlags};

/// What offsets, lengths and memory are a multiple of; no medium wants more.
const ALIGNMENT: usize = 4096;
/// How much is read at once.
const BLOCK: usize = 1 << 20;

/// A file whose bytes, synced before, come from the medium.
pub(super) struct Uncached {
    file: File,
    way: Way,
    /// Room for one block, wherever in it the first aligned byte is.
    memory: Vec<u8>,
    /// The bytes of the block that were not taken yet, within `memory`.
    rest: std::ops::Range<usize>,
    /// Where they end in the file.
    offset: u64,
}

/// How the page cache is passed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Direct,
    Dropped,
}

impl Uncached {
    /// Opens a file.
    pub(super) fn open(path: &Path) -> io::Result<Uncached> {
        Uncached::open_with(path, vec![0; BLOCK + ALIGNMENT])
    }

    /// Closes this file and opens another, with the same memory.
    pub(super) fn followed_by(self, path: &Path) -> io::Result<Uncached> {
        let Uncached { file, memory, .. } = self;
        drop(file);
        Uncached::open_with(path, memory)
    }

    fn open_with(path: &Path, memory: Vec<u8>) -> io::Result<Uncached> {
        let direct = OpenOptions::new()
            .read(true)
            .custom_flags(OFlags::DIRECT.bits().cast_signed())
            .open(path);
        let (file, way) = match direct {
            Ok(file) => (file, Way::Direct),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                (File::open(path)?, Way::Dropped)
            }
            Err(error) => return Err(error),
        };
        let mut opened = Uncached {
            file,
            way,
            memory,
            rest: 0..0,
            offset: 0,
        };
        // Some filesystems open a file so and then cannot read it.
        if way == Way::Direct
            && let Err(error) = opened.fill()
        {
            if error.kind() != io::ErrorKind::InvalidInput {
                return Err(error);
            }
            (opened.file, opened.way) = (File::open(path)?, Way::Dropped);
        }
        if opened.way == Way::Dropped {
            rustix::fs::fadvise(&opened.file, 0, None, Advice::DontNeed)?;
        }
        Ok(opened)
    }

    /// Returns the file's length.
    pub(super) fn len(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    /// Reads the block in which the next byte is.
    fn fill(&mut self) -> io::Result<()> {
        let begin = self.memory.as_ptr().addr().next_multiple_of(ALIGNMENT);
        let begin = begin - self.memory.as_ptr().addr();
        let Some(block) = self.memory.get_mut(begin..begin + BLOCK) else {
            return Err(io::ErrorKind::OutOfMemory.into());
        };
        let within = self.offset % ALIGNMENT as u64;
        let read = self.file.read_at(block, self.offset - within)?;
        let within = (within as usize).min(read);
        self.rest = begin + within..begin + read;
        self.offset += (read - within) as u64;
        Ok(())
    }
}

impl Read for Uncached {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.rest.is_empty() {
            self.fill()?;
        }
        let ready = self.memory.get(self.rest.clone()).unwrap_or_default();
        let taken = ready.len().min(buffer.len());
        let (Some(from), Some(to)) = (ready.get(..taken), buffer.get_mut(..taken)) else {
            return Ok(0);
        };
        to.copy_from_slice(from);
        self.rest.start += taken;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every length that ends a block, a byte before and after; and reads that fit none of them.
    fn reads_what_was_written(directory: &Path) -> Vec<Way> {
        let mut ways = Vec::new();
        for length in [
            0,
            1,
            511,
            4095,
            4096,
            4097,
            BLOCK - 1,
            BLOCK,
            BLOCK + 1,
            3 * BLOCK + 777,
        ] {
            let content: Vec<u8> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
            let path = directory.join("file");
            std::fs::write(&path, &content).unwrap();
            File::open(&path).unwrap().sync_all().unwrap();
            let mut file = Uncached::open(&path).unwrap();
            assert_eq!(file.len().unwrap(), length as u64);
            let mut found = Vec::new();
            let some = (&mut file).take(1000).read_to_end(&mut found).unwrap();
            assert_eq!(some, length.min(1000));
            file.read_to_end(&mut found).unwrap();
            assert!(found == content, "{length}");
            ways.push(file.way);
        }
        ways
    }

    #[test]
    fn with_o_direct_where_there_is_any() {
        let directory = tempfile::tempdir().unwrap();
        let probe = directory.path().join("probe");
        std::fs::write(&probe, [7; 8192]).unwrap();
        let flags = OFlags::DIRECT.bits().cast_signed();
        let direct = OpenOptions::new()
            .read(true)
            .custom_flags(flags)
            .open(&probe);
        let ways = reads_what_was_written(directory.path());
        if direct.is_err() {
            assert!(ways.iter().all(|way| *way == Way::Dropped));
        }
    }

    #[test]
    fn in_memory_only_it_still_reads() {
        let Ok(directory) = tempfile::tempdir_in("/dev/shm") else {
            return;
        };
        reads_what_was_written(directory.path());
    }

    #[test]
    fn the_next_file_reads_as_if_it_were_the_first() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        std::fs::write(path("long"), [1; 9000]).unwrap();
        std::fs::write(path("short"), [2; 77]).unwrap();
        for name in ["long", "short"] {
            File::open(path(name)).unwrap().sync_all().unwrap();
        }
        let mut file = Uncached::open(&path("long")).unwrap();
        let mut found = Vec::new();
        (&mut file).take(100).read_to_end(&mut found).unwrap();
        let memory = file.memory.as_ptr();
        let mut file = file.followed_by(&path("short")).unwrap();
        assert_eq!(file.memory.as_ptr(), memory);
        file.read_to_end(&mut found).unwrap();
        assert_eq!(found, [&[1; 100][..], &[2; 77]].concat());
    }

    #[test]
    fn what_is_not_there_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let error = Uncached::open(&directory.path().join("none"))
            .err()
            .unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
