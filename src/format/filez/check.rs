//! The check of an object that is in memory.

use super::FilezInfo;
use super::inflate::{Inflater, Input, Stream, bytes_follow};
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
        let opened = Opened::new(filez)?;
        let mut sha = opened.header.hasher();
        self.pieces(opened.stream, opened.deflate, |content| {
            sha.update(content);
            each(content);
        })?;
        Ok(FilezInfo {
            header: opened.header,
            size: opened.size,
            checksum: sha.finish(),
        })
    }

    /// Hands the content of a whole `.filez` on in pieces, **without looking at its checksum**: for
    /// what is believed only by what is made of it.
    pub fn inflate(&mut self, filez: &[u8], each: impl FnMut(&[u8])) -> Result<(), FormatError> {
        let opened = Opened::new(filez)?;
        self.pieces(opened.stream, opened.deflate, each)
    }

    fn pieces(
        &mut self,
        mut stream: Stream,
        deflate: Input<'_>,
        mut each: impl FnMut(&[u8]),
    ) -> Result<(), FormatError> {
        while self.inflater.more(&mut stream, deflate)? {
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

/// A whole `.filez` of which the header was read.
pub(super) struct Opened<'f> {
    pub(super) header: FileHeader,
    pub(super) size: u64,
    pub(super) stream: Stream,
    /// The input of the stream.
    pub(super) deflate: Input<'f>,
}

impl Opened<'_> {
    /// Reads the header, and begins the stream of the content.
    pub(super) fn new(filez: &[u8]) -> Result<Opened<'_>, FormatError> {
        let (header, size, start) = FileHeader::parse_zlib_header(filez)?;
        let deflate = filez.get(start..).unwrap_or_default();
        let stream = match header.is_symlink() {
            false => Stream::new(size),
            true if deflate.is_empty() => Stream::none(),
            true => return Err(bytes_follow()),
        };
        Ok(Opened {
            header,
            size,
            stream,
            deflate: Input::all(deflate),
        })
    }
}
