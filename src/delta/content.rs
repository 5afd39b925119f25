//! The content of one file object, as a stream: the operations between `o` and `c`, carried out
//! while somebody reads.
//!
//! Nothing is collected: a file of any size costs the buffer of whoever reads it, and the old file
//! it reads from.

use std::io::{self, Read};

use super::{ApplyFault, DeltaError, SourceFile, Sources, patch::Patch};
use crate::format::{
    Checksum, FileHeader, Sha256,
    delta::{Op, PartPayload, Span},
};

/// A file's content in the making; hashes what it hands out, and fails where it would end unless all
/// of it has the name that was expected.
pub(super) struct Content<'a> {
    blob: &'a [u8],
    ops: &'a [u8],
    size: u64,
    sources: &'a dyn Sources,
    source: Option<Checksum>,
    old: Option<(Checksum, SourceFile)>,
    current: Current<'a>,
    /// What hashes it until it has ended, and what that must come to.
    hash: Option<Sha256>,
    name: Checksum,
    fault: Option<DeltaError>,
}

/// What the operation at work still has to hand out.
enum Current<'a> {
    Blob(&'a [u8]),
    Old(Span),
    Patch(Patch<'a>),
}

impl<'a> Content<'a> {
    /// Begins content that is these bytes, of an object of this name and header.
    pub(super) fn whole(
        bytes: &'a [u8],
        sources: &'a dyn Sources,
        (name, header): (&Checksum, &FileHeader),
    ) -> Content<'a> {
        Content {
            blob: &[],
            ops: &[],
            size: bytes.len() as u64,
            sources,
            source: None,
            old: None,
            current: Current::Blob(bytes),
            hash: Some(header.hasher()),
            name: *name,
            fault: None,
        }
    }

    /// Begins content that `ops` make, which were checked to make `size` bytes.
    pub(super) fn made(
        payload: &PartPayload<'a>,
        ops: &'a [u8],
        size: u64,
        sources: &'a dyn Sources,
        object: (&Checksum, &FileHeader),
    ) -> Content<'a> {
        Content {
            blob: payload.blob(),
            ops,
            size,
            ..Content::whole(&[], sources, object)
        }
    }

    /// Sets the read source, as `r` does; one that nothing is read from need not be there.
    pub(super) fn set_source(&mut self, checksum: Checksum) {
        self.source = Some(checksum);
    }

    /// Opens the read source, unless it is open.
    fn open_source(&mut self) -> Result<(), DeltaError> {
        let checksum = self.source.ok_or(ApplyFault::NoSource)?;
        let is_open = matches!(&self.old, Some((open, _)) if *open == checksum);
        if !is_open {
            self.old = Some((checksum, self.sources.open(&checksum)?));
        }
        Ok(())
    }

    /// Reads what whoever took the content has left of it, to the end, unless they failed.
    ///
    /// What went wrong in the operations explains that: [`Read`] could only call it an I/O error.
    pub(super) fn finish(mut self, taken: Result<(), DeltaError>) -> Result<(), DeltaError> {
        let rest = taken.and_then(|()| Ok(io::copy(&mut self, &mut io::sink()).map(drop)?));
        self.fault.map_or(rest, Err)
    }

    /// Makes the next bytes; 0 at the end.
    fn make(&mut self, buf: &mut [u8]) -> Result<usize, DeltaError> {
        loop {
            let made = match (&mut self.current, &self.old) {
                (Current::Blob(bytes), _) => bytes.read(buf)?,
                (Current::Old(span), Some((_, old))) => read_old(span, old, buf)?,
                (Current::Patch(patch), Some((_, old))) => patch.read(old, buf)?,
                (_, None) => return Err(ApplyFault::NoSource.into()),
            };
            if made > 0 {
                if let Some(hash) = &mut self.hash {
                    hash.update(buf.get(..made).unwrap_or_default());
                }
                return Ok(made);
            }
            if self.ops.is_empty() {
                return self.end();
            }
            self.step()?;
        }
    }

    /// Holds all of it against its name, once.
    fn end(&mut self) -> Result<usize, DeltaError> {
        match self.hash.take().map(Sha256::finish) {
            Some(found) if found != self.name => Err(ApplyFault::WrongChecksum(found).into()),
            _ => Ok(0),
        }
    }

    /// Carries out one operation.
    fn step(&mut self) -> Result<(), DeltaError> {
        match Op::decode(&mut self.ops, false)? {
            Op::SetSource(offset) => {
                let checksum = source_name(self.blob, offset)?;
                self.set_source(checksum);
            }
            Op::UnsetSource => self.source = None,
            Op::Write(span) if self.source.is_some() => {
                self.open_source()?;
                self.check_range(span)?;
                self.current = Current::Old(span);
            }
            Op::Write(span) => {
                self.current = Current::Blob(span.of(self.blob).ok_or(ApplyFault::BlobRange)?);
            }
            Op::Patch(span) => {
                let stream = span.of(self.blob).ok_or(ApplyFault::BlobRange)?;
                self.open_source()?;
                self.current = Current::Patch(Patch::new(stream, self.size));
            }
            _ => return Err(ApplyFault::AlreadyOpen.into()),
        }
        Ok(())
    }

    fn check_range(&self, span: Span) -> Result<(), DeltaError> {
        let (checksum, old) = self.old.as_ref().ok_or(ApplyFault::NoSource)?;
        match span.offset.checked_add(span.len) {
            Some(end) if end <= old.len() => Ok(()),
            _ => Err(ApplyFault::SourceRange(*checksum).into()),
        }
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        if self.fault.is_some() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.make(buf).map_err(|fault| {
            let error = io::Error::new(io::ErrorKind::InvalidData, fault.to_string());
            self.fault = Some(fault);
            error
        })
    }
}

/// Reads the name of an old file out of the blob.
pub(super) fn source_name(blob: &[u8], offset: u64) -> Result<Checksum, DeltaError> {
    let span = Span {
        offset,
        len: Checksum::LEN as u64,
    };
    let raw = span.of(blob).ok_or(ApplyFault::BlobRange)?;
    Ok(Checksum::from_slice(raw)?)
}

/// Copies from the old file, and shortens the span by what was copied.
fn read_old(span: &mut Span, old: &SourceFile, buf: &mut [u8]) -> Result<usize, DeltaError> {
    let len = usize::try_from(span.len)
        .unwrap_or(usize::MAX)
        .min(buf.len());
    let buf = buf.get_mut(..len).unwrap_or_default();
    old.read_exact_at(buf, span.offset)?;
    span.offset += len as u64;
    span.len -= len as u64;
    Ok(len)
}
