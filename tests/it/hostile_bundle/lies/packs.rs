//! Packs whose inside is wrong.

use airlock::Class;
use serde_json::json;

use super::{PACK, Table, ZERO};
use crate::handmade::{Part, tar_of};
use crate::hostile_bundle::forge::{Content, Forged, NEW, NOW, OLD};

pub fn packs() -> Table {
    use Class::Corrupt;
    fn objects(bundle: &mut Forged, edit: impl Fn(&mut Vec<(String, Vec<u8>)>)) {
        let mut objects = Content::new(NEW, Some(OLD)).files;
        edit(&mut objects);
        *bundle.member(PACK) = Part::pack(PACK, &objects);
        bundle.manifest["releases"][0]["objects"]["file"] = json!(objects.len());
    }
    fn named(bundle: &mut Forged, name: &str) {
        objects(bundle, |objects| objects[0].0 = name.to_owned());
    }
    fn of_type(bundle: &mut Forged, kind: tar::EntryType) {
        let objects = Content::new(NEW, Some(OLD)).files;
        let mut tar = tar_of(&objects);
        let mut header = tar::Header::from_byte_slice(&tar[..512]).clone();
        header.set_entry_type(kind);
        header.set_cksum();
        tar[..512].copy_from_slice(header.as_bytes());
        *bundle.member(PACK) = Part::zstd(PACK, &tar, Some(objects.len() as u64));
    }
    vec![
        (
            "object with ..",
            |b| named(b, "objects/../../../x.filez"),
            Corrupt,
            PACK,
        ),
        (
            "object with an absolute name",
            |b| named(b, "/tmp/x.filez"),
            Corrupt,
            PACK,
        ),
        (
            "a commit in a pack",
            |b| named(b, &format!("objects/{}/{}.commit", &OLD[..2], &OLD[2..])),
            Corrupt,
            PACK,
        ),
        (
            "object under another name",
            |b| named(b, &format!("objects/00/{}.filez", &ZERO[2..])),
            Corrupt,
            PACK,
        ),
        (
            "objects not sorted",
            |b| objects(b, |objects| objects.reverse()),
            Corrupt,
            "order",
        ),
        (
            "object twice",
            |b| objects(b, |o| o.insert(1, o[0].clone())),
            Corrupt,
            "repeated",
        ),
        (
            "object altered",
            |b| objects(b, |o| *o[0].1.last_mut().unwrap() ^= 1),
            Corrupt,
            "object",
        ),
        (
            "object with a byte more",
            |b| objects(b, |o| o[0].1.push(0)),
            Corrupt,
            "object",
        ),
        (
            "object cut",
            |b| objects(b, |o| _ = o[0].1.pop()),
            Corrupt,
            "object",
        ),
        (
            "object that lies about its size",
            |b| objects(b, |o| o[0].1[15] ^= 1),
            Corrupt,
            "object",
        ),
        (
            "object missing",
            |b| {
                // A file that the old commit has not.
                let lost = Content::new(NEW, Some(OLD)).files.remove(0);
                let mut content = Content::new(NEW, None);
                content.files.retain(|file| *file != lost);
                *b = Forged::new(&content, NOW - 50);
            },
            Corrupt,
            "incomplete",
        ),
        (
            "object that no tree names",
            |b| {
                objects(b, |o| {
                    o.push(crate::handmade::filez(b"nobody asked for me"));
                    o.sort();
                })
            },
            Corrupt,
            "stray",
        ),
        (
            "a symbolic link in a pack",
            |b| of_type(b, tar::EntryType::Symlink),
            Corrupt,
            "type '2'",
        ),
        (
            "a hard link in a pack",
            |b| of_type(b, tar::EntryType::Link),
            Corrupt,
            "type '1'",
        ),
        (
            "a device in a pack",
            |b| of_type(b, tar::EntryType::Block),
            Corrupt,
            "type '4'",
        ),
        (
            "a sparse file in a pack",
            |b| of_type(b, tar::EntryType::GNUSparse),
            Corrupt,
            "type 'S'",
        ),
        (
            "a pax header in a pack",
            |b| of_type(b, tar::EntryType::XHeader),
            Corrupt,
            "type 'x'",
        ),
    ]
}
