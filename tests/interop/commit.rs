//! `airlock commit` and `ostree commit` of one tree: the same ids, the same repositories.

use libtest_mimic::Trial;

use crate::image;
use crate::tools::Tool;
use crate::world::{World, is_root};

pub fn trials() -> Vec<Trial> {
    let test =
        |name: &str, test: fn()| crate::trial(&format!("commit::{name}"), &[Tool::Ostree], test);
    vec![
        test("a_directory_in_every_mode", directory),
        test("a_tar", tar),
        test("a_second_commit_on_the_first", second),
        test("a_collection", collection),
    ]
}

const MODES: [&str; 4] = ["archive", "bare-user", "bare-user-only", "bare"];

const OPTIONS: [&str; 7] = [
    "",
    "--owner-uid=0 --owner-gid=0",
    "--owner-uid=17 --owner-gid=4711 --add-metadata-string=version=1.0",
    "--no-xattrs",
    "--canonical-permissions",
    "-s Subject -m Body --add-metadata-string=b=2 --add-metadata-string=a=1",
    "--orphan",
];

/// Commits with both, and holds ids, objects and modes against each other.
fn assert_same(world: &World, mode: &str, commit: &str) {
    let (ours, stock) = (format!("ours-{mode}"), format!("stock-{mode}"));
    let timestamp = "--timestamp=@1700000000";
    let words = |repo: &str| format!("commit --repo={repo} {timestamp} {commit}");
    let expected = world.ostree(&words(&stock)).ok();
    assert_eq!(
        world.airlock(&words(&ours)).ok(),
        expected,
        "{mode}: commit {commit}"
    );
    world.ostree(&format!("fsck -q --repo={ours}")).ok();
    let objects = format!("{ours}/objects");
    assert_eq!(
        world.listing(&objects),
        world.listing(&format!("{stock}/objects")),
        "{mode}: {commit}"
    );
}

fn init(world: &World, mode: &str, options: &str) {
    world
        .ostree(&format!("init --repo=stock-{mode} --mode={mode} {options}"))
        .ok();
    world
        .airlock(&format!("init --repo=ours-{mode} --mode={mode} {options}"))
        .ok();
}

fn directory() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    for mode in MODES
        .into_iter()
        .filter(|mode| *mode != "bare" || is_root())
    {
        init(&world, mode, "");
        for options in OPTIONS {
            let branch = if options == "--orphan" {
                ""
            } else {
                "-b os/main --parent=none"
            };
            assert_same(
                &world,
                mode,
                &format!("{branch} --tree=dir=image {options}"),
            );
        }
    }
}

/// From a tar, ostree before 2024.10 takes a file's xattrs in any order, and newer ones call that
/// corrupt; so no file has two here. A xattr without a value stays, other than from a directory.
fn tar() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    for name in ["user.zeta", "user.alpha"] {
        rustix::fs::removexattr(world.path("image/xattrs/file"), name).unwrap();
    }
    for (name, options) in [
        ("gnu.tar", "--format=gnu"),
        ("pax.tar", "--format=posix --xattrs --xattrs-include=user.*"),
        ("pax.tar.gz", "--format=posix -z"),
    ] {
        world
            .run(
                "tar",
                &format!("{options} --sort=name -C image -cf {name} ."),
            )
            .ok();
    }
    for mode in ["archive", "bare-user"] {
        init(&world, mode, "");
        for file in ["gnu.tar", "pax.tar", "pax.tar.gz"] {
            assert_same(&world, mode, &format!("-b {file} --tree=tar={file}"));
        }
    }
}

fn second() {
    let world = World::new();
    image::build(&world.path("image-1"), 1);
    image::build(&world.path("image-2"), 2);
    init(&world, "archive", "");
    assert_same(&world, "archive", "-b os/main --tree=dir=image-1");
    assert_same(&world, "archive", "-b os/main --tree=dir=image-2");
    let log = |repo: &str| world.ostree(&format!("log --repo={repo} os/main")).ok();
    assert_eq!(log("ours-archive"), log("stock-archive"));
}

fn collection() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    init(&world, "archive", "--collection-id=org.example.Os");
    assert_same(&world, "archive", "-b os/main --tree=dir=image");
}
