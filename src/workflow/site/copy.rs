//! The copy of a site's record outside its repository.
//!
//! ```text
//! DIR/                      /var/lib/airlock, or what --site-record names
//! └── <repository id>.json  0644, the same JSON as accepted.json; replaced whole: temp, fsync, rename, fsync
//! ```
//!
//! One directory serves one offline repository for each twin: two repositories of one machine that
//! follow the same twin take two directories.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Accepted, Error, parse};
use crate::Class;
use crate::bundle::RepositoryId;
use crate::workflow::replace_file;

/// The largest record that is read.
const MAX_RECORD: u64 = 64 << 20;
/// The most files that are looked at for the time they tell.
const MAX_COPIES: usize = 4096;
/// What is told of a copy that does not parse.
const KIND: &str = "accepted.json (the copy outside the repository)";

/// Why the copy cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct CopyError {
    action: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl CopyError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        Class::System
    }
}

/// A directory that keeps copies of records.
#[derive(Clone, Debug)]
pub struct RecordCopy {
    dir: PathBuf,
}

impl RecordCopy {
    /// Names the directory; nothing is read or made.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// Returns the directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads the copy for the site that follows this repository, if there is one.
    pub fn load(&self, repository: &RepositoryId) -> Result<Option<Accepted>, Error> {
        let path = self.path(repository);
        let mut bytes = Vec::new();
        let read =
            fs::File::open(&path).and_then(|file| file.take(MAX_RECORD).read_to_end(&mut bytes));
        match read {
            Ok(_) => parse(KIND, &bytes).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed("read", path, source).into()),
        }
    }

    /// Returns the latest moment that any copy here names; one that does not parse names none.
    pub fn latest(&self) -> Result<u64, Error> {
        let unread = |source| failed("read", self.dir.clone(), source);
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(source) => return Err(unread(source).into()),
        };
        let mut latest = 0;
        for entry in entries.take(MAX_COPIES) {
            let name = entry.map_err(unread)?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
            let Some(Ok(id)) = id.map(str::parse) else {
                continue;
            };
            match self.load(&id) {
                Ok(copy) => latest = latest.max(copy.map_or(0, |copy| copy.latest)),
                Err(Error::Record { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(latest)
    }

    /// Makes sure that a copy can be written, before anything is done that relies on it.
    pub fn prepare(&self) -> Result<(), Error> {
        self.ensure()
            .map_err(|source| failed("write to", self.dir.clone(), source))?;
        let probe = tempfile::NamedTempFile::new_in(&self.dir);
        probe.map_err(|source| failed("write to", self.dir.clone(), source))?;
        Ok(())
    }

    /// Replaces the copy durably.
    pub fn store(&self, repository: &RepositoryId, accepted: &Accepted) -> Result<(), Error> {
        let path = self.path(repository);
        let write = || -> io::Result<()> {
            self.ensure()?;
            replace_file(&path, &accepted.to_bytes())
        };
        Ok(write().map_err(|source| failed("write", path.clone(), source))?)
    }

    /// Makes the directory durably, if its parent is there.
    fn ensure(&self) -> io::Result<()> {
        match fs::create_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
            Ok(()) => match self.dir.parent().filter(|parent| *parent != Path::new("")) {
                Some(parent) => fs::File::open(parent)?.sync_all(),
                None => fs::File::open(".")?.sync_all(),
            },
        }
    }

    /// Returns where the copy for this repository lies.
    pub fn path(&self, repository: &RepositoryId) -> PathBuf {
        self.dir.join(format!("{repository}.json"))
    }
}

fn failed(action: &'static str, path: PathBuf, source: io::Error) -> CopyError {
    CopyError {
        action,
        path,
        source,
    }
}
