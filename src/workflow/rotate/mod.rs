//! `sign commit --all`: a new key signs everything that clients verify; what older keys signed stays.
//!
//! ```text
//! refs ─▶ every complete commit of their history ─▶ commitmeta with one signature more
//! summary, as it is                              ─▶ summary.sig with one signature more
//! static deltas that carry older signatures      ─▶ superblock and index made anew
//! ```
//!
//! A client verifies a commit that comes with a delta by the signatures inside the superblock, not by
//! those beside the commit: without the last step, one that knows only the new key could not pull.
//! Every step finds by itself what is still to do, so a run that was cut off is finished by the next.

mod deltas;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::error::Error;
use super::finding::Finding;
use super::journal::{self, Entry, Verb};
use super::policy::RefPattern;
use super::seal::{Signing, Unsigned, add_signatures, renew_summary};
use super::sign::{SignatureChanges, sign_summary_locked};
use super::subject::Subject;
use crate::Observer;
use crate::format::{Checksum, Metadata, RefName};
use crate::openpgp::Keyring;
use crate::repo::{Repo, RepoError, Transaction};

pub use deltas::DeltaChanges;

/// What is to be signed, and by whom.
#[derive(Clone, Copy)]
pub struct RotateOptions<'a> {
    /// The refs whose history is signed; none for every ref.
    pub refs: &'a [RefPattern],
    /// Who signs commits and the summary.
    pub signing: Signing<'a>,
    /// Certificates besides the signers', to know which signatures stock clients stop at.
    pub keyring: &'a Keyring,
    /// The time, in UNIX seconds.
    pub now: u64,
}

/// What was signed.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RotateOutcome {
    /// What happened to each commit.
    pub commits: BTreeMap<Checksum, SignatureChanges>,
    /// Commits without their trees, which nobody pulls and nobody signed.
    pub partial: Vec<Checksum>,
    /// What happened to the summary, if there is one.
    pub summary: Option<SignatureChanges>,
    /// What happened to static deltas.
    pub deltas: DeltaChanges,
}

impl RotateOutcome {
    /// Tells whether anything changed.
    pub fn changed(&self) -> bool {
        self.commits.values().any(SignatureChanges::any)
            || self.summary.as_ref().is_some_and(SignatureChanges::any)
            || self.deltas.any()
    }
}

/// Adds the signers' signatures wherever a client looks for one.
pub fn rotate(
    repo: &Repo,
    options: &RotateOptions<'_>,
    observer: &dyn Observer,
) -> Result<RotateOutcome, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let mut outcome = RotateOutcome::default();
    let history = history(repo, options.refs, &mut outcome.partial)?;
    // Before any delta changes: whether one may depends on who signs the summary that lists it.
    let listing = deltas::Listing::read(repo, options)?;
    Error::refuse_any(listing.objection().into_iter().collect())?;
    sign_history(repo, &history, options, &mut outcome, observer)?;
    outcome.deltas = deltas::renew(repo, &listing)?;
    outcome.summary = match listing.must_be_renewed(repo)? {
        true => {
            let tx = Transaction::begin(repo)?;
            let (moved, refused) = (BTreeMap::new(), Unsigned::Refused);
            let renewed = renew_summary(&tx, &moved, options.signing, refused, options.now)?;
            tx.publish(observer)?;
            repo.reindex_deltas()?;
            Some(SignatureChanges {
                added: renewed.signers,
                removed: 0,
            })
        }
        false if listing.is_there() => {
            let signers = options.signing.summary;
            Some(sign_summary_locked(repo, signers, options.now, observer)?)
        }
        false => None,
    };
    Ok(outcome)
}

/// Lists every commit that the refs lead to, with the ref that led there first.
fn history(
    repo: &Repo,
    patterns: &[RefPattern],
    partial: &mut Vec<Checksum>,
) -> Result<BTreeMap<Checksum, RefName>, Error> {
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for (name, entry) in repo.refs()? {
        let wanted = patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&name));
        let mut next = Some(entry.commit).filter(|_| wanted);
        while let Some(checksum) = next.filter(|commit| seen.insert(*commit)) {
            let commit = match repo.commit(&checksum) {
                Ok(commit) => commit,
                Err(RepoError::ObjectMissing { .. }) => break,
                Err(error) => return Err(error.into()),
            };
            match repo.is_partial(&checksum)? {
                true => partial.push(checksum),
                false => {
                    found.insert(checksum, name.clone());
                }
            }
            next = commit.parent;
        }
    }
    Ok(found)
}

/// Signs what lacks a signature, and publishes all of it in one step, or nothing.
fn sign_history(
    repo: &Repo,
    history: &BTreeMap<Checksum, RefName>,
    options: &RotateOptions<'_>,
    outcome: &mut RotateOutcome,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let tx = Transaction::begin(repo)?;
    let mut findings = Vec::new();
    let (signers, now) = (options.signing.commit, options.now);
    for (checksum, name) in history {
        let commit = repo.commit(checksum)?;
        let mut metadata = repo.commitmeta(checksum)?;
        let added = add_signatures(commit.bytes(), &mut metadata, signers, now)?;
        if !added.is_empty() {
            let signatures = metadata.signatures(Metadata::GPGSIGS)?;
            let verified = options.keyring.verify(commit.bytes(), &signatures, now);
            if let Some(rejected) = verified.blocks_stock_clients() {
                let (name, commit) = (name.clone(), *checksum);
                findings.push(Finding::BlocksStockClients {
                    subject: Subject::Commit { name, commit },
                    rejected: rejected.clone(),
                });
            }
            tx.stage_commitmeta(checksum, &metadata);
        }
        let changes = SignatureChanges { added, removed: 0 };
        outcome.commits.insert(*checksum, changes);
    }
    Error::refuse_any(findings)?;
    let signed = outcome.commits.values().filter(|changes| changes.any());
    let signed = signed.count();
    if signed > 0 {
        let mut signers: Vec<_> = outcome.commits.values().flat_map(|c| &c.added).collect();
        signers.sort();
        signers.dedup();
        let entry = Entry {
            signers: signers.into_iter().cloned().collect(),
            note: Some(format!("{signed} commits, by another key")),
            ..Entry::new(Verb::Sign)
        };
        tx.append_journal(journal::next(repo, entry, now)?);
        tx.publish(observer)?;
    }
    Ok(())
}
