//! Spoilt deltas, named by the fault: each is an error of its own, and none is a panic.

use std::sync::LazyLock;

use airlock::{
    Class,
    delta::{ApplyFault, DeltaError, NoSources, SourceFile, Sources, apply_part},
    format::{
        Checksum, FileHeader, FormatError, Metadata, ObjectKind, ObjectName, Xattrs,
        delta::{
            DeltaFault, Endian, FileMode, PartHeader, SignedSuperblock, Superblock, encode_payload,
        },
        gvariant::Value,
        stored_xz,
    },
};
use proptest::prelude::*;

use super::{Archive, Names, Stock};

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
    let payload = encode_payload(&modes, &[Xattrs::default()], blob, ops.to_vec());
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
    apply_part(&header, &part, &Old, &mut names).map(|()| names)
}

/// The innermost reason.
fn reason(error: DeltaError) -> String {
    match error {
        DeltaError::Object { source, .. } => reason(*source),
        other => other.to_string(),
    }
}

// Metadata `TEXT[0..5]`; the blob begins with 32 bytes of name.
const META: &[u8] = b"S\x05\x20";
// Number arguments below: 0x20 is the blob offset of TEXT, 0x25 that of TEXT[5..].
const GOOD: &[(&str, &[u8])] = &[
    ("spliced", b"S\x00\x00\x07\x25"),
    ("opened and written", b"o\x00\x00\x07w\x07\x25c"),
    ("written in two pieces", b"o\x00\x00\x07w\x03\x25w\x04\x28c"),
    ("source set and unset", b"r\x00Ro\x00\x00\x07w\x07\x25cRRR"),
    (
        "comma and space of the old file",
        b"r\x00o\x00\x00\x07w\x02\x05Rw\x05\x27c",
    ),
    (
        "old file set again",
        b"o\x00\x00\x07r\x00w\x01\x05Rr\x00w\x01\x06Rw\x05\x27c",
    ),
];

#[test]
fn the_sound_programs_of_the_table() {
    for (name, ops) in GOOD {
        let made = apply(&[META, ops].concat()).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(made.0.len(), 2, "{name}");
    }
}

#[test]
fn programs_that_are_at_fault() {
    let old = Checksum::of(OLD);
    let size = |declared, written| ApplyFault::Size { declared, written };
    let table: Vec<(&str, &[u8], ApplyFault)> = vec![
        ("nothing for the second object", b"", ApplyFault::Incomplete),
        (
            "never closed",
            b"o\x00\x00\x07w\x07\x25",
            ApplyFault::Incomplete,
        ),
        ("only a source", b"r\x00", ApplyFault::Incomplete),
        ("write, nothing open", b"w\x07\x25", ApplyFault::NotOpen),
        ("patch, nothing open", b"B\x20\x07", ApplyFault::NotOpen),
        ("close, nothing open", b"c", ApplyFault::NotOpen),
        (
            "opened twice",
            b"o\x00\x00\x07o\x00\x00\x07",
            ApplyFault::AlreadyOpen,
        ),
        (
            "spliced while open",
            b"o\x00\x00\x07S\x00\x00\x07\x25",
            ApplyFault::AlreadyOpen,
        ),
        (
            "blob range one too long",
            b"S\x00\x00\x09\x25",
            ApplyFault::BlobRange,
        ),
        (
            "blob offset past the end",
            b"S\x00\x00\x00\x2e",
            ApplyFault::BlobRange,
        ),
        (
            "write past the blob",
            b"o\x00\x00\x07w\x07\x2d",
            ApplyFault::BlobRange,
        ),
        (
            "offset overflows",
            b"S\x00\x00\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            ApplyFault::BlobRange,
        ),
        (
            "length overflows",
            b"S\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x25",
            ApplyFault::BlobRange,
        ),
        ("source name past the blob", b"r\x0e", ApplyFault::BlobRange),
        ("mode index", b"S\x03\x00\x07\x25", ApplyFault::ModeIndex(3)),
        (
            "xattr index",
            b"S\x00\x01\x07\x25",
            ApplyFault::XattrIndex(1),
        ),
        (
            "mode index overflows",
            b"o\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x07",
            ApplyFault::ModeIndex(u64::MAX),
        ),
        ("link opened", b"o\x01\x00\x07", ApplyFault::OpenSymlink),
        (
            "link target not UTF-8",
            b"S\x01\x00\x07\x26",
            ApplyFault::LinkTarget,
        ),
        ("written less", b"o\x00\x00\x07w\x06\x25c", size(7, 6)),
        ("written more", b"o\x00\x00\x07w\x08\x25c", size(7, 8)),
        (
            "written more in sum",
            b"o\x00\x00\x07w\x07\x25w\x01\x25c",
            size(7, 8),
        ),
        (
            "huge size, little content",
            b"o\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7fw\x07\x25c",
            size(i64::MAX as u64, 7),
        ),
        (
            "source range",
            b"r\x00o\x00\x00\x07w\x07\x11c",
            ApplyFault::SourceRange(old),
        ),
        (
            "source range overflows",
            b"r\x00o\x00\x00\x07w\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01c",
            ApplyFault::SourceRange(old),
        ),
        (
            "patch without a source",
            b"o\x00\x00\x07B\x20\x07c",
            ApplyFault::NoSource,
        ),
        (
            "patch after a write",
            b"r\x00o\x00\x00\x07w\x01\x00B\x20\x07c",
            ApplyFault::PartialPatch,
        ),
        (
            "write after a patch",
            b"r\x00o\x00\x00\x07B\x20\x07w\x01\x00c",
            size(7, 8),
        ),
        (
            "patch truncated",
            b"r\x00o\x00\x00\x07B\x20\x07c",
            ApplyFault::PatchTruncated,
        ),
        (
            "patch impossible",
            b"r\x00o\x00\x00\x07B\x00\x20c",
            ApplyFault::PatchControl,
        ),
        (
            "patch past the blob",
            b"r\x00o\x00\x00\x07B\x20\x0ec",
            ApplyFault::BlobRange,
        ),
        (
            "after the last: an object",
            b"S\x00\x00\x07\x25S\x00\x00\x07\x25",
            ApplyFault::AfterLast,
        ),
        (
            "after the last: a source",
            b"S\x00\x00\x07\x25r\x00",
            ApplyFault::AfterLast,
        ),
    ];
    for (name, ops, want) in table {
        let error = apply(&[META, ops].concat()).map(|_| ()).expect_err(name);
        assert_eq!(error.class(), Class::Corrupt, "{name}");
        let want = DeltaError::Program(want).to_string();
        assert_eq!(reason(error), want, "{name}");
    }
}

#[test]
fn programs_whose_bytes_are_at_fault() {
    let table: [(&str, &[u8], DeltaFault); 5] = [
        (
            "unknown operation",
            b"x",
            DeltaFault::UnknownOperation(b'x'),
        ),
        (
            "arguments missing",
            b"S\x00\x00",
            DeltaFault::NumberTruncated,
        ),
        ("number cut", b"o\x80", DeltaFault::NumberTruncated),
        (
            "number too long",
            b"r\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
            DeltaFault::NumberOverflow,
        ),
        ("number padded", b"S\x80\x00", DeltaFault::NumberNotMinimal),
    ];
    for (name, ops, want) in table {
        let error = apply(&[META, ops].concat()).map(|_| ()).expect_err(name);
        assert_eq!(error.class(), Class::Corrupt, "{name}");
        assert_eq!(reason(error), FormatError::from(want).to_string(), "{name}");
    }
}

#[test]
fn objects_that_are_not_what_the_header_names() {
    for (name, ops) in [
        ("metadata", &b"S\x05\x21"[..]),
        ("file", b"S\x05\x20S\x00\x00\x07\x24"),
        ("written file", b"S\x05\x20o\x00\x00\x07w\x07\x24c"),
        ("link instead of a file", b"S\x05\x20S\x01\x00\x07\x25"),
        ("old file's bytes", b"S\x05\x20r\x00o\x00\x00\x07w\x07\x05c"),
    ] {
        let error = apply(ops).map(|_| ()).expect_err(name);
        assert!(reason(error).contains("another object"), "{name}");
    }
    let device = apply(b"S\x05\x20S\x02\x00\x07\x25")
        .map(|_| ())
        .unwrap_err();
    assert!(reason(device).contains("mode"));
}

#[test]
fn a_missing_old_file_is_named() {
    let (header, part) = part(b"S\x05\x20r\x00o\x00\x00\x07w\x02\x05Rw\x05\x27c");
    let error = apply_part(&header, &part, &NoSources, &mut Names::default()).unwrap_err();
    assert!(reason(error).contains(&Checksum::of(OLD).to_string()));
}

#[test]
fn parts_that_cannot_be_unpacked() {
    let (good, bytes) = part(&[META, GOOD[0].1].concat());
    let payload = stored_xz::decode(&bytes[1..], 1000).unwrap();
    let with = |kind: u8, rest: &[u8]| [&[kind], rest].concat();
    let stock = Stock::read("delta-dir").parts.remove(0);
    let flipped = |at: usize| {
        let mut part = stock.clone();
        part[at] ^= 1;
        part
    };
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", vec![], "compression"),
        ("gzip", with(b'g', &payload), "compression is 0x67"),
        ("no stream", with(b'x', b""), "xz"),
        (
            "stored stream truncated",
            bytes[..bytes.len() - 1].to_vec(),
            "checksum, index or footer",
        ),
        (
            "stored stream twice",
            with(b'x', &bytes[1..].repeat(2)),
            "checksum, index or footer",
        ),
        (
            "payload truncated",
            with(0, &payload[..payload.len() - 1]),
            "normal form",
        ),
        (
            "payload padded",
            with(0, &[&payload[..], b"\0"].concat()),
            "normal form",
        ),
        (
            "compressed stream truncated",
            stock[..stock.len() - 30].to_vec(),
            "xz",
        ),
        ("compressed stream altered", flipped(5000), "xz"),
        (
            "compressed stream twice",
            [&stock[..], &stock[1..]].concat(),
            "xz",
        ),
        (
            "compressed stream, then a byte",
            [&stock[..], b"\0"].concat(),
            "xz",
        ),
    ];
    for (name, part, want) in table {
        let header = header(&part, &good.objects);
        let error = apply_part(&header, &part, &Old, &mut Names::default()).expect_err(name);
        assert_eq!(error.class(), Class::Corrupt, "{name}");
        assert!(error.to_string().contains(want), "{name}: {error}");
    }
}

#[test]
fn parts_that_are_not_their_headers() {
    let (good, bytes) = part(&[META, GOOD[0].1].concat());
    let mut names = Names::default();
    let mut apply = |header: &PartHeader, part: &[u8]| {
        apply_part(header, part, &Old, &mut names).map_err(|error| error.to_string())
    };
    assert_eq!(apply(&good, &bytes), Ok(()));
    let longer = [&bytes[..], b"\0"].concat();
    assert!(
        apply(&good, &longer)
            .unwrap_err()
            .contains("its header says")
    );
    let mut altered = bytes.clone();
    altered[100] ^= 1;
    assert!(apply(&good, &altered).unwrap_err().contains("digest"));
    let mut more = good.clone();
    more.objects.push(good.objects[0]);
    assert!(apply(&more, &bytes).unwrap_err().contains("cannot make"));
    let mut fewer = good.clone();
    fewer.objects.pop();
    assert!(
        apply(&fewer, &bytes)
            .unwrap_err()
            .contains("follows the last object")
    );
}

/// A superblock of stock, with something done to its values.
fn superblock(change: impl FnOnce(&mut Vec<Value>)) -> Result<Superblock, FormatError> {
    let stock = Stock::read("delta-fallback").superblock;
    let view = airlock::format::gvariant::View::parse(Superblock::TYPE, &stock).unwrap();
    let mut values: Vec<Value> = view.iter().map(Value::from_view).collect();
    change(&mut values);
    Superblock::decode(Value::tuple(values).bytes())
}

fn part_value(version: u32, objects: &[u8]) -> Value {
    let header = Value::tuple([
        Value::u32(version),
        Value::ay([0; 32]),
        Value::u64(0),
        Value::u64(0),
        Value::ay(objects),
    ]);
    Value::array(PartHeader::TYPE, [header])
}

#[test]
fn superblocks_that_are_at_fault() {
    assert!(superblock(|_| ()).is_ok());
    let mark = |byte: &Value| {
        let mut metadata = Metadata::new();
        metadata.insert(Endian::KEY, byte.clone());
        metadata.to_value()
    };
    let fallback = |kind: u8| {
        let entry = [
            Value::byte(kind),
            Value::ay([0; 32]),
            Value::u64(0),
            Value::u64(0),
        ];
        Value::array("(yaytt)", [Value::tuple(entry)])
    };
    let table: Vec<(&str, usize, Value, FormatError)> = vec![
        (
            "byte order not marked",
            0,
            Metadata::new().to_value(),
            DeltaFault::Endianness.into(),
        ),
        (
            "byte order unknown",
            0,
            mark(&Value::byte(b'b')),
            DeltaFault::Endianness.into(),
        ),
        (
            "byte order no byte",
            0,
            mark(&Value::str("l")),
            DeltaFault::Endianness.into(),
        ),
        (
            "from too short",
            2,
            Value::ay([0; 31]),
            FormatError::ChecksumLength(31),
        ),
        ("to empty", 3, Value::ay([]), FormatError::ChecksumLength(0)),
        (
            "to another commit",
            3,
            Value::ay([0; 32]),
            DeltaFault::WrongCommit.into(),
        ),
        (
            "prerequisites",
            5,
            Value::ay([0; 64]),
            DeltaFault::Prerequisites.into(),
        ),
        (
            "newer part",
            6,
            part_value(1, &[]),
            DeltaFault::PartVersion(1).into(),
        ),
        (
            "object list cut",
            6,
            part_value(0, &[1; 34]),
            DeltaFault::ObjectList.into(),
        ),
        (
            "tombstone in a part",
            6,
            part_value(0, &[5; 33]),
            DeltaFault::ObjectList.into(),
        ),
        (
            "directory as fallback",
            7,
            fallback(2),
            DeltaFault::FallbackKind.into(),
        ),
    ];
    for (name, index, value, want) in table {
        let error = superblock(|values| values[index] = value)
            .map(|_| ())
            .expect_err(name);
        assert_eq!(error, want, "{name}");
        assert_eq!(error.class(), Class::Corrupt, "{name}");
    }
}

#[test]
fn too_many_parts_are_not_even_looked_at() {
    let empty = Value::tuple([
        Value::u32(0),
        Value::ay([]),
        Value::u64(0),
        Value::u64(0),
        Value::ay([]),
    ]);
    let parts = Value::array(PartHeader::TYPE, vec![empty; 100_001]);
    let error = superblock(|values| values[6] = parts)
        .map(|_| ())
        .unwrap_err();
    let limit = 100_000;
    assert_eq!(
        error,
        DeltaFault::TooMany {
            what: "parts",
            limit
        }
        .into()
    );
}

#[test]
fn signed_forms_that_are_at_fault() {
    let good = crate::fixture::read("delta/inline-signed-dummy.delta");
    for bytes in [&good[..7], &good[..good.len() - 1], &good[8..]] {
        assert!(SignedSuperblock::decode(bytes).is_err());
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
        if apply_part(&header(&part, good), &part, &*ARCHIVE, &mut names).is_ok() {
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
