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
        test("what_is_said_about_it", said),
        test("exceptions_by_path", exceptions),
        test("the_tree_of_another_commit", old_tree),
        test("sizes_of_the_same_stored_objects", sizes),
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

/// Metadata in GVariant's text format, kernels, no bindings.
fn said() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    for version in ["6.1.0-1", "6.1.0-2"] {
        let modules = world.path(&format!("image/usr/lib/modules/{version}"));
        std::fs::create_dir_all(&modules).unwrap();
    }
    let kernel = world.path("image/usr/lib/modules/6.1.0-1/vmlinuz");
    std::fs::write(kernel, "a kernel").unwrap();
    init(&world, "archive", "--collection-id=org.example.Os");
    let plain = [
        "--no-bindings",
        "--bootable",
        "--bootable --no-bindings --add-metadata-string=v=1",
    ];
    for options in plain {
        let commit = format!("-b os/main --parent=none --tree=dir=image {options}");
        assert_same(&world, "archive", &commit);
    }
    for value in [
        "'text'",
        "true",
        "7",
        "-7",
        "0x1f",
        "017",
        "0.5",
        "-1e9",
        "uint64 7",
        "byte 0x2a",
        "int16 -3",
        "uint16 3",
        "int64 -3",
        "double 3",
        "handle 3",
        "['a','b']",
        "@as []",
        "[1,2.5]",
        "[1,uint64 2]",
        "('a',uint32 7)",
        "{'a':<1>,'b':<['x']>}",
        "@a{sv} {}",
        "<<7>>",
        "b'by\\101tes'",
        "\"it's \\u00e9\"",
        "[('a',uint32 7),('b',8)]",
        "objectpath '/a/b'",
        "signature 'a{sv}'",
        "[[1],[2,3]]",
        "()",
        "('a',)",
    ] {
        let run = |program: &str, repo: &str| {
            let fixed = "commit --timestamp=@1700000000 -b os/main --parent=none --tree=dir=image";
            let (repo, said) = (
                format!("--repo={repo}"),
                format!("--add-metadata=key={value}"),
            );
            let mut words: Vec<&str> = fixed.split(' ').collect();
            words.extend([repo.as_str(), &said, "--add-metadata-string=first=1"]);
            world.run_words(program, &words).ok()
        };
        let stock = run("ostree", "stock-archive");
        let ours = run(env!("CARGO_BIN_EXE_airlock"), "ours-archive");
        assert_eq!(ours, stock, "{value}");
    }
}

/// `--statoverride` and `--skip-list`; ostree 2022.7 forgets the mode of directories, so there are none.
fn exceptions() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    let path = |name: &str| world.path(name);
    std::fs::write(path("image/plain"), "plain").unwrap();
    std::fs::hard_link(path("image/plain"), path("image/other-name")).unwrap();
    std::fs::create_dir_all(path("image/gone/deep")).unwrap();
    std::fs::write(path("image/gone/deep/file"), "gone").unwrap();
    world
        .run(
            "tar",
            "--format=gnu --sort=name --exclude=./xattrs -C image -cf image.tar .",
        )
        .ok();
    std::fs::write(path("modes"), "=2541 /plain\n2048 /other-name\n").unwrap();
    std::fs::write(path("skip"), "/gone\n\n/other-name\n").unwrap();
    for mode in ["archive", "bare-user"] {
        init(&world, mode, "");
        let commit = "-b os/main --parent=none --tree=dir=image";
        for options in [
            "--statoverride=modes",
            "--skip-list=skip",
            "--statoverride=modes --canonical-permissions",
        ] {
            assert_same(&world, mode, &format!("{commit} {options}"));
        }
        std::fs::write(path("modes-tar"), "=2541 /plain\n").unwrap();
        let tar = "-b os/main --parent=none --tree=tar=image.tar --statoverride=modes-tar";
        assert_same(&world, mode, tar);
    }
    std::fs::write(path("nowhere"), "/no/such/path\n").unwrap();
    let commit = "commit --repo=ours-archive -b os/main --tree=dir=image --skip-list=nowhere";
    assert_eq!(world.airlock(commit).code(), Some(2));
}

fn old_tree() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    std::fs::create_dir_all(world.path("more/etc")).unwrap();
    std::fs::write(world.path("more/etc/new"), "new").unwrap();
    for mode in ["archive", "bare-user"] {
        init(&world, mode, "");
        assert_same(&world, mode, "-b os/base --tree=dir=image");
        for options in [
            "",
            "--tree=dir=more",
            "--owner-uid=5",
            "--no-xattrs --owner-gid=6",
            "--canonical-permissions",
        ] {
            let commit = format!("-b os/main --parent=none --tree=ref=os/base {options}");
            assert_same(&world, mode, &commit);
        }
    }
    let absent = "commit --repo=ours-archive -b os/main --tree=ref=os/none";
    assert_eq!(world.airlock(absent).code(), Some(3));
}

/// The sizes are those of the deflated objects, so both look at the ones that `ostree` wrote.
fn sizes() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    init(&world, "archive", "");
    let commit = "--timestamp=@1700000000 -b os/main --tree=dir=image";
    world
        .ostree(&format!("commit --repo=stock-archive {commit}"))
        .ok();
    world.run("rm", "-r ours-archive").ok();
    world.run("cp", "-a stock-archive ours-archive").ok();
    let again = format!("{commit} --parent=none --generate-sizes");
    let stock = world
        .ostree(&format!("commit --repo=stock-archive {again}"))
        .ok();
    let ours = world
        .airlock(&format!("commit --repo=ours-archive {again}"))
        .ok();
    assert_eq!(ours, stock);
    world.ostree("fsck -q --repo=ours-archive").ok();
    let shown = world
        .ostree("show --repo=ours-archive --print-sizes os/main")
        .ok();
    assert!(
        shown.contains("Number of objects (needed/total):"),
        "{shown}"
    );
    // Elsewhere there are no such sizes, and the option means nothing.
    init(&world, "bare-user", "");
    assert_same(
        &world,
        "bare-user",
        "-b os/main --tree=dir=image --generate-sizes",
    );
}
