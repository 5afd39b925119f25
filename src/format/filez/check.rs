//! The check of an object that is in memory.

use super::whole::{Inflater, Stream};
use super::{FilezInfo, fault};
use crate::format::{FileHeader, FormatError};

/// Checks objects one after the other, without allocating for each; every worker has its own.
///
/// However large the content is, a checker needs the same memory.
#[derive(Debug)]
pub struct Checker {
    inflater: Inflater,
}

impl Checker {
    /// Allocates what inflating needs.
    pub fn new() -> Checker {
        Checker {
            inflater: Inflater::new(),
        }
    }

    /// Checks a whole `.filez`, and returns what it holds.
    pub fn check(&mut self, filez: &[u8]) -> Result<FilezInfo, FormatError> {
        self.check_with(filez, |_| ())
    }

    /// Checks a whole `.filez`, and hands its content on in pieces.
    ///
    /// **What is handed on has been checked only when this returns.**
    pub fn check_with(
        &mut self,
        filez: &[u8],
        mut each: impl FnMut(&[u8]),
    ) -> Result<FilezInfo, FormatError> {
        let (header, size, stream) = open(filez)?;
        let mut sha = header.hasher();
        self.pieces(stream, |content| {
            sha.update(content);
            each(content);
        })?;
        Ok(FilezInfo {
            header,
            size,
            checksum: sha.finish(),
        })
    }

    /// Hands the content of a whole `.filez` on in pieces, **without looking at its checksum**: for
    /// what is believed only by what is made of it.
    pub fn inflate(&mut self, filez: &[u8], each: impl FnMut(&[u8])) -> Result<(), FormatError> {
        let (_, _, stream) = open(filez)?;
        self.pieces(stream, each)
    }

    fn pieces(
        &mut self,
        mut stream: Stream<'_>,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), FormatError> {
        while self.inflater.more(&mut stream)? {
            each(self.inflater.piece(&stream));
        }
        Ok(())
    }
}

impl Default for Checker {
    fn default() -> Checker {
        Checker::new()
    }
}

/// Reads the header of a whole `.filez`, and begins the stream of its content.
pub(super) fn open(filez: &[u8]) -> Result<(FileHeader, u64, Stream<'_>), FormatError> {
    let (header, size, start) = FileHeader::parse_zlib_header(filez)?;
    let deflate = filez.get(start..).unwrap_or_default();
    let stream = match header.is_symlink() {
        false => Stream::new(deflate, size),
        true if deflate.is_empty() => Stream::none(),
        true => return Err(fault("bytes follow its content")),
    };
    Ok((header, size, stream))
}
