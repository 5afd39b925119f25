//! Detached metadata of a commit: added to, never replaced.

use crate::ed25519::PublicKey;
use crate::format::{Commit, Encoded, Metadata};
use crate::openpgp::Verification;
use crate::workflow::error::Error;
use crate::workflow::sign_ed25519;

/// Adds the signatures that count to those that are there; nothing when none is new.
///
/// What is there keeps its order, for stock clients stop at the first bad signature; what cannot be
/// verified here is not added.
pub(in crate::workflow) fn merge(
    mut present: Metadata,
    commit: &Encoded<Commit>,
    beside: &Metadata,
    verification: &Verification,
    ed25519: &[PublicKey],
) -> Result<Option<Metadata>, Error> {
    let offered = beside.signatures(Metadata::GPGSIGS)?;
    let mut signatures = present.signatures(Metadata::GPGSIGS)?;
    let before = signatures.len();
    for good in &verification.good {
        if let Some(signature) = offered.get(good.index)
            && !signatures.contains(signature)
        {
            signatures.push(signature.clone());
        }
    }
    let more = signatures.len() > before;
    if more {
        present.set_signatures(Metadata::GPGSIGS, &signatures);
    }
    let carried = sign_ed25519::carry(commit.bytes(), beside, &mut present, ed25519)?;
    Ok((more || carried).then_some(present))
}
