//! An import that was cut is taken up: what is whole is not written again, what is not, is.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::Trial;

use super::cut::{Loss, Medium as Played};
use super::disk::Faults;
use super::mount::Mounted;
use super::record::{Medium, Recording};
use super::tree::{Op, Tree, listing};
use crate::faults::judge::copy;
use crate::faults::scene::SCENES;
use crate::tools::{Tool, run_with};

/// At how many instants it is cut.
const INSTANTS: usize = 8;

pub fn trials() -> Vec<Trial> {
    let needs: &[Tool] = &[Tool::Fuse];
    let name = "power::an_import_redoes_only_what_was_lost";
    vec![crate::trial(name, needs, redoes_only_what_was_lost)]
}

fn redoes_only_what_was_lost() {
    let scene = SCENES.iter().find(|scene| scene.name == "import-fresh");
    let recording = Recording::of(scene.unwrap(), Medium::Repository, |_| {});
    let all = objects(&recording.after);
    assert_eq!(
        written(&recording.before, &recording.log).len(),
        all.len() - commits(&all)
    );
    let mut kept_some = false;
    for instant in 1..INSTANTS {
        let mut medium = Played::new(&recording.before);
        let until = recording.log.len() * instant / INSTANTS;
        recording.log[..until].iter().for_each(|op| medium.play(op));
        for loss in [Loss::Nothing, Loss::Names, Loss::Some(instant as u64)] {
            let left = medium.cut(loss);
            let kept: BTreeSet<_> = objects(&left)
                .into_iter()
                .filter(|(name, about)| all.get(name) == Some(about))
                .map(|(name, _)| name)
                .collect();
            let again = written(&left, &run_on(&recording, left.clone()));
            let redone: Vec<_> = again.intersection(&kept).collect();
            assert!(redone.is_empty(), "{instant}, {loss:?}: {redone:?}");
            let whole = again.len() + kept.iter().filter(|name| !is_commit(name)).count();
            assert_eq!(whole, all.len() - commits(&all), "{instant}, {loss:?}");
            kept_some |= !kept.is_empty() && !again.is_empty();
        }
    }
    assert!(kept_some, "no cut came while objects were staged");
}

/// Runs the command on what a cut left, and returns what it did.
fn run_on(recording: &Recording, left: Tree) -> Vec<Op> {
    let place = tempfile::tempdir_in(recording.world.path("")).unwrap();
    let place = place.path().join("again");
    copy(&recording.world.path("start"), &place);
    let scene = recording.scene;
    let mounted = Mounted::new(&place.join(scene.repo), left, Faults::default());
    let words = scene.words();
    run_with(&place, words[0], &words[1..], &[("HOME", place.as_ref())]).ok();
    let (after, log) = mounted.unmount();
    let expected = objects(&recording.after);
    assert_eq!(objects(&after), expected);
    log
}

/// Objects, staged or in their places, and what their files are.
fn objects(tree: &Tree) -> BTreeMap<String, String> {
    let files = listing(tree).into_iter();
    let named = files.filter_map(|(path, about)| {
        let mut parts = path.rsplit('/');
        let (rest, fan) = (parts.next()?, parts.next()?);
        let is_object = [".filez", ".dirtree", ".dirmeta", ".commit"]
            .iter()
            .any(|end| rest.ends_with(end));
        is_object.then(|| (format!("{fan}/{rest}"), about))
    });
    named.collect()
}

fn is_commit(name: &str) -> bool {
    name.ends_with(".commit")
}

fn commits(objects: &BTreeMap<String, String>) -> usize {
    objects.keys().filter(|name| is_commit(name)).count()
}

/// The objects, but for commits, that bytes were written to.
fn written(before: &Tree, log: &[Op]) -> BTreeSet<String> {
    let mut dirs: BTreeMap<u64, &str> = BTreeMap::new();
    for node in before.values() {
        let names = node.names().into_iter().flatten();
        dirs.extend(names.map(|(name, child)| (*child, name.as_str())));
    }
    let mut names: BTreeMap<u64, String> = BTreeMap::new();
    let mut found = BTreeSet::new();
    for op in log {
        match op {
            Op::Name(dir, name, Some(node)) => {
                dirs.insert(*node, name);
                let fan = dirs.get(dir).copied().unwrap_or_default();
                names.insert(*node, format!("{fan}/{name}"));
            }
            Op::Write(node, ..) => {
                let name = names.get(node).filter(|name| name.contains("."));
                let staged = |name: &&String| {
                    [".filez", ".dirtree", ".dirmeta"]
                        .iter()
                        .any(|end| name.ends_with(end))
                };
                found.extend(name.filter(staged).cloned());
            }
            _ => {}
        }
    }
    found
}
