//! Static deltas of a repository that publishes a summary signed elsewhere.
//!
//! ```text
//! the summary lists deltas          exactly these are here, superblock for superblock
//! it lists none, and has an index   whatever is here: clients find it through delta-indexes/
//! it lists none, and has none       none is here
//! ```

use crate::format::delta::DeltaName;
use crate::format::{Checksum, Summary};
use crate::repo::Repo;
use crate::workflow::error::Error;
use crate::workflow::finding::Finding;

/// A delta and the digest of its superblock.
type Delta = (DeltaName, Checksum);

/// Compares the deltas that a signed summary names with those that are here.
pub(in crate::workflow) fn differing_deltas(
    repo: &Repo,
    summary: &Summary,
) -> Result<Option<Finding>, Error> {
    let listed = summary.static_deltas()?;
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
