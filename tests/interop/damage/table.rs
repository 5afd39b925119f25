//! One row per kind of damage: what `ostree fsck` says to it, and what `airlock fsck` says.
//!
//! The repository is one that was served for a while: two releases, a signed summary, a delta and its
//! index, a journal. Each row spoils a copy of it.

use airlock::format::{Checksum, Codec, Commit, DirMeta, DirTree, Encoded, ObjectKind, Xattrs};
use airlock::repo::{RefPlace, Repo, Transaction};
use airlock::{Silent, format};
use libtest_mimic::Trial;
use serde_json::Value;

use super::site::{TRUST, site, spoil};
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let needs = &[Tool::Ostree, Tool::Gpg];
    let test = |name: &str, test: fn()| crate::trial(&format!("damage::{name}"), needs, test);
    vec![
        test("every_kind_of_damage_is_found", table),
        test("forged_trees_are_found", forged),
    ]
}

/// What is damaged | does stock find it, too? | the finding | a part of its sentence | the damage, in the
/// shell of [`spoil`].
const ROWS: &str = r#"
file flipped | finds | corrupt | os/stable:/usr/tool | flip $(f /usr/tool)
file cut | finds | corrupt | os/stable:/usr/tool | truncate -s 3 $(f /usr/tool)
file empty | finds | corrupt | os/stable:/usr/tool | : > $(f /usr/tool)
file gone | finds | missing | os/stable:/usr/tool | rm $(f /usr/tool)
file is a directory | finds | corrupt | os/stable:/usr/tool | rm $(f /usr/tool); mkdir $(f /usr/tool)
file followed by bytes | passes | corrupt | follow | echo >> $(f /usr/tool)
file's header lies about the size | passes | corrupt | /usr/tool | printf '\377' | dd of=$(f /usr/tool) bs=1 seek=15 conv=notrunc status=none
file's header is padded | passes | corrupt | /usr/tool | printf '\1' | dd of=$(f /usr/tool) bs=1 seek=4 conv=notrunc status=none
tree flipped | finds | corrupt | os/stable:/ | flip $(t /)
tree gone | finds | missing | os/stable:/ | rm $(t /)
directory's metadata flipped | finds | corrupt | os/stable:/ | flip $(m /)
directory's metadata gone | finds | missing | os/stable:/ | rm $(m /)
commit flipped | finds | corrupt | os/stable:/ | flip $(o $C commit)
commit gone | finds | dangling | os/stable | rm $(o $C commit)
signatures garbled | passes | corrupt | os/stable:/ | echo x > $(o $C commitmeta)
signatures gone | passes | unsigned | os/stable | rm $(o $C commitmeta)
an older release's file gone | finds | missing | /usr/old | rm $(f /usr/old $P)
unreachable file is bad | passes | corrupt |  | mkdir -p $R/objects/00; echo x > $(o $Z filez)
marked by ostree fsck | finds | marked | mark | printf f > $R/state/$C.commitpartial
head is partial | passes | partial-head | os/stable | : > $R/state/$C.commitpartial
tombstone of a commit that is here | passes | buried | tombstone | : > $(o $P tombstone-commit)
ref garbled | finds | bad-ref | refs/heads/os/stable | echo nonsense > $R/refs/heads/os/stable
ref empty | finds | bad-ref | refs/heads/os/stable | : > $R/refs/heads/os/stable
ref with more behind | finds | bad-ref | os/stable | echo more >> $R/refs/heads/os/stable
ref without its commit | finds | dangling | lost | echo $Z > $R/refs/heads/lost
remote's ref garbled | finds | bad-ref | remotes/o/x | mkdir $R/refs/remotes/o; echo x > $R/refs/remotes/o/x
mirrored ref without its commit | finds | dangling | org.x.Y | mkdir -p $R/refs/mirrors/org.x.Y; echo $Z > $R/refs/mirrors/org.x.Y/x
alias leads nowhere | finds | bad-ref | refs/heads/alias | ln -s nowhere $R/refs/heads/alias
aliases in a circle | finds | bad-ref | heads/a | ln -s b $R/refs/heads/a; ln -s a $R/refs/heads/b
ref with an impossible name | passes | bad-ref | os/st able | cp $R/refs/heads/os/stable "$R/refs/heads/os/st able"
ref was moved back | passes | head-moved | os/stable | echo $P > $R/refs/heads/os/stable
ref was renamed | passes | unbound | os/other | mv $R/refs/heads/os/stable $R/refs/heads/os/other
summary garbled | passes | summary-malformed | parse | echo x > $R/summary
summary of the other version | passes | summary-stale | os/stable | cp first.summary $R/summary
summary signed by nobody | passes | unsigned | summary | rm $R/summary.sig
summary's signature garbled | passes | signature-malformed | summary | echo x > $R/summary.sig
summary's signature is of the other version | passes | too-few-signers | summary | cp first.summary.sig $R/summary.sig
no summary | passes | no-summary | summary | rm $R/summary $R/summary.sig
superblock flipped | passes | delta | superblock | flip $D/superblock
superblock of another delta | passes | delta | superblock of | mkdir -p $R/deltas/AA; cp -r $D $R/deltas/AA/$(basename $D)
part flipped | passes | delta | digest | flip $D/0
part cut | passes | delta | bytes | truncate -s 5 $D/0
part gone | passes | delta | missing | rm $D/0
delta to a commit that is gone | finds | delta | not here | rm $(o $C commit)
delta with an impossible name | passes | delta | deltas/AA/x | mkdir -p $R/deltas/AA/x
index garbled | passes | delta-index | delta-indexes/ | echo x > $(ls $R/delta-indexes/*/*)
index lists a delta that is gone | passes | delta-index | another delta | rm -r $D
journal altered | passes | journal-broken | journal | sed -i 's/import/export/' $R/extensions/airlock/journal.jsonl
"#;

/// A site that also serves a delta.
fn served() -> World {
    let world = site("archive");
    world.airlock("delta generate --repo=good os/stable").ok();
    world
}

/// Returns the findings on the repository `bad`: each one's name and sentence.
fn findings(world: &World) -> Vec<(String, String)> {
    let ran = world.airlock(&format!("fsck --repo=bad {TRUST} --json"));
    let report: Value = serde_json::from_str(&ran.stdout()).unwrap_or_else(|_| panic!("{ran}"));
    assert_eq!(report["exit"].as_i64(), ran.code().map(i64::from), "{ran}");
    let found = report["findings"]
        .as_array()
        .unwrap_or_else(|| panic!("{ran}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = |one: &Value| match &one["code"] {
        Value::Null => text(&one["finding"]),
        code => text(code),
    };
    assert_eq!(ran.code() == Some(0), found.is_empty(), "{ran}");
    found
        .iter()
        .map(|one| (name(one), text(&one["message"])))
        .collect()
}

fn table() {
    let world = &served();
    let mut wrong = Vec::new();
    for row in ROWS.trim().lines() {
        let columns: Vec<&str> = row.splitn(5, " | ").collect();
        let [fault, stock, finding, words, damage] = columns[..] else {
            panic!("{row}");
        };
        spoil(world, damage);
        let found = findings(world);
        let named =
            |(name, sentence): &(String, String)| name == finding && sentence.contains(words);
        if !found.iter().any(named) {
            wrong.push(format!("{fault}: {found:?}"));
        }
        // Stock comes last, for it marks the commit as partial.
        let passed = world.ostree("fsck -q --repo=bad").code() == Some(0);
        if passed != (stock == "passes") {
            wrong.push(format!("{fault}: stock does not find it, or does now"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Trees that no tool makes, each under its proper checksum, in a commit that has a ref.
fn forged() {
    let world = &served();
    let file = Checksum::of(b"a file that is not here");
    let named = |names: &[&str]| {
        let files = names
            .iter()
            .map(|name| ((*name).to_owned(), file))
            .collect();
        DirTree {
            files,
            dirs: Vec::new(),
        }
        .encode()
    };
    let swapped = |from: &[u8], to: &[u8]| {
        let list = [("user.a", "1"), ("user.b", "2")];
        let pairs = list.map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        let xattrs = Xattrs::new(pairs.to_vec()).unwrap();
        let mut bytes = DirMeta {
            uid: 0,
            gid: 0,
            mode: 0o40_755,
            xattrs,
        }
        .encode();
        let at = bytes
            .windows(from.len())
            .position(|window| window == from)
            .unwrap();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    let sound = DirMeta {
        uid: 0,
        gid: 0,
        mode: 0o40_755,
        xattrs: Xattrs::default(),
    }
    .encode();
    let meta_of = |mode| {
        DirMeta {
            uid: 0,
            gid: 0,
            mode,
            xattrs: Xattrs::default(),
        }
        .encode()
    };
    let empty = || named(&[]);
    for (fault, tree, meta) in [
        ("a name with a slash", named(&["a/b"]), sound.clone()),
        ("the parent", named(&[".."]), sound.clone()),
        ("the directory itself", named(&["."]), sound.clone()),
        ("no name", named(&[""]), sound.clone()),
        ("a name twice", named(&["a", "a"]), sound.clone()),
        ("names out of order", named(&["b", "a"]), sound.clone()),
        (
            "xattrs out of order",
            empty(),
            swapped(b"user.a", b"user.c"),
        ),
        ("xattrs twice", empty(), swapped(b"user.a", b"user.b")),
        ("a directory that is a file", empty(), meta_of(0o100_755)),
        ("modes that are none", empty(), meta_of(0o1_040_755)),
    ] {
        world.shell("rm -rf bad; cp -a good bad");
        let repo = Repo::open(world.path("bad")).unwrap();
        let tx = Transaction::begin(&repo).unwrap();
        let tree = tx.write_metadata(ObjectKind::DirTree, &tree).unwrap();
        let meta = tx.write_metadata(ObjectKind::DirMeta, &meta).unwrap();
        let commit = Commit {
            metadata: format::Metadata::new(),
            parent: None,
            subject: fault.to_owned(),
            body: String::new(),
            timestamp: 1,
            tree,
            meta,
        };
        let commit = Encoded::encode(commit);
        tx.write_metadata(ObjectKind::Commit, commit.bytes())
            .unwrap();
        tx.publish(&Silent).unwrap();
        let name = "forged".parse().unwrap();
        repo.write_ref(&RefPlace::Heads, &name, Some(&commit.checksum()))
            .unwrap();
        let found = findings(world);
        let corrupt = |(name, sentence): &(String, String)| {
            name == "corrupt" && sentence.starts_with("forged:/")
        };
        assert!(found.iter().any(corrupt), "{fault}: {found:?}");
    }
}
