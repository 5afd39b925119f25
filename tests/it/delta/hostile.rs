//! Spoilt deltas, named by the fault: each is an error of its own, and none is a panic.

mod parts;
mod programs;
mod superblocks;

use std::sync::LazyLock;

use airlock::{
    delta::{DeltaError, NoSources, SourceFile, Sources, apply_part},
    format::{
        Checksum, FileHeader, ObjectKind, ObjectName, Xattrs,
        delta::{FileMode, PartHeader, Superblock, encode_payload},
        stored_xz,
    },
};
use proptest::prelude::*;

use super::{Archive, Names, Stock};
use programs::META;

const FILE: FileMode = FileMode {
    uid: 0,
    gid: 0,
    mode: 0o100_644,
};
const LINK: FileMode = FileMode {
    mode: 0o120_777,
    ..FILE
};
const DEVICE: FileMode = FileMode {
    mode: 0o020_644,
    ..FILE
};
/// What every part of this table has as its data: the old file's name, then this text.
const TEXT: &[u8] = b"hello, world\xff";
const OLD: &[u8] = b"HELLO, WORLD, AS IT WAS";

/// The one old file there is.
struct Old;

impl Sources for Old {
    fn open(&self, checksum: &Checksum) -> Result<SourceFile, DeltaError> {
        if *checksum == Checksum::of(OLD) {
            Ok(OLD.to_vec().into())
        } else {
            NoSources.open(checksum)
        }
    }
}

fn header(part: &[u8], objects: &[ObjectName]) -> PartHeader {
    PartHeader {
        checksum: Checksum::of(part),
        size: part.len() as u64,
        unpacked: 0,
        objects: objects.to_vec(),
    }
}

/// A part with these operations, that is to make a directory's metadata `TEXT[0..5]` and the file
/// `TEXT[5..12]`.
fn part(ops: &[u8]) -> (PartHeader, Vec<u8>) {
    let mut blob = Checksum::of(OLD).as_bytes().to_vec();
    blob.extend_from_slice(TEXT);
    let modes = [FILE, LINK, DEVICE];
    let payload = encode_payload(&modes, &[Xattrs::default()], &blob, ops.to_vec());
    let mut part = vec![b'x'];
    part.extend_from_slice(&stored_xz::encode(&payload));
    let file = FileHeader::regular(0, 0, 0o100_644, Xattrs::default());
    let objects = [
        ObjectName::new(Checksum::of(&TEXT[..5]), ObjectKind::DirMeta),
        ObjectName::new(file.content_checksum(&TEXT[5..12]), ObjectKind::File),
    ];
    (header(&part, &objects), part)
}

fn apply(ops: &[u8]) -> Result<Names, DeltaError> {
    let (header, part) = part(ops);
    let mut names = Names::default();
    apply_part(&header, part, &Old, &mut names).map(|()| names)
}

/// The innermost reason.
fn reason(error: DeltaError) -> String {
    match error {
        DeltaError::Object { source, .. } => reason(*source),
        other => other.to_string(),
    }
}

proptest! {
    #[test]
    fn any_operations_end(ops in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = apply(&[META, &ops].concat());
    }

    #[test]
    fn likely_operations_end(
        ops in prop::collection::vec(prop::sample::select(&b"SowrRcB\x00\x01\x05\x07\x20\x25"[..]), 0..40),
    ) {
        let _ = apply(&[META, &ops].concat());
    }

    #[test]
    fn a_superblock_of_stock_with_any_byte_altered(at in any::<prop::sample::Index>(), flip in 1u8..) {
        let mut bytes = Stock::read("delta-dir").superblock;
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(superblock) = Superblock::decode(&bytes) {
            prop_assert_eq!(superblock.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn a_payload_of_stock_with_any_byte_altered(at in any::<prop::sample::Index>(), flip in 1u8..) {
        let (good, part) = &*UNCOMPRESSED;
        let mut part = part.clone();
        // Half of the time in the operations, at the end: it is there that the paths part.
        let at = at.index(2 * part.len());
        let at = if at < part.len() { at } else { part.len() - 1 - at % 150 };
        part[at] ^= flip;
        let mut names = Names::default();
        if apply_part(&header(&part, good), part.clone(), &*ARCHIVE, &mut names).is_ok() {
            prop_assert_eq!(names.0.len(), good.len());
        }
    }
}

static ARCHIVE: LazyLock<Archive> = LazyLock::new(Archive::new);
static UNCOMPRESSED: LazyLock<(Vec<ObjectName>, Vec<u8>)> = LazyLock::new(|| {
    let mut stock = Stock::read("inline-uncompressed.delta.gz");
    let objects = stock.decode().parts.remove(0).objects;
    (objects, stock.parts.remove(0))
});
