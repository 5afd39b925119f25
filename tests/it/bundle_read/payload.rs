//! Faults of a manifest that lies, and of what is inside parts and packs.

use std::io::Read;
use std::rc::Rc;

use airlock::Class;
use airlock::format::Checksum;

use super::{assert_fault, read_tar};
use crate::handmade::{Handmade, Part, filez, noise, object_path, tar_of};

#[test]
fn a_manifest_that_lies_is_caught() {
    type Edit = fn(&mut Handmade);
    let table: &[(&str, Edit, &str, Class)] = &[
        (
            "unpacked too small",
            |b| b.members[3].unpacked = Some(3),
            "does not unpack to the 3",
            Class::Corrupt,
        ),
        (
            "unpacked too large",
            |b| b.members[3].unpacked = Some(99),
            "does not unpack to the 99",
            Class::Corrupt,
        ),
        (
            "too few objects",
            |b| b.members[5].objects = Some(2),
            "the manifest says 2",
            Class::Corrupt,
        ),
        (
            "too many objects",
            |b| b.members[5].objects = Some(4),
            "holds 3 objects",
            Class::Corrupt,
        ),
        (
            "pack too short",
            |b| b.members[5].unpacked = Some(512),
            "does not unpack",
            Class::Corrupt,
        ),
        (
            "no zstd",
            |b| b.members[3].bytes = b"not zstd".to_vec(),
            "cannot be decompressed",
            Class::Corrupt,
        ),
        (
            "next version",
            |b| b.edit = Rc::new(|m| m["site"] = "x y".into()),
            "the manifest",
            Class::Corrupt,
        ),
    ];
    for (what, edit, text, class) in table {
        let mut bundle = Handmade::sample();
        edit(&mut bundle);
        assert_fault(what, read_tar(&bundle.tar()), text, *class);
    }
    let text = String::from_utf8(Handmade::sample().manifest()).unwrap();
    let newer = text.replacen("bundle/1", "bundle/2", 1);
    let mut files = Handmade::sample().files();
    files[0].1 = newer.into_bytes();
    assert_fault(
        "version",
        read_tar(&tar_of(&files)),
        "version",
        Class::Unsupported,
    );
}

#[test]
fn a_member_must_match_its_own_digest_too() {
    let mut bundle = Handmade::sample();
    bundle.members[5] = Part::pack("payload/0/objects-0.tar.zst", &[filez(&noise(5 << 20))]);
    bundle.edit = Rc::new(|manifest| manifest["members"][5]["sha256"] = "0".repeat(64).into());
    assert_fault(
        "digest",
        read_tar(&bundle.tar()),
        "though its chunks match",
        Class::Corrupt,
    );
}

#[test]
fn zstd_is_kept_within_bounds() {
    let bomb = Part::zstd("payload/0/0.zst", &vec![0; 32 << 20], None);
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    std::io::copy(&mut std::io::repeat(7).take(200 << 20), &mut encoder).unwrap();
    let wide = Part {
        bytes: encoder.finish().unwrap(),
        unpacked: Some(64 << 20),
        ..bomb.clone()
    };
    let bomb = Part {
        unpacked: Some(1000),
        ..bomb
    };
    let mut trailing = Part::zstd("payload/0/0.zst", b"part", None);
    trailing.bytes.extend(b"tail");
    let mut cut = Part::zstd("payload/0/0.zst", b"part", None);
    cut.bytes.truncate(cut.bytes.len() - 3);
    for (what, part, text) in [
        ("bomb", bomb, "does not unpack to the 1000"),
        ("window", wide, "cannot be decompressed"),
        ("trailing", trailing, "cannot be decompressed"),
        ("cut", cut, "cannot be decompressed"),
    ] {
        let mut bundle = Handmade::sample();
        bundle.members[3] = part;
        assert_fault(what, read_tar(&bundle.tar()), text, Class::Corrupt);
    }
}

#[test]
fn a_pack_holds_only_file_objects_in_order() {
    type Edit = fn(&mut Vec<(String, Vec<u8>)>);
    let table: &[(&str, Edit, &str)] = &[
        ("unsorted", |o| o.reverse(), "out of order or repeated"),
        (
            "twice",
            |o| o.insert(0, o[0].clone()),
            "out of order or repeated",
        ),
        (
            "a tree",
            |o| o[0].0 = o[0].0.replace(".filez", ".dirtree"),
            "not the name of a file object",
        ),
        (
            "a path",
            |o| o[0].0 = "../x".into(),
            "not the name of a file object",
        ),
        (
            "other content",
            |o| o[0].1 = filez(b"other").1,
            "has the checksum",
        ),
        ("not deflate", |o| o[0].1.extend(b"tail"), "is not accepted"),
        ("cut", |o| o[0].1.truncate(9), "is not accepted"),
        ("empty", |o| o[0].1.clear(), "is not accepted"),
        (
            "lies about its size",
            |o| o[0].1[15] ^= 1,
            "is not accepted",
        ),
        ("claims to be vast", |o| o[0].1[8] = 0x7f, "is not accepted"),
    ];
    for (what, edit, text) in table {
        let mut objects = vec![
            filez(b"hello"),
            filez(b"good morning"),
            filez(b"good night"),
        ];
        objects.sort();
        edit(&mut objects);
        let mut bundle = Handmade::sample();
        bundle.members[5] = Part::pack("payload/0/objects-0.tar.zst", &objects);
        assert_fault(what, read_tar(&bundle.tar()), text, Class::Corrupt);
    }
}

#[test]
fn a_pack_is_a_strict_tar() {
    type Edit = fn(&mut Vec<u8>);
    let table: &[(&str, Edit, &str)] = &[
        ("link", |tar| tar[156] = b'2', "checksum is wrong"),
        ("padding", |tar| tar[1023] = 1, "padding is not zero"),
        (
            "end block",
            |tar| *tar.last_mut().unwrap() = 1,
            "two zero blocks",
        ),
        (
            "after the end",
            |tar| tar.extend([0; 512]),
            "does not unpack",
        ),
        (
            "no end",
            |tar| tar.truncate(tar.len() - 512),
            "does not unpack",
        ),
    ];
    for (what, edit, text) in table {
        let mut tar = tar_of(&[filez(b"hello")]);
        let declared = tar.len() as u64;
        edit(&mut tar);
        let pack = Part::zstd("payload/0/objects-0.tar.zst", &tar, Some(1));
        let mut bundle = Handmade::sample();
        bundle.members[5] = Part {
            unpacked: Some(declared),
            ..pack
        };
        assert_fault(what, read_tar(&bundle.tar()), text, Class::Corrupt);
    }
}

#[test]
fn a_large_object_is_streamed_and_checked() {
    let content = noise(20 << 20);
    let (path, stored) = filez(&content);
    let mut bundle = Handmade::sample();
    let mut objects = vec![(path, stored), filez(b"small")];
    objects.sort();
    bundle.members[5] = Part::pack("payload/0/objects-0.tar.zst", &objects);
    let seen = read_tar(&bundle.tar()).unwrap();
    assert_eq!(&seen[5..], ["object 0 20971520", "object 0 5"]);

    type Edit = fn(&mut (String, Vec<u8>));
    let table: &[(&str, Edit, &str)] = &[
        (
            "name",
            |o| o.0 = object_path(&Checksum::of(b"x")),
            "has the checksum",
        ),
        ("tail", |o| o.1.push(0), "is not accepted"),
        ("cut", |o| o.1.truncate(9 << 20), "is not accepted"),
        ("size", |o| o.1[15] ^= 1, "is not accepted"),
        ("padding", |o| o.1[5] ^= 1, "is not accepted"),
    ];
    for (what, edit, text) in table {
        let mut object = filez(&content);
        edit(&mut object);
        bundle.members[5] = Part::pack("payload/0/objects-0.tar.zst", &[object]);
        assert_fault(what, read_tar(&bundle.tar()), text, Class::Corrupt);
    }
}
