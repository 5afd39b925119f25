//! The summary on its own: made anew and signed, or put back after something unsigned replaced it.
//!
//! ```text
//! regenerate   refs, deltas, time ─▶ summary ─▶ signers ─▶ summary + summary.sig, and a kept copy
//! restore      the kept copy ─▶ summary + summary.sig, if it still lists the refs as they are
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::error::Error;
use super::finding::Finding;
use super::journal::{self, Entry, Verb};
use super::seal::{RenewedSummary, Signing, Unsigned, refs_after, renew_summary, stage_pair};
use super::site::kept_summary;
use crate::Observer;
use crate::format::{Checksum, Summary};
use crate::repo::{Repo, SummaryPair, Transaction};

/// What putting a summary back did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RestoreOutcome {
    /// The SHA-256 of the summary that is published now.
    pub checksum: Checksum,
    /// Whether anything was changed; if not, the signed summary was there already.
    pub changed: bool,
}

/// Makes the summary anew, as `ostree summary -u` would, signs it, and publishes both files together.
pub fn regenerate(
    repo: &Repo,
    signing: Signing<'_>,
    unsigned: Unsigned,
    now: u64,
    observer: &dyn Observer,
) -> Result<RenewedSummary, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let tx = Transaction::begin(repo)?;
    let renewed = renew_summary(&tx, &BTreeMap::new(), signing, unsigned, now)?;
    let entry = Entry {
        signers: renewed.signers.clone(),
        ..Entry::new(Verb::Summary)
    };
    tx.append_journal(journal::next(repo, entry, now)?);
    tx.publish(observer)?;
    repo.reindex_deltas()?;
    Ok(renewed)
}

/// Puts the last signed summary back, with its signatures.
pub fn restore(repo: &Repo, now: u64, observer: &dyn Observer) -> Result<RestoreOutcome, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let Some((summary, signature)) = kept_summary(repo)? else {
        return Err(Error::refused(Finding::NothingKept));
    };
    let (checksum, present) = (Checksum::of(&summary), repo.summary()?);
    if present.as_ref() == Some(&summary) && repo.summary_signature()?.as_ref() == Some(&signature)
    {
        return Ok(RestoreOutcome {
            checksum,
            changed: false,
        });
    }
    let refs = differing_refs(repo, &summary)?;
    if !refs.is_empty() {
        return Err(Error::refused(Finding::KeptSummaryRefs { refs }));
    }
    let tx = Transaction::begin(repo)?;
    tx.expect_summary(present.map(|bytes| Checksum::of(&bytes)));
    stage_pair(
        &tx,
        SummaryPair {
            summary,
            signature: Some(signature),
        },
    );
    let entry = Entry {
        note: Some(format!("put back {checksum}")),
        ..Entry::new(Verb::Summary)
    };
    tx.append_journal(journal::next(repo, entry, now)?);
    tx.publish(observer)?;
    Ok(RestoreOutcome {
        checksum,
        changed: true,
    })
}

/// Names the refs that a summary lists otherwise than they are.
fn differing_refs(repo: &Repo, summary: &[u8]) -> Result<Vec<String>, Error> {
    let listed = Summary::decode(summary)?
        .refs
        .into_iter()
        .map(|entry| (entry.name, entry.commit));
    let listed: BTreeSet<_> = listed.collect();
    let present: BTreeSet<_> = refs_after(repo, &BTreeMap::new())?.into_iter().collect();
    let names: BTreeSet<_> = listed
        .symmetric_difference(&present)
        .map(|(name, _)| name.to_string())
        .collect();
    Ok(names.into_iter().collect())
}
