//! One part in the making: objects whole or patched, packed until it is full.

use std::{
    collections::HashMap,
    hash::Hash,
    io::{self, Read},
};

use super::{
    DeltaPart,
    copies::{Copies, Run},
    packer::Packer,
    part_kind::{PartKind, PartKinds},
    rope::Rope,
    spine::LARGEST_IN_PART,
};
use crate::format::{
    Checksum, FileHeader, ObjectKind, ObjectName, Xattrs,
    delta::{FileMode, Look, Op, PayloadFrame, Span},
};

/// How much of a whole file is read at a time.
const PIECE: usize = 1 << 20;

/// A file as what makes it out of an old one.
#[derive(Debug)]
pub(super) struct Patched {
    pub(super) header: FileHeader,
    /// The length of its content.
    pub(super) size: u64,
    /// The old file.
    pub(super) old: Checksum,
    /// What makes the one out of the other.
    pub(super) how: How,
    /// What most of it is, or would be in a part of its own.
    pub(super) kind: PartKind,
}

/// What makes a file out of an old one.
#[derive(Debug)]
pub(super) enum How {
    /// A patch stream.
    Patch(Rope),
    /// Ranges of the old file, and what is new between them.
    Copies(Copies),
}

impl Patched {
    /// Returns about how many bytes it takes in a part.
    pub(super) fn len(&self) -> u64 {
        match &self.how {
            How::Patch(stream) => stream.len(),
            How::Copies(copies) => copies.len(),
        }
    }

    /// Returns the memory that it takes until it is in a part.
    pub(super) fn memory(&self) -> u64 {
        match &self.how {
            How::Patch(stream) => stream.memory(),
            How::Copies(copies) => copies.len(),
        }
    }
}

/// One part in the making.
#[derive(Default)]
pub(super) struct PartWriter {
    modes: Table<FileMode>,
    xattrs: Table<Xattrs>,
    blob: Rope,
    ops: Vec<u8>,
    objects: Vec<ObjectName>,
    unpacked: u64,
    /// What the blob holds.
    kinds: PartKinds,
}

impl PartWriter {
    /// Returns whether nothing is in the part yet.
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Returns the memory that the part takes.
    pub(super) fn memory(&self) -> u64 {
        self.blob.memory()
    }

    /// Returns about how large the part is; tables count as little as they weigh.
    pub(super) fn len(&self) -> u64 {
        self.blob.len() + self.ops.len() as u64
    }

    /// Adds a metadata object that was checked against its name.
    pub(super) fn metadata(&mut self, object: ObjectName, bytes: &[u8]) {
        let span = Span {
            offset: self.blob.len(),
            len: bytes.len() as u64,
        };
        self.blob.extend(bytes);
        self.splice(object, Op::SpliceMetadata(span), span.len);
    }

    /// Adds a whole file or symbolic link, and returns the checksum of what was added; with a packer
    /// its content is kept compressed.
    ///
    /// **Unless it is `checksum`, the part must be thrown away.**
    #[must_use = "the content is as unchecked as its reader"]
    pub(super) fn file(
        &mut self,
        checksum: Checksum,
        header: &FileHeader,
        content: &mut dyn Read,
        mut packer: Option<&mut Packer>,
    ) -> io::Result<Checksum> {
        let offset = self.blob.len();
        let mut hash = header.hasher();
        let (mut unpacked, mut packed) = (0, 0);
        if let Some(target) = &header.target {
            self.blob.extend(target.as_bytes());
        } else {
            // One byte more than may be there, so that more is noticed: by the checksum.
            let mut content = content.take(LARGEST_IN_PART + 1);
            let mut piece = Vec::new();
            while content
                .by_ref()
                .take(PIECE as u64)
                .read_to_end(&mut piece)?
                > 0
            {
                hash.update(&piece);
                match &mut packer {
                    Some(packer) => packed += self.blob.push_packed(&piece, packer)?,
                    None => self.blob.extend(&piece),
                }
                unpacked += piece.len() as u64;
                piece.clear();
            }
        }
        if packed > unpacked / 32 * 31 {
            self.kinds.add(PartKind::Dense, unpacked);
        }
        let look = self.look(header);
        let span = Span {
            offset,
            len: self.blob.len() - offset,
        };
        let object = ObjectName::new(checksum, ObjectKind::File);
        self.splice(object, Op::SpliceContent(look, span), unpacked);
        Ok(hash.finish())
    }

    /// Adds a file as what makes it out of an old one, which was tried.
    pub(super) fn patched(&mut self, checksum: Checksum, file: Patched) {
        let look = self.look(&file.header);
        self.kinds.add(file.kind, file.len());
        let old = self.blob.len();
        self.blob.extend(file.old.as_bytes());
        let open = Op::Open(look, file.size);
        match file.how {
            How::Patch(stream) => {
                let stream = self.append(stream);
                self.ops([Op::SetSource(old), open, Op::Patch(stream)]);
            }
            How::Copies(copies) => {
                self.ops([open]);
                self.copies(old, copies);
            }
        }
        let object = ObjectName::new(checksum, ObjectKind::File);
        self.splice(object, Op::Close, file.size);
    }

    /// Writes ranges of the old file whose name is at `old`, and what is new between them.
    fn copies(&mut self, old: u64, copies: Copies) {
        let (runs, literals) = copies.into_parts();
        let mut new = self.blob.len();
        self.blob.append(literals);
        let mut reads_old = false;
        for run in runs {
            let is_old = matches!(run, Run::Old(_));
            match is_old {
                true if !reads_old => self.ops([Op::SetSource(old)]),
                false if reads_old => self.ops([Op::UnsetSource]),
                _ => {}
            }
            reads_old = is_old;
            let span = match run {
                Run::Old(span) => span,
                Run::New(len) => {
                    let offset = new;
                    new += len;
                    Span { offset, len }
                }
            };
            self.ops([Op::Write(span)]);
        }
    }

    /// Ends the part.
    pub(super) fn finish(self) -> DeltaPart {
        let kind = self.kinds.most(self.blob.len());
        let (modes, xattrs) = (&self.modes.entries, &self.xattrs.entries);
        let frame = PayloadFrame::new(modes, xattrs, self.blob.len(), self.ops);
        let mut payload = self.blob;
        payload.push_front(frame.before);
        payload.push(frame.after);
        DeltaPart {
            payload,
            kind,
            unpacked: self.unpacked,
            objects: self.objects,
            lease: None,
        }
    }

    fn append(&mut self, bytes: Rope) -> Span {
        let (offset, len) = (self.blob.len(), bytes.len());
        self.blob.append(bytes);
        Span { offset, len }
    }

    fn ops(&mut self, ops: impl IntoIterator<Item = Op>) {
        for op in ops {
            op.encode(&mut self.ops);
        }
    }

    fn look(&mut self, header: &FileHeader) -> Look {
        Look {
            mode: self.modes.index(FileMode::of(header)),
            xattrs: self.xattrs.index(header.xattrs.clone()),
        }
    }

    /// Ends an object by its last operation.
    fn splice(&mut self, object: ObjectName, op: Op, unpacked: u64) {
        op.encode(&mut self.ops);
        self.objects.push(object);
        self.unpacked += unpacked;
    }
}

/// Entries in the order of their first use, each once.
struct Table<T> {
    entries: Vec<T>,
    indices: HashMap<T, u64>,
}

impl<T: Clone + Eq + Hash> Table<T> {
    fn index(&mut self, entry: T) -> u64 {
        let next = self.entries.len() as u64;
        *self.indices.entry(entry).or_insert_with_key(|entry| {
            self.entries.push(entry.clone());
            next
        })
    }
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table {
            entries: Vec::new(),
            indices: HashMap::new(),
        }
    }
}
