//! Storing files: hashed on the way, in the form of the repository's mode.
//!
//! Small files are handled as one buffer, so that one that is there already costs a hash and no
//! compression; larger ones flow through in pieces, whatever their size.

use std::cell::RefCell;
use std::io::{self, BufReader, BufWriter, Read, Write};

use super::super::check::unreadable;
use super::super::error::{Context, RepoError};
use super::super::mode::Mode;
use super::super::paths;
use super::super::stage::TempFile;
use super::Transaction;
use super::form;
use crate::format::filez::{Deflater, FilezInfo, FilezReader, FilezWriter};
use crate::format::{Checksum, FileHeader, ObjectKind, ObjectName, Sha256};

/// Files up to this size are handled as one buffer; so a worker needs at most twice as much.
pub const MAX_WHOLE: u64 = 16 * 1024 * 1024;
/// The pieces in which larger ones flow.
pub(super) const PIECE: usize = 256 * 1024;

impl Transaction<'_> {
    /// Stores a file whose content is `size` bytes long, and returns its name.
    pub fn write_file(
        &self,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<Checksum, RepoError> {
        form::check(self.repo.mode(), header)?;
        if size > MAX_WHOLE {
            return self.write_pieces(None, header, size, content);
        }
        let mut bytes = Vec::new();
        let limit = size.saturating_add(1);
        let read = content.take(limit).read_to_end(&mut bytes);
        read.at("read the content of a file for", self.repo.path())?;
        expect_size(size, bytes.len() as u64)?;
        let checksum = header.content_checksum(&bytes);
        self.write_whole(&checksum, header, &bytes)?;
        Ok(checksum)
    }

    /// Stores a file that must turn out to have this name; one that is there already is not read.
    pub fn write_file_expecting(
        &self,
        expected: &Checksum,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), RepoError> {
        form::check(self.repo.mode(), header)?;
        if self.has(&file_name(expected))? {
            return Ok(());
        }
        if size > MAX_WHOLE {
            return self
                .write_pieces(Some(expected), header, size, content)
                .map(drop);
        }
        let mut bytes = Vec::new();
        let limit = size.saturating_add(1);
        let read = content.take(limit).read_to_end(&mut bytes);
        read.at("read the content of a file for", self.repo.path())?;
        expect_size(size, bytes.len() as u64)?;
        expect(expected, header.content_checksum(&bytes))?;
        self.write_whole(expected, header, &bytes)
    }

    /// Stores a `.filez` that was checked: as it is in an archive, else its content.
    ///
    /// `checked` is what a [`Checker`](crate::format::filez::Checker) said of `bytes`.
    pub fn adopt_filez(
        &self,
        expected: &Checksum,
        bytes: &[u8],
        checked: &FilezInfo,
    ) -> Result<(), RepoError> {
        expect(expected, checked.checksum)?;
        let name = file_name(expected);
        if self.has(&name)? {
            return Ok(());
        }
        self.write_one_waiting()?;
        if self.repo.mode() != Mode::Archive {
            let mut content =
                FilezReader::open(bytes).map_err(|error| self.unreadable(&name, error))?;
            return self.write_file_expecting(
                expected,
                &checked.header,
                checked.size,
                &mut content,
            );
        }
        self.take(bytes.len() as u64)?;
        self.put(&name, bytes)
    }

    /// Stores a file whose `.filez` was checked. **`content` must be what the check handed on.**
    pub fn adopt_content(
        &self,
        expected: &Checksum,
        content: &[u8],
        checked: &FilezInfo,
    ) -> Result<(), RepoError> {
        expect(expected, checked.checksum)?;
        expect_size(checked.size, content.len() as u64)?;
        form::check(self.repo.mode(), &checked.header)?;
        self.write_one_waiting()?;
        self.write_whole(expected, &checked.header, content)
    }

    /// Stores a `.filez` that is too large for one buffer, checking it on the way.
    pub fn adopt_filez_from(
        &self,
        expected: &Checksum,
        stored: u64,
        source: &mut dyn Read,
    ) -> Result<(), RepoError> {
        let name = file_name(expected);
        if self.repo.mode() != Mode::Archive {
            let mut reader = FilezReader::open(BufReader::with_capacity(PIECE, source))
                .map_err(|error| self.unreadable(&name, error))?;
            let (header, size) = (reader.header().clone(), reader.size());
            return self.write_file_expecting(expected, &header, size, &mut reader);
        }
        self.take(stored)?;
        let loose = paths::loose(&name, Mode::Archive);
        let temp = self.stage.temp()?;
        let tee = Tee {
            source,
            copy: &temp,
        };
        let info = FilezReader::open(BufReader::with_capacity(PIECE, tee))
            .and_then(FilezReader::finish)
            .map_err(|error| self.unreadable(&name, error))?;
        expect(expected, info.checksum)?;
        temp.dress(0o644, &self.owner)
            .at("write", self.stage.full(&loose))?;
        self.finish(&name, &temp, &loose)
    }

    /// Stores a `.filez` of `stored` bytes from a source that checks what it hands out.
    ///
    /// **The source must fail where it would end** unless all of it was the object called `expected`.
    /// Only for archives: another mode takes the content by [`Transaction::write_file_expecting`].
    pub fn adopt_checked(
        &self,
        expected: &Checksum,
        stored: u64,
        source: &mut dyn Read,
    ) -> Result<(), RepoError> {
        let name = file_name(expected);
        if self.has(&name)? {
            return Ok(());
        }
        self.take(stored)?;
        let loose = paths::loose(&name, Mode::Archive);
        let mut temp = self.stage.temp_for(&loose)?;
        let copied = copy(source, &mut temp.file).at("write", self.stage.full(&loose))?;
        expect_size(stored, copied)?;
        temp.dress(0o644, &self.owner)
            .at("write", self.stage.full(&loose))?;
        self.finish(&name, &temp, &loose)
    }

    /// Stores a file whose content is at hand and whose name is known.
    fn write_whole(
        &self,
        checksum: &Checksum,
        header: &FileHeader,
        content: &[u8],
    ) -> Result<(), RepoError> {
        let name = file_name(checksum);
        if self.has(&name)? {
            return Ok(());
        }
        if self.repo.mode() == Mode::Archive {
            let bytes = deflate(header, content, self.repo.config().zlib_level());
            self.take(bytes.len() as u64)?;
            return self.put(&name, &bytes);
        }
        self.take(content.len() as u64)?;
        if let (Some(target), false) = (&header.target, self.repo.mode() == Mode::BareUser) {
            return self.put_symlink(&name, target, header);
        }
        let loose = paths::loose(&name, self.repo.mode());
        let mut temp = self.stage.temp_for(&loose)?;
        let written = match &header.target {
            // bare-user keeps a link as a file: the target and a NUL.
            Some(target) => [target.as_bytes(), b"\0"]
                .iter()
                .try_for_each(|part| temp.file.write_all(part)),
            None => temp.file.write_all(content),
        };
        written
            .and_then(|()| form::dress_file(self.repo.mode(), &temp, header, &self.owner))
            .at("write", self.stage.full(&loose))?;
        self.finish(&name, &temp, &loose)
    }

    fn put_symlink(
        &self,
        name: &ObjectName,
        target: &str,
        header: &FileHeader,
    ) -> Result<(), RepoError> {
        let mode = self.repo.mode();
        let loose = paths::loose(name, mode);
        self.stage.link_symlink(target, &loose, |dir, link| {
            form::dress_symlink(mode, dir, link, header, &self.owner)
        })?;
        self.note_staged(name);
        Ok(())
    }

    /// Stores a large file piece by piece.
    fn write_pieces(
        &self,
        expected: Option<&Checksum>,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<Checksum, RepoError> {
        self.take(size)?;
        let mode = self.repo.mode();
        let temp = self.stage.temp()?;
        let copied = match mode {
            Mode::Archive => self.copy_deflated(header, size, content, &temp),
            _ => copy_hashed(header, content, &temp),
        };
        let (copied, checksum) = copied.at("write", self.stage.full("a large file"))?;
        expect_size(size, copied)?;
        if let Some(expected) = expected {
            expect(expected, checksum)?;
        }
        let name = file_name(&checksum);
        let loose = paths::loose(&name, mode);
        match mode {
            Mode::Archive => temp.dress(0o644, &self.owner),
            _ => form::dress_file(mode, &temp, header, &self.owner),
        }
        .at("write", self.stage.full(&loose))?;
        if !self.has(&name)? {
            self.finish(&name, &temp, &loose)?;
        }
        Ok(checksum)
    }

    fn copy_deflated(
        &self,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
        temp: &TempFile,
    ) -> io::Result<(u64, Checksum)> {
        let out = BufWriter::with_capacity(PIECE, &temp.file);
        let level = self.repo.config().zlib_level();
        let mut filez = FilezWriter::new(out, header, size, level)?;
        let copied = copy(&mut content.take(size), &mut filez)?;
        // One byte too many is enough to know.
        let more = content.read(&mut [0])? as u64;
        let (mut out, checksum) = match copied == size {
            true => filez.finish()?,
            false => return Ok((copied, Checksum::of(&[]))),
        };
        out.flush()?;
        Ok((copied + more, checksum))
    }

    fn unreadable(&self, name: &ObjectName, error: io::Error) -> RepoError {
        unreadable(name, error, || {
            self.stage.full(&paths::loose(name, self.repo.mode()))
        })
    }
}

/// Deflates as one worker after the other does: its compressor is large, and is kept.
fn deflate(header: &FileHeader, content: &[u8], level: u32) -> Vec<u8> {
    thread_local! {
        static DEFLATER: RefCell<Option<(u32, Deflater)>> = const { RefCell::new(None) };
    }
    DEFLATER.with_borrow_mut(|kept| {
        if kept
            .as_ref()
            .is_none_or(|(for_level, _)| *for_level != level)
        {
            *kept = None;
        }
        let (_, deflater) = kept.get_or_insert_with(|| (level, Deflater::new(level)));
        deflater.filez(header, content)
    })
}

fn file_name(checksum: &Checksum) -> ObjectName {
    ObjectName::new(*checksum, ObjectKind::File)
}

pub(super) fn expect(expected: &Checksum, actual: Checksum) -> Result<(), RepoError> {
    match *expected == actual {
        true => Ok(()),
        false => Err(RepoError::ObjectMismatch {
            name: file_name(expected),
            actual,
        }),
    }
}

fn expect_size(declared: u64, found: u64) -> Result<(), RepoError> {
    match declared == found {
        true => Ok(()),
        false => Err(RepoError::SizeMismatch { declared, found }),
    }
}

/// Copies everything and hashes it on the way; returns how much it was, and the file's name.
fn copy_hashed(
    header: &FileHeader,
    content: &mut dyn Read,
    temp: &TempFile,
) -> io::Result<(u64, Checksum)> {
    let mut out = Hashing {
        hash: header.hasher(),
        copy: temp,
    };
    let copied = copy(content, &mut out)?;
    Ok((copied, out.hash.finish()))
}

/// Like [`io::copy`], in larger pieces.
pub(super) fn copy(from: &mut dyn Read, to: &mut dyn Write) -> io::Result<u64> {
    let mut piece = vec![0; PIECE];
    let mut total = 0;
    loop {
        let count = match from.read(&mut piece) {
            Ok(0) => return Ok(total),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        to.write_all(piece.get(..count).unwrap_or_default())?;
        total += count as u64;
    }
}

/// Hashes what it writes.
struct Hashing<'a> {
    hash: Sha256,
    copy: &'a TempFile,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = (&self.copy.file).write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands on what it reads and keeps a copy.
struct Tee<'a> {
    source: &'a mut dyn Read,
    copy: &'a TempFile,
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        (&self.copy.file).write_all(buffer.get(..count).unwrap_or_default())?;
        Ok(count)
    }
}
