//! A stock client pulls from the offline repository, over HTTP from Apache, and trusts the result.

use std::fs;
use std::path::Path;

use airlock::format::{Codec, Metadata};
use airlock::openpgp::{FileSigner, Signer};
use libtest_mimic::Trial;

use crate::apache::Apache;
use crate::release::Release;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let needs = &[Tool::Ostree, Tool::Gpg, Tool::Apache];
    let test = |name: &str, test: fn()| crate::trial(&format!("served::{name}"), needs, test);
    vec![
        test("pulls_the_full_and_the_update", pulls),
        test("offers_a_delta", offers_a_delta),
        test("refuses", refuses),
    ]
}

/// Makes a client with the files that `client-config` wrote, and nothing else.
pub fn subscribe(world: &World, apache: &Apache, client: &str) {
    let url = apache.url("offline");
    let config =
        format!("client-config --repo=srv/offline --remote=os --url={url} --trust=release.asc");
    world.airlock(&format!("{config} -o {client}.d")).ok();
    world
        .ostree(&format!("init --repo={client} --mode=bare-user"))
        .ok();
    let remote = fs::read_to_string(world.path(&format!("{client}.d/remotes.d/os.conf"))).unwrap();
    let own = world.path(&format!("{client}/config"));
    fs::write(&own, fs::read_to_string(&own).unwrap() + "\n" + &remote).unwrap();
    let keys = "os.trustedkeys.gpg";
    fs::copy(
        world.path(&format!("{client}.d/remotes.d/{keys}")),
        world.path(client).join(keys),
    )
    .unwrap();
    for line in ["gpg-verify=true", "gpg-verify-summary=true"] {
        assert!(remote.contains(line), "{remote}");
    }
}

fn pulls() {
    let release = Release::first("archive");
    let world = &release.world;
    let apache = Apache::start(world);
    subscribe(world, &apache, "client");
    let pull = "pull --repo=client --timestamp-check os os/stable";
    world.ostree(pull).ok();
    let first = release.head("release");
    assert_eq!(release.head("srv/offline"), first);
    assert_eq!(
        world.ostree("rev-parse --repo=client os:os/stable").ok(),
        first
    );
    release.second();
    world.ostree(pull).ok();
    let second = release.head("release");
    assert_ne!(first, second);
    assert_eq!(
        world.ostree("rev-parse --repo=client os:os/stable").ok(),
        second
    );
    assert_eq!(
        world.ostree("rev-parse --repo=client os:os/stable^").ok(),
        first
    );
    for repo in ["client", "srv/offline", "release"] {
        world.ostree(&format!("fsck -q --repo={repo}")).ok();
    }
    world
        .ostree("checkout --repo=client -U os:os/stable root")
        .ok();
    let version = fs::read_to_string(world.path("root/usr/etc/os-release")).unwrap();
    assert_eq!(version, "VERSION=2\n");
    for private in [
        "extensions/airlock/journal.jsonl",
        ".lock",
        "state/",
        "tmp/",
    ] {
        let answer = apache.get(&format!("offline/{private}"));
        assert!(answer.starts_with("HTTP/1.1 403"), "{private}: {answer}");
    }
    assert!(apache.get("offline/summary").contains("no-cache"));
}

fn offers_a_delta() {
    let release = Release::first("archive");
    let world = &release.world;
    let apache = Apache::start(world);
    subscribe(world, &apache, "client");
    world.ostree("pull --repo=client os os/stable").ok();
    let first = release.head("release");
    release.second_with("--publish-deltas");
    let second = release.head("release");
    let listed = world.airlock("delta list --repo=srv/offline").ok();
    assert_eq!(listed, format!("{first}-{second}"));
    // Signature, summary, delta: nothing is turned off, and without the delta this fails.
    let pull = "pull --repo=client --timestamp-check --require-static-deltas os os/stable";
    let said = world.ostree(pull).ok();
    assert!(said.contains("1 delta parts"), "{said}");
    world.ostree("fsck -q --repo=client").ok();
    world.ostree("fsck -q --repo=srv/offline").ok();
    let log = fs::read_to_string(world.path("apache/access.log")).unwrap();
    let wanted = |what: &str| log.lines().filter(|line| line.contains(what)).count();
    assert_eq!(wanted("/delta-indexes/"), 2, "{log}");
    assert_eq!(wanted("/superblock"), 1, "{log}");
}

fn refuses() {
    let release = Release::first("archive");
    let world = &release.world;
    let old = fs::read(world.path("srv/offline/summary")).unwrap();
    release.second();
    world.shell("cp -a srv/offline good");
    let apache = Apache::start(world);
    let offline = world.path("srv/offline");
    let head = release.head("release");
    let commit = |extension: &str| {
        offline.join(format!("objects/{}/{}.{extension}", &head[..2], &head[2..]))
    };
    let listed = world
        .ostree("ls --repo=release -C os/stable /usr/lib/large")
        .ok();
    let name = listed.split_whitespace().nth_back(1).unwrap();
    let large = offline.join(format!("objects/{}/{}.filez", &name[..2], &name[2..]));
    let faults: [(&str, &dyn Fn(), &str); 5] = [
        ("a changed object", &|| flip(&large), "Corrupted"),
        (
            "the summary of the other version",
            &|| fs::write(offline.join("summary"), &old).unwrap(),
            "BAD signature",
        ),
        (
            "a commit signed by another key",
            &|| resign(world, &commit("commit")),
            "public key not found",
        ),
        (
            "a commit without a signature",
            &|| fs::write(commit("commitmeta"), b"").unwrap(),
            "no signatures found",
        ),
        (
            "a summary without a signature",
            &|| fs::remove_file(offline.join("summary.sig")).unwrap(),
            "no summary.sig found",
        ),
    ];
    for (number, (fault, spoil, error)) in faults.into_iter().enumerate() {
        world.shell("rm -rf srv/offline && cp -a good srv/offline");
        let client = format!("client-{number}");
        subscribe(world, &apache, &client);
        spoil();
        let said = world
            .ostree(&format!("pull --repo={client} os os/stable"))
            .fails();
        assert!(said.contains(error), "{fault}: {said}");
        world
            .ostree(&format!("rev-parse --repo={client} os:os/stable"))
            .fails();
    }
}

/// Changes one bit in the middle of a file.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Replaces the signatures of a commit by one that the key `other` made.
fn resign(world: &World, commit: &Path) {
    let key = fs::read(world.path("other.key")).unwrap();
    let signer = FileSigner::new(&key, None).unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let signature = signer.sign(&fs::read(commit).unwrap(), now).unwrap();
    let mut metadata = Metadata::new();
    metadata.set_signatures(Metadata::GPGSIGS, &[signature]);
    fs::write(commit.with_extension("commitmeta"), metadata.encode()).unwrap();
}
