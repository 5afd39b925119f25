//! Reading files out of a repository, whatever its mode.
//!
//! ```text
//! archive             .filez: header, then deflated content
//! bare                owner, mode and xattrs of the stored file; a link is a link
//! bare-user           user.ostreemeta has owner, mode and xattrs; a link is a file: target, NUL
//! bare-user-only      mode of the stored file; uid 0, gid 0, no xattrs; a link is a link
//! bare-split-xattrs   owner and mode of the stored file; xattrs in .file-xattrs-link
//! ```

use std::fmt;
use std::io::{self, BufReader, Read};

use rustix::fs::{self, FileType, Stat};

use crate::format::filez::FilezReader;
use crate::format::limits::MAX_SYMLINK_TARGET;
use crate::format::{Checksum, FileHeader, FormatError, ObjectKind, ObjectName, Xattrs};

use super::durable;
use super::error::{Context, RepoError};
use super::mode::Mode;
use super::paths;
use super::repository::Repo;
use super::store::{Store, StoredXattrs};
use super::xattrs::{self, RawXattr};

const OSTREEMETA: &str = "user.ostreemeta";
/// How much of a `.filez` is read at a time.
const BUFFER: usize = 64 * 1024;

/// A file of a repository: what its checksum covers.
pub struct FileObject {
    /// Owner, mode, target and xattrs.
    pub header: FileHeader,
    /// The length of the content; 0 for a link.
    pub size: u64,
    /// The content, **unchecked**: whoever believes it compares the checksum first.
    pub reader: Box<dyn Read + Send>,
}

impl fmt::Debug for FileObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileObject")
            .field("header", &self.header)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Repo {
    /// Opens a file by its checksum.
    pub fn file(&self, checksum: &Checksum) -> Result<FileObject, RepoError> {
        self.store().file(checksum)
    }
}

impl Store<'_> {
    /// Opens a file by its checksum.
    pub fn file(&self, checksum: &Checksum) -> Result<FileObject, RepoError> {
        let name = ObjectName::new(*checksum, ObjectKind::File);
        match self.mode {
            Mode::Archive => self.archive_file(&name),
            Mode::BareUser => self.bare_user_file(&name),
            Mode::Bare | Mode::BareUserOnly | Mode::BareSplitXattrs => self.bare_file(&name),
        }
    }

    fn archive_file(&self, name: &ObjectName) -> Result<FileObject, RepoError> {
        let (file, _) = self.open(name)?;
        let reader = FilezReader::open(BufReader::with_capacity(BUFFER, file));
        let reader = reader.map_err(|error| match error.downcast::<FormatError>() {
            Ok(fault) => malformed(name, fault),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                malformed(name, FormatError::Truncated("filez"))
            }
            Err(source) => RepoError::Io {
                action: "read",
                path: self.full(name),
                source,
            },
        })?;
        Ok(FileObject {
            header: reader.header().clone(),
            size: reader.size(),
            reader: Box::new(reader),
        })
    }

    fn bare_user_file(&self, name: &ObjectName) -> Result<FileObject, RepoError> {
        let (file, size) = self.open(name)?;
        let meta =
            xattrs::read_xattr(&file, OSTREEMETA).at("read the attributes of", self.full(name))?;
        let meta = meta.ok_or_else(|| field(name, "no user.ostreemeta"))?;
        let is_symlink = FileHeader::ostreemeta_is_symlink(&meta);
        if !is_symlink.map_err(|error| malformed(name, error))? {
            let header = FileHeader::from_ostreemeta(&meta, None);
            let header = header.map_err(|error| malformed(name, error))?;
            let reader = Box::new(file);
            return Ok(FileObject {
                header,
                size,
                reader,
            });
        }
        let mut target = durable::read_limited(file, size, MAX_SYMLINK_TARGET as u64 + 1)
            .at("read", self.full(name))?;
        // Exactly one NUL ends it, and is not part of it.
        if target.last() == Some(&0) {
            target.pop();
        }
        let header = FileHeader::from_ostreemeta(&meta, Some(text(name, target)?));
        let header = header.map_err(|error| malformed(name, error))?;
        Ok(link(header))
    }

    fn bare_file(&self, name: &ObjectName) -> Result<FileObject, RepoError> {
        let stat = self.stat(name)?;
        if FileType::from_raw_mode(stat.st_mode) == FileType::Symlink {
            let path = paths::loose(name, self.mode);
            let target =
                fs::readlinkat(self.dir, path.as_str(), Vec::new()).at("read", self.full(name))?;
            let xattrs =
                self.stored_xattrs(name, || xattrs::read_xattrs_at(self.dir, path.as_bytes()))?;
            let header = self.stored_header(&stat, Some(text(name, target.into_bytes())?), xattrs);
            return Ok(link(header));
        }
        let (file, size) = self.open(name)?;
        let xattrs = self.stored_xattrs(name, || xattrs::read_xattrs(&file))?;
        Ok(FileObject {
            header: self.stored_header(&stat, None, xattrs),
            size,
            reader: Box::new(file),
        })
    }

    /// Builds the header from what the filesystem says.
    fn stored_header(&self, stat: &Stat, target: Option<String>, xattrs: Xattrs) -> FileHeader {
        let (uid, gid) = match self.mode {
            Mode::BareUserOnly => (0, 0),
            _ => (stat.st_uid, stat.st_gid),
        };
        FileHeader {
            uid,
            gid,
            mode: stat.st_mode,
            target,
            xattrs,
        }
    }

    /// Returns a stored file's extended attributes, which `on_disk` reads where the mode keeps them there.
    fn stored_xattrs(
        &self,
        name: &ObjectName,
        on_disk: impl Fn() -> io::Result<Vec<RawXattr>>,
    ) -> Result<Xattrs, RepoError> {
        match self.mode {
            Mode::BareUserOnly => Ok(Xattrs::default()),
            Mode::BareSplitXattrs => {
                let link = ObjectName::new(name.checksum, ObjectKind::FileXattrsLink);
                let bytes = self.read(&link)?;
                Xattrs::decode(&bytes).map_err(|error| malformed(&link, error))
            }
            _ if self.xattrs == StoredXattrs::Ignored => Ok(Xattrs::default()),
            _ => {
                let raw = on_disk().at("read the attributes of", self.full(name))?;
                Xattrs::new(raw).map_err(|error| malformed(name, error))
            }
        }
    }
}

fn malformed(name: &ObjectName, source: FormatError) -> RepoError {
    RepoError::ObjectMalformed {
        name: *name,
        source,
    }
}

fn field(name: &ObjectName, fault: &'static str) -> RepoError {
    malformed(
        name,
        FormatError::Field {
            what: "file object",
            fault,
        },
    )
}

fn text(name: &ObjectName, bytes: Vec<u8>) -> Result<String, RepoError> {
    String::from_utf8(bytes).map_err(|_| field(name, "the target of a link is not UTF-8"))
}

fn link(header: FileHeader) -> FileObject {
    FileObject {
        header,
        size: 0,
        reader: Box::new(io::empty()),
    }
}
