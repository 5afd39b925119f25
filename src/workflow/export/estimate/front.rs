//! What a bundle takes besides releases: manifest, signatures, summary, trust, what rides along, frames.

use super::super::plan::ExportPlan;
use super::super::{Error, ExportOptions, Index, attach, check, manifest, write};
use crate::bundle::{RepositoryId, TrustUpdate};
use crate::repo::Repo;

/// What a member of a tar takes besides its bytes: its header, and half a block of padding.
const FRAME: u64 = 512 + 256;
/// The two blocks that end a tar.
const END: u64 = 1024;
/// What the signature of a summary takes.
const SIGNATURE: u64 = 400;
/// So much of packs is one member.
const PACK: u64 = 256 << 20;

/// Returns about how many bytes that is.
pub(super) fn size(
    repo: &Repo,
    options: &ExportOptions<'_>,
    plan: &ExportPlan,
    parts: u64,
) -> Result<u64, Error> {
    // One that has no identity yet gets one as long.
    let id = match repo.id()? {
        Some(_) => manifest::identity(repo)?,
        None => RepositoryId::from_bytes([0; 16]),
    };
    let begun = manifest::begin(repo, id, options, plan);
    let reserve = manifest::reserve(&begun, plan, parts, 0);
    let updates = check::trust_updates(options)?;
    let mut bytes = reserve.manifest + reserve.signatures + END;
    bytes += updates.iter().map(TrustUpdate::size).sum::<u64>();
    bytes += attach::size(&plan.attachments);
    let packs = |stored: u64| stored.div_ceil(PACK);
    let releases = plan.releases.iter();
    let members = parts
        + 2
        + plan.attachments.len() as u64
        + releases
            .map(|release| 1 + packs(release.carried.pack_stored()))
            .sum::<u64>();
    if options.index == Index::Carried {
        let summary = write::summary_bytes(repo, options, plan)?;
        bytes += summary.len() as u64 + SIGNATURE + 2 * FRAME;
    }
    Ok(bytes + members * FRAME)
}
