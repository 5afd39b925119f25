//! What must hold after a fault.
//!
//! ```text
//! at once                  ostree fsck is clean; others see the old, the new, or for as long as a redo
//!                          record stands a summary that does not match its signature yet; nothing is
//!                          staged that `ostree commit` would adopt half
//! after `airlock recover`  entirely old or entirely new, in the repository and for others; both fscks clean
//! the command again        succeeds, with recover or without it, and all of it is new
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use super::scene::{Scene, Twice};
use super::state::State;
use crate::tools::run_with;

/// What a reader meets, or what a repository is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    Old,
    New,
    /// A summary that does not match its signature, while a redo record stands: clients try again.
    Unmatched,
}

/// What came of a fault.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// What others saw at once.
    pub seen: Age,
    /// What stood after `airlock recover`.
    pub settled: Age,
    /// Whether nothing at all was changed.
    pub untouched: bool,
}

/// What the command does when nothing goes wrong.
pub struct Expected {
    pub old: State,
    pub new: State,
    pub seen_old: String,
    pub seen_new: String,
    /// What lies where unfinished things lie, when it is done.
    pub litter: Vec<PathBuf>,
}

impl Expected {
    /// Looks at a place before and at one after.
    pub fn learn(scene: &Scene, before: &Path, after: &Path) -> Expected {
        let expected = Expected {
            old: State::read(&before.join(scene.repo)),
            new: State::read(&after.join(scene.repo)),
            seen_old: scene.seen(before),
            seen_new: scene.seen(after),
            litter: litter(scene, after),
        };
        let changed = expected.old.heads != expected.new.heads
            || expected.old.commits != expected.new.commits
            || expected.seen_old != expected.seen_new;
        assert!(changed, "{}: it changes nothing", scene.name);
        expected
    }
}

/// Judges what a fault left in a place; `twin` becomes a copy of it.
pub fn aftermath(
    scene: &Scene,
    expected: &Expected,
    place: &Path,
    twin: &Path,
) -> Result<Outcome, String> {
    let case = Case {
        scene,
        expected,
        place,
    };
    let seen = case.at_once()?;
    case.no_half_stage()?;
    copy(place, twin);
    let waited = case.waits();
    let (settled, untouched) = case.settled(seen)?;
    case.again(twin, settled, waited)?;
    Ok(Outcome {
        seen,
        settled,
        untouched,
    })
}

/// Copies a place, links and times included.
pub fn copy(from: &Path, to: &Path) {
    let words = [Path::new("-a"), from, to];
    run_with(Path::new("/"), "cp", words, &[]).ok();
}

struct Case<'a> {
    scene: &'a Scene,
    expected: &'a Expected,
    place: &'a Path,
}

impl Case<'_> {
    fn at_once(&self) -> Result<Age, String> {
        let repo = format!("--repo={}", self.scene.repo);
        let seen = self.scene.seen(self.place);
        let age = self.age(&seen);
        if self.is_sound(age) {
            clean(self.place, "ostree", &["fsck", &repo])?;
        }
        match age {
            Some(age) => Ok(age),
            None if self.waits() && seen.contains("BAD signature") => Ok(Age::Unmatched),
            None => Err(format!("others see {seen}")),
        }
    }

    /// Whether there is nothing for a check to find.
    fn is_sound(&self, age: Option<Age>) -> bool {
        !self.scene.damaged || age != Some(Age::Old)
    }

    /// Whether a redo record stands.
    fn waits(&self) -> bool {
        let redo = "extensions/airlock/redo.json";
        self.place.join(self.scene.repo).join(redo).exists()
    }

    fn age(&self, seen: &str) -> Option<Age> {
        match seen {
            _ if seen == self.expected.seen_new => Some(Age::New),
            _ if seen == self.expected.seen_old => Some(Age::Old),
            _ => None,
        }
    }

    /// `ostree` takes up what a dead process of this boot staged: that is whole.
    fn no_half_stage(&self) -> Result<(), String> {
        let tmp = self.place.join(self.scene.repo).join("tmp");
        if self.scene.damaged {
            // A commit on top of damage shows nothing.
            return Ok(());
        }
        let staged = names(&tmp)
            .iter()
            .any(|name| name.starts_with("staging-") && !name.ends_with("-lock"));
        if !staged {
            return Ok(());
        }
        let other = self.place.with_extension("adopt");
        copy(self.place, &other);
        let repo = format!("--repo={}", self.scene.repo);
        for tree in ["tree-1", "tree-2"] {
            let words = format!(
                "commit {repo} -b adopt/{tree} --tree=dir={tree} --owner-uid=0 --owner-gid=0 --no-xattrs"
            );
            clean(&other, "ostree", &words.split(' ').collect::<Vec<_>>())?;
        }
        clean(&other, "ostree", &["fsck", &repo])?;
        fs::remove_dir_all(&other).unwrap();
        Ok(())
    }

    /// The documented step puts it in order; without a redo record it has nothing to do.
    fn settled(&self, at_once: Age) -> Result<(Age, bool), String> {
        let repo = format!("--repo={}", self.scene.repo);
        let waited = self.waits();
        clean(self.place, airlock(), &["recover", &repo])?;
        let mut seen = at_once;
        if waited {
            let said = self.scene.seen(self.place);
            seen = self
                .age(&said)
                .ok_or_else(|| format!("after recover others see {said}"))?;
        }
        if self.is_sound(Some(seen)) {
            let signed = self.place.join(self.scene.repo).join("summary.sig");
            let trust = self.scene.trust.filter(|_| signed.exists());
            let trust = trust.map(|trust| format!("--trust={trust}"));
            let words = ["fsck", &repo].into_iter().chain(trust.as_deref());
            clean(self.place, airlock(), &words.collect::<Vec<_>>())?;
            if waited {
                clean(self.place, "ostree", &["fsck", &repo])?;
            }
        }
        let state = State::read(&self.place.join(self.scene.repo));
        let age = self.settled_age(&state, seen)?;
        let untouched = age == Age::Old && state.commits == self.expected.old.commits;
        Ok((age, untouched))
    }

    fn settled_age(&self, state: &State, seen: Age) -> Result<Age, String> {
        let Expected { old, new, .. } = self.expected;
        if self.scene.gradual {
            let between = |name| old.commits.contains(name) && state.heads == old.heads;
            let whole = state.commits.iter().all(between)
                && new.commits.iter().all(|name| state.commits.contains(name));
            must(whole, || format!("neither old nor new: {state:#?}"))?;
            let done = state.commits == new.commits;
            return Ok(if done { Age::New } else { Age::Old });
        }
        let alike = self.expected.seen_old == self.expected.seen_new;
        // A bundle that stands is noted afterwards: without the note, the next one holds more than it must.
        let noted_later = self.scene.twice == Twice::Refused && state == old;
        match () {
            () if (state == new || noted_later) && seen == Age::New => Ok(Age::New),
            () if state == old && (seen == Age::Old || alike) => Ok(Age::Old),
            () => Err(format!(
                "{seen:?} to others, and neither old nor new: {state:#?}"
            )),
        }
    }

    /// The same command finishes it, with nothing in between.
    fn again(&self, place: &Path, settled: Age, waited: bool) -> Result<(), String> {
        let more = match self.scene.twice {
            Twice::More => settled == Age::New,
            Twice::MoreUnlessCutOff => settled == Age::New && !waited,
            Twice::Same | Twice::Refused => false,
        };
        if more {
            return Ok(());
        }
        let words = self.scene.words();
        let ran = run_with(place, words[0], &words[1..], &[("HOME", place.as_ref())]);
        let done = ran.code() == Some(0)
            || (self.scene.twice == Twice::Refused && ran.to_string().contains("exists"));
        must(done, || format!("the command again: {ran}"))?;
        let repo = place.join(self.scene.repo);
        clean(
            place,
            "ostree",
            &["fsck", &format!("--repo={}", self.scene.repo)],
        )?;
        let (state, new) = (State::read(&repo), &self.expected.new);
        let alike = state.heads == new.heads && state.commits == new.commits;
        let noted = state.notes == new.notes || ran.code() != Some(0);
        must(alike && noted, || format!("again, and not new: {state:#?}"))?;
        // An import that is made again is the same one.
        let once = !self.scene.command.starts_with("import") || state.journal == new.journal;
        must(once, || format!("journal: {:?}", state.journal))?;
        let seen = self.scene.seen(place);
        must(self.age(&seen) == Some(Age::New), || {
            format!("again, and others see {seen}")
        })?;
        for name in ["redo.json", "stage"] {
            let left = repo.join("extensions/airlock").join(name);
            must(!left.exists(), || format!("again, and {name} is left"))?;
        }
        let out = names(&place.join("out"));
        let partial = out.iter().find(|name| name.ends_with(".partial"));
        must(partial.is_none(), || format!("again, and {out:?}"))
    }
}

pub fn must(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    match holds {
        true => Ok(()),
        false => Err(otherwise()),
    }
}

fn clean(place: &Path, program: &str, words: &[&str]) -> Result<(), String> {
    let ran = run_with(place, program, words, &[("HOME", place.as_ref())]);
    must(ran.code() == Some(0), || ran.to_string())
}

fn airlock() -> &'static str {
    env!("CARGO_BIN_EXE_airlock")
}

/// Where unfinished things lie: what is there, without names by chance being alike.
pub fn litter(scene: &Scene, place: &Path) -> Vec<PathBuf> {
    let repo = place.join(scene.repo);
    let mut found = Vec::new();
    for dir in [
        repo.join("tmp"),
        repo.join("extensions/airlock/stage"),
        place.join("out"),
        place.to_owned(),
    ] {
        let below = dir.strip_prefix(place).unwrap().to_owned();
        found.extend(names(&dir).into_iter().map(|name| below.join(name)));
    }
    found
}

fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}
