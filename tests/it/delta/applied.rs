//! Every delta of stock `ostree` makes every object that it lists.

use std::collections::BTreeSet;

use airlock::{
    delta::{NoSources, Sources, apply_part},
    format::delta::Superblock,
};

use super::{Archive, Names, Stock};

const STOCK: &[&str] = &[
    "delta-fallback",
    "delta-dir",
    "inline.delta",
    "inline-be.delta",
    "inline-nobsdiff.delta",
    "inline-uncompressed.delta.gz",
    "inline-signed-dummy.delta",
];

/// Applies all parts, and returns the names of what they made.
fn apply(superblock: &Superblock, parts: &[Vec<u8>], sources: &dyn Sources) -> BTreeSet<String> {
    let mut made = BTreeSet::new();
    for (header, part) in superblock.parts.iter().zip(parts) {
        let mut names = Names::default();
        apply_part(header, part.clone(), sources, &mut names).unwrap();
        let bytes: u64 = names.0.values().sum();
        assert_eq!(bytes, header.unpacked, "the header's sum of sizes");
        assert_eq!(names.0.len(), header.objects.len());
        made.extend(names.0.keys().map(ToString::to_string));
    }
    made
}

#[test]
fn every_delta_of_stock_makes_what_it_lists() {
    let archive = Archive::new();
    for name in STOCK {
        let stock = Stock::read(name);
        let made = apply(&stock.decode(), &stock.parts, &archive);
        assert!(made.is_subset(&archive.objects()), "{name}");
    }
}

#[test]
fn a_delta_from_nothing_needs_no_old_files() {
    let stock = Stock::read("scratch-3part.delta");
    let made = apply(&stock.decode(), &stock.parts, &NoSources);
    assert_eq!(made.len(), 39);
    assert!(made.is_subset(&Archive::new().objects()));
}
