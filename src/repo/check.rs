//! Checking one stored object against its name, at the speed of the hash.
//!
//! Small objects are read with one call; anything larger flows through in pieces. Either way the
//! strict rules hold: normal form, exact size, deflate that ends at the last byte.

use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use crate::format::filez::{self, FilezReader};
use crate::format::{
    Checksum, Codec, Commit, DirMeta, DirTree, Encoded, FormatError, Metadata, ObjectKind,
    ObjectName,
};

use super::error::{Context, RepoError};
use super::mode::Mode;
use super::store::Store;
use crate::format::limits::MAX_METADATA;

/// The largest stored object that is read as one buffer.
const MAX_STORED: u64 = 16 * 1024 * 1024;
/// The pieces in which larger ones flow.
const PIECE: usize = 256 * 1024;

/// Checks objects, keeping its buffers from one to the next.
#[derive(Default)]
pub(in crate::repo) struct Checker {
    stored: Vec<u8>,
    piece: Vec<u8>,
    filez: filez::Checker,
}

impl Checker {
    /// Checks one object; returns how many bytes were hashed for it.
    pub(in crate::repo) fn check(
        &mut self,
        store: Store<'_>,
        name: &ObjectName,
    ) -> Result<u64, RepoError> {
        match name.kind {
            ObjectKind::File if store.mode == Mode::Archive => self.filez(store, name),
            ObjectKind::File => self.bare(store, name),
            ObjectKind::Commit => self.encoded::<Commit>(store, name),
            ObjectKind::DirTree => self.encoded::<DirTree>(store, name),
            ObjectKind::DirMeta => self.encoded::<DirMeta>(store, name),
            ObjectKind::CommitMeta | ObjectKind::TombstoneCommit => {
                self.read(store, name, MAX_METADATA)?;
                if self.stored.is_empty() {
                    return Ok(0);
                }
                Metadata::decode(&self.stored).map_err(|error| malformed(name, error))?;
                Ok(self.stored.len() as u64)
            }
            ObjectKind::FileXattrs => {
                self.read(store, name, MAX_METADATA)?;
                expect(name, Checksum::of(&self.stored))?;
                Ok(self.stored.len() as u64)
            }
            // Links: what they lead to is checked where it is read.
            ObjectKind::FileXattrsLink | ObjectKind::PayloadLink => Ok(0),
        }
    }

    fn encoded<T: Codec>(&mut self, store: Store<'_>, name: &ObjectName) -> Result<u64, RepoError> {
        self.read(store, name, MAX_METADATA)?;
        let size = self.stored.len() as u64;
        expect(name, Checksum::of(&self.stored))?;
        let bytes = std::mem::take(&mut self.stored);
        let decoded = Encoded::<T>::decode(bytes).map_err(|error| malformed(name, error))?;
        self.stored = decoded.into_bytes();
        Ok(size)
    }

    fn filez(&mut self, store: Store<'_>, name: &ObjectName) -> Result<u64, RepoError> {
        let info = match self.read(store, name, MAX_STORED)? {
            true => self
                .filez
                .check(&self.stored)
                .map_err(|error| malformed(name, error))?,
            false => {
                let (file, _) = store.open(name)?;
                FilezReader::open(BufReader::with_capacity(PIECE, file))
                    .and_then(FilezReader::check)
                    .map_err(|error| unreadable(name, error, || store.full(name)))?
            }
        };
        expect(name, info.checksum)?;
        Ok(info.size)
    }

    fn bare(&mut self, store: Store<'_>, name: &ObjectName) -> Result<u64, RepoError> {
        let full = store.full(name);
        let mut file = store.file(&name.checksum)?;
        let mut hash = file.header.hasher();
        self.piece.resize(PIECE, 0);
        let mut size = 0;
        loop {
            let count = file.reader.read(&mut self.piece).at("read", &full)?;
            if count == 0 {
                break;
            }
            hash.update(self.piece.get(..count).unwrap_or_default());
            size += count as u64;
        }
        expect(name, hash.finish())?;
        Ok(size)
    }

    /// Reads a stored object into the buffer; `false` when it is larger than `limit`.
    fn read(&mut self, store: Store<'_>, name: &ObjectName, limit: u64) -> Result<bool, RepoError> {
        let (file, size) = store.open(name)?;
        if size > limit {
            return match name.kind.is_metadata() {
                true => Err(RepoError::ObjectTooLarge {
                    name: *name,
                    size,
                    limit,
                }),
                false => Ok(false),
            };
        }
        self.stored.clear();
        file.take(limit)
            .read_to_end(&mut self.stored)
            .at("read", store.full(name))?;
        Ok(true)
    }
}

/// Tells a malformed object from a source that cannot be read.
pub(in crate::repo) fn unreadable(
    name: &ObjectName,
    error: io::Error,
    path: impl FnOnce() -> PathBuf,
) -> RepoError {
    let truncated = error.kind() == io::ErrorKind::UnexpectedEof;
    match error.downcast::<FormatError>() {
        Ok(source) => malformed(name, source),
        Err(_) if truncated => malformed(name, FormatError::Truncated("filez")),
        Err(source) => RepoError::Io {
            action: "read",
            path: path(),
            source,
        },
    }
}

fn malformed(name: &ObjectName, source: FormatError) -> RepoError {
    RepoError::ObjectMalformed {
        name: *name,
        source,
    }
}

fn expect(name: &ObjectName, actual: Checksum) -> Result<(), RepoError> {
    match actual == name.checksum {
        true => Ok(()),
        false => Err(RepoError::ObjectMismatch {
            name: *name,
            actual,
        }),
    }
}
