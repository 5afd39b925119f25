//! Reading the content of an object of any size.

use std::io::{self, BufRead, Read};

use flate2::{Decompress, FlushDecompress};

use super::inflate::Inflation;
use super::{FilezInfo, fault};
use crate::format::content::{PREFIX, parse_prefix};
use crate::format::{FileHeader, FormatError, Sha256};

/// A `.filez` that is read as its content; whoever reads it hashes it.
///
/// The end is reached (`Ok(0)`) only if the object is complete and nothing follows it. A fault of
/// the object is an [`io::Error`] of the kind `InvalidData` with a [`FormatError`] in it.
#[derive(Debug)]
pub struct FilezReader<R> {
    input: R,
    /// What inflates; it is large, and many are only asked for their header.
    stream: Option<Decompress>,
    header: FileHeader,
    size: u64,
    inflation: Option<Inflation>,
}

/// A `.filez` that is read as its content, and hashed on the way.
#[derive(Debug)]
pub struct HashedFilez<R> {
    reader: FilezReader<R>,
    sha: Sha256,
}

impl<R: BufRead> FilezReader<R> {
    /// Reads the header.
    pub fn open(mut input: R) -> io::Result<FilezReader<R>> {
        let mut prefix = [0; PREFIX];
        input.read_exact(&mut prefix)?;
        let len = parse_prefix(prefix).map_err(invalid)?;
        // The buffer grows with what is there, not with what is announced.
        let mut header = Vec::new();
        input.by_ref().take(len as u64).read_to_end(&mut header)?;
        if header.len() < len {
            return Err(invalid(FormatError::Truncated(super::WHAT)));
        }
        let (header, size) = FileHeader::decode_zlib(&header).map_err(invalid)?;
        Ok(FilezReader {
            input,
            stream: None,
            inflation: (!header.is_symlink()).then(|| Inflation::new(size)),
            header,
            size,
        })
    }

    /// Hashes what is read from here on; **nothing may have been read before.**
    pub fn hashed(self) -> HashedFilez<R> {
        HashedFilez {
            sha: self.header.hasher(),
            reader: self,
        }
    }

    /// Reads all of it, checks that the object ends there, and returns what it held.
    pub fn check(self) -> io::Result<FilezInfo> {
        self.hashed().finish()
    }

    /// Returns the owner, mode, xattrs and target.
    pub fn header(&self) -> &FileHeader {
        &self.header
    }

    /// Returns the size of the content, as the header announces it.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn expect_end(&mut self) -> io::Result<()> {
        match self.input.fill_buf()? {
            [] => Ok(()),
            _ => Err(invalid(fault("bytes follow its content"))),
        }
    }
}

impl<R: BufRead> Read for FilezReader<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if output.is_empty() {
            return Ok(0);
        }
        while let Some(inflation) = self
            .inflation
            .as_mut()
            .filter(|inflation| !inflation.is_over())
        {
            let input = self.input.fill_buf()?;
            let stream = self.stream.get_or_insert_with(|| Decompress::new(false));
            let step = inflation.step(stream, input, output, FlushDecompress::None);
            let step = step.map_err(invalid)?;
            self.input.consume(step.consumed);
            if step.produced > 0 {
                return Ok(step.produced);
            }
        }
        self.expect_end()?;
        Ok(0)
    }
}

impl<R: BufRead> HashedFilez<R> {
    /// Returns the owner, mode, xattrs and target.
    pub fn header(&self) -> &FileHeader {
        &self.reader.header
    }

    /// Returns the size of the content, as the header announces it.
    pub fn size(&self) -> u64 {
        self.reader.size
    }

    /// Reads what is left, checks that the object ends there, and returns what it held.
    pub fn finish(mut self) -> io::Result<FilezInfo> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(FilezInfo {
            header: self.reader.header,
            size: self.reader.size,
            checksum: self.sha.finish(),
        })
    }
}

impl<R: BufRead> Read for HashedFilez<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(output)?;
        self.sha.update(output.get(..count).unwrap_or_default());
        Ok(count)
    }
}

fn invalid(error: FormatError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
