//! What a client that verifies gets besides objects: whole commits, and deltas whose commit is signed.

use super::finding::{CheckFinding, ServedFault};
use super::{CheckOutcome, Heads};
use crate::format::Metadata;
use crate::format::delta::{SignedSuperblock, Superblock};
use crate::repo::Repo;
use crate::workflow::finding::Finding;
use crate::workflow::import::{Deltas, differing_deltas};
use crate::workflow::{Error, Trust, show};

/// Names the refs whose commit is marked as lacking objects.
pub(super) fn partial_heads(heads: &Heads, outcome: &mut CheckOutcome) {
    for (name, &commit) in heads {
        if outcome.partial.contains(&commit) {
            let name = name.clone();
            let fault = ServedFault::PartialHead { name, commit };
            outcome.findings.push(CheckFinding::Served(fault));
        }
    }
}

/// Judges the signatures that deltas bring along: a client looks at no other.
pub(super) fn deltas(
    repo: &Repo,
    trust: &Trust,
    now: u64,
    heads: &Heads,
    findings: &mut Vec<CheckFinding>,
) -> Result<(), Error> {
    for (delta, _) in repo.static_deltas()? {
        let head = heads.iter().find(|(_, commit)| **commit == delta.to);
        // What cannot be read, or does not decode, was reported.
        let (Some((name, _)), Ok(Some(bytes))) = (head, repo.delta_superblock(&delta)) else {
            continue;
        };
        // A signed form is none that a client pulls.
        let decoded = match SignedSuperblock::is_signed(&bytes) {
            true => continue,
            false => Superblock::decode(&bytes),
        };
        let Some((superblock, beside)) = decoded
            .ok()
            .and_then(|superblock| Some((superblock.commitmeta().ok()??, superblock)))
            .map(|(beside, superblock)| (superblock, beside))
        else {
            continue;
        };
        let signatures = beside.signatures(Metadata::GPGSIGS)?;
        let verification = trust.verify(superblock.commit.bytes(), &signatures, now);
        let refs = std::slice::from_ref(name);
        let found = show::judge(repo, trust, &superblock.commit, &verification, refs, now);
        let of_signatures = |finding: &Finding| {
            matches!(
                finding,
                Finding::Unsigned { .. } | Finding::TooFewSigners { .. }
            )
        };
        if found.iter().any(of_signatures) {
            findings.push(CheckFinding::Served(ServedFault::DeltaUnsigned {
                path: delta.superblock_path(),
                name: name.clone(),
                commit: delta.to,
            }));
        }
    }
    Ok(())
}

/// Compares the deltas that the summary lists with those that are here.
pub(super) fn listed_deltas(
    repo: &Repo,
    summary: &crate::format::Summary,
) -> Result<Option<CheckFinding>, Error> {
    Ok(
        differing_deltas(repo, summary, Deltas::LeftOut)?.and_then(|finding| match finding {
            // One that is not listed does no harm: nobody looks for it.
            Finding::SummaryDeltas { ref missing, .. } if missing.is_empty() => None,
            other => Some(CheckFinding::Trust(other)),
        }),
    )
}
