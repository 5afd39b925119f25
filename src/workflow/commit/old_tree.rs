//! Laying the tree of a commit that is there under, or over, the others: `--tree=ref=REV`.
//!
//! What no option changes is named again and not read; the rest is stored anew with its new owner or mode.

use super::super::Error;
use super::modifier::Origin;
use super::pool::Pool;
use super::tree::{ROOT, Tree};
use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::repo::Repo;
use crate::workflow::Finding;

/// Adds the tree of a commit.
pub(super) fn overlay(
    repo: &Repo,
    commit: &Checksum,
    tree: &mut Tree,
    pool: &mut Pool<'_>,
) -> Result<(), Error> {
    let name = ObjectName::new(*commit, ObjectKind::Commit);
    let commit = repo.commit(commit)?;
    if repo.is_partial(&name.checksum)? {
        let commit = name.checksum;
        return Err(Error::refused(Finding::Partial { commit }));
    }
    let mut pending = vec![(ROOT, String::new(), commit.tree, commit.meta)];
    while let Some((at, path, names, meta)) = pending.pop() {
        let shown = if path.is_empty() { "/" } else { &path };
        let change = pool.exceptions.take_mode(shown);
        let meta = repo.dirmeta(&meta)?.into_value();
        let meta = pool.dirmeta(Origin::Directory, meta, change)?;
        tree.set_meta(at, meta);
        let names = repo.tree(&names)?;
        for (name, file) in &names.files {
            let path = format!("{path}/{name}");
            if !pool.exceptions.take_skip(&path) {
                let change = pool.exceptions.take_mode(&path);
                let slot = pool.stored(*file, change)?;
                tree.put_file(at, name, slot)?;
            }
        }
        for (name, names, meta) in &names.dirs {
            let path = format!("{path}/{name}");
            if !pool.exceptions.take_skip(&path) {
                pending.push((tree.dir(at, name)?, path, *names, *meta));
            }
        }
    }
    Ok(())
}
