//! One part in the making: objects whole or patched, packed until it is full.

use std::{
    collections::HashMap,
    hash::Hash,
    io::{self, Read},
};

use super::{DeltaPart, spine::PART_SIZE, unpack::XZ};
use crate::format::{
    Checksum, FileHeader, ObjectKind, ObjectName, Xattrs,
    delta::{FileMode, Look, Op, PartHeader, Span, encode_payload},
    stored_xz,
};

/// A finished part: what the superblock says about it, and its file.
pub(super) struct Part {
    pub(super) header: PartHeader,
    pub(super) file: DeltaPart,
}

/// A file as a patch of an old one.
#[derive(Debug)]
pub(super) struct Patched {
    pub(super) header: FileHeader,
    /// The length of its content.
    pub(super) size: u64,
    /// The old file.
    pub(super) old: Checksum,
    /// What makes the one out of the other.
    pub(super) stream: Vec<u8>,
    /// Whether it is compressed already.
    pub(super) dense: bool,
}

/// One part in the making.
#[derive(Default)]
pub(super) struct PartWriter {
    modes: Table<FileMode>,
    xattrs: Table<Xattrs>,
    blob: Vec<u8>,
    ops: Vec<u8>,
    objects: Vec<ObjectName>,
    unpacked: u64,
    /// How much of the blob is compressed already.
    dense: usize,
}

impl PartWriter {
    /// Returns whether nothing is in the part yet.
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Returns about how large the part is; tables count as little as they weigh.
    pub(super) fn len(&self) -> u64 {
        (self.blob.len() + self.ops.len()) as u64
    }

    /// Adds a metadata object that was checked against its name.
    pub(super) fn metadata(&mut self, object: ObjectName, bytes: &[u8]) {
        let span = Span {
            offset: self.blob.len() as u64,
            len: bytes.len() as u64,
        };
        self.blob.extend_from_slice(bytes);
        self.splice(object, Op::SpliceMetadata(span), span.len);
    }

    /// Adds a whole file or symbolic link, and returns the checksum of what was added.
    ///
    /// **Unless it is `checksum`, the part must be thrown away.**
    #[must_use = "the content is as unchecked as its reader"]
    pub(super) fn file(
        &mut self,
        checksum: Checksum,
        header: &FileHeader,
        content: &mut dyn Read,
    ) -> io::Result<Checksum> {
        let start = self.blob.len();
        let mut hash = header.hasher();
        let mut unpacked = 0;
        if let Some(target) = &header.target {
            self.blob.extend_from_slice(target.as_bytes());
        } else {
            // One byte more than may be there, so that more is noticed: by the checksum.
            unpacked = content.take(PART_SIZE + 1).read_to_end(&mut self.blob)? as u64;
            hash.update(self.blob.get(start..).unwrap_or_default());
        }
        let look = self.look(header);
        let span = Span {
            offset: start as u64,
            len: (self.blob.len() - start) as u64,
        };
        let object = ObjectName::new(checksum, ObjectKind::File);
        self.splice(object, Op::SpliceContent(look, span), unpacked);
        Ok(hash.finish())
    }

    /// Adds a file as a patch, which was tried.
    pub(super) fn patched(&mut self, checksum: Checksum, file: Patched) {
        let look = self.look(&file.header);
        let stream = Span {
            offset: self.blob.len() as u64,
            len: file.stream.len() as u64,
        };
        self.dense += if file.dense { file.stream.len() } else { 0 };
        match self.blob.is_empty() {
            // A large one stays where it is.
            true => self.blob = file.stream,
            false => self.blob.extend_from_slice(&file.stream),
        }
        let source = self.blob.len() as u64;
        self.blob.extend_from_slice(file.old.as_bytes());
        for op in [
            Op::SetSource(source),
            Op::Open(look, file.size),
            Op::Patch(stream),
            Op::Close,
        ] {
            op.encode(&mut self.ops);
        }
        let object = ObjectName::new(checksum, ObjectKind::File);
        self.splice(object, Op::UnsetSource, file.size);
    }

    /// Ends the part.
    pub(super) fn finish(self) -> Part {
        let dense = self.dense > self.blob.len() / 2;
        let payload = encode_payload(
            &self.modes.entries,
            &self.xattrs.entries,
            self.blob,
            self.ops,
        );
        let mut bytes = Vec::with_capacity(1 + stored_xz::encoded_len(payload.len()));
        bytes.push(XZ);
        stored_xz::encode_into(&payload, &mut bytes);
        let header = PartHeader {
            checksum: Checksum::of(&bytes),
            size: bytes.len() as u64,
            unpacked: self.unpacked,
            objects: self.objects,
        };
        let file = DeltaPart { bytes, dense };
        Part { header, file }
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
