//! That the layer forgets what it should, and only that: writers with one fsync too few are caught.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use libtest_mimic::Trial;

use super::cut::{Loss, Medium};
use super::disk::Faults;
use super::mount::Mounted;
use super::tree::{Op, Tree, listing, load};
use crate::tools::Tool;

pub fn trials() -> Vec<Trial> {
    let test =
        |name: &str, test: fn()| crate::trial(&format!("power::{name}"), &[Tool::Fuse], test);
    vec![
        test("a_missing_fsync_is_caught", a_missing_fsync_is_caught),
        test("it_is_a_file_system", it_is_a_file_system),
    ]
}

/// Which steps a writer leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Careful,
    CarefulOnce,
    NoFileSync,
    NoDirectorySync,
    DataOnly,
}

/// Replaces `file` in a directory as this writer does.
fn write(root: &Path, writer: Writer) -> std::io::Result<()> {
    let temporary = root.join("temporary");
    let mut file = File::create(&temporary)?;
    file.write_all(b"new")?;
    match writer {
        Writer::NoFileSync | Writer::CarefulOnce => {}
        Writer::DataOnly => file.sync_data()?,
        _ => file.sync_all()?,
    }
    if writer == Writer::CarefulOnce {
        rustix::fs::syncfs(&file)?;
    }
    fs::rename(&temporary, root.join("file"))?;
    match writer {
        Writer::NoDirectorySync => Ok(()),
        _ => File::open(root)?.sync_all(),
    }
}

/// Runs something on a file system that holds `file` with `old` in it.
fn record(work: impl FnOnce(&Path)) -> (Tree, Vec<Op>) {
    let (before, at) = (
        tempfile::TempDir::new().unwrap(),
        tempfile::TempDir::new().unwrap(),
    );
    fs::write(before.path().join("file"), b"old").unwrap();
    let tree = load(before.path());
    let mounted = Mounted::new(at.path(), tree.clone(), Faults::default());
    work(at.path());
    let (_, log) = mounted.unmount();
    (tree, log)
}

/// What `file` may hold when the power goes after so many steps, and after all of them.
fn outcomes(writer: Writer) -> (Vec<String>, Vec<String>) {
    let (tree, log) = record(|root| write(root, writer).unwrap());
    let mut medium = Medium::new(&tree);
    let mut all = Vec::new();
    let mut last = Vec::new();
    for step in 0..=log.len() {
        if let Some(before) = step.checked_sub(1) {
            medium.play(&log[before]);
        }
        last = [Loss::Least, Loss::Names, Loss::Bytes, Loss::Nothing]
            .into_iter()
            .chain((0..20).map(Loss::Some))
            .map(|loss| read(&medium.cut(loss)))
            .collect();
        all.extend(last.iter().cloned());
    }
    for list in [&mut all, &mut last] {
        list.sort();
        list.dedup();
    }
    (all, last)
}

fn read(tree: &Tree) -> String {
    let found = listing(tree);
    let about = &found["/file"];
    match ["old", "new"]
        .iter()
        .find(|text| about.ends_with(&airlock::format::Checksum::of(text.as_bytes()).to_string()))
    {
        Some(text) => (*text).to_owned(),
        None => "wrong".to_owned(),
    }
}

fn a_missing_fsync_is_caught() {
    for (writer, while_writing, when_done) in [
        (Writer::Careful, &["new", "old"][..], &["new"][..]),
        (Writer::CarefulOnce, &["new", "old"], &["new"]),
        (Writer::DataOnly, &["new", "old"], &["new"]),
        (
            Writer::NoFileSync,
            &["new", "old", "wrong"],
            &["new", "wrong"],
        ),
        (Writer::NoDirectorySync, &["new", "old"], &["new", "old"]),
    ] {
        let (all, last) = outcomes(writer);
        assert_eq!(all, while_writing, "{writer:?} while it writes");
        assert_eq!(last, when_done, "{writer:?} when it says that it is done");
    }
}

/// What programs rely on holds while nothing is cut; what is seen is what is written at the end.
fn it_is_a_file_system() {
    let script = "
        mkdir -p a/b; echo one > a/b/c; ln a/b/c hard; ln -s a/b/c soft
        mv a/b moved; test ! -e a/b; rmdir a; test \"$(cat moved/c)\" = one
        for n in $(seq 500); do echo $n > moved/$n; done; test $(ls moved | wc -l) = 501
        truncate -s 100000 large; test $(stat -c %s large) = 100000
        head -c 700000 /dev/zero | tr '\\0' x > large; test $(tr -d x < large | wc -c) = 0
        chmod 640 large; test $(stat -c %a large) = 640; touch -d @5 large; test $(stat -c %Y large) = 5
        fallocate -l 900000 large; test $(stat -c %s large) = 900000
        test $(stat -c %h hard) = 2; rm moved/c; test $(stat -c %h hard) = 1; test \"$(cat hard)\" = one
        flock hard true; sync; sync -f .; cp --reflink=auto hard copied; ! cp --reflink=always hard cloned
        dd if=hard of=direct iflag=direct status=none; cmp hard direct; rm -r moved; ! mv -T copied nowhere/x
    ";
    let (_, log) = record(|root| {
        crate::tools::run(root, "bash", ["-euo", "pipefail", "-c", script]).ok();
        let tree = load(root);
        assert!(listing(&tree).contains_key("/large"));
    });
    assert!(log.iter().any(|op| matches!(op, Op::SyncAll)));
}
