//! Static deltas: those that a summary signed elsewhere speaks of, and those made for clients.
//!
//! ```text
//! the summary lists deltas          exactly these are here, superblock for superblock, and none is made
//! it lists none, and has an index   whatever is here: clients find it through delta-indexes/
//! it lists none, and has none       none is here
//! ```
//!
//! One that is made begins where the ref was before. It is made of what is published already, and
//! published on its own: if that is cut off, the same import again makes it.

use super::{Deltas, ImportOptions, ImportOutcome};
use crate::Observer;
use crate::delta::{CostModel, Effort};
use crate::format::delta::DeltaName;
use crate::format::{Checksum, Summary};
use crate::repo::summary::metadata_ref;
use crate::repo::walk::is_complete;
use crate::repo::{AirlockLock, Repo};
use crate::workflow::delta::{
    DeltaLimits, Existing, GenerateOptions, Generated, Place, generate_locked,
};
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;
use crate::workflow::rollback::Previous;

/// A delta and the digest of its superblock.
type Delta = (DeltaName, Checksum);

/// Compares the deltas that a signed summary names with those that are here.
pub(in crate::workflow) fn differing_deltas(
    repo: &Repo,
    summary: &Summary,
    deltas: Deltas,
) -> Result<Option<Finding>, Error> {
    let listed = summary.static_deltas()?;
    if deltas == Deltas::Published && !(listed.is_empty() && summary.indexes_deltas()) {
        return Ok(Some(Finding::DeltasNotListed));
    }
    if listed.is_empty() && summary.indexes_deltas() {
        return Ok(None);
    }
    let present = repo.static_deltas()?;
    let but = |these: &[Delta], those: &[Delta]| -> Vec<String> {
        let missing = these.iter().filter(|delta| !those.contains(delta));
        missing.map(|(name, _)| name.directory()).collect()
    };
    let (missing, unlisted) = (but(&listed, &present), but(&present, &listed));
    let same = missing.is_empty() && unlisted.is_empty();
    Ok((!same).then_some(Finding::SummaryDeltas { missing, unlisted }))
}

/// Makes a delta for every ref that this bundle moved, if that is asked for. The release is here by
/// now: what goes wrong is told, and takes nothing of it back.
pub(super) fn offer(
    repo: &Repo,
    lock: &AirlockLock,
    options: &ImportOptions<'_>,
    outcome: &mut ImportOutcome,
    observer: &dyn Observer,
) {
    if options.deltas == Deltas::LeftOut {
        return;
    }
    let mut made = Vec::new();
    let done = wanted(repo, &outcome.bundle).and_then(|wanted| {
        wanted.iter().try_for_each(|name| {
            let delta = make(repo, lock, options, name, observer)?;
            made.extend(delta.changed.then_some(delta));
            Ok(())
        })
    });
    outcome.changed |= !made.is_empty();
    outcome.deltas = made;
    outcome.deltas_failed = done.err().map(|error| error.to_string());
}

fn make(
    repo: &Repo,
    lock: &AirlockLock,
    options: &ImportOptions<'_>,
    name: &DeltaName,
    observer: &dyn Observer,
) -> Result<Generated, Error> {
    let generate = GenerateOptions {
        from: name.from,
        to: name.to,
        place: Place::Repository,
        existing: Existing::Kept,
        inline: false,
        costs: CostModel {
            effort: Effort::Small,
            media_speed: None,
        },
        limits: DeltaLimits::default(),
        signing: options.signing,
        now: options.now,
    };
    generate_locked(repo, lock, &generate, observer)
}

/// Lists the ways that clients go with this bundle, as far as both ends are here.
fn wanted(repo: &Repo, bundle: &Checksum) -> Result<Vec<DeltaName>, Error> {
    let previous = Previous::load(repo)?.filter(|previous| previous.bundle == *bundle);
    let mut wanted = Vec::new();
    for (name, moved) in previous.iter().flat_map(|previous| &previous.moved) {
        let (Some(from), Some(to)) = (moved.from, moved.to) else {
            continue;
        };
        if *name != metadata_ref() && is_complete(repo, &from)? && is_complete(repo, &to)? {
            wanted.push(DeltaName {
                from: Some(from),
                to,
            });
        }
    }
    wanted.sort_unstable();
    wanted.dedup();
    Ok(wanted)
}
