//! Parts that are not what their headers say, or cannot be unpacked.

use airlock::Class;
use airlock::delta::apply_part;
use airlock::format::delta::PartHeader;
use airlock::format::stored_xz;

use super::programs::{GOOD, META};
use super::{Old, header, part};
use crate::delta::{Names, Stock};

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
        let error = apply_part(&header, part, &Old, &mut Names::default()).expect_err(name);
        assert_eq!(error.class(), Class::Corrupt, "{name}");
        assert!(error.to_string().contains(want), "{name}: {error}");
    }
}

#[test]
fn parts_that_are_not_their_headers() {
    let (good, bytes) = part(&[META, GOOD[0].1].concat());
    let mut names = Names::default();
    let mut apply = |header: &PartHeader, part: &[u8]| {
        apply_part(header, part.to_vec(), &Old, &mut names).map_err(|error| error.to_string())
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
