//! Lies under a good signature: what a bundle gets whose maker is trusted and wrong.

use airlock::Class;
use serde_json::{Value, json};

use super::Row;
use super::forge::{Content, Forged, NEW, NOW, OLD, REF, STRANGER, TRUSTED, summary_pair};
use crate::handmade::{Part, tar_of};

const ZERO: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const SUPERBLOCK: &str = "payload/0/superblock";
const PART: &str = "payload/0/0.zst";
const PACK: &str = "payload/0/objects-0.tar.zst";

type Edit = fn(&mut Forged);

pub fn rows() -> Vec<Row> {
    let tables = [manifest(), members(), packs()];
    let edited = tables
        .into_iter()
        .flatten()
        .map(|(name, edit, class, text)| {
            let made = move || {
                let mut bundle = Forged::update();
                edit(&mut bundle);
                bundle.tar()
            };
            Row::new(name.to_owned(), made, class, text)
        });
    edited.chain(contents()).chain(listed_members()).collect()
}

type Table = Vec<(&'static str, Edit, Class, &'static str)>;

/// Fields of the manifest that are wrong, or disagree with what travels.
fn manifest() -> Table {
    use Class::{Corrupt, Refused, Unsupported};
    fn release(bundle: &mut Forged) -> &mut Value {
        &mut bundle.manifest["releases"][0]
    }
    vec![
        ("bundle/2", |b| b.kind = "bundle/2", Unsupported, "version"),
        (
            "bundle/10",
            |b| b.kind = "bundle/10",
            Unsupported,
            "version",
        ),
        ("trust/1", |b| b.kind = "trust/1", Corrupt, "begin"),
        (
            "an unknown field",
            |b| b.manifest["more"] = json!(1),
            Corrupt,
            "more",
        ),
        (
            "an unknown field of a release",
            |b| release(b)["more"] = json!(1),
            Corrupt,
            "more",
        ),
        (
            "no sequence",
            |b| b.manifest["sequence"] = json!({}),
            Corrupt,
            "sequence",
        ),
        (
            "no releases",
            |b| b.manifest["releases"] = json!([]),
            Corrupt,
            "releases",
        ),
        (
            "another ref",
            |b| {
                release(b)["ref"] = json!("other");
                b.manifest["sequence"] = json!({"other": NOW});
                b.manifest["refs-after"] = json!({"other": NEW});
            },
            Corrupt,
            "not-bound",
        ),
        (
            "another commit",
            |b| {
                release(b)["commit"] = json!(ZERO);
                b.manifest["refs-after"] = json!({REF: ZERO});
            },
            Corrupt,
            "contradiction",
        ),
        (
            "the old commit",
            |b| {
                release(b)["commit"] = json!(OLD);
                release(b)["from"] = json!([NEW]);
                b.manifest["refs-after"] = json!({REF: OLD});
            },
            Corrupt,
            "contradiction",
        ),
        (
            "refs-after another commit",
            |b| b.manifest["refs-after"] = json!({REF: OLD}),
            Corrupt,
            "refs-after",
        ),
        (
            "refs-after without the ref",
            |b| b.manifest["refs-after"] = json!({}),
            Corrupt,
            "",
        ),
        (
            "refs-after one more",
            |b| b.manifest["refs-after"]["other"] = json!(OLD),
            Corrupt,
            "summary-refs",
        ),
        (
            "refs-after a bad name",
            |b| b.manifest["refs-after"]["../x"] = json!(OLD),
            Corrupt,
            "ref",
        ),
        (
            "another parent",
            |b| release(b)["parent"] = json!(ZERO),
            Corrupt,
            "parent",
        ),
        (
            "no parent",
            |b| release(b)["parent"] = json!(null),
            Corrupt,
            "parent",
        ),
        (
            "another base",
            |b| release(b)["from"] = json!([ZERO]),
            Corrupt,
            "from",
        ),
        (
            "another timestamp",
            |b| release(b)["timestamp"] = json!(NOW),
            Corrupt,
            "timestamp",
        ),
        (
            "another version",
            |b| release(b)["version"] = json!("3.0"),
            Corrupt,
            "version",
        ),
        (
            "more files",
            |b| release(b)["objects"]["file"] = json!(1000),
            Corrupt,
            "number of files",
        ),
        (
            "fewer files",
            |b| release(b)["objects"]["file"] = json!(1),
            Corrupt,
            "",
        ),
        (
            "more trees",
            |b| release(b)["objects"]["dirtree"] = json!(1000),
            Corrupt,
            "number of trees",
        ),
        (
            "more dirmetas",
            |b| release(b)["objects"]["dirmeta"] = json!(1000),
            Corrupt,
            "number of dirmetas",
        ),
        (
            "more commits",
            |b| release(b)["objects"]["commit"] = json!(2),
            Corrupt,
            "number of commits",
        ),
        (
            "another collection",
            |b| {
                b.manifest["repository"]["collection"] = json!("org.other.X");
            },
            Refused,
            "other-collection",
        ),
        (
            "expired",
            |b| b.manifest["expires"] = json!(NOW - 1),
            Refused,
            "expired",
        ),
        (
            "expired before it was made",
            |b| b.manifest["expires"] = json!(1),
            Corrupt,
            "expires",
        ),
    ]
}

/// Members that are wrong, and whose digests say so truly.
fn members() -> Table {
    use Class::{Corrupt, Untrusted};
    vec![
        (
            "superblock empty",
            |b| *b.member(SUPERBLOCK) = Part::plain(SUPERBLOCK, b"x"),
            Corrupt,
            "",
        ),
        (
            "superblock of another release",
            |b| {
                let other = Forged::first().member(SUPERBLOCK).bytes.clone();
                *b.member(SUPERBLOCK) = Part::plain(SUPERBLOCK, &other);
            },
            Corrupt,
            "",
        ),
        (
            "part of another release",
            |b| {
                let other = Forged::first().member(PART).clone();
                *b.member(PART) = other;
            },
            Corrupt,
            "",
        ),
        (
            "part missing",
            |b| b.members.retain(|member| member.name != PART),
            Corrupt,
            "number of parts",
        ),
        (
            "part not zstd",
            |b| b.member(PART).bytes = vec![7; 100],
            Corrupt,
            PART,
        ),
        (
            "part two frames too long",
            |b| {
                let more = zstd::encode_all(&[0; 100][..], 1).unwrap();
                b.member(PART).bytes.extend(more);
            },
            Corrupt,
            "unpack",
        ),
        (
            "part says less",
            |b| b.member(PART).unpacked = Some(10),
            Corrupt,
            "",
        ),
        (
            "a bomb",
            |b| {
                let zeros = vec![0; 200 << 20];
                let unpacked = b.member(PART).unpacked;
                *b.member(PART) = Part {
                    unpacked,
                    ..Part::zstd(PART, &zeros, None)
                };
            },
            Corrupt,
            "unpack",
        ),
        (
            "a bomb in a pack",
            |b| {
                let zeros = vec![0; 200 << 20];
                let pack = b.member(PACK);
                *pack = Part {
                    unpacked: pack.unpacked,
                    ..Part::zstd(PACK, &zeros, pack.objects)
                };
            },
            Corrupt,
            "",
        ),
        (
            "a window of a gigabyte",
            |b| {
                let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
                encoder.window_log(30).unwrap();
                std::io::copy(&mut &[0; 1000][..], &mut encoder).unwrap();
                b.member(PART).bytes = encoder.finish().unwrap();
            },
            Corrupt,
            "",
        ),
        (
            "summary of other refs",
            |b| {
                let commit = NEW.parse().unwrap();
                let pair = summary_pair(&[(REF, commit), ("other", commit)], NOW - 60, &TRUSTED);
                b.members.splice(..2, pair);
            },
            Corrupt,
            "summary-refs",
        ),
        (
            "summary of the old commit",
            |b| {
                let pair = summary_pair(&[(REF, OLD.parse().unwrap())], NOW - 60, &TRUSTED);
                b.members.splice(..2, pair);
            },
            Corrupt,
            "summary-refs",
        ),
        (
            "summary by a stranger",
            |b| {
                let pair = summary_pair(&[(REF, NEW.parse().unwrap())], NOW - 60, &STRANGER);
                b.members.splice(..2, pair);
            },
            Untrusted,
            "too-few-signers",
        ),
        (
            "signature of another summary",
            |b| {
                let [_, signature] = summary_pair(&[], NOW - 60, &TRUSTED);
                b.members[1] = signature;
            },
            Untrusted,
            "too-few-signers",
        ),
        (
            "summary that is none",
            |b| {
                let signed = TRUSTED.sign(b"nonsense");
                let mut signatures = airlock::format::Metadata::new();
                signatures.set_signatures("ostree.gpgsigs", &[signed]);
                let signatures = airlock::format::Codec::encode(&signatures);
                b.members[0] = Part::plain("summary", b"nonsense");
                b.members[1] = Part::plain("summary.sig", &signatures);
            },
            Corrupt,
            "",
        ),
        (
            "summary.sig missing",
            |b| drop(b.members.remove(1)),
            Corrupt,
            "out of order",
        ),
        (
            "summary missing",
            |b| drop(b.members.remove(0)),
            Corrupt,
            "summary",
        ),
    ]
}

/// Packs whose inside is wrong.
fn packs() -> Table {
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
            |b| objects(b, |o| drop(o[0].1.pop())),
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
                *b = Forged::first();
                let mut objects = Content::new(OLD, None).files;
                objects.pop();
                b.manifest["releases"][0]["objects"]["file"] = json!(objects.len());
                *b.member(PACK) = Part::pack(PACK, &objects);
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

/// Releases that are made of other things than they should be.
fn contents() -> Vec<Row> {
    type Change = fn(&mut Content);
    let table: [(&str, Change, Class, &str); 5] = [
        (
            "commit not signed",
            |c| c.commit_signers.clear(),
            Class::Untrusted,
            "unsigned",
        ),
        (
            "commit signed by a stranger",
            |c| c.commit_signers = vec![&STRANGER],
            Class::Untrusted,
            "too-few-signers",
        ),
        (
            "a tree missing",
            |c| drop(c.metadata.pop_first()),
            Class::Corrupt,
            "",
        ),
        (
            "a tree that is not reached",
            |c| {
                c.metadata.extend(Content::new(OLD, Some(NEW)).metadata);
            },
            Class::Corrupt,
            "stray",
        ),
        (
            "all files but one missing",
            |c| {
                *c = Content::new(NEW, None);
                c.files.truncate(1);
            },
            Class::Corrupt,
            "incomplete",
        ),
    ];
    let row = |(name, change, class, text): (&str, Change, Class, &'static str)| {
        let made = move || {
            let mut content = Content::new(NEW, Some(OLD));
            change(&mut content);
            Forged::new(&content, NOW - 50).tar()
        };
        Row::new(name.to_owned(), made, class, text)
    };
    table.into_iter().map(row).collect()
}

/// The manifest's list of members, edited entry by entry.
fn listed_members() -> Vec<Row> {
    type Change = fn(&mut Vec<Value>);
    let table: [(&str, Change, &str); 11] = [
        ("listed: one missing", |m| drop(m.remove(3)), ""),
        ("listed: last missing", |m| drop(m.pop()), ""),
        ("listed: one twice", |m| m.insert(3, m[3].clone()), "order"),
        ("listed: two exchanged", |m| m.swap(2, 3), "order"),
        (
            "listed: larger",
            |m| m[2]["size"] = json!(m[2]["size"].as_u64().unwrap() + 1),
            "",
        ),
        (
            "listed: another digest",
            |m| m[2]["sha256"] = json!(ZERO),
            "",
        ),
        (
            "listed: another chunk",
            |m| m[2]["chunks"][0] = json!(ZERO),
            "",
        ),
        ("listed: no chunks", |m| m[2]["chunks"] = json!([]), "chunk"),
        (
            "listed: a name with ..",
            |m| m[2]["name"] = json!("payload/../superblock"),
            "name",
        ),
        (
            "listed: an absolute name",
            |m| m[2]["name"] = json!("/etc/passwd"),
            "name",
        ),
        (
            "listed: more objects",
            |m| m[4]["objects"] = json!(4000),
            "",
        ),
    ];
    let row = |(name, change, text): (&str, Change, &'static str)| {
        let made = move || {
            let mut bundle = Forged::update();
            let mut members: Vec<Value> = bundle.members.iter().map(Part::entry).collect();
            change(&mut members);
            bundle.manifest["members"] = json!(members);
            bundle.tar()
        };
        Row::new(name.to_owned(), made, Class::Corrupt, text)
    };
    table.into_iter().map(row).collect()
}
