//! Superblocks that lie about their parts, and what else stands in a bundle.

use airlock::format::delta::{Endian, Fallback};
use airlock::format::{Checksum, ObjectKind, ObjectName, stored_xz};
use serde_json::json;

use crate::attack::{Attack, withstand};
use crate::craft::{RawPart, Release, plain_meta, tree_of};
use crate::forge::{Forged, NEW, TRUSTED};
use crate::handmade::Part;

/// A release of an empty directory.
fn good() -> Release {
    Release::of_tree(&tree_of(&[]))
}

/// An attack by a release that was changed.
fn changed(name: &str, says: &'static str, change: impl Fn(&mut Release) + 'static) -> Attack {
    Attack::new(name, says, move || {
        let mut release = good();
        change(&mut release);
        release.forged()
    })
}

/// The name of an object that no part makes.
fn never_made(kind: ObjectKind) -> ObjectName {
    ObjectName::new(Checksum::of(b"never made"), kind)
}

#[test]
fn headers() {
    withstand(vec![
        changed("another digest", "", |r| {
            r.headers[0].checksum = Checksum::of(b"")
        }),
        changed("one byte more", "size of a part", |r| {
            r.headers[0].size += 1
        }),
        changed("2^63 bytes", "size of a part", |r| {
            r.headers[0].size = 1 << 63
        }),
        changed("nothing is made", "larger than", |r| {
            r.headers[0].unpacked = 0
        }),
        changed("one byte less is made", "larger than", |r| {
            r.headers[0].unpacked = (tree_of(&[]).len() + plain_meta().len() - 1) as u64;
        }),
        changed("2^64-1 bytes are made", "content", |r| {
            r.headers[0].unpacked = u64::MAX
        }),
        changed("2^64-1 bytes are made, twice", "content", |r| {
            r.headers[0].unpacked = u64::MAX;
            r.part(&RawPart::new());
            r.headers[1].unpacked = u64::MAX;
        }),
        changed("a file that is never made", "", |r| {
            r.headers[0].objects.push(never_made(ObjectKind::File));
        }),
        changed("a commit that is never made", "", |r| {
            r.headers[0].objects.push(never_made(ObjectKind::Commit));
        }),
        changed("objects that are not named", "", |r| {
            r.headers[0].objects.pop();
        }),
        changed("objects in another order", "", |r| {
            r.headers[0].objects.reverse()
        }),
        changed("a million files that are never made", "", |r| {
            let more = (0..1_000_000_u32).map(|n| Checksum::of(&n.to_le_bytes()));
            let more = more.map(|file| ObjectName::new(file, ObjectKind::File));
            r.headers[0].objects.extend(more);
        }),
        changed("a header without a part", "number of parts", |r| {
            let header = r.headers[0].clone();
            r.headers.push(header);
        }),
        changed("a part without a header", "number of parts", |r| {
            let part = r.parts[0].clone();
            r.parts.push(part);
        }),
        changed("256 MiB of zeros in a part", "", |r| {
            r.raw_part(vec![0; 256 << 20], &[]);
        }),
        changed("255 MiB of zeros in a stored part", "", |r| {
            let stored = stored_xz::encode(&vec![0; 255 << 20]);
            r.raw_part([b"x", &stored[..]].concat(), &[]);
        }),
        changed("a tree that is not reached", "belong", |r| {
            let mut part = RawPart::new();
            part.metadata(ObjectKind::DirTree, &tree_of(&[("f", Checksum::of(b""))]));
            r.part(&part);
        }),
    ]);
}

#[test]
fn superblocks() {
    let with = |change: fn(&mut airlock::format::delta::Superblock)| {
        move || {
            let release = good();
            let (mut superblock, commit) = release.superblock();
            change(&mut superblock);
            release.forged_around(&superblock.encode().unwrap(), &commit)
        }
    };
    let bytes = |change: fn(Vec<u8>) -> Vec<u8>| {
        move || {
            let release = good();
            let (superblock, commit) = release.superblock();
            release.forged_around(&change(superblock.encode().unwrap()), &commit)
        }
    };
    withstand(vec![
        Attack::new(
            "a fallback",
            "fallback",
            with(|s| {
                s.fallbacks.push(Fallback {
                    checksum: Checksum::of(b""),
                    stored: 0,
                    size: 0,
                });
            }),
        ),
        Attack::new(
            "100,000 fallbacks of 2^64-1 bytes",
            "fallback",
            with(|s| {
                let fallback = |n: u32| Fallback {
                    checksum: Checksum::of(&n.to_le_bytes()),
                    stored: u64::MAX,
                    size: u64::MAX,
                };
                s.fallbacks.extend((0..100_000).map(fallback));
            }),
        ),
        Attack::new(
            "100,001 parts",
            "parts",
            with(|s| {
                s.parts = vec![s.parts[0].clone(); 100_001];
            }),
        ),
        Attack::new(
            "another base",
            "from",
            with(|s| s.from = Some(Checksum::of(b""))),
        )
        .exits(&[4]),
        Attack::new("no base", "from", with(|s| s.from = None)).exits(&[4]),
        Attack::new(
            "the numbers of no machine",
            "",
            bytes(|bytes| {
                let key = Endian::KEY.as_bytes();
                let at = bytes.windows(key.len()).position(|at| at == key).unwrap();
                let mut bytes = bytes;
                let mark = at
                    + bytes[at..]
                        .iter()
                        .position(|byte| *byte == b'l')
                        .unwrap_or(0);
                bytes[mark] ^= 0xff;
                bytes
            }),
        ),
        Attack::new(
            "a history of another commit",
            "",
            with(|s| {
                let ancestor = airlock::format::delta::Ancestor {
                    commit: s.commit.clone(),
                    commitmeta: Default::default(),
                };
                s.set_history(&[ancestor]).unwrap();
            }),
        ),
        Attack::new("cut", "", bytes(|bytes| bytes[..bytes.len() - 1].to_vec())),
        Attack::new("padded", "", bytes(|bytes| [&bytes[..], &[0]].concat())),
        Attack::new("64 MiB of zeros", "", bytes(|_| vec![0; 64 << 20])),
        Attack::new("64 MiB of ones", "", bytes(|_| vec![0xff; 64 << 20])),
    ]);
}

/// What stands in front of the manifest, and what rides along.
#[test]
fn companions() {
    let update = |statement: fn() -> Vec<u8>| {
        move || {
            let mut bundle = Forged::update();
            let statement = statement();
            let signature = airlock::openpgp::armor_signatures(&[TRUSTED.sign(&statement)]);
            bundle.before = vec![
                ("trust/1.json".to_owned(), statement),
                ("trust/1.json.asc".to_owned(), signature),
            ];
            bundle
        }
    };
    let attached = |name: &'static str| {
        move || {
            let mut bundle = Forged::update();
            let mut members: Vec<_> = bundle.members.iter().map(Part::entry).collect();
            let mut member = Part::plain("attachments/x", b"hello");
            members.push(member.entry());
            members.last_mut().unwrap()["name"] = json!(format!("attachments/{name}"));
            bundle.manifest["members"] = json!(members);
            member.name = format!("attachments/{name}");
            member.name.truncate(100);
            bundle.members.push(member);
            bundle
        }
    };
    let mut attacks = vec![
        Attack::new("an update that is none", "", update(|| b"{}".to_vec())).exits(&[4, 5, 6]),
        Attack::new("an update of nothing", "", update(Vec::new)).exits(&[4, 5, 6]),
        Attack::new(
            "an update 100,000 deep",
            "",
            update(|| [br#"{"airlock":"trust/1","x":"#, &[b'['; 100_000][..]].concat()),
        )
        .exits(&[4, 5, 6]),
        Attack::new(
            "an update of a megabyte",
            "",
            update(|| vec![b' '; 1 << 20]),
        )
        .exits(&[5]),
        Attack::new(
            "an update with a key twice",
            "",
            update(|| br#"{"airlock":"trust/1","version":1,"version":1}"#.to_vec()),
        )
        .exits(&[4, 5, 6]),
    ];
    for name in [
        "..",
        ".",
        "",
        "../x",
        "a/b",
        "/x",
        ".x",
        "-x",
        "a\u{1b}b",
        "a\u{202e}b",
        "x\n",
    ] {
        attacks.push(Attack::new(
            format!("an attachment {name:?}"),
            "",
            attached(name),
        ));
    }
    let commit = Checksum::of(NEW.as_bytes());
    attacks.push(changed("a commit without a tree", "", move |r| {
        r.commit.tree = commit
    }));
    withstand(attacks);
}
