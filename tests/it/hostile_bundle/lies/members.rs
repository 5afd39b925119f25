//! Members that are wrong, and releases made of other things than they should be.

use airlock::Class;

use super::{PACK, PART, SUPERBLOCK, Table};
use crate::handmade::Part;
use crate::hostile_bundle::Row;
use crate::hostile_bundle::forge::{
    Content, Forged, NEW, NOW, OLD, REF, STRANGER, TRUSTED, summary_pair,
};

/// Members that are wrong, and whose digests say so truly.
pub fn members() -> Table {
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

/// Releases that are made of other things than they should be.
pub fn contents() -> Vec<Row> {
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
            |c| _ = c.metadata.pop_first(),
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
