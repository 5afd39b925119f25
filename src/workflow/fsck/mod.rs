//! `fsck`: a repository, every object of it, and with a trust directory also what a client that
//! verifies would see.
//!
//! ```text
//! repo::fsck          objects, trees, refs
//! record              the journal's chain, what was accepted, and where that put the refs
//! with trust    ref ─▶ commit ─▶ signatures, judged under that ref; bindings
//!               summary ─▶ signatures; the refs, commits and sizes it lists
//! ```

mod finding;
mod record;

use serde::Serialize;

pub use finding::{CheckFinding, SummaryFault};

use super::finding::Finding;
use super::subject::Subject;
use super::{Error, Trust, show, sign_ed25519};
use crate::event::Observer;
use crate::format::{Checksum, Codec, Metadata, ObjectKind, ObjectName, RefName, Summary};
use crate::repo::{FsckOptions, Repo, RepoError, fsck};

/// What to check.
#[derive(Clone, Copy, Debug)]
pub struct CheckOptions<'a> {
    /// Whose signatures are believed; without it nothing that is signed is judged.
    pub trust: Option<&'a Trust>,
    /// The time to judge at, in UNIX seconds.
    pub now: u64,
    /// How many objects are checked at the same time.
    pub threads: usize,
    /// Whether commits must be bound to their refs; with `trust` they must in any case.
    pub bindings: bool,
    /// Whether the refs that a commit is bound to must exist.
    pub back_refs: bool,
}

/// What a check found.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckOutcome {
    /// How many objects were read.
    pub objects: u64,
    /// How many bytes of them were hashed.
    pub bytes: u64,
    /// How many commits were followed.
    pub commits: u64,
    /// Commits that are known to lack objects, which is no fault.
    pub partial: Vec<Checksum>,
    /// Refs whose commit is signed as the trust directory wants it.
    pub trusted: Vec<RefName>,
    /// Whether an interrupted publish waits to be finished.
    pub interrupted: bool,
    /// Whether journal and record were looked at, which not every user may read.
    pub remembered: bool,
    /// What is wrong.
    pub findings: Vec<CheckFinding>,
}

/// Checks a repository.
pub fn check(
    repo: &Repo,
    options: &CheckOptions<'_>,
    observer: &dyn Observer,
) -> Result<CheckOutcome, Error> {
    let wanted = FsckOptions {
        threads: options.threads,
        bindings: options.bindings || options.trust.is_some(),
        back_refs: options.back_refs,
    };
    let report = fsck(repo, &wanted, observer)?;
    let mut outcome = CheckOutcome {
        objects: report.objects,
        bytes: report.bytes,
        commits: report.commits,
        partial: report.partial,
        trusted: Vec::new(),
        interrupted: repo.is_interrupted()?,
        remembered: false,
        findings: report
            .findings
            .into_iter()
            .map(CheckFinding::Repository)
            .collect(),
    };
    outcome.remembered = record::check(repo, &mut outcome.findings)?;
    if let Some(trust) = options.trust {
        check_commits(repo, trust, options.now, &mut outcome)?;
        check_summary(repo, trust, options.now, &mut outcome.findings)?;
    }
    Ok(outcome)
}

/// Judges the commit of every ref under that ref.
fn check_commits(
    repo: &Repo,
    trust: &Trust,
    now: u64,
    outcome: &mut CheckOutcome,
) -> Result<(), Error> {
    for (name, entry) in repo.refs()? {
        let commit = match repo.commit(&entry.commit) {
            Ok(commit) => commit,
            // Reported already.
            Err(
                RepoError::ObjectMissing { .. }
                | RepoError::ObjectMismatch { .. }
                | RepoError::ObjectMalformed { .. },
            ) => continue,
            Err(error) => return Err(error.into()),
        };
        let verification = show::verify(repo, trust, &commit, now)?;
        let refs = std::slice::from_ref(&name);
        let mut found = show::judge(repo, trust, &commit, &verification, refs, now);
        if commit.ref_binding().is_none() {
            let commit = commit.checksum();
            found.push(Finding::Unbound { commit });
        }
        if let Some(rejected) = verification.blocks_stock_clients() {
            let (name, commit) = (name.clone(), commit.checksum());
            found.push(Finding::BlocksStockClients {
                subject: Subject::Commit { name, commit },
                rejected: rejected.clone(),
            });
        }
        let beside = repo.commitmeta(&commit.checksum())?;
        let subject = || Subject::Commit {
            name: name.clone(),
            commit: commit.checksum(),
        };
        found.extend(sign_ed25519::judge(
            trust,
            commit.bytes(),
            &beside,
            subject,
        )?);
        match found.is_empty() {
            true => outcome.trusted.push(name),
            false => outcome
                .findings
                .extend(found.into_iter().map(CheckFinding::Trust)),
        }
    }
    Ok(())
}

/// Looks at the summary as a client does that verifies it.
fn check_summary(
    repo: &Repo,
    trust: &Trust,
    now: u64,
    findings: &mut Vec<CheckFinding>,
) -> Result<(), Error> {
    let mut fault = |fault| findings.push(CheckFinding::Summary(fault));
    let Some(bytes) = repo.summary()? else {
        fault(SummaryFault::NoSummary);
        return Ok(());
    };
    let summary = match Summary::decode(&bytes) {
        Ok(summary) => summary,
        Err(error) => {
            let reason = error.to_string();
            fault(SummaryFault::SummaryMalformed { reason });
            return Ok(());
        }
    };
    compare_refs(repo, &summary, &mut fault)?;
    let beside = match repo.summary_signature()? {
        Some(bytes) => Metadata::decode(&bytes)?,
        None => Metadata::new(),
    };
    let signatures = beside.signatures(Metadata::GPGSIGS)?;
    let verification = trust.verify(&bytes, &signatures, now);
    let mut found = trust.judge_summary(&summary, repo.collection_id(), &verification, now);
    if let Some(rejected) = verification.blocks_stock_clients() {
        let (subject, rejected) = (Subject::Summary, rejected.clone());
        found.push(Finding::BlocksStockClients { subject, rejected });
    }
    found.extend(sign_ed25519::judge(trust, &bytes, &beside, || {
        Subject::Summary
    })?);
    findings.extend(found.into_iter().map(CheckFinding::Trust));
    Ok(())
}

/// Compares what a summary lists with the refs.
fn compare_refs(
    repo: &Repo,
    summary: &Summary,
    fault: &mut dyn FnMut(SummaryFault),
) -> Result<(), Error> {
    let refs = repo.refs()?;
    for (name, entry) in &refs {
        let listed = summary.find(name);
        if listed.is_none_or(|listed| listed.commit != entry.commit) {
            fault(SummaryFault::SummaryStale {
                name: name.clone(),
                listed: listed.map(|listed| listed.commit),
                here: Some(entry.commit),
            });
        }
    }
    for listed in &summary.refs {
        let name = || listed.name.clone();
        if !refs.contains_key(&listed.name) {
            fault(SummaryFault::SummaryStale {
                name: name(),
                listed: Some(listed.commit),
                here: None,
            });
        }
        let commit = ObjectName::new(listed.commit, ObjectKind::Commit);
        if repo.has(&commit)? && repo.object_size(&commit)? != listed.size {
            fault(SummaryFault::SummarySize {
                name: name(),
                listed: listed.size,
                actual: repo.object_size(&commit)?,
            });
        }
    }
    Ok(())
}
