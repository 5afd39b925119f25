//! A damaged repository: what `ostree fsck` finds, `airlock fsck` finds, and two things more.

mod repair;
mod site;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use airlock::format::FileHeader;
use libtest_mimic::Trial;

use crate::image;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let test =
        |name: &str, test: fn()| crate::trial(&format!("damage::{name}"), &[Tool::Ostree], test);
    let own = vec![
        test("both_find_what_is_damaged", both),
        test("only_airlock_finds_a_lie_about_the_size", alone),
    ];
    [own, table::trials(), repair::trials()]
        .into_iter()
        .flatten()
        .collect()
}

/// A world with the repository `good` of one commit, made by stock.
fn world(mode: &str) -> World {
    let world = World::new();
    image::build(&world.path("image"), 1);
    world
        .ostree(&format!("init --repo=good --mode={mode}"))
        .ok();
    world
        .ostree("commit --repo=good -b os/main --tree=dir=image --owner-uid=0 --owner-gid=0")
        .ok();
    world.airlock("fsck --repo=good").ok();
    world
}

/// Returns the largest object with an extension.
fn object(world: &World, extension: &str) -> PathBuf {
    let dirs = fs::read_dir(world.path("bad/objects"))
        .unwrap()
        .map(Result::unwrap);
    let objects = dirs.flat_map(|dir| fs::read_dir(dir.path()).unwrap().map(Result::unwrap));
    let objects =
        objects.filter(|object| object.path().extension().is_some_and(|e| e == extension));
    objects
        .max_by_key(|object| object.metadata().unwrap().len())
        .unwrap()
        .path()
}

/// Spoils a copy, and returns the exit codes of stock's fsck and ours.
fn judge(world: &World, extension: &str, spoil: fn(&Path)) -> (Option<i32>, Option<i32>) {
    world.shell("rm -rf bad && cp -a good bad");
    spoil(&object(world, extension));
    let ours = world.airlock("fsck --repo=bad").code();
    // Stock comes last, for it marks the commit as partial.
    (world.ostree("fsck -q --repo=bad").code(), ours)
}

/// Changes the bytes of a file, which may be read-only.
fn rewrite(path: &Path, change: fn(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

fn flip(path: &Path) {
    rewrite(path, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
}

fn cut(path: &Path) {
    rewrite(path, |bytes| bytes.truncate(bytes.len() / 2));
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn both() {
    for (mode, file) in [("archive", "filez"), ("bare-user", "file")] {
        let world = world(mode);
        for (fault, spoil) in [
            ("flipped", flip as fn(&Path)),
            ("cut", cut),
            ("removed", remove),
        ] {
            for extension in [file, "dirtree", "dirmeta", "commit"] {
                let (stock, ours) = judge(&world, extension, spoil);
                assert_eq!(stock, Some(1), "{mode}: a {extension} that is {fault}");
                assert!(
                    matches!(ours, Some(3 | 5)),
                    "{mode}: a {extension} that is {fault}: {ours:?}"
                );
            }
        }
    }
}

/// Nothing hashes the size in a `.filez`, nor what stands behind its content; a client that pulls such
/// an object into a bare repository fails, or keeps what nobody signed.
fn alone() {
    let world = world("archive");
    let longer = |path: &Path| rewrite(path, |bytes| bytes.push(0));
    let lie = |path: &Path| {
        rewrite(path, |bytes| {
            let (header, size, start) = FileHeader::parse_zlib_header(bytes).unwrap();
            bytes.splice(..start, header.zlib_header(size + 1));
        });
    };
    assert_eq!(judge(&world, "filez", longer), (Some(0), Some(5)));
    assert_eq!(judge(&world, "filez", lie), (Some(0), Some(5)));
}
