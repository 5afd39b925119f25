//! The sink of `verify`: it looks at everything and keeps only what later checks need.

use std::collections::HashSet;
use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::VerifiedRelease;
use crate::bundle::{FilezObject, PayloadSink, Release};
use crate::delta::{DeltaError, ObjectSink, examine_travelling};
use crate::format::{Checksum, FileHeader, ObjectKind, ObjectName};
use crate::openpgp::Verification;
use crate::workflow::announced::Announced;
use crate::workflow::carried::{Carried, Reach};
use crate::workflow::release_check::{ReleaseCheck, Spine};
use crate::workflow::{Error, Finding};

/// Looks at everything that comes by and keeps only what later checks need.
pub(super) struct Examiner<'a> {
    check: ReleaseCheck<'a>,
    state: Mutex<State>,
    announced: Announced<'a>,
}

/// What was learnt so far.
#[derive(Default)]
pub(super) struct State {
    pub(super) findings: Vec<Finding>,
    pub(super) releases: Vec<VerifiedRelease>,
    pub(super) summary: Option<Verification>,
    /// The release under way.
    spine: Option<Spine>,
    reach: Reach,
    strays: Strays,
    carried: Carried,
    files: HashSet<Checksum>,
    pub(super) objects: u64,
}

/// Objects that travelled with a release and do not belong to it.
#[derive(Default)]
struct Strays {
    count: u64,
    example: Option<ObjectName>,
}

impl Strays {
    fn add(&mut self, object: ObjectName) {
        self.count += 1;
        self.example.get_or_insert(object);
    }
}

impl<'a> Examiner<'a> {
    pub(super) fn new(check: ReleaseCheck<'a>) -> Self {
        Examiner {
            announced: Announced::new(check.manifest),
            check,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the last release and returns what was learnt.
    pub(super) fn finish(self) -> State {
        let mut state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        state.close(&self.check.manifest.releases);
        state
    }
}

impl State {
    /// Ends the release under way: is it complete, and does everything belong to it?
    fn close(&mut self, releases: &[Release]) {
        let Some(spine) = self.spine.take() else {
            return;
        };
        let Some(stated) = self
            .releases
            .len()
            .checked_sub(1)
            .and_then(|last| releases.get(last))
        else {
            return;
        };
        let Strays { count, example } = std::mem::take(&mut self.strays);
        if let Some(example) = example {
            let name = stated.name.clone();
            self.findings.push(Finding::Stray {
                name,
                count,
                example,
            });
        }
        // What an update leaves out, the target has; import looks for it there.
        if stated.from.is_empty() {
            let missing = self.missing();
            let commit = spine.commit().checksum();
            if let Some(example) = missing.first().copied() {
                self.findings.push(Finding::Incomplete {
                    commit,
                    missing: missing.len() as u64,
                    example,
                });
            }
        }
        self.reach = Reach::default();
    }

    /// Returns what the release under way needs and no release brought.
    fn missing(&self) -> Vec<ObjectName> {
        let named = |kind| move |checksum: &Checksum| ObjectName::new(*checksum, kind);
        let trees = self.reach.elsewhere.iter().map(named(ObjectKind::DirTree));
        let metas = self.reach.metas.iter().map(named(ObjectKind::DirMeta));
        let metas = metas.filter(|meta| !self.carried.has(meta));
        let files = self
            .reach
            .files
            .iter()
            .filter(|file| !self.files.contains(*file));
        let mut missing: Vec<_> = trees
            .chain(metas)
            .chain(files.map(named(ObjectKind::File)))
            .collect();
        missing.sort();
        missing
    }
}

impl PayloadSink for Examiner<'_> {
    type Error = Error;

    fn summary(&self, summary: &[u8], signature: &[u8]) -> Result<(), Error> {
        let state = &mut *self.state();
        state.summary = Some(
            self.check
                .summary(summary, signature, &mut state.findings)?,
        );
        Ok(())
    }

    fn superblock(&self, release: usize, bytes: &[u8]) -> Result<(), Error> {
        let state = &mut *self.state();
        state.close(&self.check.manifest.releases);
        let spine = self.check.spine(release, bytes, &mut state.findings)?;
        // What is found to be contradictory tells more than that it is too much.
        if state.findings.is_empty() {
            self.announced.spine(release, &spine.superblock)?;
        }
        if let Some(stated) = self.check.manifest.releases.get(release) {
            state.releases.push(VerifiedRelease {
                name: stated.name.clone(),
                commit: spine.commit().checksum(),
                version: stated.version.clone(),
                timestamp: stated.timestamp,
                from: stated.from.clone(),
                signers: spine.verification.signers(),
            });
        }
        state.objects += 1;
        state.spine = Some(spine);
        Ok(())
    }

    fn part(&self, _: usize, part: usize, bytes: Vec<u8>) -> Result<(), Error> {
        let header = self
            .state()
            .spine
            .as_ref()
            .and_then(|spine| spine.superblock.parts.get(part).cloned());
        // A part that the superblock does not list was found when the two were compared.
        let Some(header) = header else { return Ok(()) };
        let mut made = Made::default();
        examine_travelling(&header, bytes, &mut made)?;
        let state = &mut *self.state();
        state.carried.join(made.carried)?;
        state.files.extend(&made.files);
        state.objects += header.objects.len() as u64;
        Ok(())
    }

    fn spine(&self, _: usize) -> Result<(), Error> {
        let state = &mut *self.state();
        let Some(spine) = &state.spine else {
            return Ok(());
        };
        state.reach = state.carried.reach(spine.commit())?;
        let objects = spine.superblock.parts.iter().flat_map(|part| &part.objects);
        objects
            .filter(|object| !state.reach.holds(object))
            .for_each(|object| state.strays.add(*object));
        Ok(())
    }

    fn admit(&self, release: usize, size: u64) -> Result<(), Error> {
        self.announced.bring(release, size)
    }

    fn object(&self, _: usize, name: &Checksum, _: FilezObject<'_>) -> Result<(), Error> {
        let state = &mut *self.state();
        if !state.reach.files.contains(name) {
            state.strays.add(ObjectName::new(*name, ObjectKind::File));
        } else {
            state.files.insert(*name);
        }
        state.objects += 1;
        Ok(())
    }
}

/// What a part makes: trees to follow, and the names of files.
#[derive(Default)]
struct Made {
    carried: Carried,
    files: Vec<Checksum>,
}

impl ObjectSink for Made {
    fn metadata(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), DeltaError> {
        Ok(self.carried.add(object, bytes)?)
    }

    fn file(
        &mut self,
        file: &Checksum,
        _: &FileHeader,
        _: u64,
        _: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        self.files.push(*file);
        Ok(())
    }

    /// Import makes it out of what the target has, and checks it then.
    fn patched(&mut self, file: &Checksum, _: u64) -> Result<(), DeltaError> {
        self.files.push(*file);
        Ok(())
    }
}
