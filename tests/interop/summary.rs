//! The summary, byte for byte, as `ostree summary -u` wrote it a moment ago.

use std::path::Path;

use airlock::Silent;
use airlock::format::{RefName, Summary};
use airlock::repo::summary::{SummaryOptions, build, metadata_commit, metadata_ref};
use airlock::repo::{Repo, Transaction};
use libtest_mimic::Trial;

use crate::image;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let test =
        |name: &str, test: fn()| crate::trial(&format!("summary::{name}"), &[Tool::Ostree], test);
    vec![
        test("an_archive_with_aliases_and_deltas", archive),
        test("a_collection_with_mirrors", collection),
    ]
}

/// Builds the summary of a repository for the second in which stock built the one that is there.
fn rebuild(path: &Path) -> (Vec<u8>, Vec<u8>, u64) {
    let stock = std::fs::read(path.join("summary")).unwrap();
    let timestamp = Summary::decode(&stock).unwrap().last_modified().unwrap();
    let repo = Repo::open(path).unwrap();
    let options = SummaryOptions {
        timestamp,
        ..SummaryOptions::default()
    };
    (build(&repo, &repo, &options).unwrap(), stock, timestamp)
}

fn archive() {
    let world = World::new();
    image::build(&world.path("image-1"), 1);
    image::build(&world.path("image-2"), 2);
    world.ostree("init --repo=repo --mode=archive").ok();
    world.ostree("summary -u --repo=repo").ok();
    let (ours, stock, _) = rebuild(&world.path("repo"));
    assert_eq!(ours, stock, "an empty repository");
    for (version, branch) in [(1, "os/main"), (2, "os/main"), (2, "zz"), (1, "été")] {
        let tree = format!("--tree=dir=image-{version} --add-metadata-string=version={version}.0");
        world
            .ostree(&format!("commit --repo=repo -b {branch} {tree}"))
            .ok();
    }
    world
        .ostree("refs --repo=repo -A --create=stable os/main")
        .ok();
    world.ostree("summary -u --repo=repo").ok();
    let (ours, stock, _) = rebuild(&world.path("repo"));
    assert_eq!(ours, stock, "refs and an alias");
    world
        .ostree("static-delta generate --repo=repo --from=os/main^ --to=os/main")
        .ok();
    world
        .ostree("static-delta generate --repo=repo --empty --to=zz")
        .ok();
    world.ostree("summary -u --repo=repo").ok();
    let (ours, stock, _) = rebuild(&world.path("repo"));
    assert_eq!(ours, stock, "static deltas");
}

fn collection() {
    let world = World::new();
    image::build(&world.path("image"), 1);
    world
        .ostree("init --repo=repo --mode=archive --collection-id=org.example.Os")
        .ok();
    world
        .ostree("commit --repo=repo -b os/main --tree=dir=image")
        .ok();
    for mirror in [
        "org.other.Col:foo/bar",
        "org.abc.Col:foo/bar",
        "org.abc.Col:main",
    ] {
        world
            .ostree(&format!("refs --repo=repo -c --create={mirror} os/main"))
            .ok();
    }
    for _ in 0..2 {
        // Each update also makes a commit on ostree-metadata, the second with the first as parent.
        world.shell("rm -rf before && cp -a repo before");
        world.ostree("summary -u --repo=repo").ok();
        let (ours, stock, timestamp) = rebuild(&world.path("repo"));
        assert_eq!(ours, stock);
        assert_eq!(
            metadata_head(&world.path("before"), timestamp),
            head(&world.path("repo"))
        );
    }
}

fn head(path: &Path) -> String {
    let name: RefName = metadata_ref();
    Repo::open(path)
        .unwrap()
        .ref_commit(&name)
        .unwrap()
        .unwrap()
        .to_string()
}

/// Makes the metadata commit ourselves, in the repository as it was.
fn metadata_head(path: &Path, timestamp: u64) -> String {
    let repo = Repo::open(path).unwrap();
    let tx = Transaction::begin(&repo).unwrap();
    let options = SummaryOptions {
        timestamp,
        ..SummaryOptions::default()
    };
    metadata_commit(&tx, &options).unwrap();
    tx.publish(&Silent).unwrap();
    head(path)
}
