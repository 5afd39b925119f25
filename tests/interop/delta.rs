//! Static deltas of either maker, applied and pulled by the other.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;

use crate::apache::Apache;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let (offline, online): (&[Tool], &[Tool]) = (&[Tool::Ostree], &[Tool::Ostree, Tool::Apache]);
    vec![
        crate::trial(
            "delta::stock_applies_what_airlock_makes",
            offline,
            stock_applies,
        ),
        crate::trial(
            "delta::airlock_applies_what_stock_makes",
            offline,
            airlock_applies,
        ),
        crate::trial(
            "delta::a_file_larger_than_a_part_changes_a_little",
            offline,
            large_file,
        ),
        crate::trial("delta::stock_pulls_a_delta", online, stock_pulls),
        crate::trial("delta::stock_fetches_what_is_left_out", online, left_out),
    ]
}

/// Makes an archive with two commits of one tree: a file that changed a little, one that is new, a
/// link, one that is gone.
fn twice(world: &World) -> (String, String) {
    let tree = world.path("tree");
    fs::create_dir_all(tree.join("usr/lib")).unwrap();
    let mut large: Vec<u8> = (0..400_000u32)
        .flat_map(|i| i.wrapping_mul(i).to_le_bytes())
        .collect();
    fs::write(tree.join("usr/lib/large"), &large).unwrap();
    fs::write(tree.join("usr/lib/gone"), "gone").unwrap();
    world.shell("mkdir -p srv");
    world.ostree("init --repo=srv/twin --mode=archive").ok();
    let commit = "commit --repo=srv/twin -b os --tree=dir=tree -s";
    let first = world.ostree(&format!("{commit} one")).ok();
    large.splice(1000..1000, *b"inserted");
    fs::write(tree.join("usr/lib/large"), &large).unwrap();
    fs::write(tree.join("usr/lib/new"), "new").unwrap();
    fs::remove_file(tree.join("usr/lib/gone")).unwrap();
    world.shell("ln -s large tree/usr/lib/link");
    let second = world.ostree(&format!("{commit} two")).ok();
    (first, second)
}

/// Makes a repository that has only the first commit.
fn behind(world: &World, name: &str, mode: &str, first: &str) {
    world
        .ostree(&format!("init --repo={name} --mode={mode}"))
        .ok();
    world
        .ostree(&format!("pull-local --repo={name} srv/twin {first}"))
        .ok();
}

fn is_whole(world: &World, repo: &str, commit: &str) {
    world.ostree(&format!("show --repo={repo} {commit}")).ok();
    world.ostree(&format!("ls -R --repo={repo} {commit}")).ok();
    world.ostree(&format!("fsck -q --repo={repo}")).ok();
}

fn stock_applies() {
    let world = &World::new();
    let (first, second) = twice(world);
    world.shell("mkdir parts");
    let generate = format!("delta generate --repo=srv/twin --from={first} --to={second}");
    world
        .airlock(&format!("{generate} --inline -o one.delta"))
        .ok();
    world
        .airlock(&format!("{generate} -o parts/superblock"))
        .ok();
    let full = "delta generate --repo=srv/twin --empty --inline -o full.delta os";
    world.airlock(full).ok();
    assert!(fs::metadata(world.path("one.delta")).unwrap().len() < 20_000);
    for (number, delta) in ["one.delta", "parts", "full.delta"].into_iter().enumerate() {
        let repo = format!("stock-{number}");
        behind(world, &repo, "bare-user", &first);
        let apply = format!("static-delta apply-offline --repo={repo} {delta}");
        world.ostree(&apply).ok();
        is_whole(world, &repo, &second);
    }
}

/// No patch of such a file fits a part; ranges of the old one do.
fn large_file() {
    let world = &World::new();
    fs::create_dir(world.path("tree")).unwrap();
    let write = |content: &[u8]| fs::write(world.path("tree/image"), content).unwrap();
    let numbers = (0..18_000_000u32).map(|i| i.wrapping_mul(i) ^ i << 7);
    let mut large: Vec<u8> = numbers.flat_map(u32::to_le_bytes).collect();
    assert!(large.len() > 64 << 20);
    world.shell("mkdir srv");
    world.ostree("init --repo=srv/twin --mode=archive").ok();
    let commit = "commit --repo=srv/twin -b os --tree=dir=tree -s";
    write(&large);
    let first = world.ostree(&format!("{commit} one")).ok();
    let end = large.len() - 5_000_000;
    large[30_000_000] ^= 0xff;
    large.copy_within(1_000_000..2_000_000, end);
    large.splice(50_000_000..50_000_000, *b"inserted");
    large.truncate(large.len() - 999);
    write(&large);
    let second = world.ostree(&format!("{commit} two")).ok();
    drop(large);
    world
        .airlock("delta generate --repo=srv/twin --inline -o one.delta os")
        .ok();
    assert!(fs::metadata(world.path("one.delta")).unwrap().len() < 5_000);
    behind(world, "stock", "bare-user", &first);
    world
        .ostree("static-delta apply-offline --repo=stock one.delta")
        .ok();
    is_whole(world, "stock", &second);
    behind(world, "site", "archive", &first);
    let applied = world.airlock("delta apply --repo=site one.delta");
    assert_eq!(applied.ok(), second);
    is_whole(world, "site", &second);
}

fn airlock_applies() {
    let world = &World::new();
    let (first, second) = twice(world);
    let generate = format!("static-delta generate --repo=srv/twin --from={first} --to={second}");
    let all = "--min-fallback-size=0";
    world
        .ostree(&format!("{generate} {all} --inline --filename=stock.delta"))
        .ok();
    for mode in ["archive", "bare-user", "bare-user-only"] {
        behind(world, mode, mode, &first);
        let applied = world.airlock(&format!("delta apply --repo={mode} stock.delta"));
        assert_eq!(applied.ok(), second);
        is_whole(world, mode, &second);
    }
    // Nothing is stored where the first commit is not.
    world.ostree("init --repo=empty --mode=archive").ok();
    let said = world
        .airlock("delta apply --repo=empty stock.delta")
        .fails();
    assert!(said.contains(&first), "{said}");
    assert!(objects(&world.path("empty")).is_empty());
}

fn stock_pulls() {
    let world = &World::new();
    let (first, second) = twice(world);
    behind(world, "client", "bare-user", &first);
    let apache = Apache::start(world);
    let url = apache.url("twin");
    let remote = "remote add --repo=client --no-gpg-verify os";
    world.ostree(&format!("{remote} {url}")).ok();
    world.ostree("summary --repo=srv/twin -u").ok();
    world.airlock("delta generate --repo=srv/twin os").ok();
    let pull = "pull --repo=client --require-static-deltas os os";
    let said = world.ostree(pull).ok();
    assert!(said.contains("1 delta parts"), "{said}");
    is_whole(world, "client", &second);
    let name = format!("{first}-{second}");
    assert_eq!(world.airlock("delta list --repo=srv/twin").ok(), name);
    world
        .airlock(&format!("delta delete --repo=srv/twin {name}"))
        .ok();
    assert_eq!(world.airlock("delta list --repo=srv/twin").ok(), "");
    assert!(
        world
            .airlock(&format!("delta delete --repo=srv/twin {name}"))
            .fails()
            .contains("no static delta")
    );
}

fn left_out() {
    let world = &World::new();
    let (first, second) = twice(world);
    behind(world, "client", "bare-user", &first);
    behind(world, "alone", "bare-user", &first);
    world.ostree("summary --repo=srv/twin -u").ok();
    let generate = "delta generate --repo=srv/twin --disable-bsdiff --min-fallback-size=1 os";
    world.airlock(generate).ok();
    let shown = format!("delta show --repo=srv/twin {first}-{second}");
    assert!(world.airlock(&shown).ok().contains("1 objects"));
    // A stock client takes from HTTP what is left out, and nobody can without.
    let deltas = world.path("srv/twin/deltas");
    let fan = fs::read_dir(deltas).unwrap().next().unwrap().unwrap();
    let delta = fs::read_dir(fan.path()).unwrap().next().unwrap().unwrap();
    let delta = delta.path().display().to_string();
    let offline = format!("static-delta apply-offline --repo=alone {delta}");
    world.ostree(&offline).fails();
    let apply = format!("delta apply --repo=alone {delta}");
    let said = world.airlock(&apply).fails();
    assert!(said.contains("leaves out 1 objects"), "{said}");
    let apache = Apache::start(world);
    let url = apache.url("twin");
    let remote = "remote add --repo=client --no-gpg-verify os";
    world.ostree(&format!("{remote} {url}")).ok();
    let pull = "pull --repo=client --require-static-deltas os os";
    let said = world.ostree(pull).ok();
    assert!(said.contains("1 delta parts"), "{said}");
    // What else it fetches is its own affair: it does not always wait for the part.
    let large = format!("ostree ls -C --repo=srv/twin {second} /usr/lib/large");
    let large = world.shell(&format!("{large} | grep -oE '[0-9a-f]{{64}}'"));
    let path = format!("/objects/{}/{}.filez", &large[..2], &large[2..].trim_end());
    let fetched = fs::read_to_string(world.path("apache/access.log")).unwrap();
    assert!(fetched.contains(&path), "{path}: {fetched}");
    is_whole(world, "client", &second);
}

/// Lists the objects of a repository.
fn objects(repo: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for fan in fs::read_dir(repo.join("objects")).unwrap() {
        let fan = fan.unwrap();
        for object in fs::read_dir(fan.path()).unwrap() {
            let (fan, object) = (fan.file_name(), object.unwrap().file_name());
            found.push(format!("{}/{}", fan.display(), object.display()));
        }
    }
    found
}
