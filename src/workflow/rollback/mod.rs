//! `rollback`: taking back a release, on either side of the gap.
//!
//! ```text
//! the twin   the old tree ─▶ a new, newer, signed commit      travels as any release does
//! a site     the refs and the signed summary of before        no key, if the last bundle permits it
//! ```

mod hold;
mod previous;

pub use hold::{HoldOutcome, hold};
pub use previous::Previous;

use super::error::Error;
use super::finding::BackFinding;
use super::journal::Verb;
use super::promote::{PromoteOptions, PromotePlan, plan};
use crate::repo::Repo;

/// Looks into publishing an old release's tree once more, as a commit newer than the head.
///
/// `options.source` is the old release; it must have been published under the target. When an
/// interrupted change of the target is finished first, `REF^` is what it was for that one: taking back
/// what was just taken back is not what a command means that is run again.
pub fn plan_rollback(repo: &Repo, mut options: PromoteOptions) -> Result<PromotePlan<'_>, Error> {
    let finished = match repo.is_interrupted()? {
        true => repo.lock_for_writing()?.1,
        false => None,
    };
    let moved = finished.and_then(|done| *done.refs.get(&options.target)?);
    let below = options.source.strip_prefix(options.target.as_str());
    if let (Some(head), Some(below)) = (moved, below)
        && let Some(parent) = repo.commit(&head)?.parent
    {
        options.source = format!("{parent}{below}");
        let name = options.target.clone();
        let again = plan_now(repo, options)?;
        return match again.is_done() {
            true => Ok(again),
            false => Err(Error::refused(BackFinding::FinishedFirst {
                name,
                commit: head,
            })),
        };
    }
    plan_now(repo, options)
}

fn plan_now(repo: &Repo, options: PromoteOptions) -> Result<PromotePlan<'_>, Error> {
    let commit = repo.resolve(&options.source)?;
    let bindings = repo.commit(&commit)?.ref_binding().unwrap_or_default();
    let name = options.target.clone();
    // A tested commit that was never released is for `promote`, and its gate.
    if !bindings.iter().any(|bound| bound == name.as_str()) {
        return Err(Error::refused(BackFinding::NeverReleased { name, commit }));
    }
    let verb = Verb::Rollback;
    plan(repo, repo, PromoteOptions { verb, ..options })
}
