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
        let (header, size, start) = FileHeader::parse_zlib_header(filez)?;
        let deflate = filez.get(start..).unwrap_or_default();
        let mut sha = header.hasher();
        if !header.is_symlink() {
            let mut stream = Stream::new(deflate, size);
            while self.inflater.more(&mut stream)? {
                let content = self.inflater.piece(&stream);
                sha.update(content);
                each(content);
            }
        } else if !deflate.is_empty() {
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
