//! The check of an object that is in memory.

use flate2::{Decompress, FlushDecompress};

use super::inflate::Inflation;
use super::{FilezInfo, fault};
use crate::format::{FileHeader, FormatError};

/// Content is inflated and hashed in pieces of this size, which stay in a core's own cache.
const PIECE: usize = 256 << 10;

/// Checks objects one after the other, without allocating for each; every worker has its own.
///
/// However large the content is, a checker needs the same memory.
#[derive(Debug)]
pub struct Checker {
    stream: Decompress,
    piece: Box<[u8]>,
}

impl Checker {
    /// Allocates the piece and the inflater's window.
    pub fn new() -> Checker {
        Checker {
            stream: Decompress::new(false),
            piece: vec![0; PIECE].into(),
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
        let (header, size, start) = FileHeader::parse_zlib_header(filez)?;
        let mut deflate = filez.get(start..).unwrap_or_default();
        let mut sha = header.hasher();
        if !header.is_symlink() {
            self.stream.reset(false);
            let mut inflation = Inflation::new(size);
            while !inflation.is_over() {
                // The rest of the stream is all there, so that a small object is inflated in one
                // go, and its window never copied.
                let flush = FlushDecompress::Finish;
                let step = inflation.step(&mut self.stream, deflate, &mut self.piece, flush)?;
                deflate = deflate.get(step.consumed..).unwrap_or_default();
                let content = self.piece.get(..step.produced).unwrap_or_default();
                sha.update(content);
                each(content);
            }
        }
        if !deflate.is_empty() {
            return Err(fault("bytes follow its content"));
        }
        Ok(FilezInfo {
            header,
            size,
            checksum: sha.finish(),
        })
    }
}

impl Default for Checker {
    fn default() -> Checker {
        Checker::new()
    }
}
