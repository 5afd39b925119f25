//! Reads a finished bundle again, from the medium and not from memory.
//!
//! A stick that lies about its size, or is about to fail, takes every byte and keeps other ones.
//! What is read comes past the page cache, or after what was synced was dropped from it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::member::Digests;
use super::uncached::Uncached;
use super::{WriteError, ustar};
use crate::bundle::{CHUNK_SIZE, Member, MemberName};
use crate::format::Checksum;
use crate::{Event, Observer, Stage, Unit};

/// What the medium must hold under one name.
pub(super) struct Expected {
    name: String,
    size: u64,
    chunks: Vec<Checksum>,
}

impl Expected {
    /// Takes size and digests from the bytes themselves.
    pub(super) fn of_bytes(name: &str, bytes: &[u8]) -> Expected {
        let mut digests = Digests::new();
        digests.update(bytes);
        // The manifest has no member name; only size and digests are taken from here.
        let Member { size, chunks, .. } = digests.finish(MemberName::SUMMARY);
        Expected {
            name: name.to_owned(),
            size,
            chunks,
        }
    }

    /// Takes size and digests from the manifest's entry.
    pub(super) fn of_member(member: &Member) -> Expected {
        let Member {
            name, size, chunks, ..
        } = member;
        Expected {
            name: name.to_string(),
            size: *size,
            chunks: chunks.clone(),
        }
    }
}

/// Compares the files of a directory form with what was written.
pub(super) fn read_back_directory(
    directory: &Path,
    expected: &[Expected],
    observer: &dyn Observer,
) -> Result<(), WriteError> {
    begin(expected, observer);
    for expected in expected {
        let path = directory.join(&expected.name);
        let mut file = open_uncached(&path)?;
        let size = file.len().map_err(WriteError::io("examine", &path))?;
        if size != expected.size {
            return Err(differs(
                expected,
                size.min(expected.size),
                size.max(expected.size),
            ));
        }
        compare(&mut file, &path, expected, observer)?;
    }
    observer.event(Event::End {
        stage: Stage::ReadBack,
    });
    Ok(())
}

/// Compares a tar form, or its volumes, with what was written.
pub(super) fn read_back_tar(
    files: &[PathBuf],
    expected: &[Expected],
    observer: &dyn Observer,
) -> Result<(), WriteError> {
    begin(expected, observer);
    let mut joined = Joined {
        files: files.iter(),
        open: None,
    };
    let path = files.first().map_or(Path::new(""), PathBuf::as_path);
    for expected in expected {
        let failed = WriteError::io("describe a member of", path);
        let header = ustar::header(&expected.name, expected.size).map_err(failed)?;
        frame(&mut joined, path, &header, &expected.name)?;
        compare(&mut joined, path, expected, observer)?;
        let zeros = &ustar::END[..ustar::padding(expected.size) as usize];
        frame(&mut joined, path, zeros, &expected.name)?;
    }
    frame(&mut joined, path, &ustar::END, "the end of the archive")?;
    observer.event(Event::End {
        stage: Stage::ReadBack,
    });
    Ok(())
}

/// The volumes one after the other; only one of them is open, for each wants its own memory.
struct Joined<'a> {
    files: std::slice::Iter<'a, PathBuf>,
    open: Option<Uncached>,
}

impl Read for Joined<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let Some(open) = &mut self.open {
                let read = open.read(buffer)?;
                if read > 0 {
                    return Ok(read);
                }
            }
            let Some(next) = self.files.next() else {
                return Ok(0);
            };
            self.open = Some(match self.open.take() {
                Some(last) => last.followed_by(next)?,
                None => Uncached::open(next)?,
            });
        }
    }
}

fn begin(expected: &[Expected], observer: &dyn Observer) {
    let total = expected.iter().map(|expected| expected.size).sum();
    observer.event(Event::Begin {
        stage: Stage::ReadBack,
        total: Some(total),
        unit: Unit::Bytes,
    });
}

/// Compares what is between the members.
fn frame(
    source: &mut dyn Read,
    path: &Path,
    expected: &[u8],
    member: &str,
) -> Result<(), WriteError> {
    let mut found = [0; ustar::END.len()];
    let (found, _) = found.split_at_mut(expected.len());
    let same = match source.read_exact(found) {
        Ok(()) => found == expected,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
        Err(error) => return Err(WriteError::io("read", path)(error)),
    };
    same.then_some(()).ok_or_else(|| WriteError::ReadBackFrame {
        member: member.to_owned(),
    })
}

/// Compares a member's bytes, chunk by chunk.
fn compare(
    source: &mut dyn Read,
    path: &Path,
    expected: &Expected,
    observer: &dyn Observer,
) -> Result<(), WriteError> {
    let mut chunk = Vec::new();
    for (index, digest) in (0..).zip(&expected.chunks) {
        let start = index * CHUNK_SIZE;
        let size = CHUNK_SIZE.min(expected.size - start);
        chunk.clear();
        let read = (&mut *source).take(size).read_to_end(&mut chunk);
        read.map_err(WriteError::io("read", path))?;
        if chunk.len() as u64 != size || Checksum::of(&chunk) != *digest {
            return Err(differs(expected, start, start + size));
        }
        observer.event(Event::Advance {
            stage: Stage::ReadBack,
            by: size,
        });
    }
    Ok(())
}

fn differs(expected: &Expected, start: u64, end: u64) -> WriteError {
    WriteError::ReadBack {
        member: expected.name.clone(),
        start,
        end,
    }
}

/// Opens a file whose bytes, synced before, are read from the medium.
fn open_uncached(path: &Path) -> Result<Uncached, WriteError> {
    Uncached::open(path).map_err(WriteError::io("open", path))
}
