//! Superblocks come back byte for byte.

use airlock::format::delta::{Endian, SignedSuperblock, Superblock};

use super::{FROM, Stock, TO};
use crate::fixture;

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
