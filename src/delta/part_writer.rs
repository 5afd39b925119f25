//! One part in the making: whole objects, packed until it is full.

use std::{
    collections::HashMap,
    hash::Hash,
    io::{self, Read},
};

use super::{spine::PART_SIZE, unpack::XZ};
use crate::format::{
    Checksum, FileHeader, ObjectKind, ObjectName, Xattrs,
    delta::{FileMode, Look, Op, PartHeader, Span, encode_payload},
    stored_xz,
};

/// A finished part: what the superblock says about it, and its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the superblock says about it.
    pub header: PartHeader,
    /// Its file: type `x`, a stored `.xz` stream.
    pub bytes: Vec<u8>,
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
        let look = Look {
            mode: self.modes.index(FileMode::of(header)),
            xattrs: self.xattrs.index(header.xattrs.clone()),
        };
        let span = Span {
            offset: start as u64,
            len: (self.blob.len() - start) as u64,
        };
        let object = ObjectName::new(checksum, ObjectKind::File);
        self.splice(object, Op::SpliceContent(look, span), unpacked);
        Ok(hash.finish())
    }

    /// Ends the part.
    pub(super) fn finish(self) -> Part {
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
        Part { header, bytes }
    }

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
