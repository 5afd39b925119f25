//! Storing files that were checked before, or are while they are read: they are not hashed again.

use std::io::{self, BufReader, Read, Write};

use super::super::error::{Context, RepoError};
use super::super::mode::Mode;
use super::super::paths;
use super::super::stage::TempFile;
use super::file::{Judge, PIECE, copy, expect, expect_size, file_name};
use super::{Transaction, form};
use crate::format::filez::{FilezInfo, FilezReader};
use crate::format::{Checksum, FileHeader};

impl Transaction<'_> {
    /// Stores a file from a source that checks what it hands out; one that is there is not read.
    ///
    /// **The source must fail where it would end** unless all of it was the object called `expected`;
    /// one that stops at `size` before it comes to its end must not be put in between.
    pub fn adopt_made(
        &self,
        expected: &Checksum,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), RepoError> {
        self.write_named((expected, Judge::Source), header, size, content)
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
            .and_then(FilezReader::check)
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
