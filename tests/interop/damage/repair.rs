//! `fsck --repair`: whatever is damaged comes back from the bundles it came with, and nothing else does.

use libtest_mimic::Trial;

use super::site::{TRUST, release, site, spoil};
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let needs = &[Tool::Ostree, Tool::Gpg];
    let test =
        |name: &str, test: fn()| crate::trial(&format!("damage::repair::{name}"), needs, test);
    vec![
        test("archive", || mends("archive")),
        test("bare_user", || mends("bare-user")),
        test("bare_user_only", || mends("bare-user-only")),
        test("what_is_no_object", beside),
        crate::trial(
            "damage::repair::killed_at_every_step",
            &[Tool::Ostree, Tool::Gpg, Tool::Strace],
            killed,
        ),
        test("all_objects_are_gone", from_nothing),
        test("what_is_left_is_told", left),
        test("brings_nothing_that_is_not_needed", hostile),
    ]
}

/// What happened | the damage, in the shell of [`spoil`].
const ROWS: &str = r#"
a file flipped | flip $(f /usr/tool)
a file cut off | truncate -s 3 $(f /usr/tool)
a file gone | rm $(f /usr/tool)
a file is a directory | rm $(f /usr/tool); mkdir -p $(f /usr/tool)/x
a patched file flipped | flip $(f /usr/module)
a link gone | rm $(f /link)
a tree flipped | flip $(t /usr)
the root gone | rm $(t /)
a tree gone, and what lies below it | rm $(f /usr/deep/er/file) $(t /usr/deep/er) $(t /usr/deep)
a directory's metadata gone | rm $(m /usr)
the commit flipped | flip $(o $C commit)
the commit gone | rm $(o $C commit)
its signatures garbled | echo x > $(o $C commitmeta)
its signatures gone | rm $(o $C commitmeta)
the older release's file gone | rm $(f /usr/old $P)
an old file and what is made from it | rm $(f /usr/module); flip $(f /usr/module $P)
found by ostree fsck first | rm $(f /usr/tool); ostree fsck --repo=$R -q && exit 1; test -s $R/state/$C.commitpartial
"#;

/// Makes sure that nothing tells the repository from one that was never damaged, but its journal.
fn is_whole(world: &World, fault: &str) {
    world.ostree("fsck -q --repo=bad").ok();
    world.airlock(&format!("fsck --repo=bad {TRUST}")).ok();
    let differ = world.shell("diff -r -x extensions -x .lock --no-dereference good bad || true");
    assert_eq!(differ, "", "{fault}");
}

fn mends(mode: &str) {
    let world = &site(mode);
    for row in ROWS.trim().lines() {
        let (fault, damage) = row.split_once(" | ").unwrap();
        spoil(world, damage);
        let before = world.listing("bad");
        let found = world.airlock(&format!("fsck --repo=bad {TRUST}"));
        assert_ne!(found.code(), Some(0), "{fault}: {found}");
        // A tool may have laid its lock there; nothing else changes.
        let repair = format!("fsck --repo=bad {TRUST} --repair update.airlock full.airlock");
        let planned = world.airlock(&format!("{repair} --dry-run"));
        assert_ne!(planned.code(), Some(0), "{fault}: {planned}");
        assert_eq!(world.listing("bad"), before, "{fault}");
        let said = world.airlock(&repair).ok();
        assert!(
            said.lines().all(|line| line.chars().count() <= 80),
            "{said}"
        );
        is_whole(world, fault);
    }
    world
        .ostree("init --repo=client --mode=bare-user-only")
        .ok();
    world.ostree("pull-local --repo=client bad os/stable").ok();
    world.ostree("fsck -q --repo=client").ok();
}

/// Refs, the summary and marks come back without the help of a bundle; a damaged delta goes.
fn beside() {
    let world = &site("archive");
    for (fault, damage) in [
        ("a ref garbled", "echo x > $R/refs/heads/os/stable"),
        ("a ref empty", ": > $R/refs/heads/os/stable"),
        ("the summary garbled", "echo x > $R/summary"),
        ("the summary's signature gone", "rm $R/summary.sig"),
        ("no summary", "rm $R/summary $R/summary.sig"),
        ("a stale mark", ": > $R/state/$C.commitpartial"),
        (
            "all of it",
            "rm $R/summary; : > $R/refs/heads/os/stable; rm $(f /usr/tool)",
        ),
    ] {
        spoil(world, damage);
        let repair = format!("fsck --repo=bad {TRUST} --repair full.airlock");
        assert_ne!(
            world.airlock(&format!("fsck --repo=bad {TRUST}")).code(),
            Some(0),
            "{fault}"
        );
        world.airlock(&repair).ok();
        is_whole(world, fault);
    }
    spoil(world, "");
    world.airlock("delta generate --repo=bad os/stable").ok();
    world.shell("echo x >> bad/deltas/*/*/0");
    let repair = format!("fsck --repo=bad {TRUST} --repair full.airlock");
    assert!(world.airlock(&repair).ok().contains("delta"));
    world.shell("! ls bad/deltas/*/*/superblock");
}

/// Where one bundle does not suffice, the exit code says so, and the text why and what would.
fn left() {
    let world = &site("archive");
    spoil(
        world,
        "rm $(f /usr/module); flip $(f /usr/module $P); rm $(f /usr/tool)",
    );
    let repair = format!("fsck --repo=bad {TRUST} --repair");
    let said = world.airlock(&format!("{repair} update.airlock"));
    assert_eq!(said.code(), Some(5), "{said}");
    let id = world.shell("tar -xOf full.airlock manifest.json | sha256sum | cut -d' ' -f1");
    let text = said.to_string();
    for words in [
        "made from a file that is damaged itself",
        &id,
        "/usr/tool",
        "Try bundle",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let shown = said.stdout();
    assert!(
        shown.lines().all(|line| line.chars().count() <= 80),
        "{shown}"
    );
    // It takes the source from one, and then the patch from the other, in whatever order they stand.
    let said = world
        .airlock(&format!("{repair} update.airlock full.airlock --json"))
        .ok();
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        report["result"]["mended"].as_array().unwrap().len(),
        3,
        "{said}"
    );
    assert_eq!(report["changed"], true);
    is_whole(world, "a source, and what is made from it");
}

/// Killed at whatever rename, it leaves every object as it was or whole; the next run does the rest.
fn killed() {
    let world = &site("archive");
    let repair = format!("fsck --repo=bad {TRUST} --repair update.airlock full.airlock");
    let damage =
        "flip $(f /usr/tool); flip $(f /usr/module); rm $(o $C commit); echo x > $R/summary";
    spoil(world, damage);
    world.shell("cp -a bad damaged");
    for step in 1.. {
        world.shell("rm -rf bad; cp -a damaged bad");
        let calls = "renameat,renameat2";
        let kill = format!(
            "-f -qq -o /dev/null -e trace={calls} -e inject={calls}:signal=KILL:when={step}"
        );
        let airlock = env!("CARGO_BIN_EXE_airlock");
        let ran = world.run("strace", &format!("{kill} {airlock} {repair}"));
        let odd = world.shell(
            "(diff -rq damaged/objects bad/objects || true) | awk '/^Files/ {print $4}' | while read x; do
                 cmp -s $x good/${x#bad/} || echo $x; done",
        );
        assert_eq!(odd, "", "step {step}");
        if ran.code() == Some(0) {
            assert!(step > 5, "{step} renames");
            return is_whole(world, "nothing was killed");
        }
        world.airlock(&repair).ok();
        // A day later any writer removes what lies in tmp.
        world.shell("rm -rf bad/tmp/staging-* bad/tmp/airlock-*");
        is_whole(world, &format!("killed at rename {step}"));
    }
}

/// Of every object none is left: what the head needs comes back, and the old files it is made from.
fn from_nothing() {
    let world = &site("bare-user-only");
    spoil(world, "rm -r $R/objects/*");
    let repair = format!("fsck --repo=bad {TRUST} --repair update.airlock full.airlock");
    world.airlock(&repair).ok();
    world.ostree("fsck -q --repo=bad").ok();
    let differ = world.shell(
        "ostree ls --repo=good -RC os/stable > a; ostree ls --repo=bad -RC os/stable > b; diff a b",
    );
    assert_eq!(differ, "");
}

/// No bundle brings an object that nothing here needs, or moves a ref; one that nobody vouches for
/// brings nothing at all.
fn hostile() {
    let world = &site("archive");
    release(world, 3, "--full -o third.airlock");
    world
        .airlock("export --repo=release os/stable --full -o foreign.airlock --key=other.key")
        .ok();
    spoil(world, "rm $(f /usr/tool)");
    let before = world.listing("bad");
    let said = world.airlock(&format!(
        "fsck --repo=bad {TRUST} --repair foreign.airlock full.airlock"
    ));
    assert_eq!(said.code(), Some(4), "{said}");
    world.shell("cp full.airlock flipped.airlock; printf x | dd of=flipped.airlock bs=1 seek=$(( $(stat -c %s flipped.airlock) / 2 )) conv=notrunc status=none");
    let said = world.airlock(&format!("fsck --repo=bad {TRUST} --repair flipped.airlock"));
    assert_eq!(said.code(), Some(5), "{said}");
    assert_eq!(world.listing("bad"), before);
    let said = world.airlock("fsck --repo=bad --repair full.airlock");
    assert_eq!(said.code(), Some(2), "{said}");
    // Of the third release only the file is taken that the second has, too.
    world
        .airlock(&format!("fsck --repo=bad {TRUST} --repair third.airlock"))
        .ok();
    is_whole(world, "a release that was never imported");
    // What was taken back stays so, although the bundle that brought it is at hand.
    world
        .airlock(
            "export --repo=release os/stable --from=os/stable^ -o next.airlock --may-return --key=release.key",
        )
        .ok();
    world
        .airlock(&format!("import next.airlock --repo=good {TRUST}"))
        .ok();
    world.airlock("rollback --repo=good --hold").ok();
    spoil(world, ": > $R/refs/heads/os/stable; rm $(f /usr/tool)");
    world
        .airlock(&format!(
            "fsck --repo=bad {TRUST} --repair next.airlock third.airlock"
        ))
        .ok();
    is_whole(world, "a release that was taken back");
}
