//! File objects as archives store them: what `ostree` wrote, and what must not pass.

use std::io::{Read, Write};

use airlock::format::filez::{Checker, Deflater, FilezInfo, FilezReader, FilezWriter, PairChecker};
use airlock::format::{FileHeader, FormatError, Xattrs};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;

use super::hex;
use super::objects::objects;
use crate::fuzz::targets::filez::by_zlib;
use crate::handmade::noise;

pub fn header() -> FileHeader {
    FileHeader::regular(0, 0, 0o755, Xattrs::default())
}

fn filez(content: &[u8]) -> Vec<u8> {
    Deflater::new(6).filez(&header(), content)
}

/// Reads through a [`FilezReader`], a few bytes of input and output at a time.
fn read(filez: &[u8], step: usize) -> std::io::Result<(Vec<u8>, FilezInfo)> {
    let mut reader = FilezReader::open(std::io::BufReader::with_capacity(step, filez))?.hashed();
    let mut content = Vec::new();
    let mut piece = vec![0; step];
    loop {
        match reader.read(&mut piece)? {
            0 => return Ok((content, reader.finish()?)),
            n => content.extend_from_slice(&piece[..n]),
        }
    }
}

/// Checks in every way there is, and holds the ways against each other.
pub fn check(filez: &[u8]) -> Result<(Vec<u8>, FilezInfo), FormatError> {
    let mut content = Vec::new();
    let whole = Checker::new().check_with(filez, |piece| content.extend_from_slice(piece));
    let mut inflated = Vec::new();
    let inflation = Checker::new().inflate(filez, |piece| inflated.extend_from_slice(piece));
    assert_eq!(inflation.as_ref().err(), whole.as_ref().err());
    assert!(inflated == content);
    let smallest = if content.len() > 10_000 { 1000 } else { 1 };
    for step in [smallest, 4096] {
        match (&whole, read(filez, step)) {
            (Ok(info), Ok(found)) => assert_eq!(found, (content.clone(), info.clone())),
            (Err(_), Err(_)) => {}
            (whole, found) => panic!("{whole:?} as a whole, {found:?} in steps of {step}"),
        }
    }
    check_beside_another(filez, &whole, &content);
    whole.map(|info| (content, info))
}

/// Checks it as one of many, beside objects that end before it and after it.
fn check_beside_another(object: &[u8], expected: &Result<FilezInfo, FormatError>, content: &[u8]) {
    let empty = filez(b"");
    let long = filez(&b"what is hashed beside it".repeat(20_000));
    let objects = [&empty, object, &long, object, &empty, &empty, object];
    for keep in [None, Some(MAX_KEPT)] {
        let mut seen = Vec::new();
        let mut checker = PairChecker::keeping(keep);
        let numbered = objects.iter().copied().enumerate();
        let done: Result<(), ()> = checker.check_all(numbered, |checked| {
            seen.push(checked.key);
            if objects[checked.key] == object {
                assert_eq!(checked.info.as_ref().ok(), expected.as_ref().ok());
                let kept = expected.is_ok() && content.len() as u64 <= MAX_KEPT && keep.is_some();
                assert_eq!(checked.content, kept.then_some(content));
            } else {
                assert!(checked.info.is_ok());
            }
            Ok(())
        });
        assert_eq!(done, Ok(()));
        seen.sort_unstable();
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
    }
}

/// Content that is kept in these tests.
const MAX_KEPT: u64 = 100_000;

#[test]
fn what_ostree_wrote_has_the_names_it_gave() {
    let mut checker = Checker::new();
    for (checksum, bytes) in objects("filez") {
        let (content, info) = check(&bytes).unwrap();
        assert_eq!(info.checksum, checksum);
        assert_eq!(info.size, content.len() as u64);
        assert_eq!(info.header.content_checksum(&content), checksum);
        assert_eq!(checker.check(&bytes), Ok(info.clone()));
        let (header, size, start) = FileHeader::parse_zlib_header(&bytes).unwrap();
        assert_eq!(header.zlib_header(size), &bytes[..start], "{checksum}");
        // Other bytes, the same object.
        let again = Deflater::new(9).filez(&header, &content);
        assert_eq!(check(&again), Ok((content, info)));
    }
}

#[test]
fn a_header_is_written_as_ostree_writes_it() {
    let hello = header().zlib_header(21);
    assert_eq!(
        hello,
        hex("0000001a00000000 0000000000000015 00000000 00000000 000081ed 00000000 00 19")
    );
    let link = FileHeader::symlink(0, 0, "bin/hello", Xattrs::default());
    let stream = "0000001b00000000 00000000 00000000 0000a1ff 00000000 62696e2f68656c6c6f00 1a";
    assert_eq!(link.content_header(), hex(stream));
    let name = "bf7bf926bc1720359e8bf6b1bce135704d4dddc84c7fc84a029b24a8b75a36ef";
    assert_eq!(link.content_checksum(&[]).to_string(), name);
    assert_eq!(
        FileHeader::parse_content_header(&hex(stream)),
        Ok((link, 35))
    );
}

/// Each object would pass `ostree fsck`, or read as another one somewhere else.
#[test]
fn objects_that_are_refused() {
    let content = b"some content, some content";
    let good = filez(content);
    let start = FileHeader::parse_zlib_header(&good).unwrap().2;
    assert!(check(&good).is_ok());
    let with_size = |size: u64| [&header().zlib_header(size)[..], &good[start..]].concat();
    let link = FileHeader::symlink(0, 0, "x", Xattrs::default());
    let patched = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    for (name, bytes, fault) in [
        ("empty", vec![], "file header ends too early"),
        (
            "prefix-only",
            good[..8].to_vec(),
            "file header ends too early",
        ),
        (
            "header-cut",
            good[..20].to_vec(),
            "file header ends too early",
        ),
        (
            "length-zero",
            [&[0; 8], &good[8..]].concat(),
            "not a GVariant",
        ),
        ("length-huge", patched(0, 0xff), "more than the limit"),
        ("padding-after-length", patched(5, 1), "padding is not zero"),
        ("device-number", patched(29, 1), "device number"),
        ("directory", patched(26, 0x41), "mode"),
        ("mode-bits", patched(25, 1), "mode"),
        (
            "without-body",
            good[..start].to_vec(),
            "filez ends too early",
        ),
        (
            "cut",
            good[..good.len() - 1].to_vec(),
            "filez ends too early",
        ),
        ("byte-after", [&good[..], &[0]].concat(), "bytes follow"),
        (
            "object-after",
            [&good[..], &good[..]].concat(),
            "bytes follow",
        ),
        ("size-too-small", with_size(25), "longer than its header"),
        ("size-zero", with_size(0), "longer than its header"),
        ("size-too-large", with_size(27), "shorter than its header"),
        ("size-huge", with_size(u64::MAX), "shorter than its header"),
        ("damaged", [&good[..start], &[0xff; 9]].concat(), "damaged"),
        (
            "zlib-wrapper",
            [&good[..start], &[0x78, 0x9c], &good[start..]].concat(),
            "damaged",
        ),
        (
            "symlink-with-size",
            link.zlib_header(1),
            "a symlink has content",
        ),
        (
            "symlink-with-body",
            [link.zlib_header(0), vec![3, 0]].concat(),
            "bytes follow",
        ),
    ] {
        let error = check(&bytes).unwrap_err().to_string();
        assert!(error.contains(fault), "{name}: {error}");
    }
}

#[test]
fn empty_files_have_an_empty_stream() {
    let (content, info) = check(&[&header().zlib_header(0)[..], &[3, 0]].concat()).unwrap();
    assert!(content.is_empty() && info.size == 0);
    assert!(check(&filez(&[])).is_ok());
}

/// 64 MiB of zeros come out of 64 KiB, and are seen a piece at a time.
#[test]
fn a_stream_that_swells_needs_no_memory() {
    let size = 64 << 20;
    let mut writer = FilezWriter::new(Vec::new(), &header(), size, 9).unwrap();
    std::io::copy(&mut std::io::repeat(0).take(size), &mut writer).unwrap();
    let (bytes, checksum) = writer.finish().unwrap();
    assert!(bytes.len() < 100_000);
    assert_eq!(Checker::new().check(&bytes).unwrap().checksum, checksum);
}

/// Content is inflated in pieces of 160 KiB, the first one, and 128 KiB; the stream can end with one,
/// or just behind it.
#[test]
fn content_ends_anywhere_in_a_piece() {
    const K: usize = 1 << 10;
    for length in [1, 160 * K - 1, 160 * K, 160 * K + 1, 288 * K, 288 * K + 1] {
        let zeros = vec![0; length];
        assert_eq!(check(&filez(&zeros)).unwrap().0, zeros);
    }
}

/// A reader has a megabyte of the object at most: blocks of every kind go on from one to the next.
#[test]
fn a_reader_reads_ahead_and_misses_nothing() {
    let dense = noise(7_000_000);
    let kind = |i: usize| match i / 300_000 % 3 {
        0 => dense[i],
        1 => b"words of a file "[i * 7 % 16],
        _ => dense[i] & 3,
    };
    let content: Vec<u8> = (0..7_000_000).map(kind).collect();
    let header = header();
    for level in [0, 1, 6] {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(&content).unwrap();
        let stream = encoder.finish().unwrap();
        let object = [&header.zlib_header(content.len() as u64), &stream[..]].concat();
        assert!(object.len() > 2 << 20);
        let (found, info) = read(&object, 70_000).unwrap();
        assert!(found == content);
        assert_eq!(info, Checker::new().check(&object).unwrap());
        let ends = [1, 2, 5].map(|part| object.len() - object.len() / 6 * part);
        for end in [object.len() - 1, 1 << 20, (1 << 20) + 1]
            .into_iter()
            .chain(ends)
        {
            assert!(read(&object[..end], 70_000).is_err(), "{level} {end}");
        }
        let longer = [&object[..], b"more"].concat();
        let mut reader = FilezReader::open(&longer[..]).unwrap();
        let mut all = vec![0; content.len()];
        reader.read_exact(&mut all).unwrap();
        assert!(all == content);
        for _ in 0..2 {
            assert!(reader.read(&mut [0]).is_err(), "never the end");
        }
    }
}

/// An empty block takes input and makes nothing: of many, none is missed either.
#[test]
fn blocks_that_hold_nothing_are_passed_over() {
    let empty = [0, 0, 0, 0xff, 0xff];
    let mut object = header().zlib_header(3);
    object.extend(empty.repeat(600_000));
    object.extend([1, 3, 0, 0xfc, 0xff, b'y', b'e', b's']);
    assert_eq!(check(&object).unwrap().0, b"yes");
}

#[test]
fn a_writer_insists_on_the_size() {
    let new = || FilezWriter::new(Vec::new(), &header(), 3, 6).unwrap();
    assert!(new().finish().is_err());
    assert!(new().write_all(b"four").is_err());
    let mut writer = new();
    writer.write_all(b"yes").unwrap();
    let (bytes, checksum) = writer.finish().unwrap();
    assert_eq!(check(&bytes).unwrap().1.checksum, checksum);
    let link = FileHeader::symlink(0, 0, "x", Xattrs::default());
    let (bytes, checksum) = FilezWriter::new(Vec::new(), &link, 0, 6)
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(bytes, Deflater::new(1).filez(&link, &[]));
    assert_eq!(check(&bytes).unwrap().1.checksum, checksum);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_content_at_any_level(
        (length, period) in (0..600_000_usize, 1..90_000_usize),
        level in 0..12_u32,
        uid: u32,
        mode in 0..0o10000_u32,
        xattrs in prop::collection::btree_map("[a-z]{1,8}", prop::collection::vec(any::<u8>(), 0..40), 0..4),
    ) {
        let noise = |i: usize| ((i % period).wrapping_mul(2_654_435_761) >> 13) as u8;
        let content: Vec<u8> = (0..length).map(noise).collect();
        let xattrs = Xattrs::new(xattrs.into_iter().map(|(name, value)| (name.into_bytes(), value)));
        let header = FileHeader::regular(uid, 7, mode, xattrs.unwrap());
        let mut writer = FilezWriter::new(Vec::new(), &header, content.len() as u64, level).unwrap();
        writer.write_all(&content).unwrap();
        let (streamed, checksum) = writer.finish().unwrap();
        let mut checker = Checker::new();
        for bytes in [streamed, Deflater::new(level).filez(&header, &content)] {
            let info = checker.check(&bytes).unwrap();
            prop_assert_eq!(&info.header, &header);
            prop_assert_eq!((info.size, info.checksum), (content.len() as u64, checksum));
            let (read, _) = read(&bytes, 4096).unwrap();
            prop_assert_eq!(&read, &content);
        }
    }

    /// What is accepted, as a whole or piece by piece, is what zlib accepts.
    #[test]
    fn damage_is_damage_either_way(
        level in 0..12_u32,
        length in 1..20_000_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut: bool,
    ) {
        let text = include_bytes!("filez.rs");
        let content = &text[..length.min(text.len())];
        let mut bytes = Deflater::new(level).filez(&header(), content);
        let start = FileHeader::parse_zlib_header(&bytes).unwrap().2;
        for (at, byte) in changes {
            let at = start + at.index(bytes.len() - start);
            match cut {
                true => bytes.truncate(at),
                false => bytes[at] = byte,
            }
            if at == start {
                break;
            }
            let mut content = Vec::new();
            let whole = Checker::new().check_with(&bytes, |piece| content.extend_from_slice(piece));
            let by_zlib = by_zlib(&bytes[start..], length.min(text.len()) as u64);
            match (whole, read(&bytes, 4096), by_zlib) {
                (Ok(info), Ok(found), Some(by_zlib)) => {
                    prop_assert!(content == by_zlib);
                    prop_assert_eq!(found, (content, info));
                }
                (Err(_), Err(_), None) => {}
                (whole, found, by_zlib) => prop_assert!(
                    false,
                    "{whole:?}, {:?}, {}",
                    found.map(drop),
                    by_zlib.is_some()
                ),
            }
        }
    }

    #[test]
    fn changed_bytes_never_panic(at: prop::sample::Index, byte: u8) {
        let mut bytes = filez(&[b"abc", &[0; 999][..], b"def"].concat());
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = check(&bytes);
    }
}
