//! Taking out of a bundle what a repository lacks, and nothing else.
//!
//! ```text
//! superblock   judged as at an import; the commit, if it is wanted
//! part         trees that are wanted; files, if the old files they are made from are sound
//! spine        what the trees just brought name is wanted from here on, where it is not sound
//! object       files that are wanted
//! ```

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::bundle::{FilezObject, PayloadSink};
use crate::delta::{DeltaError, ObjectSink, RepoSources, apply_travelling};
use crate::format::{Checksum, Commit, Encoded, FileHeader, ObjectKind, ObjectName};
use crate::repo::{Mode, Repo, RepoError, SummaryPair, Survey, Transaction};
use crate::workflow::announced::Announced;
use crate::workflow::carried::{Carried, Reach};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;
use crate::workflow::release_check::{ReleaseCheck, Spine};
use crate::workflow::staging::stage_file;

/// The most bytes of trees that are kept until it is known whether they are wanted.
const MAX_SPARE: usize = 64 << 20;

/// What is known of a repository while it is being mended.
pub(super) struct Need<'a, 'r> {
    pub(super) repo: &'a Repo,
    pub(super) survey: &'a Survey<'r>,
    /// The commits that are to be whole.
    pub(super) commits: &'a BTreeSet<Checksum>,
    /// Where objects go; nowhere in a dry run.
    pub(super) tx: Option<&'a Transaction<'r>>,
}

/// The sink of a repair.
pub(super) struct Mender<'a, 'r> {
    need: &'a Need<'a, 'r>,
    check: ReleaseCheck<'a>,
    announced: Announced<'a>,
    state: Mutex<State>,
}

/// What one bundle brought.
#[derive(Default)]
pub(super) struct State {
    pub(super) wanted: BTreeSet<ObjectName>,
    pub(super) brought: BTreeSet<ObjectName>,
    /// Files that would be there if the old files they are made from were sound: those.
    pub(super) starved: BTreeMap<ObjectName, Vec<Checksum>>,
    pub(super) spines: Vec<Spine>,
    pub(super) summary: Option<SummaryPair>,
    carried: Carried,
    spare: HashMap<ObjectName, Vec<u8>>,
    spared: usize,
}

/// Keeps the reasons to refuse that do not come from age alone: nothing moves, so nothing goes back.
pub(super) fn but_age(findings: Vec<Finding>) -> Vec<Finding> {
    let of_age = |it: &Finding| matches!(it, Finding::Expired { .. } | Finding::TooOld { .. });
    findings.into_iter().filter(|it| !of_age(it)).collect()
}

impl<'a, 'r> Mender<'a, 'r> {
    pub(super) fn new(
        need: &'a Need<'a, 'r>,
        check: ReleaseCheck<'a>,
        wanted: BTreeSet<ObjectName>,
    ) -> Mender<'a, 'r> {
        let state = State {
            wanted,
            ..State::default()
        };
        Mender {
            need,
            announced: Announced::new(check.manifest),
            check,
            state: Mutex::new(state),
        }
    }

    pub(super) fn finish(self) -> State {
        let state = self.state.into_inner();
        state.unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a commit in its place; one that was known without its tree stays so.
    fn commit(&self, state: &mut State, commit: &Encoded<Commit>) -> Result<(), RepoError> {
        let name = ObjectName::new(commit.checksum(), ObjectKind::Commit);
        if !state.wanted.contains(&name) {
            return Ok(());
        }
        if let Some(tx) = self.need.tx {
            tx.write_metadata(ObjectKind::Commit, commit.bytes())?;
            if !self.need.commits.contains(&name.checksum) {
                tx.mark_partial(&name.checksum);
            }
        }
        state.brought.insert(name);
        Ok(())
    }

    /// Puts a tree or its metadata in its place, or keeps it until its release is known.
    fn tree(&self, state: &mut State, object: &ObjectName, bytes: &[u8]) -> Result<(), RepoError> {
        if state.wanted.contains(object) {
            if let Some(tx) = self.need.tx {
                tx.write_metadata_later(object.kind, bytes)?;
            }
            state.brought.insert(*object);
        } else if !self.need.survey.is_sound(object)
            && state.spared.saturating_add(bytes.len()) <= MAX_SPARE
        {
            state.spared += bytes.len();
            state.spare.insert(*object, bytes.to_vec());
        }
        Ok(())
    }

    /// What a commit that is to be whole reaches is wanted, where it is not sound.
    fn widen(&self, state: &mut State, reach: &Reach) -> Result<(), RepoError> {
        let of = |kind: ObjectKind| move |checksum: &Checksum| ObjectName::new(*checksum, kind);
        let reached = reach
            .files
            .iter()
            .map(of(ObjectKind::File))
            .chain(reach.trees.iter().map(of(ObjectKind::DirTree)))
            .chain(reach.metas.iter().map(of(ObjectKind::DirMeta)));
        let lacking = reached.filter(|object| !self.need.survey.is_sound(object));
        state.wanted.extend(lacking);
        for (object, bytes) in std::mem::take(&mut state.spare) {
            if state.wanted.contains(&object) {
                self.tree(state, &object, &bytes)?;
            }
        }
        state.spared = 0;
        Ok(())
    }
}

impl PayloadSink for Mender<'_, '_> {
    type Error = Error;

    fn summary(&self, summary: &[u8], signature: &[u8]) -> Result<(), Error> {
        let mut findings = Vec::new();
        let _ = self.check.summary(summary, signature, &mut findings)?;
        Error::refuse_any(but_age(findings))?;
        self.state().summary = Some(SummaryPair {
            summary: summary.to_vec(),
            signature: Some(signature.to_vec()),
        });
        Ok(())
    }

    fn superblock(&self, release: usize, bytes: &[u8]) -> Result<(), Error> {
        let mut findings = Vec::new();
        let spine = self.check.spine(release, bytes, &mut findings)?;
        Error::refuse_any(but_age(findings))?;
        self.announced.spine(release, &spine.superblock)?;
        let state = &mut *self.state();
        self.commit(state, spine.commit())?;
        for ancestor in spine.superblock.history()? {
            self.commit(state, &ancestor.commit)?;
        }
        state.spines.push(spine);
        Ok(())
    }

    fn part(&self, release: usize, part: usize, bytes: Vec<u8>) -> Result<(), Error> {
        let header = {
            let state = self.state();
            let spine = state.spines.get(release);
            spine.and_then(|spine| spine.superblock.parts.get(part).cloned())
        };
        let Some(header) = header else {
            return Ok(());
        };
        let scratch = self.need.repo.path().join("tmp");
        let sources = RepoSources::new(self.need.repo, &scratch);
        let mut sink = PartSink {
            mender: self,
            carried: Carried::default(),
        };
        apply_travelling(&header, bytes, &sources, &mut sink)?;
        let carried = sink.carried;
        self.state().carried.join(carried)
    }

    fn spine(&self, release: usize) -> Result<(), Error> {
        let state = &mut *self.state();
        let Some(spine) = state.spines.get(release) else {
            return Ok(());
        };
        if !self.need.commits.contains(&spine.commit().checksum()) {
            return Ok(());
        }
        let reach = state.carried.reach(spine.commit())?;
        Ok(self.widen(state, &reach)?)
    }

    fn wants_content(&self) -> bool {
        self.need.tx.is_some() && self.need.repo.mode() != Mode::Archive
    }

    fn admit(&self, release: usize, size: u64) -> Result<(), Error> {
        self.announced.bring(release, size)
    }

    fn object(&self, _: usize, name: &Checksum, object: FilezObject<'_>) -> Result<(), Error> {
        let wanted = ObjectName::new(*name, ObjectKind::File);
        if !self.state().wanted.contains(&wanted) {
            return Ok(());
        }
        if let Some(tx) = self.need.tx {
            stage_file(tx, name, object)?;
        }
        self.state().brought.insert(wanted);
        Ok(())
    }
}

/// Takes what one part makes.
struct PartSink<'s, 'a, 'r> {
    mender: &'s Mender<'a, 'r>,
    carried: Carried,
}

impl ObjectSink for PartSink<'_, '_, '_> {
    fn metadata(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), DeltaError> {
        let state = &mut *self.mender.state();
        if object.kind == ObjectKind::Commit {
            let commit = Encoded::<Commit>::decode(bytes.to_vec())?;
            return Ok(self.mender.commit(state, &commit)?);
        }
        self.carried.add(object, bytes)?;
        Ok(self.mender.tree(state, object, bytes)?)
    }

    fn takes(&mut self, file: &Checksum, sources: &[Checksum]) -> bool {
        let name = ObjectName::new(*file, ObjectKind::File);
        let sound = |source: &&Checksum| {
            let source = ObjectName::new(**source, ObjectKind::File);
            self.mender.need.survey.is_sound(&source)
        };
        let unsound: Vec<Checksum> = sources
            .iter()
            .filter(|source| !sound(source))
            .copied()
            .collect();
        let state = &mut *self.mender.state();
        let wanted = state.wanted.contains(&name);
        if wanted && !unsound.is_empty() {
            state.starved.insert(name, unsound);
            return false;
        }
        wanted
    }

    fn file(
        &mut self,
        file: &Checksum,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        let name = ObjectName::new(*file, ObjectKind::File);
        if !self.mender.state().wanted.contains(&name) {
            return Ok(());
        }
        if let Some(tx) = self.mender.need.tx {
            tx.adopt_made(file, header, size, content)?;
        }
        self.mender.state().brought.insert(name);
        Ok(())
    }
}
