//! Old files that a delta reads from, at any position.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use super::{DeltaError, room};
use crate::{
    format::{
        Checksum, ObjectKind, ObjectName,
        filez::{Checker, announced_size},
        gvariant::ReadAt,
    },
    repo::{Mode, Repo, RepoError},
};

/// Content up to this size is inflated into memory, larger content into a file without a name.
const MAX_IN_MEMORY: u64 = 8 << 20;

/// What of a `.filez` tells the length of its content.
const ANNOUNCEMENT: u64 = 16;

/// Where old files come from.
pub trait Sources {
    /// Opens the content of a regular file, which need not be checked: what is made of it is.
    fn open(&self, checksum: &Checksum) -> Result<SourceFile, DeltaError>;
}

/// No old files: for deltas that only carry whole objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSources;

impl Sources for NoSources {
    fn open(&self, checksum: &Checksum) -> Result<SourceFile, DeltaError> {
        let name = ObjectName::new(*checksum, ObjectKind::File);
        Err(RepoError::ObjectMissing { name }.into())
    }
}

/// The files of a repository, in any mode.
#[derive(Debug)]
pub struct RepoSources<'a> {
    repo: &'a Repo,
    scratch: PathBuf,
    /// What inflates small files, once there was one, and a file as it is stored.
    inflater: RefCell<(Option<Checker>, Vec<u8>)>,
}

impl<'a> RepoSources<'a> {
    /// Takes old files from `repo`; large deflated ones are inflated in the directory `scratch`.
    pub fn new(repo: &'a Repo, scratch: &Path) -> RepoSources<'a> {
        RepoSources {
            repo,
            scratch: scratch.to_owned(),
            inflater: RefCell::default(),
        }
    }

    /// Inflates a file that is small, and small as it is stored, in one go and with the memory of the one
    /// before; what is at fault is left to the reader, which says why.
    fn inflated(&self, name: &ObjectName) -> Result<Option<SourceFile>, DeltaError> {
        let (mut file, stored) = self.repo.open_loose(name)?;
        if stored > MAX_IN_MEMORY {
            return Ok(None);
        }
        let (checker, filez) = &mut *self.inflater.borrow_mut();
        room::clear_for(filez, usize::try_from(stored).unwrap_or(0));
        let read = read_small(&mut file, stored, filez);
        let Some(size) = read.map_err(|error| DeltaError::at(*name)(error.into()))? else {
            return Ok(None);
        };
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        let inflated = checker
            .get_or_insert_default()
            .inflate(filez, |piece| content.extend_from_slice(piece));
        room::give_back(filez);
        Ok(inflated.ok().map(|()| content.into()))
    }
}

/// Reads all of a `.filez` whose content is small, and returns how large that says it is; of another
/// only what tells so.
fn read_small(file: &mut File, stored: u64, filez: &mut Vec<u8>) -> io::Result<Option<u64>> {
    file.take(ANNOUNCEMENT).read_to_end(filez)?;
    let announced = announced_size(filez).filter(|size| *size <= MAX_IN_MEMORY);
    if announced.is_some() {
        file.take(stored).read_to_end(filez)?;
    }
    Ok(announced)
}

impl Sources for RepoSources<'_> {
    fn open(&self, checksum: &Checksum) -> Result<SourceFile, DeltaError> {
        let name = ObjectName::new(*checksum, ObjectKind::File);
        if self.repo.mode() == Mode::Archive
            && let Some(inflated) = self.inflated(&name)?
        {
            return Ok(inflated);
        }
        let object = self.repo.file(checksum)?;
        let len = object.size;
        if len <= MAX_IN_MEMORY {
            let mut bytes = Vec::new();
            object.reader.take(len).read_to_end(&mut bytes)?;
            return Ok(bytes.into());
        }
        if self.repo.mode() != Mode::Archive {
            let (file, _) = self.repo.open_loose(&name)?;
            return Ok(SourceFile::from_file(file, len));
        }
        let mut file = tempfile::tempfile_in(&self.scratch)?;
        let len = io::copy(&mut object.reader.take(len), &mut file)?;
        Ok(SourceFile::from_file(file, len))
    }
}

/// The content of an old file object: in memory when small, in a file otherwise.
#[derive(Debug)]
pub struct SourceFile(Content);

#[derive(Debug)]
enum Content {
    Memory(Vec<u8>),
    /// Of a file of `len` bytes, those from `start` on.
    Range {
        start: u64,
        bytes: Vec<u8>,
        len: u64,
    },
    File {
        file: File,
        len: u64,
    },
}

impl SourceFile {
    /// Takes a file whose first `len` bytes are the content.
    pub fn from_file(file: File, len: u64) -> SourceFile {
        SourceFile(Content::File { file, len })
    }

    /// Takes a range of a content of `len` bytes; nothing else of it can be read.
    pub(super) fn range(start: u64, bytes: Vec<u8>, len: u64) -> SourceFile {
        SourceFile(Content::Range { start, bytes, len })
    }

    /// Gives the content back that was taken from memory.
    pub(super) fn into_memory(self) -> Vec<u8> {
        match self.0 {
            Content::Memory(bytes) | Content::Range { bytes, .. } => bytes,
            Content::File { .. } => Vec::new(),
        }
    }

    /// Returns the length of the content.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::Range { len, .. } | Content::File { len, .. } => *len,
        }
    }

    /// Returns whether the content is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` with the content from `offset` on.
    pub fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        match &self.0 {
            Content::Memory(bytes) => bytes.as_slice().read_exact_at(buf, offset),
            Content::Range { start, bytes, .. } => {
                let offset = offset.checked_sub(*start);
                let offset = offset.ok_or(io::ErrorKind::UnexpectedEof)?;
                bytes.as_slice().read_exact_at(buf, offset)
            }
            Content::File { file, .. } => file.read_exact_at(buf, offset),
        }
    }
}

impl From<Vec<u8>> for SourceFile {
    fn from(bytes: Vec<u8>) -> SourceFile {
        SourceFile(Content::Memory(bytes))
    }
}
