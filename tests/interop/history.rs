//! `airlock prune` and `diff` beside those of `ostree`.

use std::collections::BTreeSet;

use libtest_mimic::Trial;

use crate::image;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let test =
        |name: &str, test: fn()| crate::trial(&format!("history::{name}"), &[Tool::Ostree], test);
    vec![
        test("prune_leaves_what_ostree_leaves", prune),
        test("diff_names_the_paths_that_ostree_names", diff),
    ]
}

/// Two versions of an image on one branch, another branch, and a delta between the versions.
fn repository(world: &World, mode: &str) {
    for version in [1, 2] {
        let image = world.path(&format!("image-{version}"));
        if !image.is_dir() {
            image::build(&image, version);
        }
    }
    world
        .ostree(&format!("init --repo=made-{mode} --mode={mode}"))
        .ok();
    for (branch, version, day) in [
        ("os/main", 1, 1),
        ("os/main", 2, 2),
        ("os/other", 1, 3),
        ("os/main", 1, 4),
    ] {
        let commit = format!(
            "-b {branch} --tree=dir=image-{version} --timestamp=@{}",
            day * 86_400
        );
        world
            .ostree(&format!("commit --repo=made-{mode} {commit}"))
            .ok();
    }
    if mode == "archive" {
        let delta = "static-delta generate --from=os/main^^ --to=os/main^ --disable-bsdiff";
        world.ostree(&format!("{delta} --repo=made-archive")).ok();
    }
}

fn prune() {
    let world = World::new();
    for mode in ["archive", "bare-user"] {
        repository(&world, mode);
        for (ours, stock) in [
            ("", "--depth=-1"),
            ("--refs-only", "--refs-only"),
            ("--refs-only --depth 1", "--refs-only --depth=1"),
            ("--refs-only --depth 0", "--refs-only --depth=0"),
            ("--keep-younger-than 1d", "--keep-younger-than=yesterday"),
        ] {
            world.shell(&format!(
                "rm -rf ours stock; cp -a made-{mode} ours; cp -a made-{mode} stock"
            ));
            // A branch that is gone leaves a commit that no ref leads to.
            for repo in ["ours", "stock"] {
                world
                    .ostree(&format!("refs --repo={repo} --delete os/other"))
                    .ok();
            }
            world.airlock(&format!("prune --repo=ours {ours}")).ok();
            world.ostree(&format!("prune --repo=stock {stock}")).ok();
            world.ostree("fsck -q --repo=ours").ok();
            for place in ["objects", "deltas"] {
                let files = |repo: &str| -> BTreeSet<String> {
                    if !world.path(&format!("{repo}/{place}")).is_dir() {
                        return BTreeSet::new();
                    }
                    let all = world.listing(&format!("{repo}/{place}"));
                    // Empty directories may stay.
                    let file = |line: &String| line.contains('.') || line.contains("superblock");
                    all.into_iter().filter(file).collect()
                };
                assert_eq!(
                    files("ours"),
                    files("stock"),
                    "{mode} {place}: prune {ours}"
                );
            }
        }
    }
}

fn diff() {
    let world = World::new();
    repository(&world, "archive");
    let stock = world
        .ostree("diff --repo=made-archive os/main^^ os/main^")
        .ok();
    let stock: BTreeSet<String> = stock
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let ours = world
        .airlock("diff --repo=made-archive os/main^^ os/main^")
        .ok();
    let ours: BTreeSet<String> = ours
        .lines()
        .skip(1)
        .map(|line| {
            let letter = line.split_whitespace().next().unwrap_or_default();
            let path = line.find('/').map_or("", |at| &line[at..]);
            format!("{letter} {}", path.trim_end())
        })
        .collect();
    // Of a directory that is gone, ostree names only the top.
    let beneath = |line: &String| {
        let tops = ours.iter().filter(|top| top.starts_with("D "));
        tops.clone().any(|top| line.starts_with(&format!("{top}/")))
    };
    let tops: BTreeSet<&String> = ours.iter().filter(|line| !beneath(line)).collect();
    assert_eq!(tops, stock.iter().collect());
    assert!(!ours.is_empty());
}
