//! The files that take most, by the paths at which they are found.

use std::collections::HashMap;

use serde::Serialize;

use super::super::Error;
use super::ledger::Ledger;
use crate::delta::Way;
use crate::format::{Checksum, ObjectKind};
use crate::repo::{Repo, walk};

/// How many are named.
const NAMED: usize = 10;

/// A file that takes much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Contributor {
    /// Where it is in the tree; one place of several.
    pub path: String,
    /// How it travels.
    pub way: Way,
    /// Its size in the repository.
    pub stored: u64,
    /// About how many bytes it takes in the bundle.
    pub bytes: u64,
}

/// Names the files that take most.
pub(super) fn find(
    repo: &Repo,
    commit: &Checksum,
    ledger: &Ledger,
) -> Result<Vec<Contributor>, Error> {
    let lines = ledger.largest(NAMED);
    let wanted = lines.iter().map(|line| (line.file, None));
    let mut paths: HashMap<Checksum, Option<String>> = wanted.collect();
    if !paths.is_empty() {
        walk::walk(repo, &[*commit], &mut |name, path| {
            if name.kind == ObjectKind::File
                && let Some(found) = paths.get_mut(&name.checksum)
            {
                found.get_or_insert_with(|| path.to_string());
            }
            Ok(())
        })?;
    }
    let named = lines.into_iter().map(|line| Contributor {
        path: paths.get(&line.file).cloned().flatten().unwrap_or_default(),
        way: line.way,
        stored: line.stored,
        bytes: line.bytes.round() as u64,
    });
    Ok(named.collect())
}
