//! An old file that is read at any place, a page at a time.

use std::io;

use crate::delta::SourceFile;

/// How much is read at a time.
const PAGE: usize = 64 << 10;

/// An old file that is read at any place; keeps the page that was read last.
#[derive(Debug)]
pub(in crate::delta) struct OldFile<'a> {
    file: &'a SourceFile,
    page: Vec<u8>,
    start: u64,
}

impl<'a> OldFile<'a> {
    pub(in crate::delta) fn new(file: &'a SourceFile) -> OldFile<'a> {
        OldFile {
            file,
            page: Vec::new(),
            start: 0,
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.file.len()
    }

    /// Returns bytes from this place on: at least `least`, if there are as many.
    pub(super) fn at(&mut self, place: u64, least: usize) -> io::Result<&[u8]> {
        let left = self.len().saturating_sub(place);
        if left == 0 {
            return Ok(&[]);
        }
        let least = left.min(least as u64);
        let end = self.start + self.page.len() as u64;
        if place < self.start || place + least > end {
            let len = left.min(PAGE.max(least as usize) as u64) as usize;
            self.page.resize(len, 0);
            self.file.read_exact_at(&mut self.page, place)?;
            self.start = place;
        }
        let from = usize::try_from(place - self.start).unwrap_or(usize::MAX);
        Ok(self.page.get(from..).unwrap_or_default())
    }

    /// Returns up to `most` bytes before this place.
    pub(super) fn before(&mut self, place: u64, most: usize) -> io::Result<&[u8]> {
        let place = place.min(self.len());
        let from = place.saturating_sub(most as u64);
        let len = (place - from) as usize;
        Ok(self.at(from, len)?.get(..len).unwrap_or_default())
    }
}
