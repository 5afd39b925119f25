//! `client-config --check` on remotes that stock `ostree remote add` wrote, against a real repository.

use libtest_mimic::Trial;

use crate::tools::{Ran, Tool};
use crate::trial;
use crate::world::World;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    vec![trial(
        "client_check: what stock ostree wrote is seen for what it verifies",
        &[Tool::Ostree],
        stock_remotes,
    )]
}

/// A signed release repository, and the keys `release`, which signed, `old` and `other`.
fn world() -> World {
    let world = World::new();
    world.shell("mkdir -p tree trust; echo one > tree/a");
    for name in ["release", "old", "other"] {
        world
            .airlock(&format!("key generate --user-id {name} -o {name}"))
            .ok();
    }
    world.shell("cp release.asc old.asc trust/");
    world.airlock("init --repo dev").ok();
    world.airlock("init --repo release").ok();
    world
        .airlock("commit --repo dev -b os/dev --tree dir=tree --no-xattrs")
        .ok();
    world
        .airlock("promote --repo release --from-repo dev os/dev os/stable --key release.key")
        .ok();
    world.ostree("init --repo=client --mode=bare-user").ok();
    world
}

fn check(world: &World, more: &str) -> (Ran, Vec<String>) {
    let ran = world.airlock(&format!("--json client-config --check client {more}"));
    let document: serde_json::Value = serde_json::from_str(&ran.stdout()).unwrap();
    let findings = document["findings"].as_array().unwrap().iter();
    let found = findings.map(|finding| {
        let word = |key: &str| finding[key].as_str().unwrap().to_owned();
        format!("{}: {}", word("remote"), word("finding"))
    });
    let found = found.collect();
    (ran, found)
}

fn stock_remotes() {
    let world = world();
    let url = format!("file://{}", world.path("release").display());
    let add = |words: &str| {
        world
            .ostree(&format!("remote add --repo=client {words} {url}"))
            .ok()
    };
    add("--no-gpg-verify recipe");
    add("--gpg-import=release.asc commits");
    add("--set=gpg-verify-summary=true --gpg-import=other.asc foreign");
    let (ran, found) = check(&world, "");
    assert_eq!(ran.code(), Some(4), "{ran}");
    assert_eq!(
        found,
        [
            "recipe: commits-unverified",
            "recipe: summary-unverified",
            "commits: summary-unverified",
        ]
    );
    let (_, found) = check(&world, "--trust trust --repo release");
    assert_eq!(
        found[2..],
        [
            "commits: summary-unverified",
            "commits: lacks-certificate",
            "foreign: lacks-certificate",
            "foreign: lacks-certificate",
            "foreign: beyond-trust",
            "foreign: lacks-commit-signer",
            "foreign: lacks-summary-signer",
        ]
    );
    // What the check says of `foreign` is what the stock client does.
    world.ostree("--repo=client pull foreign os/stable").fails();

    for name in ["recipe", "commits", "foreign"] {
        world
            .ostree(&format!("remote delete --repo=client {name}"))
            .ok();
    }
    world.shell("cat release.asc old.asc > both.asc");
    add("--set=gpg-verify-summary=true --gpg-import=both.asc os");
    let (ran, found) = check(&world, "--trust trust --repo release");
    assert_eq!((ran.code(), found.len()), (Some(0), 0), "{ran}");
    world.ostree("--repo=client pull os os/stable").ok();
}
