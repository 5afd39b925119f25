//! What a repository says of its static deltas after one came or went: summary and journal.
//!
//! ```text
//! no summary, or one without deltas    delta-indexes/ says it all
//! not signed, or signed again now      the summary is made anew, in the same step
//! signed, and somebody is missing      it stays: clients prefer the index, which is up to date
//! ```

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Observer;
use crate::repo::{Repo, RepoError, Transaction};
use crate::workflow::error::Error;
use crate::workflow::journal::{self, Entry, Verb};
use crate::workflow::seal::{Signing, Unsigned, renew_summary, would_lose_signature};

/// What became of the summary when a delta came or went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SummaryChange {
    /// It lists no deltas, or there is none.
    Untouched,
    /// It lists the deltas as they are now.
    Renewed,
    /// It is signed and was left as it is, for a new one would have lost a signature.
    Signed,
}

/// Publishes what became of a delta, and says so in the journal.
pub(super) fn publish(
    tx: Transaction<'_>,
    note: String,
    signing: Signing<'_>,
    now: u64,
    observer: &dyn Observer,
) -> Result<SummaryChange, Error> {
    let mut entry = Entry::new(Verb::Delta);
    entry.note = Some(note);
    let change = due(tx.repo(), signing)?;
    if change == SummaryChange::Renewed {
        let renewed = renew_summary(&tx, &BTreeMap::new(), signing, Unsigned::Refused, now)?;
        entry.signers = renewed.signers;
    }
    tx.append_journal(journal::next(tx.repo(), entry, now)?);
    tx.publish(observer)?;
    Ok(change)
}

/// Says what is to become of the summary.
fn due(repo: &Repo, signing: Signing<'_>) -> Result<SummaryChange, RepoError> {
    if repo.summary()?.is_none() || repo.config().no_deltas_in_summary() {
        return Ok(SummaryChange::Untouched);
    }
    Ok(match would_lose_signature(repo, signing)? {
        true => SummaryChange::Signed,
        false => SummaryChange::Renewed,
    })
}
