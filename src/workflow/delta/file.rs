//! A static delta in files, whoever made it: a superblock, and parts inside it or beside it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use super::StaticDeltaError;
use crate::delta::MAX_PAYLOAD;
use crate::format::delta::{PartHeader, Superblock, SuperblockOutline};
use crate::format::gvariant::ReadAt;

/// What the file of a part may be longer than its payload: the frame of its compression.
const FRAME: u64 = 1 << 20;

/// A static delta whose superblock was read; its parts may be larger than memory.
pub(super) struct DeltaFile {
    outline: SuperblockOutline,
    file: File,
    path: PathBuf,
}

impl DeltaFile {
    /// Opens a superblock, in either form, or the directory it is in.
    pub(super) fn open(path: &Path) -> Result<DeltaFile, StaticDeltaError> {
        let path = match path.is_dir() {
            true => path.join("superblock"),
            false => path.to_owned(),
        };
        let opened = open_file(&path).and_then(|file| {
            let outline = SuperblockOutline::read(&file, file.metadata()?.len())?;
            Ok((file, outline))
        });
        let (file, outline) = opened.map_err(unread(&path))?;
        Ok(DeltaFile {
            outline,
            file,
            path,
        })
    }

    /// Returns the superblock, without what travels inside it.
    pub(super) fn superblock(&self) -> &Superblock {
        &self.outline.superblock
    }

    /// Tells whether a part travels inside the superblock.
    pub(super) fn is_inline(&self, number: usize) -> bool {
        self.inline(number).is_some()
    }

    /// Reads the file of a part, which is not looked at.
    pub(super) fn part(
        &self,
        number: usize,
        header: &PartHeader,
    ) -> Result<Vec<u8>, StaticDeltaError> {
        let limit = header.size.min(MAX_PAYLOAD + FRAME);
        let Some(place) = self.inline(number) else {
            let path = self.path.with_file_name(number.to_string());
            return read(&path, limit).map_err(unread(&path));
        };
        let read = within(place.end - place.start, limit).and_then(|len| {
            let mut bytes = vec![0; len];
            ReadAt::read_exact_at(&self.file, &mut bytes, place.start)?;
            Ok(bytes)
        });
        read.map_err(unread(&self.path))
    }

    fn inline(&self, number: usize) -> Option<std::ops::Range<u64>> {
        self.outline.inline.get(number).cloned().flatten()
    }
}

/// Reads a file of at most `limit` bytes.
fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    within(bytes.len() as u64, limit)?;
    Ok(bytes)
}

fn within(len: u64, limit: u64) -> io::Result<usize> {
    match usize::try_from(len) {
        Ok(size) if len <= limit => Ok(size),
        _ => Err(io::ErrorKind::FileTooLarge.into()),
    }
}

/// Opens a regular file, and does not hang on what is none.
fn open_file(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is not a regular file")),
    }
}

fn unread(path: &Path) -> impl FnOnce(io::Error) -> StaticDeltaError {
    |source| StaticDeltaError::Io {
        action: "read",
        path: path.to_owned(),
        source,
    }
}
