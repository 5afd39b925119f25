//! Operations that are at fault, and a few that are not.

use airlock::Class;
use airlock::delta::{ApplyFault, DeltaError, NoSources, apply_part};
use airlock::format::delta::DeltaFault;
use airlock::format::{Checksum, FormatError};

use super::{OLD, apply, part, reason};
use crate::delta::Names;

// Metadata `TEXT[0..5]`; the blob begins with 32 bytes of name.
pub const META: &[u8] = b"S\x05\x20";
// Number arguments below: 0x20 is the blob offset of TEXT, 0x25 that of TEXT[5..].
pub const GOOD: &[(&str, &[u8])] = &[
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
    let error = apply_part(&header, part, &NoSources, &mut Names::default()).unwrap_err();
    assert!(reason(error).contains(&Checksum::of(OLD).to_string()));
}
