//! A new key joins the old one: clients that know either pull what is there, by objects and through deltas.

use airlock::format::Checksum;
use libtest_mimic::Trial;

use crate::apache::Apache;
use crate::tools::Tool;
use crate::world::World;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    let needs = &[Tool::Ostree, Tool::Gpg, Tool::Apache];
    let test = |name: &str, test: fn()| crate::trial(&format!("rotation::{name}"), needs, test);
    vec![
        test("a_delta_beside_the_summary_is_renewed", beside),
        test("a_delta_in_the_summary_goes_with_one_key", listed),
        test("a_delta_in_the_summary_is_renewed_by_both", by_both),
    ]
}

const PULL: &str = "pull os os/stable";

/// A release repository with two commits of the key `old`, a stock delta between them, and a client at
/// the first commit for each key.
fn world(config: &str) -> (World, Apache) {
    let world = World::new();
    world.shell("mkdir -p srv tree/usr; head -c 200000 /dev/urandom > tree/usr/a");
    for name in ["old", "new"] {
        world
            .airlock(&format!("key generate --user-id {name} -o {name}"))
            .ok();
    }
    world.airlock("init --repo srv/release").ok();
    world.shell(&format!("echo '{config}' >> srv/release/config"));
    commit(&world);
    let apache = Apache::start(&world);
    for key in ["old", "new"] {
        let url = apache.url("release");
        world.shell(&format!(
            "ostree --repo={key}.repo init --mode=bare-user
             ostree --repo={key}.repo remote add os {url} --set=gpg-verify=true \\
               --set=gpg-verify-summary=true --gpg-import={key}.asc
             ostree --repo={key}.repo pull-local --remote=os srv/release os/stable"
        ));
    }
    world.shell("echo more >> tree/usr/a");
    commit(&world);
    world
        .ostree("--repo=srv/release static-delta generate os/stable")
        .ok();
    world
        .airlock("summary --repo srv/release --key old.key")
        .ok();
    (world, apache)
}

fn commit(world: &World) {
    let command = "commit --repo srv/release -b os/stable --tree dir=tree --no-xattrs";
    world.airlock(&format!("{command} --key old.key")).ok();
}

/// Both clients pull and verify; tells through how many deltas.
fn both_pull(world: &World) -> [usize; 2] {
    let head = world.ostree("--repo=srv/release rev-parse os/stable").ok();
    ["old", "new"].map(|key| {
        let said = world.ostree(&format!("--repo={key}.repo {PULL}")).ok();
        let here = world.ostree(&format!("--repo={key}.repo rev-parse os:os/stable"));
        assert_eq!(here.ok(), head, "{key}");
        usize::from(said.contains("delta parts"))
    })
}

fn rotate(world: &World, keys: &str) -> String {
    world.ostree(&format!("--repo=new.repo {PULL}")).fails(); // nothing there is by the new key
    let command = format!("sign commit --all --repo srv/release {keys}");
    let said = world.airlock(&format!("{command} --json")).ok();
    assert!(said.contains("\"changed\": true"), "{said}");
    let again = world.airlock(&format!("{command} --json")).ok();
    assert!(again.contains("\"changed\": false"), "{again}");
    said
}

fn beside() {
    let (world, _apache) = world("no-deltas-in-summary=true");
    let stale = "mkdir stale; cp -a srv/release/deltas srv/release/delta-indexes stale";
    world.shell(stale);
    let said = rotate(&world, "--key new.key");
    assert!(said.contains("\"dropped\": []"), "{said}");
    world.shell("cp -a new.repo late.repo");
    world
        .airlock("fsck --repo srv/release --trust new.asc")
        .ok();
    assert_eq!(both_pull(&world), [1, 1]);
    // A delta that was left as it was would cut new clients off, although the commit is signed.
    world.shell("cp -a stale/. srv/release");
    let said = world.ostree(&format!("--repo=late.repo {PULL}")).fails();
    assert!(said.contains("public key not found"), "{said}");
    world
        .airlock("fsck --repo srv/release --trust old.asc")
        .ok();
}

fn listed() {
    let (world, _apache) = world("");
    let said = rotate(&world, "--key new.key");
    assert!(said.contains("\"renewed\": []"), "{said}");
    // The old key's signature on the summary is worth more than the delta.
    assert_eq!(both_pull(&world), [0, 0]);
    // Clients do without it; that the summary still lists it is told until the old key signs again.
    for trust in ["new.asc", "old.asc"] {
        let fsck = format!("fsck --repo srv/release --trust {trust}");
        let said = world.airlock(&fsck).fails();
        assert!(said.contains("missing deltas/"), "{said}");
    }
}

fn by_both() {
    let (world, _apache) = world("");
    let said = rotate(&world, "--key old.key --key new.key");
    assert!(said.contains("\"dropped\": []"), "{said}");
    world
        .airlock("fsck --repo srv/release --trust new.asc")
        .ok();
    assert_eq!(both_pull(&world), [1, 1]);
    // Older clients look for the digest in the summary alone; how it is shown depends on its bytes.
    let listed = world.ostree("--repo=srv/release summary -v").ok();
    assert!(listed.contains("ostree.static-deltas"), "{listed}");
    let digest = world.shell("cat srv/release/deltas/*/*/superblock | sha256sum");
    let digest: Checksum = digest.split(' ').next().unwrap().parse().unwrap();
    let summary = std::fs::read(world.path("srv/release/summary")).unwrap();
    let mut words = summary.windows(Checksum::LEN);
    assert!(words.any(|word| word == digest.as_bytes()), "{listed}");
}
