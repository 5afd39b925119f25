//! Every command that writes, and the power that goes at any instant.
//!
//! ```text
//! cargo test --test interop power::                        a dozen instants of each command
//! AIRLOCK_FAULTS=full cargo test --test interop power::    every step of each; prints the table
//! ```
//!
//! At each instant, eight ways to lose what was not synced; what is left alike is looked at once.

use std::collections::HashSet;

use airlock::format::Checksum;
use libtest_mimic::Trial;

use super::cut::{Loss, Medium as Played};
use super::judge::Judge;
use super::record::{Medium, Recording};
use super::scenes::MORE;
use super::tree::{Op, Tree, listing};
use crate::faults::judge::Age;
use crate::faults::scene::{SCENES, Scene};
use crate::tools::Tool;

/// How many instants the short form looks at.
const INSTANTS: usize = 12;
/// How many ways to lose some of it are drawn at every step.
const DRAWS: u64 = 5;

pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for scene in SCENES.iter().chain(MORE) {
        for medium in media(scene) {
            let name = format!("power::{}_{medium:?}", scene.name).to_lowercase();
            let needs: &[Tool] = &[Tool::Ostree, Tool::Fuse];
            trials.push(crate::trial(&name, needs, move || command(scene, *medium)));
        }
    }
    let needs: &[Tool] = &[Tool::Ostree, Tool::Fuse];
    let name = "power::without_any_fsync_it_shows";
    trials.push(crate::trial(name, needs, without_fsync));
    trials
}

fn media(scene: &Scene) -> &'static [Medium] {
    match scene.command.split(' ').next() {
        Some("export") => &[Medium::Repository, Medium::Stick],
        Some("init") => &[Medium::Stick],
        Some("sign") if scene.command.contains("bundle") => &[Medium::Place],
        _ => &[Medium::Repository],
    }
}

/// What was found after cuts: how often the old state, how often the new one.
#[derive(Debug, Default)]
struct Tally {
    states: usize,
    old: usize,
    new: usize,
    deep: usize,
    wrong: Vec<String>,
}

fn command(scene: &'static Scene, medium: Medium) {
    let recording = Recording::of(scene, medium, |_| {});
    let steps = recording.log.len();
    let tally = match super::full() {
        true => play(&recording, 1, 20),
        false => play(&recording, steps.div_ceil(INSTANTS), 1),
    };
    if super::full() {
        let name = format!("{} ({medium:?})", scene.name).to_lowercase();
        let Tally {
            states,
            old,
            new,
            deep,
            wrong,
        } = &tally;
        println!(
            "{name:42} {steps:4} steps {states:5} states {old:5} old {new:5} new {:3} else; \
             {deep:2} by ostree fsck too",
            wrong.len()
        );
    }
    assert!(tally.wrong.is_empty(), "{}", tally.wrong.join("\n\n"));
}

/// A repository that is told not to sync loses what the others keep: the cuts are no formality.
fn without_fsync() {
    let scene = SCENES.iter().find(|scene| scene.name == "import-fresh");
    let recording = Recording::of(scene.unwrap(), Medium::Repository, |start| {
        let words = ["config", "--repo=site", "set", "core.fsync", "false"];
        crate::tools::run(start, "ostree", words).ok();
    });
    let tally = play(&recording, recording.log.len().div_ceil(INSTANTS), 0);
    let says = |what: &str| tally.wrong.iter().any(|why| why.contains(what));
    assert!(says("at once: ") && says("holds no commit"), "{tally:#?}");
}

/// Cuts after every `stride` steps, and after the last; what is left is looked at closely `deep` times.
fn play(recording: &Recording, stride: usize, deep: usize) -> Tally {
    let judge = Judge::new(recording);
    let mut medium = Played::new(&recording.before);
    let mut seen = HashSet::new();
    let mut tally = Tally::default();
    let steps = recording.log.len();
    for step in 0..=steps {
        if let Some(before) = step.checked_sub(1) {
            medium.play(&recording.log[before]);
        }
        let done = step == steps;
        if step % stride.max(1) != 0 && !done {
            continue;
        }
        let some = (0..DRAWS).map(|draw| Loss::Some(step as u64 * DRAWS + draw));
        for loss in [Loss::Least, Loss::Names, Loss::Bytes]
            .into_iter()
            .chain(some)
        {
            let tree = medium.cut(loss);
            if !seen.insert(digest(&tree)) && !done {
                continue;
            }
            let found = judge.look(&tree).and_then(|age| match done {
                true => judge.finished(&tree, age),
                false => Ok(age),
            });
            tally.count(found, &recording.log[..step], loss);
        }
        // The last instants are those at which commits and refs move.
        let closely = (steps - step) / stride.max(1) < deep;
        if closely && recording.medium == Medium::Repository {
            let loss = Loss::Some(step as u64);
            tally.deep += 1;
            if let Err(why) = judge.look_closely(&medium.cut(loss)) {
                tally
                    .wrong
                    .push(format!("after {step} steps, {loss:?}: {why}"));
            }
        }
    }
    tally
}

impl Tally {
    fn count(&mut self, found: Result<Age, String>, log: &[Op], loss: Loss) {
        self.states += 1;
        match found {
            Ok(Age::New) => self.new += 1,
            Ok(_) => self.old += 1,
            Err(why) => {
                let last: Vec<_> = log.iter().rev().take(3).collect();
                let last: String = format!("{last:#?}").chars().take(600).collect();
                let step = log.len();
                self.wrong.push(format!(
                    "after {step} steps, {loss:?}: {why}\nlast first {last}"
                ));
            }
        }
    }
}

fn digest(tree: &Tree) -> Checksum {
    let lines = listing(tree).into_iter();
    let text: String = lines
        .map(|(path, about)| format!("{path} {about}\n"))
        .collect();
    Checksum::of(text.as_bytes())
}
