//! A member as a stream: chunks put together, zstd taken off, the declared size kept to.

use std::io::{self, BufRead, Read};

use crossbeam_channel::{Receiver, Sender};
use zstd::stream::read::Decoder;

use crate::bundle::MemberName;

use super::chunks::Chunk;
use super::error::ReadError;

/// The largest window a zstd frame may want, as a power of two: 32 MiB.
pub const MAX_WINDOW_LOG: u32 = 25;

/// Both ends that the unpacking thread holds: chunks come in, their buffers go back.
#[derive(Debug)]
pub(super) struct Inlet {
    pub(super) chunks: Receiver<Result<Chunk, ReadError>>,
    pub(super) buffers: Sender<Vec<u8>>,
}

impl Inlet {
    /// Waits for the reading thread to say that nothing follows.
    pub(super) fn end(&self) -> Result<(), ReadError> {
        match self.chunks.recv() {
            Ok(Err(error)) => Err(error),
            // A chunk cannot follow: as many were taken as the manifest lists.
            Ok(Ok(_)) | Err(_) => Ok(()),
        }
    }

    fn next(&self) -> io::Result<Chunk> {
        // The reading thread sends its error before it hangs up.
        let received = self
            .chunks
            .recv()
            .map_err(|_| io::ErrorKind::UnexpectedEof)?;
        received.map_err(io::Error::from)
    }
}

/// The bytes of one member, or of all pieces of a cut one.
#[derive(Debug)]
pub(super) struct MemberStream<'a> {
    inlet: &'a Inlet,
    chunk: Vec<u8>,
    at: usize,
    /// How many members, or pieces, have not ended yet.
    pieces: usize,
}

impl<'a> MemberStream<'a> {
    pub(super) fn new(inlet: &'a Inlet, pieces: usize) -> Self {
        MemberStream {
            inlet,
            chunk: Vec::new(),
            at: 0,
            pieces,
        }
    }

    /// Lets a member go by, checked and not kept.
    pub(super) fn pass_over(mut self) -> Result<(), ReadError> {
        loop {
            match self.fill_buf().map_err(stream_error)?.len() {
                0 => return Ok(()),
                len => self.consume(len),
            }
        }
    }

    /// Reads a member that is not compressed; its size has been limited by the manifest.
    pub(super) fn read_whole(mut self, size: u64) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        loop {
            let chunk = self.fill_buf().map_err(stream_error)?;
            let len = chunk.len();
            if len == 0 {
                return Ok(bytes);
            }
            bytes.extend_from_slice(chunk);
            self.consume(len);
        }
    }
}

/// An error of a stream without zstd: it is ours, or the reading thread is gone.
fn stream_error(error: io::Error) -> ReadError {
    error
        .downcast()
        .unwrap_or_else(|source| ReadError::io(std::path::Path::new(""), source))
}

impl BufRead for MemberStream<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.chunk.len() && self.pieces > 0 {
            let next = self.inlet.next()?;
            // The reading thread may have ended; then nobody needs the buffer.
            drop(
                self.inlet
                    .buffers
                    .try_send(std::mem::replace(&mut self.chunk, next.bytes)),
            );
            self.at = 0;
            self.pieces -= usize::from(next.last);
        }
        Ok(self.chunk.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.chunk.len().min(self.at + amount);
    }
}

impl Read for MemberStream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

/// A zstd member unpacked: it yields as many bytes as the manifest says, or fails.
pub(super) struct Unpacked<'a> {
    decoder: Decoder<'static, MemberStream<'a>>,
    member: MemberName,
    expected: u64,
    at: u64,
}

impl<'a> Unpacked<'a> {
    pub(super) fn new(
        stream: MemberStream<'a>,
        member: MemberName,
        expected: u64,
    ) -> Result<Self, ReadError> {
        let error = |source| ReadError::Decompress { member, source };
        let mut decoder = Decoder::with_buffer(stream).map_err(error)?;
        decoder.window_log_max(MAX_WINDOW_LOG).map_err(error)?;
        Ok(Unpacked {
            decoder,
            member,
            expected,
            at: 0,
        })
    }

    /// Returns how many bytes were read.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Fills the buffer.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<(), ReadError> {
        let mut rest = buffer;
        while !rest.is_empty() {
            let read = self.read(rest)?;
            if read == 0 {
                return Err(self.wrong_size());
            }
            rest = rest.split_at_mut(read).1;
        }
        Ok(())
    }

    /// Makes sure that nothing follows and that the declared size was reached.
    pub(super) fn end(mut self) -> Result<(), ReadError> {
        match (self.read(&mut [0])?, self.at == self.expected) {
            (0, true) => Ok(()),
            _ => Err(self.wrong_size()),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let read = self.decoder.read(buffer);
        let read = read.map_err(|error| ReadError::from_stream(error, self.member))?;
        self.at += read as u64;
        if self.at > self.expected {
            Err(self.wrong_size())
        } else {
            Ok(read)
        }
    }

    fn wrong_size(&self) -> ReadError {
        ReadError::Unpacked {
            member: self.member,
            expected: self.expected,
        }
    }
}
