//! An object too large for memory: it is inflated and checked while its pieces come in.

use std::cell::RefCell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use crossbeam_channel::Receiver;

use crate::bundle::MemberName;
use crate::format::filez::{FilezReader, HashedFilez};
use crate::format::{Checksum, FileHeader, FormatError};

use super::error::ReadError;

/// How much is inflated at once when only the stored bytes are wanted.
const INFLATE: usize = 128 << 10;

/// An object that is dealt before its bytes: they follow in pieces.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) member: MemberName,
    pub(super) name: Checksum,
    pub(super) stored_len: u64,
    pub(super) pieces: Receiver<Vec<u8>>,
}

/// A file object in archive form that is checked while it is read.
///
/// Read either its stored bytes or its content, to the end: **the read that would tell the end
/// fails when the object is not what it is named**, so what was read must not be kept before that.
#[derive(Debug)]
pub struct LargeFilez {
    member: MemberName,
    name: Checksum,
    stored_len: u64,
    size: u64,
    header: FileHeader,
    /// Gone when the content was read to its end, or failed.
    reader: Option<HashedFilez<Tee>>,
    fault: Option<ReadError>,
    copy: Copied,
}

/// Stored bytes that were inflated and not yet read; nothing when nobody wants them.
type Copied = Rc<RefCell<Option<Vec<u8>>>>;

impl LargeFilez {
    /// Waits for the front of the object and reads its header.
    pub(super) fn open(incoming: Incoming) -> Result<Self, ReadError> {
        let Incoming {
            member,
            name,
            stored_len,
            pieces,
        } = incoming;
        let copy = Copied::new(RefCell::new(Some(Vec::new())));
        let tee = Tee {
            pieces,
            piece: Vec::new(),
            at: 0,
            left: stored_len,
            copy: copy.clone(),
        };
        let reader = FilezReader::open(tee).map_err(|error| broken(member, name, error))?;
        let reader = reader.hashed();
        let (header, size) = (reader.header().clone(), reader.size());
        let reader = Some(reader);
        Ok(LargeFilez {
            member,
            name,
            stored_len,
            size,
            header,
            reader,
            fault: None,
            copy,
        })
    }

    /// Returns the size of the stored bytes.
    pub fn stored_len(&self) -> u64 {
        self.stored_len
    }

    /// Returns the owner, mode and xattrs that it announces.
    pub fn header(&self) -> &FileHeader {
        &self.header
    }

    /// Returns the size of the content, as its header announces it.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads the content of the file.
    pub fn content(&mut self) -> impl Read + '_ {
        self.copy.take();
        Content(self)
    }

    /// Reads the bytes of the `.filez`, as an archive repository stores them.
    pub fn stored(&mut self) -> impl Read + '_ {
        Stored {
            object: self,
            at: 0,
            inflated: vec![0; INFLATE],
        }
    }

    /// Returns whether a fault of the object was found already.
    pub(super) fn is_faulty(&self) -> bool {
        self.fault.is_some()
    }

    /// Checks what the sink did not read.
    pub(super) fn finish(mut self) -> Result<(), ReadError> {
        let mut inflated = vec![0; INFLATE];
        self.copy.take();
        while self.fault.is_none() && matches!(self.inflate(&mut inflated), Ok(1..)) {}
        self.fault.map_or(Ok(()), Err)
    }

    /// Returns whether stored bytes wait to be read.
    fn holds_copy(&self) -> bool {
        self.copy
            .borrow()
            .as_ref()
            .is_some_and(|bytes| !bytes.is_empty())
    }

    /// Inflates the next content; at its end, checks the object against its name.
    fn inflate(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(reader) = &mut self.reader else {
            return if self.fault.is_none() {
                Ok(0)
            } else {
                Err(refused())
            };
        };
        let checked = match reader.read(buffer) {
            Ok(0) if !buffer.is_empty() => self.check(),
            Ok(read) => return Ok(read),
            Err(error) => Err(broken(self.member, self.name, error)),
        };
        self.reader = None;
        checked.map(|()| 0).map_err(|fault| {
            self.fault = Some(fault);
            refused()
        })
    }

    fn check(&mut self) -> Result<(), ReadError> {
        let (member, name) = (self.member, self.name);
        let Some(reader) = self.reader.take() else {
            return Ok(());
        };
        let info = reader
            .finish()
            .map_err(|error| broken(member, name, error))?;
        match info.checksum == name {
            true => Ok(()),
            false => Err(ReadError::ObjectChecksum {
                member: Box::new(member),
                name,
                actual: info.checksum,
            }),
        }
    }
}

/// Names the object of which the reader says something.
fn broken(member: MemberName, name: Checksum, error: io::Error) -> ReadError {
    let truncated = FormatError::Truncated("a file object");
    let source = error.downcast().unwrap_or(truncated);
    ReadError::Object {
        member: Box::new(member),
        name,
        source,
    }
}

/// What a reader of a faulty object sees; the fault itself ends the pass.
fn refused() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the object is not what it is named",
    )
}

struct Content<'a>(&'a mut LargeFilez);

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.inflate(buffer)
    }
}

struct Stored<'a> {
    object: &'a mut LargeFilez,
    /// How much of the copied bytes was read.
    at: usize,
    inflated: Vec<u8>,
}

impl Read for Stored<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(bytes) = self.object.copy.borrow_mut().as_mut() {
                let read = bytes.get(self.at..).unwrap_or_default().read(buffer)?;
                self.at += read;
                if read > 0 || buffer.is_empty() {
                    return Ok(read);
                }
                bytes.clear();
                self.at = 0;
            }
            // Inflating reads further stored bytes, or finds the end and checks the object.
            if self.object.inflate(&mut self.inflated)? == 0 && !self.object.holds_copy() {
                return Ok(0);
            }
        }
    }
}

/// The pieces as one reader, which also keeps a copy while that is wanted.
#[derive(Debug)]
struct Tee {
    pieces: Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
    left: u64,
    copy: Copied,
}

impl BufRead for Tee {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.at == self.piece.len() && self.left > 0 {
            // The other side hangs up early only when the pass failed.
            let piece = self.pieces.recv();
            self.piece = piece.map_err(|_| io::ErrorKind::UnexpectedEof)?;
            self.left = self.left.saturating_sub(self.piece.len() as u64);
            self.at = 0;
        }
        Ok(self.piece.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        let end = self.piece.len().min(self.at + amount);
        if let Some(copy) = self.copy.borrow_mut().as_mut() {
            copy.extend_from_slice(self.piece.get(self.at..end).unwrap_or_default());
        }
        self.at = end;
    }
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}
