//! A signing room: the keys live in a GnuPG home, or with `sq`, that never see a repository; only
//! files go in and out. Stock `ostree` has the last word.

use libtest_mimic::Trial;

use crate::image;
use crate::tools::Tool;
use crate::trial;
use crate::world::World;

/// The tests of this file.
pub fn trials() -> Vec<Trial> {
    vec![
        trial(
            "room: gpg signs a promotion, a summary and a bundle; ostree verifies",
            &[Tool::Gpg, Tool::Ostree],
            gpg,
        ),
        trial(
            "room: sq signs beside gpg, and two make a threshold",
            &[Tool::Gpg, Tool::Sq, Tool::Ostree],
            sq,
        ),
    ]
}

/// A world with a repository, and a room with its own gpg home and nothing else.
fn world(policy: &str) -> World {
    let world = World::new();
    image::build(&world.path("image"), 1);
    world.shell(
        "mkdir -m700 room room/gnupg trust
         export GNUPGHOME=$PWD/room/gnupg
         gpg --batch --quiet --passphrase '' --quick-gen-key 'Alice <alice@example.org>' ed25519 sign 2y
         gpg --armor --export > trust/alice.asc",
    );
    if !policy.is_empty() {
        std::fs::write(world.path("trust/policy.toml"), policy).unwrap();
    }
    world.airlock("init --repo twin").ok();
    world
        .airlock("commit --repo twin --branch os/dev --tree dir=image")
        .ok();
    world
}

/// Signs in the room what is carried in, and carries the signature out. What else lies about, the
/// room does not see: it works in an empty directory.
fn in_the_room(world: &World, file: &str, command: &str) {
    world.shell(&format!(
        "mkdir room/table; mv {file} room/table/; cd room/table
         (export GNUPGHOME=$PWD/../gnupg; {command})
         mv {file}* ../..; cd ../..; rmdir room/table"
    ));
}

/// Pulls with a client that verifies commit and summary, from a keyring of these certificates.
fn pulls(world: &World, certificates: &str) {
    let script = format!(
        "rm -rf client; ostree init --repo=client --mode=bare-user
         ostree remote add --repo=client --set=gpg-verify=true --set=gpg-verify-summary=true \\
             twin file://$PWD/twin os/stable
         cat {certificates} | ostree remote gpg-import --repo=client --stdin twin
         ostree pull --repo=client twin os/stable
         ostree --repo=client fsck",
    );
    world.shell(&script);
}

fn gpg() {
    let world = world("");
    world
        .airlock("promote --repo twin os/dev os/stable --version 1 --prepare c")
        .ok();
    let commit = world.shell("sha256sum < c | cut -c1-64");
    let sheet = std::fs::read_to_string(world.path("c.txt")).unwrap();
    assert!(sheet.contains("os/stable"), "{sheet}");
    assert_eq!(world.airlock("sign show c").ok(), sheet.trim());
    let there = "test \"$(ostree --repo=twin refs)\" = os/dev";
    world.shell(there);

    in_the_room(&world, "c", "gpg --batch -b -o c.sig c");
    let finish = "promote --repo twin --trust trust --attach";
    assert_eq!(world.airlock(&format!("{finish} c.sig")).ok(), commit);
    assert_eq!(world.ostree("rev-parse --repo=twin os/stable").ok(), commit);

    world.airlock("sign summary --repo twin --prepare s").ok();
    in_the_room(&world, "s", "gpg --batch --armor -b -o s.sig s");
    world
        .airlock("sign summary --repo twin --trust trust --attach s.sig")
        .ok();
    pulls(&world, "trust/alice.asc");

    world
        .airlock("export --repo twin os/stable --full --no-summary --sign-later -o b.airlock")
        .ok();
    let early = world.airlock("verify b.airlock --trust trust");
    assert_eq!(early.code(), Some(4));
    let told = early.stdout();
    assert!(told.contains("1 needed, 0 signed, 1 missing"), "{told}");
    assert!(
        told.lines().all(|line| line.chars().count() <= 80),
        "{told}"
    );
    let told = world
        .airlock("verify b.airlock --trust trust --json")
        .stdout();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["result"]["rules"][0]["missing"], 1);
    assert_eq!(told["error"]["class"], "untrusted");
    world.airlock("sign bundle b.airlock --prepare m").ok();
    in_the_room(&world, "m", "gpg --batch -b -o m.sig m");
    let attach = "sign bundle b.airlock --trust trust --attach";
    let stale = world.airlock(&format!("{attach} s.sig"));
    assert_eq!(stale.code(), Some(4), "{stale}");
    assert!(!world.path("b.airlock.asc").exists());
    world.airlock(&format!("{attach} m.sig")).ok();
    let told = world.airlock("verify b.airlock --trust trust").ok();
    assert!(told.contains("1 needed, 1 signed, enough"), "{told}");
}

fn sq() {
    let world = world("");
    // sq 0.27 to 1.x changed their words; these are those of Debian 12.
    world.shell(
        "(cd room; sq key generate -u 'Bob <bob@example.org>' --export bob.key --rev-cert bob.rev
          sq key generate -u 'Eve <eve@example.org>' --export eve.key --rev-cert eve.rev
          sq key extract-cert -o ../trust/bob.asc bob.key) 2> /dev/null",
    );
    std::fs::write(
        world.path("trust/policy.toml"),
        "[[commit]]\nthreshold = 2\n[[summary]]\n",
    )
    .unwrap();
    world
        .airlock("promote --repo twin os/dev os/stable --prepare c")
        .ok();
    let sign = |who: &str| format!("sq sign --detached --signer-key ../{who}.key -o c.{who} c");
    in_the_room(
        &world,
        "c",
        &format!(
            "gpg --batch -b -o c.alice c; {}; {}",
            sign("bob"),
            sign("eve")
        ),
    );
    let attach =
        |sig: &str| world.airlock(&format!("promote --repo twin --trust trust --attach {sig}"));
    let eve = attach("c.eve");
    assert_eq!(eve.code(), Some(4), "{eve}");
    attach("c.bob").ok();
    let unmoved = "test \"$(ostree --repo=twin refs)\" = os/dev";
    world.shell(unmoved);
    attach("c.alice").ok();

    world.airlock("sign summary --repo twin --prepare s").ok();
    let signing = "sq sign --detached --signer-key ../bob.key -o s.sig s";
    in_the_room(&world, "s", signing);
    world
        .airlock("sign summary --repo twin --trust trust --attach s.sig")
        .ok();
    // Either certificate alone suffices for a stock client; both signatures are of use to it.
    pulls(&world, "trust/bob.asc");
    world.shell("cat trust/*.asc > both.asc");
    pulls(&world, "both.asc");
    let shown =
        world.shell("cp client/twin.trustedkeys.gpg twin/x.gpg; ostree --repo=twin show os/stable");
    assert_eq!(shown.matches("Good signature").count(), 2, "{shown}");
}
