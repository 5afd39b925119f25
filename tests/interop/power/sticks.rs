//! Sticks that are full, that lie about their size, and that are pulled out.
//!
//! In the full form they are pulled out at every request, else at a dozen of them.

use std::path::PathBuf;

use airlock::openpgp::Keyring;
use airlock::workflow::Trust;
use libtest_mimic::Trial;
use rustix::io::Errno;

use super::cut::{Loss, Medium as Played};
use super::disk::Faults;
use super::judge::bundle;
use super::mount::Mounted;
use super::tree::{Body, Op, ROOT, Tree, load, store};
use crate::faults::judge::Age;
use crate::faults::scene::{AT_SITE, Scene};
use crate::faults::state::State;
use crate::tools::{Ran, Tool, run_with};
use crate::world::World;

/// A release repository, a site, and bundles of every form.
const PLACE: Scene = Scene {
    name: "stick",
    before: "
        mkdir stick
        export --full -o stick/whole.airlock
        export --full -o stick/cut.airlock --split-size=32K
        export --full -o stick/dir.airlock --form=dir",
    ..AT_SITE
};
/// What an export is asked for, by form.
const FORMS: [&str; 3] = ["", "--split-size=32K", "--form=dir"];
/// The same forms, as they lie on a stick.
const BUNDLES: [&str; 3] = ["whole.airlock", "cut.airlock.001", "dir.airlock"];
/// How many requests the short form tries.
const PULLS: usize = 12;

pub fn trials() -> Vec<Trial> {
    let needs: &[Tool] = &[Tool::Ostree, Tool::Fuse];
    let test = |name: &str, test: fn()| crate::trial(&format!("power::stick_{name}"), needs, test);
    vec![
        test("full_is_refused_before_the_first_byte", too_small),
        test("full_before_it_said_so", fills_up),
        test("that_lies_about_its_size", lies),
        test("unreadable_from_somewhere_on", unreadable),
        test("pulled_from_an_export", pulled_from_export),
        test("pulled_from_a_verify", || pulled_from_reading("verify")),
        test("pulled_from_an_import", || pulled_from_reading("import")),
    ]
}

/// A place with a stick in it.
struct Place {
    world: World,
    trust: Trust,
}

/// What came of a command on a stick.
struct Done {
    ran: Ran,
    tree: Tree,
    log: Vec<Op>,
    requests: usize,
}

impl Place {
    fn new() -> Place {
        let world = World::in_memory();
        PLACE.prepare(&world);
        let mut keyring = Keyring::new();
        let certificate = std::fs::read(world.path("start/release.asc")).unwrap();
        keyring.add_bytes(&certificate).unwrap();
        let trust = Trust::of(keyring);
        Place { world, trust }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.path("start").join(name)
    }

    fn run(&self, words: &str) -> Ran {
        let place = self.path("");
        let words = words.split_whitespace();
        run_with(
            &place,
            env!("CARGO_BIN_EXE_airlock"),
            words,
            &[("HOME", place.as_ref())],
        )
    }

    /// Runs a command while a stick that holds `tree` lies at `at`.
    fn with_stick(&self, at: &str, tree: &Tree, faults: Faults, words: &str) -> Done {
        let mounted = Mounted::new(&self.path(at), tree.clone(), faults);
        let ran = self.run(words);
        let requests = mounted.disk().served;
        let (tree, log) = mounted.unmount();
        Done {
            ran,
            tree,
            log,
            requests,
        }
    }

    /// Exports onto an empty stick.
    fn export(&self, form: &str, faults: Faults, more: &str) -> Done {
        let words = format!(
            "export --repo=release os/stable --full -o out/b.airlock {form} --key=release.key {more}"
        );
        self.with_stick("out", &load(&self.path("out")), faults, &words)
    }

    /// Looks for a bundle on a stick that was put in again.
    fn bundle_on(&self, tree: &Tree) -> Result<Age, String> {
        let dir = tempfile::tempdir_in(self.world.path("")).unwrap();
        let root = dir.path().join("stick");
        store(tree, &root);
        bundle(&self.trust, &root)
    }

    /// Nobody sees a difference, and nothing unfinished is left.
    fn assert_untouched(&self, repo: &str, old: &State) {
        assert_eq!(State::read(&self.path(repo)), *old);
        self.world
            .ostree(&format!("fsck -q --repo=start/{repo}"))
            .ok();
        assert!(!self.path(repo).join("extensions/airlock/stage").exists());
    }
}

/// The system failed, and the last line says what to do.
fn assert_system_error(ran: &Ran, about: &str) {
    let said = ran.to_string();
    assert_eq!(ran.code(), Some(1), "{about}: {said}");
    assert!(
        said.contains("  next: ") && !said.contains("panicked"),
        "{about}: {said}"
    );
}

fn names(tree: &Tree) -> Vec<&String> {
    tree[&ROOT].names().unwrap().keys().collect()
}

/// How many bytes all files of a stick have.
fn size(tree: &Tree) -> u64 {
    let files = tree
        .values()
        .filter(|node| matches!(node.body, Body::File(_)));
    files.map(|node| node.size()).sum()
}

fn too_small() {
    let place = Place::new();
    let old = State::read(&place.path("release"));
    for claims in [0, 1 << 20] {
        for form in FORMS {
            let faults = Faults {
                claims,
                ..Faults::default()
            };
            let done = place.export(form, faults, "");
            assert_system_error(&done.ran, form);
            assert!(
                done.ran.to_string().contains("has room for"),
                "{}",
                done.ran
            );
            assert!(done.log.is_empty(), "{form}: {:?}", done.log);
            place.assert_untouched("release", &old);
        }
    }
}

fn fills_up() {
    let place = Place::new();
    for form in FORMS {
        let needed = size(&place.export(form, Faults::default(), "").tree);
        let before = State::read(&place.path("release"));
        for holds in [0, 1, 1000, needed / 2, needed - 1000] {
            let faults = Faults {
                holds,
                ..Faults::default()
            };
            let done = place.export(form, faults, "");
            let about = format!("{form} {holds} of {needed}");
            assert_system_error(&done.ran, &about);
            assert!(
                names(&done.tree).is_empty(),
                "{about}: {:?}",
                names(&done.tree)
            );
            place.assert_untouched("release", &before);
        }
    }
}

fn lies() {
    let place = Place::new();
    for (form, file) in FORMS
        .into_iter()
        .zip(["b.airlock", "b.airlock.00", "objects-0.tar.zst"])
    {
        for keeps in [0, 700, 5000, 30_000] {
            let faults = Faults {
                keeps,
                ..Faults::default()
            };
            let done = place.export(form, faults, "--read-back");
            let said = done.ran.to_string();
            assert_eq!(done.ran.code(), Some(5), "{form} {keeps}: {said}");
            assert!(
                said.contains("bytes") || said.contains("manifest"),
                "{said}"
            );
            assert!(
                names(&done.tree).is_empty(),
                "{form} {keeps}: {:?}",
                names(&done.tree)
            );
            // Without reading back nobody notices, until the other side does.
            let done = place.export(form, faults, "");
            assert_eq!(done.ran.code(), Some(0), "{}", done.ran);
            let name = if form.contains("split") {
                "b.airlock.001"
            } else {
                "b.airlock"
            };
            let verify = format!("verify out/{name} --trust=release.asc");
            let done = place.with_stick("out", &done.tree, faults, &verify);
            let said = done.ran.to_string();
            assert_ne!(done.ran.code(), Some(0), "{form} {keeps}: {said}");
            // Where nothing is kept, nothing is left that begins as a bundle does.
            let what = match keeps {
                0 => "",
                30_000 => file,
                _ => "out/b.airlock",
            };
            assert!(
                keeps == 0 || said.contains("bytes ") && said.contains(what),
                "{form} {keeps}: {said}"
            );
        }
    }
}

fn unreadable() {
    let place = Place::new();
    let tree = load(&place.path("stick"));
    let old = State::read(&place.path("site"));
    for bundle in BUNDLES {
        for readable in [0, 100, 20_000, 30_000] {
            for gone in [Errno::IO, Errno::NODEV] {
                let faults = Faults {
                    readable,
                    gone,
                    ..Faults::default()
                };
                for words in ["verify", "import --repo=site"] {
                    let words = format!("{words} stick/{bundle} --trust=release.asc");
                    let done = place.with_stick("stick", &tree, faults, &words);
                    assert_system_error(&done.ran, &format!("{words} {readable} {gone}"));
                    place.assert_untouched("site", &old);
                }
            }
        }
    }
}

/// The requests at which it is pulled: all, or a few of them, and the first and last ones.
fn pulls(requests: usize) -> impl Iterator<Item = usize> {
    let stride = match super::full() {
        true => 1,
        false => requests.div_ceil(PULLS).max(1),
    };
    (0..requests)
        .step_by(stride)
        .chain([requests.saturating_sub(1)])
}

fn gone(request: usize) -> Errno {
    match request % 2 {
        0 => Errno::IO,
        _ => Errno::NODEV,
    }
}

fn pulled_from_export() {
    let place = Place::new();
    for form in FORMS {
        let requests = place
            .export(form, Faults::default(), "--read-back")
            .requests;
        let (mut tried, mut old, mut new) = (0, 0, 0);
        for request in pulls(requests) {
            let faults = Faults {
                pulled: Some(request),
                gone: gone(request),
                ..Faults::default()
            };
            let before = State::read(&place.path("release"));
            let done = place.export(form, faults, "--read-back");
            let about = format!("{form} {request} of {requests}");
            if done.ran.code() != Some(0) {
                assert_system_error(&done.ran, &about);
                let after = State::read(&place.path("release"));
                assert_eq!((after.heads, after.commits), (before.heads, before.commits));
            }
            let mut medium = Played::new(&load(&place.path("out")));
            done.log.iter().for_each(|op| medium.play(op));
            let some = (0..3).map(Loss::Some);
            for loss in [Loss::Least, Loss::Names, Loss::Bytes, Loss::Nothing]
                .into_iter()
                .chain(some)
            {
                let found = place.bundle_on(&medium.cut(loss));
                let found = found.unwrap_or_else(|why| panic!("{about}, {loss:?}: {why}"));
                let promised = done.ran.code() == Some(0);
                assert!(
                    found == Age::New || !promised,
                    "{about}, {loss:?}: {}",
                    done.ran
                );
                tried += 1;
                old += usize::from(found == Age::Old);
                new += usize::from(found == Age::New);
            }
        }
        report(&format!("export {form}"), requests, tried, old, new);
    }
}

fn pulled_from_reading(verb: &str) {
    let place = Place::new();
    let tree = load(&place.path("stick"));
    let repo = if verb == "import" { "--repo=site" } else { "" };
    for bundle in BUNDLES {
        renew_site(&place);
        let old = State::read(&place.path("site"));
        let words = format!("{verb} stick/{bundle} --trust=release.asc {repo}");
        let whole = place.with_stick("stick", &tree, Faults::default(), &words);
        whole.ran.ok();
        renew_site(&place);
        let (mut tried, mut new) = (0, 0);
        for request in pulls(whole.requests) {
            let faults = Faults {
                pulled: Some(request),
                gone: gone(request),
                ..Faults::default()
            };
            let done = place.with_stick("stick", &tree, faults, &words);
            tried += 1;
            // What is asked for last, when everything was read, may fail without harm.
            if done.ran.code() == Some(0) {
                new += 1;
                place.world.ostree("fsck -q --repo=start/site").ok();
                renew_site(&place);
                continue;
            }
            let about = format!("{words} {request} of {}", whole.requests);
            assert_system_error(&done.ran, &about);
            place.assert_untouched("site", &old);
        }
        report(&words, whole.requests, tried, tried - new, new);
    }
}

/// Makes the site a new one.
fn renew_site(place: &Place) {
    std::fs::remove_dir_all(place.path("site")).unwrap();
    place.run("init --repo=site").ok();
}

fn report(name: &str, requests: usize, states: usize, old: usize, new: usize) {
    if super::full() {
        println!(
            "{name:60} {requests:4} requests {states:5} states {old:5} old {new:5} new   0 else"
        );
    }
}
