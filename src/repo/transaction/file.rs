//! Storing files: hashed on the way, in the form of the repository's mode.
//!
//! Small files are handled as one buffer, so that one that is there already costs a hash and no
//! compression; larger ones flow through in pieces, whatever their size.

use std::cell::RefCell;
use std::io::{self, BufWriter, Read, Write};

use super::super::check::unreadable;
use super::super::error::{Context, RepoError};
use super::super::mode::Mode;
use super::super::paths;
use super::super::stage::TempFile;
use super::Transaction;
use super::form;
use crate::format::filez::{Deflater, FilezWriter};
use crate::format::{Checksum, FileHeader, Hashed, ObjectKind, ObjectName};

/// Files up to this size are handled as one buffer; so a worker needs at most twice as much.
pub const MAX_WHOLE: u64 = 16 * 1024 * 1024;
/// The pieces in which larger ones flow.
pub(super) const PIECE: usize = 256 * 1024;

/// Who holds content against the name that is expected of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Judge {
    /// The transaction, before the object counts.
    Transaction,
    /// Where it is read from: that fails at its end otherwise.
    Source,
}

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
        let bytes = self.read_whole(size, content)?;
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
        self.write_named((expected, Judge::Transaction), header, size, content)
    }

    /// Stores a file under its name; one that is there already is not read.
    pub(super) fn write_named(
        &self,
        (expected, judge): (&Checksum, Judge),
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
                .write_pieces(Some((expected, judge)), header, size, content)
                .map(drop);
        }
        let bytes = self.read_whole(size, content)?;
        if judge == Judge::Transaction {
            expect(expected, header.content_checksum(&bytes))?;
        }
        self.write_whole(expected, header, &bytes)
    }

    /// Reads content to its end, which must come after so many bytes.
    fn read_whole(&self, size: u64, content: &mut dyn Read) -> Result<Vec<u8>, RepoError> {
        let room = usize::try_from(size.min(MAX_WHOLE)).unwrap_or(0);
        let mut bytes = Vec::with_capacity(room);
        let read = content.take(size.saturating_add(1)).read_to_end(&mut bytes);
        read.at("read the content of a file for", self.repo.path())?;
        expect_size(size, bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Stores a file whose content is at hand and whose name is known.
    pub(super) fn write_whole(
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
        named: Option<(&Checksum, Judge)>,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<Checksum, RepoError> {
        self.take(size)?;
        let believed = named.and_then(|(name, judge)| (judge == Judge::Source).then_some(*name));
        let mode = self.repo.mode();
        let temp = self.stage.temp()?;
        let copied = match mode {
            Mode::Archive => self.copy_deflated((header, size), content, &temp, believed),
            _ => copy_plain(header, content, &temp, believed),
        };
        let (copied, checksum) = copied.at("write", self.stage.full("a large file"))?;
        expect_size(size, copied)?;
        if let Some((expected, _)) = named {
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
        (header, size): (&FileHeader, u64),
        content: &mut dyn Read,
        temp: &TempFile,
        believed: Option<Checksum>,
    ) -> io::Result<(u64, Checksum)> {
        let out = BufWriter::with_capacity(PIECE, &temp.file);
        let level = self.repo.config().zlib_level();
        let mut filez = FilezWriter::new(out, header, size, level)?;
        if let Some(name) = believed {
            filez = filez.believing(name);
        }
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

    pub(super) fn unreadable(&self, name: &ObjectName, error: io::Error) -> RepoError {
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

pub(super) fn file_name(checksum: &Checksum) -> ObjectName {
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

pub(super) fn expect_size(declared: u64, found: u64) -> Result<(), RepoError> {
    match declared == found {
        true => Ok(()),
        false => Err(RepoError::SizeMismatch { declared, found }),
    }
}

/// Copies everything and hashes it on the way, unless the name is believed; returns how much it was,
/// and the file's name.
fn copy_plain(
    header: &FileHeader,
    content: &mut dyn Read,
    temp: &TempFile,
    believed: Option<Checksum>,
) -> io::Result<(u64, Checksum)> {
    if let Some(name) = believed {
        return Ok((copy(content, &mut &temp.file)?, name));
    }
    let mut hash = header.hasher();
    let copied = copy(content, &mut Hashed::new(&temp.file, &mut hash))?;
    Ok((copied, hash.finish()))
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
