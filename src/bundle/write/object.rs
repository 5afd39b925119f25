//! One object on its way into a pack: read once, checked against its name, framed as tar.
//!
//! An archive repository holds it as it travels. Any other mode holds the content, which is
//! deflated here.

use std::io::{self, BufReader, Read, Write};

use super::plan::LARGE;
use super::{PackObject, WriteError, ustar};
use crate::format::filez::{Checker, Deflater, FilezReader, FilezWriter};
use crate::format::{Checksum, FormatError, ObjectKind, ObjectName};
use crate::repo::{Mode, Repo, RepoError};

/// The level at which objects are deflated that were not stored so; libostree's own.
const DEFLATE_LEVEL: u32 = 6;
/// How much of a large object is in memory at a time.
const BUFFER: usize = 256 << 10;

/// Sizes of one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    /// As an archive repository stores it.
    pub(super) stored: u64,
    /// As a checkout would hold it.
    pub(super) content: u64,
}

/// Reads objects from a repository; every worker has its own.
pub(super) struct Reader<'r> {
    repo: &'r Repo,
    checker: Checker,
    deflater: Deflater,
}

impl<'r> Reader<'r> {
    /// Stands ready to read.
    pub(super) fn new(repo: &'r Repo) -> Reader<'r> {
        Reader {
            repo,
            checker: Checker::new(),
            deflater: Deflater::new(DEFLATE_LEVEL),
        }
    }

    /// Appends a small object to a tar in memory.
    pub(super) fn append(
        &mut self,
        object: &PackObject,
        tar: &mut Vec<u8>,
    ) -> Result<Sizes, WriteError> {
        let header = tar.len();
        tar.extend_from_slice(&ustar::END[..ustar::BLOCK as usize]);
        let start = tar.len();
        let content = match self.repo.mode() {
            Mode::Archive => self.append_stored(object, tar)?,
            _ => self.append_deflated(object, tar)?,
        };
        let stored = (tar.len() - start) as u64;
        tar[header..start].copy_from_slice(&entry_header(&object.name, stored)?);
        tar.resize(tar.len() + ustar::padding(stored) as usize, 0);
        Ok(Sizes { stored, content })
    }

    /// Copies an object as the archive stores it, after a look at every byte of its content.
    fn append_stored(&mut self, object: &PackObject, tar: &mut Vec<u8>) -> Result<u64, WriteError> {
        let start = tar.len();
        let loose = self.repo.open_loose(&file_name(object));
        let (file, size) = loose.map_err(repo_failed(object))?;
        if size >= LARGE {
            return Err(changed(object));
        }
        tar.reserve(size as usize + ustar::BLOCK as usize);
        let read = file.take(size + 1).read_to_end(tar);
        if read.map_err(read_failed(object))? as u64 != size {
            return Err(changed(object));
        }
        let info = self.checker.check(&tar[start..]);
        let info = info.map_err(|source| WriteError::BadObject {
            object: object.name,
            source,
        })?;
        same(object, info.checksum)?;
        Ok(info.size)
    }

    /// Deflates an object that the repository stores as its content.
    fn append_deflated(
        &mut self,
        object: &PackObject,
        tar: &mut Vec<u8>,
    ) -> Result<u64, WriteError> {
        let file = self.repo.file(&object.name).map_err(repo_failed(object))?;
        if file.size >= LARGE {
            return Err(changed(object));
        }
        let mut content = Vec::new();
        let read = file.reader.take(LARGE).read_to_end(&mut content);
        read.map_err(read_failed(object))?;
        same(object, file.header.content_checksum(&content))?;
        tar.extend_from_slice(&self.deflater.filez(&file.header, &content));
        Ok(content.len() as u64)
    }

    /// Writes a large object to `tar`, in bounded memory.
    pub(super) fn stream(
        &mut self,
        object: &PackObject,
        tar: &mut dyn Write,
    ) -> Result<Sizes, WriteError> {
        match self.repo.mode() {
            Mode::Archive => self.stream_stored(object, tar),
            _ => self.stream_deflated(object, tar),
        }
    }

    /// Copies an object as the archive stores it, while its content is inflated and hashed beside.
    fn stream_stored(&self, object: &PackObject, tar: &mut dyn Write) -> Result<Sizes, WriteError> {
        let loose = self.repo.open_loose(&file_name(object));
        let (file, size) = loose.map_err(repo_failed(object))?;
        let header = entry_header(&object.name, size)?;
        let mut copied = 0;
        let copy = || {
            tar.write_all(&header)?;
            let tap = Tap {
                source: file,
                copy: &mut *tar,
                copied: &mut copied,
            };
            let mut content = FilezReader::open(BufReader::with_capacity(BUFFER, tap))?.hashed();
            pump(&mut content, &mut io::sink())?;
            let info = content.finish()?;
            tar.write_all(&ustar::END[..ustar::padding(size) as usize])?;
            Ok(info)
        };
        let info = copy().map_err(read_failed(object))?;
        same(object, info.checksum)?;
        match copied == size {
            true => Ok(Sizes {
                stored: size,
                content: info.size,
            }),
            false => Err(changed(object)),
        }
    }

    /// Deflates an object twice: its size must stand before it, and it is not kept.
    fn stream_deflated(
        &self,
        object: &PackObject,
        tar: &mut dyn Write,
    ) -> Result<Sizes, WriteError> {
        let sizes = self.deflate_to(object, &mut io::sink())?;
        let header = entry_header(&object.name, sizes.stored)?;
        tar.write_all(&header).map_err(read_failed(object))?;
        if self.deflate_to(object, tar)? != sizes {
            return Err(changed(object));
        }
        let zeros = &ustar::END[..ustar::padding(sizes.stored) as usize];
        tar.write_all(zeros).map_err(read_failed(object))?;
        Ok(sizes)
    }

    fn deflate_to(&self, object: &PackObject, out: &mut dyn Write) -> Result<Sizes, WriteError> {
        let mut file = self.repo.file(&object.name).map_err(repo_failed(object))?;
        let mut stored = 0;
        let mut deflate = || {
            let counted = Counted {
                out,
                count: &mut stored,
            };
            let mut filez = FilezWriter::new(counted, &file.header, file.size, DEFLATE_LEVEL)?;
            pump(&mut file.reader, &mut filez)?;
            let (_, checksum) = filez.finish()?;
            Ok(checksum)
        };
        same(object, deflate().map_err(read_failed(object))?)?;
        Ok(Sizes {
            stored,
            content: file.size,
        })
    }
}

/// A reader that keeps a copy of what is read.
struct Tap<'a, R> {
    source: R,
    copy: &'a mut dyn Write,
    copied: &'a mut u64,
}

impl<R: Read> Read for Tap<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.copy.write_all(&buffer[..count])?;
        *self.copied += count as u64;
        Ok(count)
    }
}

/// A writer that counts.
struct Counted<'a> {
    out: &'a mut dyn Write,
    count: &'a mut u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        *self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Copies to the end, in larger steps than `io::copy`.
fn pump(source: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => out.write_all(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn file_name(object: &PackObject) -> ObjectName {
    ObjectName::new(object.name, ObjectKind::File)
}

/// Encodes the header of `objects/ab/cdef….filez`.
fn entry_header(name: &Checksum, size: u64) -> Result<[u8; ustar::BLOCK as usize], WriteError> {
    let hex = name.to_string();
    let (first, rest) = hex.split_at(2);
    ustar::header(&format!("objects/{first}/{rest}.filez"), size).map_err(|_| {
        WriteError::ObjectTooLarge {
            object: *name,
            size,
        }
    })
}

fn same(object: &PackObject, found: Checksum) -> Result<(), WriteError> {
    match found == object.name {
        true => Ok(()),
        false => Err(WriteError::WrongObject {
            object: object.name,
            found,
        }),
    }
}

fn changed(object: &PackObject) -> WriteError {
    WriteError::ObjectChanged {
        object: object.name,
    }
}

fn repo_failed(object: &PackObject) -> impl FnOnce(RepoError) -> WriteError {
    |source| WriteError::Repo {
        object: object.name,
        source: Box::new(source),
    }
}

/// Wraps a failed read; a fault of the object itself comes as one, too.
fn read_failed(object: &PackObject) -> impl FnOnce(io::Error) -> WriteError {
    |source| match source.downcast::<FormatError>() {
        Ok(source) => WriteError::BadObject {
            object: object.name,
            source,
        },
        Err(source) => WriteError::ReadObject {
            object: object.name,
            source,
        },
    }
}
