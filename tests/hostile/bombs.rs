//! A little that unpacks to a lot, or takes for ever to be read.

use std::io::Write;

use airlock::format::delta::FileMode;
use airlock::format::gvariant::Value;
use airlock::format::{Checksum, FileHeader, Metadata, ObjectKind, ObjectName, Xattrs, stored_xz};

use crate::attack::{Attack, withstand};
use crate::craft::{FILE, RawPart, Release, plain_meta, tree_of};
use crate::forge::Forged;
use crate::handmade::{Part, object_path};

const PART: &str = "payload/0/0.zst";
const PACK: &str = "payload/0/objects-0.tar.zst";
const TEN_GB: u64 = 10 << 30;

/// A zstd frame of zeros, whatever their number: blocks of one byte, many times.
fn zeros(size: u64) -> Vec<u8> {
    const BLOCK: u64 = 128 << 10;
    let mut frame = frame_header(7);
    let count = size.div_ceil(BLOCK);
    for number in 1..=count {
        let header = BLOCK << 3 | 1 << 1 | u64::from(number == count);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

/// The front of a frame with a window of 2^(10 + exponent) bytes.
fn frame_header(exponent: u8) -> Vec<u8> {
    vec![0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3]
}

/// The update, with another member in the place of one.
fn replaced(name: &'static str, bytes: impl Fn() -> Vec<u8>, unpacked: Option<u64>) -> Forged {
    let mut bundle = Forged::update();
    let member = bundle.member(name);
    *member = Part {
        bytes: bytes(),
        unpacked: unpacked.or(member.unpacked),
        ..member.clone()
    };
    bundle
}

#[test]
fn zstd() {
    type Frame = fn() -> Vec<u8>;
    let frames: [(&str, Frame); 9] = [
        ("10 GB of zeros", || zeros(TEN_GB)),
        ("ten times 1 GB of zeros", || zeros(1 << 30).repeat(10)),
        ("a window of 64 MiB", || {
            [frame_header(16), vec![1, 0, 0]].concat()
        }),
        ("a window of 2 GiB", || {
            [frame_header(21), vec![1, 0, 0]].concat()
        }),
        ("the largest window there is", || {
            [frame_header(31), vec![1, 0, 0]].concat()
        }),
        ("a dictionary", || {
            [&[0x28, 0xb5, 0x2f, 0xfd, 1, 0x38, 42][..], &[1, 0, 0]].concat()
        }),
        ("a million empty frames", || {
            [frame_header(7), vec![1, 0, 0]].concat().repeat(1_000_000)
        }),
        ("a million frames to be skipped", || {
            [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0].repeat(1_000_000)
        }),
        ("4 GiB to be skipped", || {
            [0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff].repeat(2)
        }),
    ];
    let mut attacks = Vec::new();
    for (name, frame) in frames {
        for member in [PART, PACK] {
            let make = move || replaced(member, frame, None);
            attacks.push(Attack::new(format!("{member}: {name}"), "", make));
        }
    }
    // It says so, and is not a pack all the same.
    let honest = || replaced(PACK, || zeros(TEN_GB), Some(TEN_GB));
    attacks.push(Attack::new("10 GB of zeros, announced", "", honest));
    let too_large = || replaced(PART, || zeros(TEN_GB), Some(TEN_GB));
    attacks.push(Attack::new("a part of 10 GB, announced", "", too_large));
    withstand(attacks);
}

/// An `.xz` stream of zeros: one chunk that resets everything, over and over.
fn xz_zeros(size: u64) -> Vec<u8> {
    const CHUNK: u64 = 2 << 20;
    let options = lzma_rust2::XzOptions::with_preset(1);
    let mut writer = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    writer.write_all(&vec![0; CHUNK as usize]).unwrap();
    let stream = writer.finish().unwrap();
    let start = 12 + 4 * (usize::from(stream[12]) + 1);
    let packed = usize::from(u16::from_be_bytes([stream[start + 3], stream[start + 4]])) + 1;
    let (header, rest) = stream.split_at(start);
    let chunk = &rest[..6 + packed];
    [header, &chunk.repeat(size.div_ceil(CHUNK) as usize), b"\0"].concat()
}

/// A release whose only part is this.
fn of_part(bytes: Vec<u8>) -> Release {
    let mut part = RawPart::new();
    let tree = part.metadata(ObjectKind::DirTree, &tree_of(&[]));
    let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
    let mut release = Release::new(tree, meta);
    release.raw_part(bytes, &part.objects);
    release
}

#[test]
fn xz() {
    let good = || {
        let mut part = RawPart::new();
        part.metadata(ObjectKind::DirTree, &tree_of(&[]));
        part.metadata(ObjectKind::DirMeta, &plain_meta());
        part.payload()
    };
    let compressed = move || {
        let options = lzma_rust2::XzOptions::with_preset(6);
        let mut writer = lzma_rust2::XzWriter::new(vec![b'x'], options).unwrap();
        writer.write_all(&good()).unwrap();
        writer.finish().unwrap()
    };
    withstand(vec![
        Attack::new("xz: 10 GB of zeros", "compressed", || {
            of_part([b"x", &xz_zeros(TEN_GB)[..]].concat()).forged()
        }),
        Attack::new("xz: 250 MB of zeros", "compressed", || {
            of_part([b"x", &xz_zeros(250 << 20)[..]].concat()).forged()
        }),
        Attack::new("xz: compressed at all", "compressed", move || {
            of_part(compressed()).forged()
        }),
        Attack::new("xz: stored twice", "", move || {
            let stream = stored_xz::encode(&good());
            of_part([b"x", &stream[..], &stream[..]].concat()).forged()
        }),
        Attack::new("no compression that there is", "compression", move || {
            of_part([b"y", &good()[..]].concat()).forged()
        }),
        Attack::new("an empty payload", "", || of_part(vec![0]).forged()),
    ]);
}

/// A deflate stream of zeros, made of one megabyte over and over.
fn deflated_zeros(size: u64) -> Vec<u8> {
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    deflate.write_all(&vec![0; 1 << 20]).unwrap();
    deflate.flush().unwrap();
    let block = deflate.get_ref().clone();
    let mut stream = block.repeat((size >> 20) as usize);
    // The last block: fixed codes, empty.
    stream.extend_from_slice(&[3, 0]);
    stream
}

/// A packed file of so many zeros, whose header says `stated`.
fn inflating(size: u64, stated: u64) -> Release {
    let header = FileHeader::regular(0, 0, 0o644, Xattrs::default());
    let name = Checksum::of(b"nobody gets as far as this");
    let bytes = [header.zlib_header(stated), deflated_zeros(size)].concat();
    let mut release = Release::of_tree(&tree_of(&[("f", name)]));
    release.packed.push((object_path(&name), bytes));
    release
}

#[test]
fn deflate() {
    withstand(vec![
        Attack::new("10 GB said to be 5 bytes", "", || {
            inflating(TEN_GB, 5).forged()
        }),
        Attack::new("20 GB said to be 5 bytes", "", || {
            inflating(2 * TEN_GB, 5).forged()
        }),
        Attack::new("10 GB, announced by the file", "content", || {
            inflating(TEN_GB, TEN_GB).forged()
        }),
        Attack::new("20 GB, announced by the file", "content", || {
            inflating(2 * TEN_GB, 2 * TEN_GB).forged()
        }),
        Attack::new("2^64-1 announced by the file", "content", || {
            inflating(1 << 20, u64::MAX).forged()
        }),
        Attack::new("content that is not announced", "content", || {
            let mut release = inflating(1 << 20, 1 << 20);
            release.content = Some(100 << 10);
            release.forged()
        }),
        Attack::new("no room for what the manifest announces", "free", || {
            let mut release = inflating(1 << 20, 1 << 20);
            release.content = Some(u64::MAX);
            let mut bundle = release.forged();
            bundle.manifest["releases"][0]["bytes"]["stored"] = u64::MAX.into();
            bundle
        })
        .import_exit(1),
    ]);
}

/// Files of the same content, each another one by its mode; and of the same xattrs.
fn repeated(content: &[u8], xattrs: &Xattrs, count: u32) -> Release {
    let mut part = RawPart::new();
    part.xattrs.push(xattrs.to_value());
    let at = part.blob(content);
    let mut files = Vec::new();
    for mode in 0..count {
        let header = FileHeader::regular(0, 0, mode, xattrs.clone());
        files.push((format!("f{mode:04}"), header.content_checksum(content)));
        part.modes.push(FileMode {
            mode: header.mode,
            ..FILE
        });
        part.op(b'S', &[u64::from(mode) + 1, 1, content.len() as u64, at]);
    }
    let names = files
        .iter()
        .map(|(_, file)| ObjectName::new(*file, ObjectKind::File));
    part.objects.extend(names);
    let files: Vec<_> = files
        .iter()
        .map(|(name, file)| (name.as_str(), *file))
        .collect();
    let tree = part.metadata(ObjectKind::DirTree, &tree_of(&files));
    let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
    let mut release = Release::new(tree, meta);
    release.part(&part);
    for header in &mut release.headers {
        header.unpacked = 1 << 30;
    }
    release.content = Some(2 << 30);
    release
}

/// Parts in which a little data is used again and again.
#[test]
fn repetition() {
    let value = vec![0; 64 << 10];
    let pairs = (b'a'..=b'p').map(|c| (vec![b'u', b's', b'e', b'r', b'.', c], value.clone()));
    let large = Xattrs::new(pairs).unwrap();
    withstand(vec![
        Attack::new("content, over and over", "over and over", || {
            repeated(&vec![0; 4 << 20], &Xattrs::default(), 100).forged()
        }),
        Attack::new("xattrs, over and over", "over and over", move || {
            repeated(b"x", &large, 200).forged()
        })
        .or_no_room(),
    ]);
}

/// Values of types that are more work to read than they are worth.
#[test]
fn metadata() {
    let deep = format!("a{}y{}", "(".repeat(60), ")".repeat(60));
    let placeholder = format!("(ay{})", "y".repeat(deep.len() - 4));
    let intricate = move || {
        let mut release = of_part(Vec::new());
        let plain = (0..placeholder.len() - 4).map(|_| Value::byte(0));
        let value = Value::tuple([Value::ay(vec![0; 3 << 20])].into_iter().chain(plain));
        release.extra.insert("x", value);
        let (superblock, commit) = release.superblock();
        let mut bytes = superblock.encode().unwrap();
        let at = bytes
            .windows(placeholder.len())
            .position(|at| at == placeholder.as_bytes());
        let at = at.expect("its type is there");
        bytes[at..at + deep.len()].copy_from_slice(deep.as_bytes());
        release.forged_around(&bytes, &commit)
    };
    let beside = |value: fn() -> Value| {
        move || {
            let mut release = of_part(Vec::new());
            release.beside = Some(value());
            release.forged()
        }
    };
    let many = || {
        let (keys, one): (Vec<String>, _) = (
            (0..200_000).map(|n| format!("{n:x}")).collect(),
            Value::byte(1),
        );
        Value::vardict(keys.iter().map(|key| (key.as_str(), &one)))
    };
    let signatures = || {
        let list = Value::array("ay", (0..200_000).map(|_| Value::ay([])));
        Value::vardict([(Metadata::GPGSIGS, &list)])
    };
    withstand(vec![
        Attack::new(
            "three million bytes in sixty parentheses",
            "more work",
            intricate,
        ),
        Attack::new("200,000 entries beside a commit", "entries", beside(many)),
        Attack::new(
            "200,000 signatures of a commit",
            "signatures",
            beside(signatures),
        ),
        Attack::new("200,000 bindings", "", || {
            let mut release = Release::of_tree(&tree_of(&[]));
            let names = (0..200_000).map(|_| "a");
            release
                .commit
                .metadata
                .insert(Metadata::REF_BINDING, Value::strv(names));
            release.forged()
        })
        .exits(&[6]),
    ]);
}
