//! The releases that the site skipped: commits without their trees, so that it can tell what happened.

use crate::format::delta::Ancestor;
use crate::format::{Checksum, Commit, Encoded};
use crate::repo::{Repo, RepoError};

/// Lists up to `limit` ancestors of a release, nearest first, up to what the site has, to what
/// travels as a release itself, or to what is not here any more.
pub(super) fn skipped(
    repo: &Repo,
    head: &Commit,
    bases: &[Checksum],
    released: &[Checksum],
    limit: usize,
) -> Result<Vec<Ancestor>, RepoError> {
    let mut history = Vec::new();
    let mut next = head.parent;
    while let Some(at) = next.filter(|_| history.len() < limit) {
        if bases.contains(&at) || released.contains(&at) {
            break;
        }
        let commit: Encoded<Commit> = match repo.commit(&at) {
            Err(RepoError::ObjectMissing { .. }) => break,
            other => other?,
        };
        next = commit.parent;
        let commitmeta = repo.commitmeta(&at)?;
        history.push(Ancestor { commit, commitmeta });
    }
    Ok(history)
}

/// Returns how many bytes they take.
pub(super) fn size(history: &[Ancestor]) -> u64 {
    let of = |ancestor: &Ancestor| {
        ancestor.commit.bytes().len() + ancestor.commitmeta.to_value().bytes().len()
    };
    history.iter().map(|ancestor| of(ancestor) as u64).sum()
}
