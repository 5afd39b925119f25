//! `fsck`: a repository, every object of it, and with a trust directory also what a client that
//! verifies would see.
//!
//! ```text
//! repo::fsck          objects, trees, refs
//! record              the journal's chain, what was accepted, and where that put the refs
//! with trust    ref ─▶ commit ─▶ signatures, judged under that ref; bindings
//!               summary ─▶ signatures; the refs, commits, sizes and deltas it lists
//!               served     a ref's commit is whole; deltas bring its signatures
//! ```

mod finding;
mod record;
mod served;

use std::collections::BTreeMap;

use serde::Serialize;

pub use finding::{CheckFinding, ServedFault, SummaryFault};

use super::finding::Finding;
use super::subject::Subject;
use super::{Error, Trust, show, sign_ed25519};
use crate::event::Observer;
use crate::format::{Checksum, Codec, Metadata, ObjectKind, ObjectName, RefName, Summary};
use crate::repo::{FsckOptions, FsckReport, Repo, RepoError, fsck};

/// The repository's own refs, as far as they can be read.
type Heads = BTreeMap<RefName, Checksum>;

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
    /// How many static deltas were checked.
    pub deltas: u64,
    /// Commits that are known to lack objects, which is no fault.
    pub partial: Vec<Checksum>,
    /// What killed commands left, beneath the repository; it does no harm.
    pub leftovers: Vec<String>,
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
    judge(
        repo,
        options,
        fsck(repo, &options.of_repository(), observer)?,
    )
}

/// Goes on from what was found in the repository itself to what is said and signed about it.
pub(in crate::workflow) fn judge(
    repo: &Repo,
    options: &CheckOptions<'_>,
    report: FsckReport,
) -> Result<CheckOutcome, Error> {
    let heads = report.refs;
    let findings = report.findings.into_iter();
    let mut outcome = CheckOutcome {
        objects: report.objects,
        bytes: report.bytes,
        commits: report.commits,
        deltas: report.deltas,
        partial: report.partial,
        leftovers: report.leftovers,
        trusted: Vec::new(),
        interrupted: repo.is_interrupted()?,
        remembered: false,
        findings: findings.map(CheckFinding::Repository).collect(),
    };
    outcome.remembered = record::check(repo, &heads, &mut outcome.findings)?;
    let summary = summary(repo, options.trust.is_some(), &mut outcome.findings)?;
    let Some(trust) = options.trust else {
        return Ok(outcome);
    };
    check_commits(repo, trust, options.now, &heads, &mut outcome)?;
    served::partial_heads(&heads, &mut outcome);
    let findings = &mut outcome.findings;
    served::deltas(repo, trust, options.now, &heads, findings)?;
    if let Some((bytes, summary)) = &summary {
        compare_refs(repo, &heads, summary, findings)?;
        findings.extend(served::listed_deltas(repo, summary)?);
        check_summary(repo, trust, options.now, (bytes, summary), findings)?;
    }
    Ok(outcome)
}

impl CheckOptions<'_> {
    /// Returns what is asked of the repository itself.
    pub(in crate::workflow) fn of_repository(&self) -> FsckOptions {
        FsckOptions {
            threads: self.threads,
            bindings: self.bindings || self.trust.is_some(),
            back_refs: self.back_refs,
        }
    }
}

/// Reads the summary; one that does not parse is a fault, whoever is trusted.
fn summary(
    repo: &Repo,
    wanted: bool,
    findings: &mut Vec<CheckFinding>,
) -> Result<Option<(Vec<u8>, Summary)>, Error> {
    let fault = match repo.summary()? {
        None if wanted => SummaryFault::NoSummary,
        None => return Ok(None),
        Some(bytes) => match Summary::decode(&bytes) {
            Ok(summary) => return Ok(Some((bytes, summary))),
            Err(error) => SummaryFault::SummaryMalformed {
                reason: error.to_string(),
            },
        },
    };
    findings.push(CheckFinding::Summary(fault));
    Ok(None)
}

/// Judges the commit of every ref under that ref.
fn check_commits(
    repo: &Repo,
    trust: &Trust,
    now: u64,
    heads: &Heads,
    outcome: &mut CheckOutcome,
) -> Result<(), Error> {
    for (name, head) in heads {
        let commit = match repo.commit(head) {
            Ok(commit) => commit,
            // Reported already.
            Err(
                RepoError::ObjectMissing { .. }
                | RepoError::ObjectMismatch { .. }
                | RepoError::ObjectMalformed { .. },
            ) => continue,
            Err(error) => return Err(error.into()),
        };
        let beside = match repo.commitmeta(head) {
            Ok(beside) => beside,
            // That is corrupt, and reported already; what can be judged is that nothing is signed.
            Err(RepoError::ObjectMalformed { .. }) => Metadata::new(),
            Err(error) => return Err(error.into()),
        };
        let signatures = beside.signatures(Metadata::GPGSIGS).unwrap_or_default();
        let verification = trust.verify(commit.bytes(), &signatures, now);
        let refs = std::slice::from_ref(name);
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
            true => outcome.trusted.push(name.clone()),
            false => outcome
                .findings
                .extend(found.into_iter().map(CheckFinding::Trust)),
        }
    }
    Ok(())
}

/// Judges the summary as a client does that verifies it.
fn check_summary(
    repo: &Repo,
    trust: &Trust,
    now: u64,
    (bytes, summary): (&[u8], &Summary),
    findings: &mut Vec<CheckFinding>,
) -> Result<(), Error> {
    let beside = match repo.summary_signature()? {
        Some(bytes) => match Metadata::decode(&bytes) {
            Ok(beside) => beside,
            Err(error) => {
                let reason = error.to_string();
                let fault = SummaryFault::SignatureMalformed { reason };
                findings.push(CheckFinding::Summary(fault));
                return Ok(());
            }
        },
        None => Metadata::new(),
    };
    let signatures = beside.signatures(Metadata::GPGSIGS)?;
    let verification = trust.verify(bytes, &signatures, now);
    let mut found = trust.judge_summary(summary, repo.collection_id(), &verification, now);
    if let Some(rejected) = verification.blocks_stock_clients() {
        let (subject, rejected) = (Subject::Summary, rejected.clone());
        found.push(Finding::BlocksStockClients { subject, rejected });
    }
    found.extend(sign_ed25519::judge(trust, bytes, &beside, || {
        Subject::Summary
    })?);
    findings.extend(found.into_iter().map(CheckFinding::Trust));
    Ok(())
}

/// Compares what a summary lists with the refs.
fn compare_refs(
    repo: &Repo,
    heads: &Heads,
    summary: &Summary,
    findings: &mut Vec<CheckFinding>,
) -> Result<(), Error> {
    let mut fault = |fault| findings.push(CheckFinding::Summary(fault));
    for (name, &head) in heads {
        let listed = summary.find(name);
        if listed.is_none_or(|listed| listed.commit != head) {
            fault(SummaryFault::SummaryStale {
                name: name.clone(),
                listed: listed.map(|listed| listed.commit),
                here: Some(head),
            });
        }
    }
    for listed in &summary.refs {
        let name = || listed.name.clone();
        if !heads.contains_key(&listed.name) {
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
