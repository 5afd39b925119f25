//! A finished part: what is in its file, in pieces until it is written.

use std::io::{self, BufWriter, Seek, Write};

use lzma_rust2::{XzOptions, XzWriter};

use super::PartKind;
use super::budget::Lease;
use super::rope::Rope;
use super::unpack::XZ;
use crate::format::delta::PartHeader;
use crate::format::stored_xz::{self, StoredXzWriter};
use crate::format::{Hashed, ObjectName, Sha256};

/// The preset of `xz`; its dictionary is what every reader of stock deltas takes.
const PRESET: u32 = 6;

/// A finished part, in pieces.
///
/// What the superblock says of it is known when it was written.
///
/// **Whoever takes parts while more are made must use each up:** the memory that they take is
/// counted, and in the end the makers wait for it.
#[derive(Debug)]
#[must_use]
pub struct DeltaPart {
    pub(super) payload: Rope,
    pub(super) kind: PartKind,
    /// The sum of the sizes of its objects.
    pub(super) unpacked: u64,
    /// What it makes.
    pub(super) objects: Vec<ObjectName>,
    /// The memory that it takes until it is used up.
    pub(super) lease: Option<Lease>,
}

impl DeltaPart {
    pub(super) fn leased(self, lease: Option<Lease>) -> DeltaPart {
        DeltaPart { lease, ..self }
    }

    /// Returns how long the part's file is.
    pub fn file_len(&self) -> u64 {
        1 + stored_xz::encoded_len(self.payload.len())
    }

    /// Returns the memory that it takes.
    pub(super) fn memory(&self) -> u64 {
        self.payload.memory()
    }

    /// Returns what most of it is.
    pub fn kind(&self) -> PartKind {
        self.kind
    }

    /// Returns up to so many of the payload's first bytes.
    pub fn beginning(&self, most: usize) -> Vec<u8> {
        let mut beginning = Vec::new();
        for piece in self.payload.pieces() {
            let left = most - beginning.len();
            beginning.extend_from_slice(piece.get(..left).unwrap_or(&piece));
            if beginning.len() == most {
                break;
            }
        }
        beginning
    }

    /// Writes the part's file: type `x`, a stored `.xz` stream. What is written is freed.
    pub fn write_to(self, out: &mut dyn Write) -> io::Result<PartHeader> {
        let size = self.file_len();
        let mut hash = Sha256::new();
        let mut file = Hashed::new(out, &mut hash);
        file.write_all(&[XZ])?;
        let mut stream = StoredXzWriter::new(&mut file)?;
        for piece in self.payload {
            stream.write_all(&piece)?;
        }
        stream.finish()?;
        drop(self.lease);
        Ok(PartHeader {
            checksum: hash.finish(),
            size,
            unpacked: self.unpacked,
            objects: self.objects,
        })
    }

    /// Writes the part's file as stock does: compressed, for clients that fetch it over HTTP. What is
    /// written is freed. The file is empty before.
    pub fn compress_to(self, out: &mut (impl Write + Seek)) -> io::Result<PartHeader> {
        let mut hash = Sha256::new();
        let mut file = Hashed::new(BufWriter::new(&mut *out), &mut hash);
        file.write_all(&[XZ])?;
        let mut stream = XzWriter::new(file, XzOptions::with_preset(PRESET))?;
        for piece in self.payload {
            stream.write_all(&piece)?;
        }
        stream.finish()?.flush()?;
        drop(self.lease);
        Ok(PartHeader {
            checksum: hash.finish(),
            size: out.stream_position()?,
            unpacked: self.unpacked,
            objects: self.objects,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::unpack_part;
    use crate::format::Checksum;

    #[test]
    fn both_files_of_a_part_unpack_to_its_payload() {
        let payload: Vec<u8> = (0..100_000u32)
            .flat_map(|i| (i / 7).to_le_bytes())
            .collect();
        let part = || {
            let mut rope = Rope::default();
            rope.extend(&payload);
            DeltaPart {
                payload: rope,
                kind: PartKind::Whole,
                unpacked: 7,
                objects: Vec::new(),
                lease: None,
            }
        };
        let mut stored = Vec::new();
        let header = part().write_to(&mut stored).unwrap();
        assert_eq!(stored.len() as u64, part().file_len());
        assert_eq!(header.size, part().file_len());
        assert_eq!(header.checksum, Checksum::of(&stored));
        assert_eq!(header.unpacked, 7);
        assert_eq!(unpack_part(&stored).unwrap(), payload);
        let mut small = std::io::Cursor::new(Vec::new());
        let header = part().compress_to(&mut small).unwrap();
        let small = small.into_inner();
        assert_eq!(header.size, small.len() as u64);
        assert_eq!(header.checksum, Checksum::of(&small));
        assert!(small.len() < stored.len() / 2);
        assert!(small.starts_with(b"x\xfd7zXZ\0"));
        assert_eq!(unpack_part(&small).unwrap(), payload);
    }
}
