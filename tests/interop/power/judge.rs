//! What may be found on a medium after a cut.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use airlock::Silent;
use airlock::format::Summary;
use airlock::openpgp::Keyring;
use airlock::repo::{FsckOptions, Repo, fsck};
use airlock::workflow::{CheckOptions, Trust, VerifyOptions, check, verify};

use super::record::{Medium, Recording};
use super::tree::{Tree, listing};
use crate::faults::judge::Age;
use crate::faults::state::State;
use crate::tools::run;

/// Looks at what a cut left of a recording's medium.
pub struct Judge<'r> {
    recording: &'r Recording,
    trust: Trust,
    /// What a check finds before and after, when nothing goes wrong.
    findings: [Vec<String>; 2],
}

impl Judge<'_> {
    /// Learns what there is before and after.
    pub fn new(recording: &Recording) -> Judge<'_> {
        let mut keyring = Keyring::new();
        let certificate = recording.world.path("start/release.asc");
        let certificate = std::fs::read(certificate).unwrap();
        keyring.add_bytes(&certificate).unwrap();
        let mut judge = Judge {
            recording,
            trust: Trust::of(keyring),
            findings: Default::default(),
        };
        if recording.medium == Medium::Repository {
            judge.findings = [&recording.before, &recording.after]
                .map(|tree| recording.laid_out(tree, |dir| judge.settled(dir)).unwrap());
        }
        judge
    }

    /// Says which state it is, or what is wrong with it.
    pub fn look(&self, tree: &Tree) -> Result<Age, String> {
        match self.recording.medium {
            Medium::Repository => self.recording.laid_out(tree, |dir| self.repository(dir)),
            Medium::Stick if !self.exports() => self.gradual(tree),
            Medium::Stick => self
                .recording
                .laid_out(tree, |dir| bundle(&self.trust, dir)),
            Medium::Place => self.place(tree),
        }
    }

    /// Looks at a repository with the commands that an operator has.
    pub fn look_closely(&self, tree: &Tree) -> Result<(), String> {
        self.recording.laid_out(tree, |dir| {
            if self.is_damaged(dir) {
                return Ok(());
            }
            let repo = format!("--repo={}", dir.display());
            for (program, words) in [
                ("ostree", ["fsck", "-q"]),
                (env!("CARGO_BIN_EXE_airlock"), ["recover", "--quiet"]),
                ("ostree", ["fsck", "-q"]),
            ] {
                let ran = run(dir, program, words.into_iter().chain([repo.as_str()]));
                if ran.code() != Some(0) {
                    return Err(ran.to_string());
                }
            }
            Ok(())
        })
    }

    /// A command that said it is done has done it for good.
    pub fn finished(&self, tree: &Tree, age: Age) -> Result<Age, String> {
        let lost = self.recording.not_durable(tree);
        match (lost.is_empty(), age) {
            (true, Age::New) => Ok(age),
            (true, _) => Err("exit 0, and it is old".to_owned()),
            (false, _) => Err(format!("exit 0, and not on the medium: {lost:#?}")),
        }
    }

    /// Whether it is damaged because it was so before, and what it lacked is not there yet.
    fn is_damaged(&self, dir: &Path) -> bool {
        let old = &self.recording.old;
        self.recording.scene.damaged && State::read(dir).commits == old.commits
    }

    /// Sound at once, and old or new when what was begun is finished.
    fn repository(&self, dir: &Path) -> Result<Age, String> {
        let repo = Repo::open(dir).map_err(chain)?;
        let options = FsckOptions {
            threads: 1,
            bindings: false,
            back_refs: false,
        };
        let report = fsck(&repo, &options, &Silent).map_err(chain)?;
        if !report.findings.is_empty() && !self.is_damaged(dir) {
            return Err(format!("at once: {:#?}", report.findings));
        }
        // What follows takes a summary for one that can be read.
        if let Some(summary) = repo.summary().map_err(chain)? {
            Summary::decode(&summary).map_err(|fault| format!("the summary: {fault}"))?;
        }
        let findings = self.settled(dir)?;
        let age = self.age(&State::read(dir))?;
        let [old, new] = &self.findings;
        match findings == *old || findings == *new {
            true => Ok(age),
            false => Err(format!("when recovered: {findings:#?}")),
        }
    }

    /// Finishes what was begun, and checks all there is to check.
    fn settled(&self, dir: &Path) -> Result<Vec<String>, String> {
        let repo = Repo::open(dir).map_err(chain)?;
        drop(repo.lock_for_writing().map_err(chain)?);
        let options = CheckOptions {
            trust: Some(&self.trust),
            now: now(),
            threads: 1,
            bindings: true,
            back_refs: false,
        };
        let outcome = check(&repo, &options, &Silent).map_err(chain)?;
        let findings = outcome.findings.iter();
        Ok(findings.map(|found| format!("{found:?}")).collect())
    }

    fn age(&self, state: &State) -> Result<Age, String> {
        let (old, new) = (&self.recording.old, &self.recording.new);
        let scene = self.recording.scene;
        if state == new {
            return Ok(Age::New);
        }
        if state == old {
            return Ok(Age::Old);
        }
        if state.heads == old.heads && scene.gradual {
            let known = state.commits.iter().all(|name| old.commits.contains(name));
            let kept = new.commits.iter().all(|name| state.commits.contains(name));
            if known && kept {
                return Ok(Age::Old);
            }
        }
        // An export notes one thing after the other; none of it is what others see.
        if self.exports() && state.heads == old.heads && state.commits == old.commits {
            return Ok(Age::Old);
        }
        Err(format!(
            "neither old nor new: {state:#?}\nold: {old:#?}\nnew: {new:#?}"
        ))
    }

    fn exports(&self) -> bool {
        self.recording.scene.command.starts_with("export")
    }

    /// What is made piece by piece is old until it is complete.
    fn gradual(&self, tree: &Tree) -> Result<Age, String> {
        match self.recording.not_durable(tree).is_empty() {
            true => Ok(Age::New),
            false => Ok(Age::Old),
        }
    }

    /// Everything is as it was before, or as it was after, but for unfinished files.
    fn place(&self, tree: &Tree) -> Result<Age, String> {
        let finished = |tree| {
            let mut found = listing(tree);
            found.retain(|path, _| !path.contains("tmp") && !path.ends_with(".partial"));
            found
        };
        match finished(tree) {
            found if found == finished(&self.recording.after) => Ok(Age::New),
            found if found == finished(&self.recording.before) => Ok(Age::Old),
            found => Err(format!("neither old nor new: {found:#?}")),
        }
    }
}

/// A stick has a bundle that verifies, or nothing that looks like one.
pub fn bundle(trust: &Trust, dir: &Path) -> Result<Age, String> {
    let volume = |number| dir.join(format!("b.airlock.{number:03}"));
    let whole = dir.join("b.airlock");
    let bundle: Vec<_> = match whole.exists() {
        true => vec![whole],
        false => (1..)
            .map(volume)
            .take_while(|volume| volume.exists())
            .collect(),
    };
    if bundle.is_empty() {
        return Ok(Age::Old);
    }
    let options = VerifyOptions {
        bundle,
        signatures: Vec::new(),
        trust,
        now: now(),
    };
    match verify(&options, &Silent) {
        Ok(_) => Ok(Age::New),
        Err(error) => Err(chain(error)),
    }
}

fn chain<E: std::error::Error>(error: E) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!(": {error}");
        source = error.source();
    }
    text
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}
