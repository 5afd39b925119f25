//! A stock client, configured by `client-config`, pulls what promote published, and refuses what was altered.

use libtest_mimic::Trial;

use crate::tools::Tool;
use crate::trial;
use crate::world::World;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "client: pulls a promoted commit, verified",
            &[Tool::Ostree],
            pulls,
        ),
        trial(
            "client: refuses a summary or commit that another key signed",
            &[Tool::Ostree],
            refuses,
        ),
        trial(
            "client: a collection's repository is pulled as well",
            &[Tool::Ostree],
            pulls_a_collection,
        ),
    ]
}

/// Makes a release repository with one promoted commit, and a client configured for it.
fn world(init: &str) -> World {
    let world = World::new();
    world.shell("mkdir -p tree/usr/bin trust; echo one > tree/usr/bin/a; ln -s a tree/usr/bin/b");
    world.airlock("init --repo dev --mode bare-user").ok();
    world
        .airlock(&format!("init --repo release --mode archive {init}"))
        .ok();
    world
        .airlock("commit --repo dev -b os/dev --tree dir=tree -s tested --no-xattrs")
        .ok();
    for name in ["release", "other"] {
        world
            .airlock(&format!("key generate --user-id {name} -o {name}"))
            .ok();
    }
    promote(&world, "release");
    std::fs::copy(world.path("release.asc"), world.path("trust/release.asc")).unwrap();
    let url = format!("file://{}", world.path("release").display());
    world
        .airlock(&format!(
            "client-config --repo release --remote os --url {url} --trust trust -o client"
        ))
        .ok();
    world.shell(
        "ostree --repo=pulled init --mode=bare-user
         cat client/remotes.d/os.conf >> pulled/config
         cp client/remotes.d/os.trustedkeys.gpg pulled/",
    );
    world
}

fn promote(world: &World, key: &str) -> String {
    world
        .airlock(&format!(
            "promote --repo release --from-repo dev os/dev os/stable --key {key}.key"
        ))
        .ok()
}

fn new_version(world: &World) {
    world.shell("echo two >> tree/usr/bin/a");
    world
        .airlock("commit --repo dev -b os/dev --tree dir=tree -s tested --no-xattrs")
        .ok();
}

fn pulls() {
    let world = world("");
    let first = world.ostree("--repo=release rev-parse os/stable").ok();
    world.ostree("--repo=pulled pull os os/stable").ok();
    assert_eq!(
        world.ostree("--repo=pulled rev-parse os:os/stable").ok(),
        first
    );
    new_version(&world);
    let second = promote(&world, "release");
    world
        .ostree("--repo=pulled pull --timestamp-check os os/stable")
        .ok();
    assert_eq!(
        world.ostree("--repo=pulled rev-parse os:os/stable").ok(),
        second
    );
    assert_eq!(
        world.ostree("--repo=pulled rev-parse os:os/stable^").ok(),
        first
    );
    world
        .ostree("--repo=release fsck -q --verify-bindings")
        .ok();
    world.ostree("--repo=pulled fsck -q").ok();
    let shown = world.ostree("--repo=pulled show os:os/stable").ok();
    assert!(shown.contains("Good signature"), "{shown}");
}

fn refuses() {
    let world = world("");
    let before = world.shell(
        "ostree --repo=pulled pull os os/stable >&2; ostree --repo=pulled rev-parse os:os/stable",
    );
    new_version(&world);
    world
        .airlock("promote --repo release --from-repo dev os/dev os/stable --key summary=release.key --key commit=other.key")
        .ok();
    world.ostree("--repo=pulled pull os os/stable").fails(); // the commit is by another key
    world
        .airlock("sign commit --repo release os/stable --key release.key")
        .ok();
    world.airlock("summary --repo release --key other.key").ok();
    world.ostree("--repo=pulled pull os os/stable").fails(); // the summary is by another key
    assert_eq!(
        world.ostree("--repo=pulled rev-parse os:os/stable").ok(),
        before
    );
    world
        .airlock("sign summary --repo release --key release.key")
        .ok();
    world.ostree("--repo=pulled pull os os/stable").ok();

    // A stray update takes the signature away, and the kept pair puts it back.
    world.ostree("--repo=release summary -u").ok();
    world.ostree("--repo=pulled pull os os/stable").fails(); // the summary is not signed
    world.airlock("summary --repo release --restore").ok();
    world.ostree("--repo=pulled pull os os/stable").ok();
}

fn pulls_a_collection() {
    let world = world("--collection-id org.example.Os");
    let config = std::fs::read_to_string(world.path("client/remotes.d/os.conf")).unwrap();
    assert!(config.contains("collection-id=org.example.Os"), "{config}");
    world
        .ostree("--repo=pulled pull os os/stable ostree-metadata")
        .ok();
    world
        .ostree("--repo=release fsck -q --verify-bindings")
        .ok();
}
