//! The plan: what travels, where to, and every reason why it must not.

use std::collections::BTreeMap;

use serde::Serialize;

use super::attach::{self, Attachment};
use super::base::Finder;
use super::carry::{Carried, Carrier, held_by_all};
use super::whole::WholeInParts;
use super::{Error, ExportError, ExportOptions, check, history, may_return, permit, target};
use crate::bundle::{ObjectTotals, Rollback, Room, Target};
use crate::format::delta::Ancestor;
use crate::format::{Checksum, Commit, Encoded, Metadata, RefName};
use crate::repo::summary::metadata_ref;
use crate::repo::{Repo, RepoError};
use crate::workflow::Finding;
use crate::workflow::carried::MAX_TREES;
use crate::workflow::site::next_sequence;
use crate::{Event, Observer, Stage, Unit};

/// What an export would write.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExportPlan {
    /// The releases, in order.
    pub releases: Vec<PlannedRelease>,
    /// The refs at whose heads the site is already.
    pub up_to_date: Vec<RefName>,
    /// The sequence number of every ref that moves.
    pub sequence: BTreeMap<RefName, u64>,
    /// The refs of the site after import; null deletes.
    pub refs_after: BTreeMap<RefName, Option<Checksum>>,
    /// Where the site could go back to without a key.
    pub may_return: BTreeMap<RefName, Vec<Checksum>>,
    /// The permission to take a ref back, if it is given.
    pub rollback: Option<Rollback>,
    /// The files that would ride along.
    pub attachments: Vec<Attachment>,
    /// Where the bundle would stand.
    pub target: std::path::PathBuf,
    /// How many bytes it may need there.
    pub needed: u64,
    /// How many bytes there are.
    pub available: u64,
    #[serde(skip)]
    pub(super) medium: Medium,
}

/// Where the bundle goes, and what is known of the place.
#[derive(Debug)]
pub(super) struct Medium {
    pub(super) target: Target,
    pub(super) room: Room,
}

/// One release that would travel.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedRelease {
    /// The ref.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// Its head.
    pub commit: Checksum,
    /// The commits of which the site must have one; none when nothing is needed.
    pub from: Vec<Checksum>,
    /// The commit's version, if it has one.
    pub version: Option<String>,
    /// The commit's timestamp, in UNIX seconds.
    pub timestamp: u64,
    /// How many objects would travel.
    pub objects: ObjectTotals,
    /// How many files would travel as they are, in packs.
    pub packed_files: u64,
    /// How many files would travel as patches of old ones, where that pays, else as they are.
    pub paired_files: u64,
    /// How large the objects are in the repository.
    pub stored: u64,
    /// How many skipped releases before it would be told of.
    pub history: usize,
    #[serde(skip)]
    pub(super) ancestors: Vec<Ancestor>,
    #[serde(skip)]
    pub(super) head: Encoded<Commit>,
    #[serde(skip)]
    pub(super) commitmeta: Metadata,
    #[serde(skip)]
    pub(super) carried: Carried,
}

/// Finds out what an export would write; refuses what it would refuse, and writes nothing.
pub fn plan_export(
    repo: &Repo,
    options: &ExportOptions<'_>,
    observer: &dyn Observer,
) -> Result<ExportPlan, Error> {
    let _shared = repo.lock_shared()?;
    make(repo, options, observer)
}

/// Makes the plan; the caller holds a lock.
pub(super) fn make(
    repo: &Repo,
    options: &ExportOptions<'_>,
    observer: &dyn Observer,
) -> Result<ExportPlan, Error> {
    check::question(options)?;
    let finder = Finder::new(repo, options)?;
    let heads = options.refs.iter().map(|name| repo.ref_commit(name));
    let heads = heads.filter_map(Result::transpose);
    let whole = match options.level.is_some() || options.costs.recompresses() {
        true => WholeInParts::Compressible,
        false => WholeInParts::Never,
    };
    let mut planner = Planner {
        heads: heads.collect::<Result<_, _>>()?,
        repo,
        options,
        finder: &finder,
        carrier: Carrier::new(repo, whole),
        releases: Vec::new(),
        up_to_date: Vec::new(),
        findings: Vec::new(),
    };
    let unit = Unit::Objects;
    observer.event(Event::Begin {
        stage: Stage::Walk,
        total: None,
        unit,
    });
    for name in options.refs {
        planner.plan(name, observer)?;
    }
    planner.plan_metadata_ref(observer)?;
    observer.event(Event::End { stage: Stage::Walk });
    Error::refuse_any(planner.findings)?;
    let (releases, up_to_date) = (planner.releases, planner.up_to_date);
    finish(repo, options, &finder, releases, up_to_date)
}

struct Planner<'a> {
    repo: &'a Repo,
    options: &'a ExportOptions<'a>,
    finder: &'a Finder<'a>,
    carrier: Carrier<'a>,
    /// The heads of the refs that are asked for.
    heads: Vec<Checksum>,
    releases: Vec<PlannedRelease>,
    up_to_date: Vec<RefName>,
    findings: Vec<Finding>,
}

impl Planner<'_> {
    fn plan(&mut self, name: &RefName, observer: &dyn Observer) -> Result<(), Error> {
        let missing = || RepoError::RevMissing {
            rev: name.to_string(),
        };
        let checksum = self.repo.ref_commit(name)?.ok_or_else(missing)?;
        let head = self.repo.commit(&checksum)?;
        let mut bases = self.finder.bases(name, &head)?;
        if bases.commits.contains(&checksum) {
            bases.commits.retain(|base| *base != checksum);
            if bases.commits.is_empty() {
                self.up_to_date.push(name.clone());
                return Ok(());
            }
        }
        let commitmeta = self.repo.commitmeta(&checksum)?;
        let findings = check::commit(self.repo, name, &head, &commitmeta, self.options)?;
        self.findings.extend(findings);
        for base in &bases.commits {
            let permit = self.options.permit_rollback;
            self.findings
                .extend(check::base(bases.source, name, &head, base, permit)?);
        }
        let Some(held) = self.complete(held_by_all(bases.source, &bases.commits))? else {
            return Ok(());
        };
        // What an earlier release of the same bundle brings is not there when patches are undone.
        let comes_along =
            |base: &Checksum| self.releases.iter().any(|earlier| earlier.commit == *base);
        let held = match bases.commits.iter().any(comes_along) {
            true => held.without_sources(),
            false => held,
        };
        let carried = self.carrier.carry(&checksum, &held);
        let Some(carried) = self.complete(carried.map_err(|error| (checksum, Box::new(error))))?
        else {
            return Ok(());
        };
        if self.carrier.trees > MAX_TREES {
            return Err(ExportError::TooManyTrees { name: name.clone() }.into());
        }
        let (limit, released) = (self.options.history, self.heads.as_slice());
        let ancestors = history::skipped(self.repo, &head, &bases.commits, released, limit)?;
        observer.event(Event::Advance {
            stage: Stage::Walk,
            by: carried.count(),
        });
        self.releases.push(PlannedRelease {
            name: name.clone(),
            commit: checksum,
            from: bases.commits,
            version: head.version().map(str::to_owned),
            timestamp: head.timestamp,
            objects: carried.objects,
            packed_files: carried.packs.len() as u64,
            paired_files: carried.pairs.len() as u64,
            stored: carried.spine_stored
                + carried.pack_stored()
                + carried.pair_stored()
                + history::size(&ancestors),
            history: ancestors.len(),
            ancestors,
            head,
            commitmeta,
            carried,
        });
        Ok(())
    }

    /// A collection's repository is followed by its metadata, whoever asked for what.
    fn plan_metadata_ref(&mut self, observer: &dyn Observer) -> Result<(), Error> {
        let name = metadata_ref();
        let asked = self.options.refs.contains(&name) || self.repo.collection_id().is_none();
        if asked || self.releases.is_empty() || self.repo.ref_commit(&name)?.is_none() {
            return Ok(());
        }
        self.plan(&name, observer)
    }

    /// Turns an object that is missing into a finding about its commit.
    fn complete<T>(
        &mut self,
        walked: Result<T, (Checksum, Box<RepoError>)>,
    ) -> Result<Option<T>, RepoError> {
        let (commit, error) = match walked {
            Ok(walked) => return Ok(Some(walked)),
            Err(gap) => gap,
        };
        if !matches!(*error, RepoError::ObjectMissing { .. }) {
            return Err(*error);
        }
        let finding = Finding::Partial { commit };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
        Ok(None)
    }
}

fn finish(
    repo: &Repo,
    options: &ExportOptions<'_>,
    finder: &Finder<'_>,
    releases: Vec<PlannedRelease>,
    up_to_date: Vec<RefName>,
) -> Result<ExportPlan, Error> {
    let mut refs_after = finder.refs_after(repo)?;
    refs_after.extend(
        releases
            .iter()
            .map(|release| (release.name.clone(), Some(release.commit))),
    );
    let moved: Vec<RefName> = refs_after
        .iter()
        .filter(|(name, head)| {
            head.is_none() || releases.iter().any(|release| release.name == **name)
        })
        .map(|(name, _)| name.clone())
        .collect();
    let sequence = next_sequence(repo, &moved, options.now)?;
    Error::refuse_any(finder.replayed(&sequence))?;
    let may_return = may_return::find(repo, options.may_return, finder, &releases, &refs_after)?;
    let rollback = permit::find(repo, options.permit_rollback, &releases, &sequence)?;
    let attachments = attach::find(options.attachments)?;
    let medium = target::choose(options, releases.first(), &sequence)?;
    Ok(ExportPlan {
        needed: target::needed(&releases) + attach::size(&attachments),
        attachments,
        available: medium.room.available(),
        target: medium.target.path.clone(),
        releases,
        up_to_date,
        sequence,
        refs_after,
        may_return,
        rollback,
        medium,
    })
}
