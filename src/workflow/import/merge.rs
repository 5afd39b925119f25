//! Detached metadata of a commit: added to, never replaced.

use crate::format::Metadata;
use crate::openpgp::Verification;
use crate::workflow::error::Error;

/// Adds the signatures that count to those that are there; nothing when none is new.
///
/// What is there keeps its order, for stock clients stop at the first bad signature; what cannot be
/// verified here is not added.
pub(super) fn merge(
    mut present: Metadata,
    offered: &Metadata,
    verification: &Verification,
) -> Result<Option<Metadata>, Error> {
    let offered = offered.signatures(Metadata::GPGSIGS)?;
    let mut signatures = present.signatures(Metadata::GPGSIGS)?;
    let before = signatures.len();
    for good in &verification.good {
        if let Some(signature) = offered.get(good.index)
            && !signatures.contains(signature)
        {
            signatures.push(signature.clone());
        }
    }
    if signatures.len() == before {
        return Ok(None);
    }
    present.set_signatures(Metadata::GPGSIGS, &signatures);
    Ok(Some(present))
}
