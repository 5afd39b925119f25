//! Clients pull over HTTP all the while bundles are imported, and others work in the repository.
//!
//! ```text
//! imports     one bundle after the other, each by two airlocks at once
//! clients     ostree pull, in a loop: gpg-verify, gpg-verify-summary
//! watcher     summary and summary.sig, as fast as Apache answers
//! others      ostree commit, ostree prune
//! ```
//!
//! Two files cannot be replaced in one step, so a client may meet a summary that its signature does not
//! fit; when it asks again a second later, they must fit. Six imports usually; a hundred with
//! `AIRLOCK_FAULTS=full cargo test --test interop -- crowd`.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use airlock::format::{Codec, Metadata};
use airlock::openpgp::Keyring;
use libtest_mimic::Trial;

use crate::apache::Apache;
use crate::served::subscribe;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let needs = &[Tool::Ostree, Tool::Gpg, Tool::Apache];
    let name = "crowd::clients_pull_while_bundles_come_in";
    vec![crate::trial(name, needs, crowd)]
}

const CLIENTS: usize = 2;
/// When a client that met a summary without its signature asks again.
const RETRY: Duration = Duration::from_secs(1);
/// What a client says when summary and signature do not fit.
const UNFIT: [&str; 2] = ["BAD signature", "bad signature"];

/// What was counted.
#[derive(Debug, Default)]
struct Tally {
    pulls: AtomicU64,
    /// Pulls that met a summary which its signature did not fit, and went well when repeated.
    retried: AtomicU64,
    looks: AtomicU64,
    /// Times at which a summary and its signature did not fit, and the longest of them.
    unfit: AtomicU64,
    longest_ms: AtomicU64,
    commits: AtomicU64,
    prunes: AtomicU64,
    /// Imports that another airlock was faster with.
    busy: AtomicU64,
}

fn add(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed)
}

fn crowd() {
    let full = std::env::var_os("AIRLOCK_FAULTS").is_some_and(|form| form == "full");
    let imports = if full { 100 } else { 6 };
    let world = &prepared(imports);
    let apache = &Apache::start(world);
    let tally = &Tally::default();
    let done = &AtomicBool::new(false);
    import(world, 0, tally);
    for client in 0..CLIENTS {
        subscribe(world, apache, &format!("client-{client}"));
    }
    thread::scope(|scope| {
        let until = |step: &dyn Fn()| {
            while !done.load(Ordering::Relaxed) {
                step();
            }
        };
        let mut others = Vec::new();
        for client in 0..CLIENTS {
            others.push(scope.spawn(move || until(&|| pull(world, client, tally))));
        }
        others.push(scope.spawn(move || until(&|| watch(world, apache, tally))));
        others.push(scope.spawn(move || until(&|| commit(world, tally))));
        others.push(scope.spawn(move || until(&|| prune(world, tally))));
        let main = scope.spawn(move || {
            for number in 1..=imports {
                thread::scope(|both| {
                    both.spawn(|| import(world, number, tally));
                    both.spawn(|| import(world, number, tally));
                });
            }
        });
        // A failure on either side ends the others, too.
        while !main.is_finished() && !others.iter().any(|one| one.is_finished()) {
            thread::sleep(Duration::from_millis(50));
        }
        done.store(true, Ordering::Relaxed);
    });
    eprintln!("{imports} imports: {tally:?}");
    settled(world, tally);
}

/// The last release is everywhere, and every commit of everybody is whole.
fn settled(world: &World, tally: &Tally) {
    let head = |repo: &str, name: &str| {
        let asked = world.ostree(&format!("rev-parse --repo={repo} {name}"));
        asked.ok()
    };
    let last = head("release", "os/stable");
    assert_eq!(head("srv/offline", "os/stable"), last);
    for client in 0..CLIENTS {
        pull(world, client, tally);
        let client = format!("client-{client}");
        assert_eq!(head(&client, "os:os/stable"), last);
        world.ostree(&format!("fsck -q --repo={client}")).ok();
    }
    world.ostree("fsck -q --repo=srv/offline").ok();
    world
        .airlock("fsck --repo=srv/offline --trust=release.asc")
        .ok();
    let commits = world.shell("find srv/offline/objects -name '*.commit' | wc -l");
    let made = tally.commits.load(Ordering::Relaxed);
    let releases = world.shell("ls *.airlock | wc -l");
    let number = |text: &str| text.parse::<u64>().unwrap();
    assert_eq!(
        number(&commits),
        number(&releases) + made,
        "a commit was lost"
    );
    assert!(tally.pulls.load(Ordering::Relaxed) > CLIENTS as u64);
}

/// Makes the bundles `0.airlock`, `1.airlock` … of as many versions of a tiny image.
fn prepared(imports: usize) -> World {
    let world = World::new();
    fs::create_dir_all(world.path("srv")).unwrap();
    fs::create_dir_all(world.path("image/usr")).unwrap();
    for command in [
        "key generate --user-id=release -o release",
        "init --repo=dev",
        "init --repo=release",
        "init --repo=srv/offline",
    ] {
        world.airlock(command).ok();
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let began = now.unwrap().as_secs() - 1000;
    for number in 0..=imports {
        fs::write(world.path("image/usr/version"), format!("{number}\n")).unwrap();
        let content = format!("{number}\n").repeat(2000);
        fs::write(world.path(&format!("image/usr/{}", number % 7)), content).unwrap();
        let time = format!("--timestamp=@{}", began + number as u64);
        let base = match number {
            0 => "--full",
            _ => "--from=os/stable^",
        };
        for command in [
            format!("commit --repo=dev -b os/dev --tree=dir=image --no-xattrs {time}"),
            format!(
                "promote --repo=release --from-repo=dev os/dev os/stable {time} --key=release.key"
            ),
            format!("export --repo=release os/stable {base} -o {number}.airlock --key=release.key"),
        ] {
            world.airlock(&command).ok();
        }
    }
    world
}

/// Imports a bundle; another airlock may be at it.
fn import(world: &World, number: usize, tally: &Tally) {
    loop {
        let import = format!("import {number}.airlock --repo=srv/offline --trust=release.asc");
        let ran = world.airlock(&import);
        match ran.code() {
            Some(8) => drop(add(&tally.busy)),
            _ => return drop(ran.ok()),
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Pulls; a summary that does not fit its signature may be met once, an object must never be missing.
fn pull(world: &World, client: usize, tally: &Tally) {
    add(&tally.pulls);
    let pull = format!("pull --repo=client-{client} os os/stable");
    let first = world.ostree(&pull);
    if first.code() == Some(0) {
        return;
    }
    let said = first.fails();
    assert!(UNFIT.iter().any(|words| said.contains(words)), "{said}");
    add(&tally.retried);
    thread::sleep(RETRY);
    world.ostree(&pull).ok();
}

/// Looks at the summary and its signature as they are served.
fn watch(world: &World, apache: &Apache, tally: &Tally) {
    let certificate = fs::read(world.path("release.asc")).unwrap();
    let mut keyring = Keyring::new();
    keyring.add_bytes(&certificate).unwrap();
    let fits = || {
        add(&tally.looks);
        let body = |path| apache.body(&format!("offline/{path}"));
        let beside = Metadata::decode(&body("summary.sig")).unwrap();
        let signatures = beside.signatures(Metadata::GPGSIGS).unwrap();
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.unwrap().as_secs();
        let verified = keyring.verify(&body("summary"), &signatures, now);
        !verified.good.is_empty()
    };
    if fits() {
        return;
    }
    add(&tally.unfit);
    let began = Instant::now();
    while !fits() {
        let still = "the summary does not fit its signature, nor a second later";
        assert!(began.elapsed() < RETRY, "{still}");
    }
    let lasted = began.elapsed().as_millis();
    let lasted = u64::try_from(lasted).unwrap();
    tally.longest_ms.fetch_max(lasted, Ordering::Relaxed);
}

/// Commits something that no ref names, as `ostree` does it.
fn commit(world: &World, tally: &Tally) {
    let number = add(&tally.commits);
    fs::create_dir_all(world.path("other")).unwrap();
    fs::write(world.path("other/file"), format!("{number}\n")).unwrap();
    world
        .ostree(&format!(
            "commit --repo=srv/offline --orphan --tree=dir=other --subject={number}"
        ))
        .ok();
    thread::sleep(Duration::from_millis(200));
}

/// Deletes what no commit needs, which takes the lock for oneself.
fn prune(world: &World, tally: &Tally) {
    add(&tally.prunes);
    world.ostree("prune --repo=srv/offline").ok();
    thread::sleep(Duration::from_millis(400));
}
