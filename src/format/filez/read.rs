//! Reading the content of an object of any size.

use std::io::{self, BufRead, Read};

use super::FilezInfo;
use super::inflate::{ENOUGH, Inflater, Input, Stream, bytes_follow};
use crate::format::content::{PREFIX, parse_prefix};
use crate::format::{FileHeader, FormatError, Sha256};

/// How much of the object is read ahead.
const AHEAD: usize = 1 << 20;
const _: () = assert!(ENOUGH < AHEAD);

/// A `.filez` that is read as its content; whoever reads it hashes it.
///
/// The end is reached (`Ok(0)`) only if the object is complete and nothing follows it. A fault of
/// the object is an [`io::Error`] of the kind `InvalidData` with a [`FormatError`] in it.
#[derive(Debug)]
pub struct FilezReader<R> {
    input: R,
    header: FileHeader,
    size: u64,
    stream: Stream,
    /// What inflates; it is large, and many are only asked for their header.
    inflater: Option<Inflater>,
    /// What was read ahead of the stream.
    ahead: Vec<u8>,
    is_end: bool,
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
        let len = parse_prefix(prefix)?;
        // The buffer grows with what is there, not with what is announced.
        let mut header = Vec::new();
        input.by_ref().take(len as u64).read_to_end(&mut header)?;
        if header.len() < len {
            return Err(FormatError::Truncated(super::WHAT).into());
        }
        let (header, size) = FileHeader::decode_zlib(&header)?;
        Ok(FilezReader {
            input,
            stream: match header.is_symlink() {
                true => Stream::none(),
                false => Stream::new(size),
            },
            header,
            size,
            inflater: None,
            ahead: Vec::new(),
            is_end: false,
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

    /// Inflates the next piece; **only when the stream is not over.**
    fn more(&mut self) -> io::Result<()> {
        self.read_ahead()?;
        let inflater = self.inflater.get_or_insert_with(Inflater::new);
        let input = Input {
            bytes: &self.ahead,
            is_end: self.is_end,
        };
        let more = inflater.more(&mut self.stream, input);
        more.map(drop).map_err(io::Error::from)
    }

    /// Sees to it that there is enough to inflate, or the end.
    fn read_ahead(&mut self) -> io::Result<()> {
        let taken = self.stream.taken();
        if self.is_end || self.ahead.len() - taken >= ENOUGH {
            return Ok(());
        }
        self.ahead.drain(..taken);
        self.stream.rebase(taken);
        while self.ahead.len() < AHEAD {
            let input = self.input.fill_buf()?;
            let (now, _) = input.split_at(input.len().min(AHEAD - self.ahead.len()));
            self.ahead.extend_from_slice(now);
            let now = now.len();
            self.input.consume(now);
            if now == 0 {
                self.is_end = true;
                break;
            }
        }
        Ok(())
    }

    fn expect_end(&mut self) -> io::Result<()> {
        let is_taken = self.stream.taken() == self.ahead.len();
        match self.input.fill_buf()? {
            [] if is_taken => Ok(()),
            _ => Err(bytes_follow().into()),
        }
    }
}

impl<R: BufRead> Read for FilezReader<R> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        if output.is_empty() {
            return Ok(0);
        }
        while self.stream.is_passed() {
            if self.stream.is_over() {
                return self.expect_end().map(|()| 0);
            }
            self.more()?;
        }
        let piece = self
            .inflater
            .as_ref()
            .map(|inflater| inflater.piece(&self.stream));
        let count = piece.unwrap_or_default().read(output)?;
        self.stream.pass(count);
        Ok(count)
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
