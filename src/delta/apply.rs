//! Applying a part: its operations, carried out object by object.
//!
//! ```text
//! for every object the header lists, in order:
//!     metadata    S                             bytes of the blob
//!     symlink     S                             target in the blob
//!     file        S | r? o (w | r | R | B)* c   content as a stream, see `content`
//! then nothing but R
//! ```
//!
//! [`examine_part`] does without old files: what is made of them is only held against the grammar.
//! Operations are read twice where they make a file: once to hold them against the size that `o`
//! gives, once while somebody reads. An object is handed on under the name that the header lists
//! and counts only when its digest is that name, all of them must be made, and what is not an
//! operation of this grammar is an error.

use std::io::Read;

use super::{
    ApplyFault, DeltaError, NoSources, Sources,
    allowance::Allowance,
    check_part,
    content::{Content, source_name},
    patch::Patch,
    unpack::unpack_owned,
    unpack_part,
};
use crate::format::{
    Checksum, FileHeader, ObjectName,
    delta::{Look, Op, PartHeader, PartPayload, Span},
};

/// Whoever takes the objects that a part makes.
pub trait ObjectSink {
    /// Takes a metadata object, which was checked against its name.
    fn metadata(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), DeltaError>;

    /// Takes a file or symbolic link; `content` fails where it would end unless all of it is the
    /// object called `checksum`.
    ///
    /// **Nothing may become visible under the name unless [`apply_part`] succeeds.** Content that
    /// is left unread is read, and checked, all the same.
    fn file(
        &mut self,
        checksum: &Checksum,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), DeltaError>;

    /// Says whether a file is to be made although that takes these old files.
    fn takes(&mut self, checksum: &Checksum, sources: &[Checksum]) -> bool {
        let _ = (checksum, sources);
        true
    }

    /// Takes note of a file that cannot be made without old files and is not made: [`examine_part`]
    /// has none, and elsewhere the sink did not take it.
    fn patched(&mut self, checksum: &Checksum, size: u64) -> Result<(), DeltaError> {
        let _ = (checksum, size);
        Ok(())
    }
}

/// Makes the objects of a part, each checked against its name; the part goes as soon as it is unpacked.
pub fn apply_part(
    header: &PartHeader,
    part: Vec<u8>,
    sources: &dyn Sources,
    sink: &mut dyn ObjectSink,
) -> Result<(), DeltaError> {
    check_part(header, &part)?;
    run_payload(header, &unpack_owned(part)?, Some(sources), sink)
}

/// Makes the objects of a part that need no old files, each checked against its name, and holds
/// the operations and patches for the others against their grammar.
pub fn examine_part(
    header: &PartHeader,
    part: &[u8],
    sink: &mut dyn ObjectSink,
) -> Result<(), DeltaError> {
    check_part(header, part)?;
    run_payload(header, &unpack_part(part)?, None, sink)
}

/// Carries out what is in a part that was checked.
pub(super) fn run_payload(
    header: &PartHeader,
    payload: &[u8],
    sources: Option<&dyn Sources>,
    sink: &mut dyn ObjectSink,
) -> Result<(), DeltaError> {
    let payload = PartPayload::decode(payload)?;
    let mut program = Program {
        payload,
        ops: payload.ops(),
        source: None,
        sources,
        allowance: Allowance::of(payload.size()),
    };
    for object in &header.objects {
        let made = program.make(object, sink);
        made.map_err(DeltaError::at(*object))?;
    }
    program.end()
}

/// A part's operations, and where they stand.
struct Program<'a> {
    payload: PartPayload<'a>,
    ops: &'a [u8],
    source: Option<Checksum>,
    /// Where old files are; nothing if there are none to read.
    sources: Option<&'a dyn Sources>,
    allowance: Allowance,
}

/// The operations that make the content of one opened file.
struct Body<'a> {
    ops: &'a [u8],
    size: u64,
    source: Option<Checksum>,
    /// Every old file that is read.
    sources: Vec<Checksum>,
    reads_old: bool,
}

impl<'a> Program<'a> {
    /// Makes the object that is due.
    fn make(&mut self, object: &ObjectName, sink: &mut dyn ObjectSink) -> Result<(), DeltaError> {
        let is_metadata = object.kind.is_metadata();
        loop {
            match self.next(is_metadata)? {
                Op::SpliceMetadata(span) => {
                    let bytes = self.blob(span)?;
                    check_name(object, Checksum::of(bytes))?;
                    return sink.metadata(object, bytes);
                }
                Op::SpliceContent(look, span) => {
                    self.source = None;
                    return self.splice(object, look, span, sink);
                }
                Op::Open(look, size) if !is_metadata => {
                    let header = self.header(look, None)?;
                    let body = self.body(size)?;
                    let name = &object.checksum;
                    let made = !body.reads_old
                        || self.sources.is_some() && sink.takes(name, &body.sources);
                    return match made {
                        true => self.write(object, &header, &body, sink),
                        false => sink.patched(name, size),
                    };
                }
                Op::SetSource(offset) => {
                    self.source = Some(source_name(self.payload.blob(), offset)?);
                }
                Op::UnsetSource => self.source = None,
                _ => return Err(ApplyFault::NotOpen.into()),
            }
        }
    }

    /// Makes a file or symbolic link that is whole in the blob.
    fn splice(
        &self,
        object: &ObjectName,
        look: Look,
        span: Span,
        sink: &mut dyn ObjectSink,
    ) -> Result<(), DeltaError> {
        let bytes = self.blob(span)?;
        let header = self.header(look, Some(bytes))?;
        let bytes = if header.is_symlink() { &[] } else { bytes };
        let named = (&object.checksum, &header);
        let content = Content::whole(bytes, self.sources(), named);
        hand_on(object, &header, bytes.len() as u64, content, sink)
    }

    /// Makes a file by the operations of its body.
    fn write(
        &self,
        object: &ObjectName,
        header: &FileHeader,
        body: &Body<'a>,
        sink: &mut dyn ObjectSink,
    ) -> Result<(), DeltaError> {
        let named = (&object.checksum, header);
        let mut content = Content::made(&self.payload, body.ops, body.size, self.sources(), named);
        if let Some(source) = body.source {
            content.set_source(source);
        }
        hand_on(object, header, body.size, content, sink)
    }

    /// Finds the `c` that belongs to the `o` just read, and holds what is between them against
    /// the size that `o` gave.
    fn body(&mut self, size: u64) -> Result<Body<'a>, DeltaError> {
        let ops = self.ops;
        let source = self.source;
        let mut sources = Vec::from_iter(source);
        let mut written = 0u64;
        let mut reads_old = false;
        loop {
            let before = self.ops.len();
            match self.next(false)? {
                Op::Write(span) => {
                    match self.source {
                        Some(_) => reads_old = true,
                        None => drop(self.blob(span)?),
                    }
                    written = written.saturating_add(span.len);
                }
                Op::Patch(_) if self.source.is_none() => return Err(ApplyFault::NoSource.into()),
                Op::Patch(_) if written > 0 => return Err(ApplyFault::PartialPatch.into()),
                Op::Patch(span) => {
                    let stream = self.blob(span)?;
                    if self.sources.is_none() {
                        Patch::new(stream, size).check()?;
                    }
                    written = size;
                    reads_old = true;
                }
                Op::SetSource(at) => {
                    let name = source_name(self.payload.blob(), at)?;
                    sources.push(name);
                    self.source = Some(name);
                }
                Op::UnsetSource => self.source = None,
                Op::Close if written == size => {
                    self.source = None;
                    let ops = ops.get(..ops.len() - before).unwrap_or_default();
                    return Ok(Body {
                        ops,
                        size,
                        source,
                        sources,
                        reads_old,
                    });
                }
                Op::Close => {
                    let declared = size;
                    return Err(ApplyFault::Size { declared, written }.into());
                }
                _ => return Err(ApplyFault::AlreadyOpen.into()),
            }
            if written > size {
                let declared = size;
                return Err(ApplyFault::Size { declared, written }.into());
            }
        }
    }

    /// Checks that nothing but `R` is left.
    fn end(mut self) -> Result<(), DeltaError> {
        while !self.ops.is_empty() {
            if self.next(false)? != Op::UnsetSource {
                return Err(ApplyFault::AfterLast.into());
            }
        }
        Ok(())
    }

    fn next(&mut self, is_metadata: bool) -> Result<Op, DeltaError> {
        if self.ops.is_empty() {
            return Err(ApplyFault::Incomplete.into());
        }
        Ok(Op::decode(&mut self.ops, is_metadata)?)
    }

    fn sources(&self) -> &'a dyn Sources {
        self.sources.unwrap_or(&NoSources)
    }

    fn blob(&self, span: Span) -> Result<&'a [u8], DeltaError> {
        let bytes = span.of(self.payload.blob()).ok_or(ApplyFault::BlobRange)?;
        self.allowance.spend(bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Puts a content object's header together; `bytes` are its target if it is a symbolic link.
    fn header(&self, look: Look, bytes: Option<&[u8]>) -> Result<FileHeader, DeltaError> {
        let index = |index: u64| usize::try_from(index).unwrap_or(usize::MAX);
        let mode = self
            .payload
            .mode(index(look.mode))
            .ok_or(ApplyFault::ModeIndex(look.mode))?;
        let xattrs = self
            .payload
            .xattrs(index(look.xattrs))?
            .ok_or(ApplyFault::XattrIndex(look.xattrs))?;
        let described: usize = xattrs
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        self.allowance.spend(described as u64)?;
        let target = match (mode.is_symlink(), bytes) {
            (false, _) => None,
            (true, None) => return Err(ApplyFault::OpenSymlink.into()),
            (true, Some(bytes)) => {
                let target = std::str::from_utf8(bytes).map_err(|_| ApplyFault::LinkTarget)?;
                Some(target.to_owned())
            }
        };
        let header = FileHeader {
            uid: mode.uid,
            gid: mode.gid,
            mode: mode.mode,
            target,
            xattrs,
        };
        header.check()?;
        Ok(header)
    }
}

/// Lets the sink read the content, and reads what it has left.
fn hand_on(
    object: &ObjectName,
    header: &FileHeader,
    size: u64,
    mut content: Content<'_>,
    sink: &mut dyn ObjectSink,
) -> Result<(), DeltaError> {
    let taken = sink.file(&object.checksum, header, size, &mut content);
    content.finish(taken)
}

fn check_name(object: &ObjectName, found: Checksum) -> Result<(), DeltaError> {
    if found == object.checksum {
        Ok(())
    } else {
        Err(ApplyFault::WrongChecksum(found).into())
    }
}
