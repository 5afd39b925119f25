//! A finished part: what is in its file, in pieces until it is written.

use std::io::{self, Write};

use lzma_rust2::{XzOptions, XzWriter};

use super::budget::Lease;
use super::rope::Rope;
use super::unpack::XZ;
use super::{DeltaError, PartKind};
use crate::format::stored_xz::StoredXzWriter;
use crate::format::{Checksum, Sha256};

/// The preset of `xz`; its dictionary is what every reader of stock deltas takes.
const PRESET: u32 = 6;

/// A finished part, in pieces.
///
/// **Whoever takes parts while more are made must use each up:** the memory that they take is
/// counted, and in the end the makers wait for it.
#[derive(Debug)]
#[must_use]
pub struct DeltaPart {
    payload: Rope,
    len: u64,
    /// The end of the stored stream.
    end: Vec<u8>,
    kind: PartKind,
    _lease: Option<Lease>,
}

impl DeltaPart {
    /// Takes a payload, and returns the checksum of the part's file, too.
    pub(super) fn new(payload: Rope, kind: PartKind) -> (DeltaPart, Checksum) {
        let mut file = Counted::default();
        let written = file
            .write_all(&[XZ])
            .and_then(|()| StoredXzWriter::new(&mut file))
            .and_then(|stream| frame(payload.pieces(), stream));
        let end = written.expect("counting and hashing never fail");
        let part = DeltaPart {
            payload,
            len: file.len,
            end,
            kind,
            _lease: None,
        };
        (part, file.hash.finish())
    }

    pub(super) fn leased(self, lease: Option<Lease>) -> DeltaPart {
        DeltaPart {
            _lease: lease,
            ..self
        }
    }

    /// Returns how long the part's file is.
    pub fn file_len(&self) -> u64 {
        self.len
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
    pub fn write_to(self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&[XZ])?;
        let stream = StoredXzWriter::with_end(out, self.end)?;
        frame(self.payload, stream).map(drop)
    }

    /// Returns the part's file in memory.
    pub fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(usize::try_from(self.len).unwrap_or(0));
        let written = self.write_to(&mut bytes);
        written.expect("writing to memory never fails");
        bytes
    }

    /// Returns the part's file as stock writes it: compressed, for clients that fetch it over HTTP.
    pub fn compress(self) -> Result<Vec<u8>, DeltaError> {
        let options = XzOptions::with_preset(PRESET);
        let written = XzWriter::new(vec![XZ], options).and_then(|mut writer| {
            for piece in self.payload {
                writer.write_all(&piece)?;
            }
            writer.finish()
        });
        written.map_err(DeltaError::Xz)
    }
}

/// Wraps the pieces into a stored `.xz` stream; returns its end.
fn frame<W: Write>(
    pieces: impl IntoIterator<Item = impl AsRef<[u8]>>,
    mut stream: StoredXzWriter<W>,
) -> io::Result<Vec<u8>> {
    for piece in pieces {
        stream.write_all(piece.as_ref())?;
    }
    stream.finish()
}

/// Takes bytes, counts and hashes them.
#[derive(Default)]
struct Counted {
    len: u64,
    hash: Sha256,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len += bytes.len() as u64;
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delta::unpack_part;

    #[test]
    fn both_files_of_a_part_unpack_to_its_payload() {
        let payload: Vec<u8> = (0..100_000u32)
            .flat_map(|i| (i / 7).to_le_bytes())
            .collect();
        let part = || {
            let mut rope = Rope::default();
            rope.extend(&payload);
            DeltaPart::new(rope, PartKind::Whole)
        };
        let (stored, checksum) = part();
        let len = stored.file_len();
        let stored = stored.into_bytes();
        assert_eq!(stored.len() as u64, len);
        assert_eq!(Checksum::of(&stored), checksum);
        assert_eq!(unpack_part(&stored).unwrap(), payload);
        let small = part().0.compress().unwrap();
        assert!(small.len() < stored.len() / 2);
        assert!(small.starts_with(b"x\xfd7zXZ\0"));
        assert_eq!(unpack_part(&small).unwrap(), payload);
    }
}
