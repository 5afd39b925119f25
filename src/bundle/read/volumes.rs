//! The tar form on the medium: one file, or the volumes that `cat` would join.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::Advice;

use super::error::ReadError;

/// One file of the tar form.
#[derive(Debug)]
pub(super) struct Volume {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    file: File,
}

impl Volume {
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        // Not to hang on a FIFO, which is refused right below.
        let flags =
            rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::CLOEXEC | rustix::fs::OFlags::NONBLOCK;
        let fd =
            rustix::fs::open(path, flags, rustix::fs::Mode::empty()).map_err(
                |errno| match errno {
                    rustix::io::Errno::NOENT => ReadError::NotFound {
                        path: path.to_owned(),
                    },
                    errno => ReadError::io(path, errno),
                },
            )?;
        Volume::from_file(File::from(fd), path)
    }

    /// Takes an open file, which must be a regular one.
    pub(super) fn from_file(file: File, path: &Path) -> Result<Self, ReadError> {
        let metadata = file.metadata().map_err(|e| ReadError::io(path, e))?;
        if !metadata.is_file() {
            return Err(ReadError::NotABundle {
                path: path.to_owned(),
            });
        }
        Ok(Volume {
            path: path.to_owned(),
            size: metadata.size(),
            file,
        })
    }

    /// Returns whether both are the same file of the same filesystem.
    pub(super) fn is_same_file(&self, other: &Volume) -> bool {
        let id = |volume: &Volume| volume.file.metadata().map(|m| (m.dev(), m.ino())).ok();
        id(self).is_some_and(|this| Some(this) == id(other))
    }

    /// Reads exactly the bytes from `offset` on; the caller has compared with the size.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), ReadError> {
        self.file
            .read_exact_at(buffer, offset)
            .map_err(|e| ReadError::io(&self.path, e))
    }

    fn expect_sequential_reads(&self) {
        // Advice only; a filesystem that has none reads as it would have.
        let _ = rustix::fs::fadvise(&self.file, 0, None, Advice::Sequential);
    }
}

/// The files of a tar form in their order.
#[derive(Debug)]
pub(super) struct Volumes {
    /// Each with the offset in the whole archive at which it begins.
    parts: Vec<(u64, Volume)>,
}

impl Volumes {
    pub(super) fn new(volumes: Vec<Volume>) -> Self {
        let begin = |at: &mut u64, volume: Volume| {
            let start = *at;
            *at = at.saturating_add(volume.size);
            Some((start, volume))
        };
        let parts: Vec<_> = volumes.into_iter().scan(0, begin).collect();
        parts
            .iter()
            .for_each(|(_, volume)| volume.expect_sequential_reads());
        Volumes { parts }
    }

    /// Returns how many bytes there are in all.
    pub(super) fn len(&self) -> u64 {
        self.parts
            .last()
            .map_or(0, |(start, volume)| start.saturating_add(volume.size))
    }

    /// Returns the last file, whose length is wrong when the whole length is.
    pub(super) fn last_path(&self) -> PathBuf {
        self.parts
            .last()
            .map(|(_, volume)| volume.path.clone())
            .unwrap_or_default()
    }

    /// Reads exactly the bytes from `offset` on, across volumes.
    pub(super) fn read_at(&self, mut buffer: &mut [u8], mut offset: u64) -> Result<(), ReadError> {
        while !buffer.is_empty() {
            let (start, volume) = self.at(offset).ok_or_else(|| self.ends_early())?;
            let left = (start + volume.size).saturating_sub(offset);
            let now = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let (head, tail) = buffer.split_at_mut(now);
            volume.read_at(head, offset - start)?;
            buffer = tail;
            offset += now as u64;
        }
        Ok(())
    }

    /// Returns the files that hold `range`, and the offset of its first byte in the first of them.
    pub(super) fn locate(&self, range: &Range<u64>) -> (Vec<PathBuf>, u64) {
        let held = self.parts.iter().filter(|(start, volume)| {
            *start < range.end && range.start < start.saturating_add(volume.size)
        });
        let first = held
            .clone()
            .next()
            .map_or(0, |(start, _)| range.start.saturating_sub(*start));
        (held.map(|(_, volume)| volume.path.clone()).collect(), first)
    }

    /// Returns the volume that holds `offset`, and where it begins.
    fn at(&self, offset: u64) -> Option<(u64, &Volume)> {
        let next = self.parts.partition_point(|(start, _)| *start <= offset);
        let (start, volume) = self.parts.get(next.checked_sub(1)?)?;
        (offset < start + volume.size).then_some((*start, volume))
    }

    fn ends_early(&self) -> ReadError {
        ReadError::io(&self.last_path(), io::ErrorKind::UnexpectedEof)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_read_as_one() {
        let dir = tempfile::tempdir().unwrap();
        let whole: Vec<u8> = (0..100).collect();
        let volumes = whole.chunks(30).enumerate().map(|(i, bytes)| {
            let path = dir.path().join(format!("v.{:03}", i + 1));
            std::fs::write(&path, bytes).unwrap();
            Volume::open(&path).unwrap()
        });
        let volumes = Volumes::new(volumes.collect());
        assert_eq!(volumes.len(), 100);
        for (offset, len) in [
            (0, 100),
            (0, 30),
            (29, 2),
            (30, 30),
            (59, 41),
            (99, 1),
            (100, 0),
        ] {
            let mut buffer = vec![0; len];
            volumes.read_at(&mut buffer, offset as u64).unwrap();
            assert_eq!(buffer, whole[offset..offset + len]);
        }
        assert!(volumes.read_at(&mut [0; 2], 99).is_err());
        let (files, offset) = volumes.locate(&(59..61));
        assert_eq!((files.len(), offset), (2, 29));
    }

    #[test]
    fn only_regular_files_are_volumes() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(
            Volume::open(dir.path()),
            Err(ReadError::NotABundle { .. })
        ));
        assert!(matches!(
            Volume::open(&dir.path().join("x")),
            Err(ReadError::NotFound { .. })
        ));
    }
}
