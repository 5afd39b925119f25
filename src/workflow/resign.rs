//! Changing the signatures of what is published already.
//!
//! ```text
//! read the detached metadata ▸ change it ▸ if anything did change: stage it, journal it, publish it in one step
//! ```

use std::collections::BTreeMap;

use super::error::Error;
use super::finding::Finding;
use super::journal::{self, Entry};
use super::seal::stage_pair;
use super::site::KEPT_SIGNATURE;
use crate::Observer;
use crate::format::{Checksum, Codec, Metadata};
use crate::repo::{Repo, SummaryPair, Transaction};

/// What a change to detached metadata came to.
pub(super) trait Change {
    /// Tells whether anything is other than before.
    fn happened(&self) -> bool;
}

/// How many signatures were added.
impl Change for usize {
    fn happened(&self) -> bool {
        *self > 0
    }
}

/// Applies a change to the detached metadata of commits, and publishes what did change in one step.
pub(super) fn change_commits<C: Change>(
    repo: &Repo,
    revisions: &[String],
    now: u64,
    observer: &dyn Observer,
    change: impl Fn(&[u8], &mut Metadata) -> Result<C, Error>,
    entry: impl FnOnce(&BTreeMap<Checksum, C>) -> Entry,
) -> Result<BTreeMap<Checksum, C>, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let tx = Transaction::begin(repo)?;
    let mut outcome = BTreeMap::new();
    for revision in revisions {
        let commit = repo.commit(&repo.resolve(revision)?)?;
        let mut metadata = repo.commitmeta(&commit.checksum())?;
        let changes = change(commit.bytes(), &mut metadata)?;
        if changes.happened() {
            tx.stage_commitmeta(&commit.checksum(), &metadata);
        }
        outcome.insert(commit.checksum(), changes);
    }
    if outcome.values().any(Change::happened) {
        tx.append_journal(journal::next(repo, entry(&outcome), now)?);
        tx.publish(observer)?;
    }
    Ok(outcome)
}

/// Applies a change to the signatures of the summary; without any left, `summary.sig` goes. The
/// caller holds airlock's lock.
pub(super) fn change_summary<C: Change>(
    repo: &Repo,
    now: u64,
    observer: &dyn Observer,
    change: impl FnOnce(&[u8], &mut Metadata) -> Result<C, Error>,
    entry: impl FnOnce(&C) -> Entry,
) -> Result<C, Error> {
    let summary = repo
        .summary()?
        .ok_or_else(|| Error::refused(Finding::NoSummary))?;
    let before = repo.summary_signature()?;
    let mut metadata = before
        .as_deref()
        .map_or(Ok(Metadata::new()), Metadata::decode)?;
    let changes = change(&summary, &mut metadata)?;
    if changes.happened() {
        let signature = (!metadata.is_empty()).then(|| metadata.encode_hash_order());
        let tx = Transaction::begin(repo)?;
        tx.expect_summary(Some(Checksum::of(&summary)));
        if signature.is_none() {
            // What was taken away on purpose must not come back.
            tx.write_state(KEPT_SIGNATURE, Vec::new(), 0o644);
        }
        stage_pair(&tx, SummaryPair { summary, signature });
        tx.append_journal(journal::next(repo, entry(&changes), now)?);
        tx.publish(observer)?;
    }
    Ok(changes)
}
