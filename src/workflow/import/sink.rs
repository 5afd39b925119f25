//! Taking in what a bundle carries: judged first, then staged.

use std::io::Read;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use crate::bundle::{FilezObject, PayloadSink};
use crate::delta::{DeltaError, ObjectSink, RepoSources, apply_travelling};
use crate::format::{Checksum, FileHeader, ObjectKind, ObjectName, Summary};
use crate::repo::walk::{self, Known};
use crate::repo::{Mode, ObjectSource, Repo, SummaryPair, Transaction};
use crate::workflow::announced::Announced;
use crate::workflow::carried::{self, Reach};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;
use crate::workflow::release_check::{ReleaseCheck, Spine};
use crate::workflow::staging::stage_file;
use crate::workflow::subject::Subject;

use super::Deltas;
use super::deltas::differing_deltas;
use super::order::AHEAD;
use super::outcome::SummarySource;
use super::site_state::SiteState;

/// Where objects go.
pub(super) enum Target<'a, 'r> {
    /// Into a transaction.
    Stage(&'a Transaction<'r>),
    /// Nowhere: only the findings count.
    Nowhere,
}

/// What a bundle brought, besides objects.
pub(super) struct Carried {
    pub(super) spines: Vec<Spine>,
    pub(super) summary: Option<SummaryPair>,
}

/// The sink of an import.
pub(super) struct Importer<'a, 'r> {
    repo: &'a Repo,
    check: ReleaseCheck<'a>,
    site: &'a SiteState,
    target: Target<'a, 'r>,
    /// Whose summary is published in the end.
    publishes: SummarySource,
    /// Whether static deltas are made afterwards.
    deltas: Deltas,
    state: Mutex<State>,
    announced: Announced<'a>,
    /// The files that the release under way may bring.
    reach: RwLock<Reach>,
}

#[derive(Default)]
struct State {
    findings: Vec<Finding>,
    spines: Vec<Spine>,
    summary: Option<SummaryPair>,
    carried: carried::Carried,
}

/// Lists what came with a release and does not belong to it.
fn strays(spine: &Spine, reach: &Reach) -> Vec<ObjectName> {
    let listed = spine.superblock.parts.iter().flat_map(|part| &part.objects);
    listed
        .filter(|object| !reach.holds(object))
        .copied()
        .collect()
}

impl<'a, 'r> Importer<'a, 'r> {
    pub(super) fn new(
        repo: &'a Repo,
        check: ReleaseCheck<'a>,
        site: &'a SiteState,
        target: Target<'a, 'r>,
        publishes: SummarySource,
        deltas: Deltas,
    ) -> Importer<'a, 'r> {
        Importer {
            repo,
            check,
            site,
            target,
            publishes,
            deltas,
            state: Mutex::default(),
            announced: Announced::new(check.manifest),
            reach: RwLock::default(),
        }
    }

    /// What was found, of a dry run.
    pub(super) fn findings(self) -> Vec<Finding> {
        self.into_state().findings
    }

    /// Ends the reading: what the bundle brought besides objects.
    pub(super) fn finish(self) -> Result<Carried, Error> {
        let state = self.into_state();
        Error::refuse_any(state.findings)?;
        Ok(Carried {
            spines: state.spines,
            summary: state.summary,
        })
    }

    fn into_state(self) -> State {
        self.state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A real import stops at the first finding; a dry run goes on to find them all.
    fn go_on(&self, state: &mut State) -> Result<(), Error> {
        match self.target {
            Target::Stage(_) => Error::refuse_any(std::mem::take(&mut state.findings)),
            Target::Nowhere => Ok(()),
        }
    }

    /// Stages the ancestors that are not here: known, but without their trees.
    fn history(&self, tx: &Transaction<'_>, spine: &Spine) -> Result<(), Error> {
        let releases = &self.check.manifest.releases;
        for ancestor in spine.superblock.history()? {
            let commit = ancestor.commit.checksum();
            let released = releases.iter().any(|release| release.commit == commit);
            if !released && !tx.has(&ObjectName::new(commit, ObjectKind::Commit))? {
                tx.write_metadata(ObjectKind::Commit, ancestor.commit.bytes())?;
                tx.mark_partial(&commit);
            }
        }
        Ok(())
    }

    /// Does the summary fit this repository, besides being signed?
    fn fits(&self, bytes: &[u8], findings: &mut Vec<Finding>) -> Result<(), Error> {
        let summary = Summary::decode(bytes)?;
        let offered = summary.last_modified().unwrap_or(0);
        if let Some(current) = self.site.summary_modified().filter(|now| *now > offered) {
            findings.push(Finding::SummaryOlder { current, offered });
        }
        let limit = self.check.now.saturating_add(AHEAD);
        if offered > limit {
            findings.push(Finding::FromTheFuture {
                subject: Subject::Summary,
                stated: offered,
                limit,
            });
        }
        if self.publishes == SummarySource::Bundle {
            findings.extend(differing_deltas(self.repo, &summary, self.deltas)?);
        }
        Ok(())
    }
}

impl PayloadSink for Importer<'_, '_> {
    type Error = Error;

    fn summary(&self, summary: &[u8], signature: &[u8]) -> Result<(), Error> {
        let state = &mut *self.state();
        let before = state.findings.len();
        let _ = self
            .check
            .summary(summary, signature, &mut state.findings)?;
        // What is not signed as it should be is not looked into.
        if state.findings.len() == before {
            self.fits(summary, &mut state.findings)?;
        }
        state.summary = Some(SummaryPair {
            summary: summary.to_vec(),
            signature: Some(signature.to_vec()),
        });
        self.go_on(state)
    }

    fn superblock(&self, release: usize, bytes: &[u8]) -> Result<(), Error> {
        let state = &mut *self.state();
        let spine = self.check.spine(release, bytes, &mut state.findings)?;
        self.go_on(state)?;
        // What is found to be contradictory tells more than that it is too much.
        if state.findings.is_empty() {
            self.announced.spine(release, &spine.superblock)?;
        }
        if let Target::Stage(tx) = &self.target {
            tx.write_metadata(ObjectKind::Commit, spine.commit().bytes())?;
            self.history(tx, &spine)?;
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
        // A part that the superblock does not list was found when the two were compared.
        let Some(header) = header else {
            return Ok(());
        };
        let scratch = self.repo.path().join("tmp");
        let sources = RepoSources::new(self.repo, &scratch);
        let mut sink = PartSink {
            importer: self,
            carried: carried::Carried::default(),
        };
        apply_travelling(&header, bytes, &sources, &mut sink)?;
        let carried = sink.carried;
        self.state().carried.join(carried)
    }

    fn spine(&self, release: usize) -> Result<(), Error> {
        // There is never room for two of them.
        *self.reach.write().unwrap_or_else(PoisonError::into_inner) = Reach::default();
        let state = &mut *self.state();
        let Some(spine) = state.spines.get(release) else {
            return Ok(());
        };
        let reach = state.carried.reach(spine.commit())?;
        let strays = strays(spine, &reach);
        if let (Some(example), Some(stated)) =
            (strays.first(), self.check.manifest.releases.get(release))
        {
            let finding = Finding::Stray {
                name: stated.name.clone(),
                count: strays.len() as u64,
                example: *example,
            };
            state.findings.push(finding);
        }
        *self.reach.write().unwrap_or_else(PoisonError::into_inner) = reach;
        self.go_on(state)
    }

    fn wants_content(&self) -> bool {
        matches!(self.target, Target::Stage(_)) && self.repo.mode() != Mode::Archive
    }

    fn admit(&self, release: usize, size: u64) -> Result<(), Error> {
        self.announced.bring(release, size)
    }

    fn object(
        &self,
        release: usize,
        name: &Checksum,
        object: FilezObject<'_>,
    ) -> Result<(), Error> {
        let reach = self.reach.read().unwrap_or_else(PoisonError::into_inner);
        if !reach.files.contains(name) {
            drop(reach);
            let state = &mut *self.state();
            if let Some(stated) = self.check.manifest.releases.get(release) {
                state.findings.push(Finding::Stray {
                    name: stated.name.clone(),
                    count: 1,
                    example: ObjectName::new(*name, ObjectKind::File),
                });
            }
            return self.go_on(state);
        }
        drop(reach);
        let Target::Stage(tx) = &self.target else {
            return Ok(());
        };
        stage_file(tx, name, object)
    }
}

impl Carried {
    /// Checks that everything the new commits need is there, and the summary tells their sizes.
    pub(super) fn incomplete(
        &self,
        tx: &Transaction<'_>,
        known: &mut Known,
    ) -> Result<Vec<Finding>, Error> {
        let mut findings = Vec::new();
        for spine in &self.spines {
            let commit = spine.commit().checksum();
            let gaps = walk::missing_beyond(tx, &[commit], known)?;
            if let Some(gap) = gaps.first() {
                findings.push(Finding::Incomplete {
                    commit,
                    missing: gaps.len() as u64,
                    example: gap.object,
                });
            }
        }
        let Some(pair) = self.summary.as_ref().filter(|_| findings.is_empty()) else {
            return Ok(findings);
        };
        for entry in Summary::decode(&pair.summary)?.refs {
            let name = ObjectName::new(entry.commit, ObjectKind::Commit);
            let size = match ObjectSource::has(tx, &name)? {
                true => tx.metadata(&name)?.len() as u64,
                false => 0,
            };
            // Clients take the size as the most they download.
            if size != entry.size {
                findings.push(Finding::Contradiction {
                    what: format!("the summary's size of {}", entry.name),
                    stated: entry.size.to_string(),
                    found: size.to_string(),
                });
            }
        }
        Ok(findings)
    }
}

/// Takes what one part makes.
struct PartSink<'s, 'a, 'r> {
    importer: &'s Importer<'a, 'r>,
    carried: carried::Carried,
}

impl ObjectSink for PartSink<'_, '_, '_> {
    fn metadata(&mut self, object: &ObjectName, bytes: &[u8]) -> Result<(), DeltaError> {
        if let Target::Stage(tx) = &self.importer.target {
            let is_commit = object.kind == ObjectKind::Commit;
            let is_new = is_commit && !tx.has(object)?;
            // A commit that is here stays as it is, complete or partial.
            if is_new || !is_commit {
                tx.write_metadata_later(object.kind, bytes)?;
            }
            if is_new {
                tx.mark_partial(&object.checksum);
            }
        }
        Ok(self.carried.add(object, bytes)?)
    }

    fn file(
        &mut self,
        file: &Checksum,
        header: &FileHeader,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), DeltaError> {
        if let Target::Stage(tx) = &self.importer.target {
            tx.adopt_made(file, header, size, content)?;
        }
        Ok(())
    }
}
