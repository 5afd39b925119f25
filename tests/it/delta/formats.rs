//! Superblocks come back byte for byte.

use std::fs::File;
use std::io::{self, Write};

use airlock::format::delta::{Endian, PartHeader, SignedSuperblock, Superblock, SuperblockOutline};
use airlock::format::gvariant::{ReadAt, Value};
use airlock::format::limits::MAX_METADATA;
use airlock::format::{Checksum, FormatError};

use super::{FROM, Stock, TO};
use crate::fixture;
use crate::fuzz::targets;

/// Name · begins at the old commit · parts · objects in them · fallbacks.
const STOCK: &[(&str, bool, usize, usize, usize)] = &[
    ("delta-fallback", true, 1, 10, 1),
    ("delta-dir", true, 1, 11, 0),
    ("inline.delta", true, 1, 11, 0),
    ("inline-be.delta", true, 1, 11, 0),
    ("inline-nobsdiff.delta", true, 1, 11, 0),
    ("inline-uncompressed.delta.gz", true, 1, 11, 0),
    ("inline-signed-dummy.delta", true, 1, 11, 0),
    ("scratch-3part.delta", false, 3, 39, 0),
];

#[test]
fn stock_superblocks_come_back_byte_for_byte() {
    for &(name, has_from, parts, objects, fallbacks) in STOCK {
        let stock = Stock::read(name);
        let superblock = stock.decode();
        assert_eq!(superblock.to().to_string(), TO, "{name}");
        let from = superblock.from.map(|from| from.to_string());
        assert_eq!(from.as_deref(), has_from.then_some(FROM), "{name}");
        assert_eq!(superblock.parts.len(), parts, "{name}");
        let listed: usize = superblock.parts.iter().map(|part| part.objects.len()).sum();
        assert_eq!(listed, objects, "{name}");
        assert_eq!(superblock.fallbacks.len(), fallbacks, "{name}");
        for (header, part) in superblock.parts.iter().zip(&stock.parts) {
            assert_eq!(header.size, part.len() as u64, "{name}");
        }
        assert_eq!(superblock.encode().unwrap(), stock.superblock, "{name}");
    }
}

#[test]
fn the_byte_order_is_read_from_its_mark() {
    let little = Stock::read("inline.delta").decode();
    let big = Stock::read("inline-be.delta").decode();
    assert_eq!(Endian::of(&little.metadata), Ok(Endian::Little));
    assert_eq!(Endian::of(&big.metadata), Ok(Endian::Big));
    assert_eq!(little.parts, big.parts);
}

#[test]
fn the_commits_signatures_travel_along() {
    let commitmeta = Stock::read("delta-dir").decode().commitmeta().unwrap();
    let signatures = commitmeta.unwrap().signatures("ostree.gpgsigs").unwrap();
    let lengths: Vec<usize> = signatures.iter().map(Vec::len).collect();
    assert_eq!(lengths, [119, 310]);
}

#[test]
fn the_signed_form_comes_back_byte_for_byte() {
    let bytes = fixture::read("delta/inline-signed-dummy.delta");
    let signed = SignedSuperblock::decode(&bytes).unwrap();
    let signatures = signed.signatures.signatures("ostree.sign.dummy").unwrap();
    assert_eq!(signatures, [b"dummysecret"]);
    assert_eq!(signed.encode(), bytes);
    assert!(Superblock::decode(&bytes).is_err());
}

#[test]
fn fallbacks_name_object_and_sizes() {
    let superblock = Stock::read("delta-fallback").decode();
    let fallback = &superblock.fallbacks[0];
    assert!(fallback.checksum.to_string().starts_with("bb923903"));
    assert_eq!((fallback.stored, fallback.size), (2984, 1_200_000));
}

#[test]
fn parts_are_found_where_they_are_however_it_is_spoilt() {
    for name in [
        "inline.delta",
        "inline-be.delta",
        "inline-signed-dummy.delta",
    ] {
        let good = fixture::read(&format!("delta/{name}"));
        assert!(targets::run("superblock", &good), "{name}");
        // Most of it is the part, of which every byte is as good as any other.
        let near = |at: &usize| *at < 600 || *at + 1800 > good.len() || at.is_multiple_of(97);
        for at in (0..good.len()).filter(near) {
            // The oracle compares both readers.
            targets::run("superblock", &good[..at]);
            for bit in [1, 0x40] {
                let mut bad = good.clone();
                bad[at] ^= bit;
                targets::run("superblock", &bad);
            }
        }
    }
}

/// A superblock with a part inside that is larger than what is read whole.
fn large(file: &mut File, extra: u64) -> SuperblockOutline {
    let mut superblock = Stock::read("delta-dir").decode();
    let size = MAX_METADATA + extra;
    superblock.parts.push(PartHeader {
        checksum: Checksum::from_bytes([0; 32]),
        size,
        unpacked: 0,
        objects: Vec::new(),
    });
    let outline = SuperblockOutline {
        superblock,
        inline: vec![None, Some(0..size)],
    };
    outline.write_to(&Noughts, file).unwrap();
    file.flush().unwrap();
    outline
}

/// Noughts without end.
struct Noughts;

impl ReadAt for Noughts {
    fn read_exact_at(&self, buf: &mut [u8], _: u64) -> io::Result<()> {
        buf.fill(0);
        Ok(())
    }
}

#[test]
fn parts_may_take_more_than_is_read_whole() {
    let mut file = tempfile::tempfile().unwrap();
    let written = large(&mut file, 5);
    let len = file.metadata().unwrap().len();
    let read = SuperblockOutline::read(&file, len).unwrap();
    assert_eq!(read.superblock, written.superblock);
    let place = read.inline[1].clone().expect("inside");
    assert_eq!(place.end - place.start, MAX_METADATA + 5);
    assert_eq!(read.inline[0], None);
    // Cut, it is refused, and nothing is read for it.
    let error = SuperblockOutline::read(&file, len - 1).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
}

#[test]
fn what_is_not_in_parts_has_a_limit() {
    let mut outline = SuperblockOutline {
        superblock: Stock::read("delta-dir").decode(),
        inline: vec![None],
    };
    let spare = vec![0; MAX_METADATA as usize];
    outline
        .superblock
        .metadata
        .insert("spare", Value::ay(spare));
    let mut file = tempfile::tempfile().unwrap();
    outline.write_to(&Noughts, &mut file).unwrap();
    let error = SuperblockOutline::read(&file, file.metadata().unwrap().len()).unwrap_err();
    let fault = error.get_ref().and_then(|error| error.downcast_ref());
    assert!(
        matches!(fault, Some(FormatError::TooLarge { size, .. }) if *size > MAX_METADATA),
        "{error}"
    );
}
