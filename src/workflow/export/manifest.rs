//! The manifest of an export, and the room it may need.

use super::plan::{ExportPlan, PlannedRelease};
use super::{Error, ExportOptions};
use crate::bundle::{
    ByteTotals, CHUNK_SIZE, Manifest, Origin, Release, RepositoryId, Reserve, Source,
};
use crate::repo::{Repo, RepoError};
use crate::workflow::Trust;

/// What made the bundle.
const TOOL: &str = concat!("airlock ", env!("CARGO_PKG_VERSION"));
/// What one member takes in the manifest at most, without its chunks.
const PER_MEMBER: u64 = 400;
/// What the digest of one chunk takes in the manifest.
const PER_CHUNK: u64 = 70;
/// What one armored signature takes at most; those of post-quantum keys have some 5 KB.
const PER_SIGNATURE: u64 = 8 << 10;
/// Packs are closed below this, so that two of them are never smaller together.
const PACK_SIZE: u64 = 256 << 20;

/// Begins the manifest: everything but sizes and members.
pub(super) fn begin(
    repo: &Repo,
    id: RepositoryId,
    options: &ExportOptions<'_>,
    plan: &ExportPlan,
) -> Manifest {
    let source = Source {
        id,
        collection: repo.collection_id().cloned(),
    };
    let origin = Origin {
        tool: TOOL.to_owned(),
    };
    let mut manifest = Manifest::new(source, options.site.clone(), options.now, origin);
    manifest.expires = options.expires;
    manifest.trust = options.trust.and_then(Trust::point);
    manifest.sequence = plan.sequence.clone();
    manifest.refs_after = plan.refs_after.clone();
    manifest.may_return = plan.may_return.clone();
    manifest.rollback = plan.rollback.clone();
    manifest.releases = plan.releases.iter().map(release).collect();
    manifest
}

/// Returns the identity of the repository, giving it one if it has none.
pub(super) fn identity(repo: &Repo) -> Result<RepositoryId, Error> {
    let malformed = |_| RepoError::ExtensionMalformed {
        path: repo.path().join("extensions/airlock/id"),
    };
    Ok(repo.ensure_id()?.parse().map_err(malformed)?)
}

fn release(planned: &PlannedRelease) -> Release {
    Release {
        name: planned.name.clone(),
        collection: planned
            .head
            .collection_binding()
            .and_then(|id| id.parse().ok()),
        commit: planned.commit,
        parent: planned.head.parent,
        from: planned.from.clone(),
        version: planned.version.clone(),
        timestamp: planned.timestamp,
        objects: planned.objects,
        // As long as they are unknown, as many digits as they can have.
        bytes: ByteTotals {
            stored: u64::MAX,
            content: u64::MAX,
        },
    }
}

/// Returns the room to keep for a manifest that was begun, and for so many signatures.
pub(super) fn reserve(
    manifest: &Manifest,
    plan: &ExportPlan,
    parts: u64,
    signers: usize,
) -> Reserve {
    let text = serde_json::to_vec(manifest).expect("a manifest has only string keys");
    // Objects that are deflated on the way may come out larger than they were.
    let packs = plan.needed.saturating_mul(2);
    let pieces = 2 * (packs / PACK_SIZE) + plan.releases.len() as u64;
    let members = 2 + 2 * plan.releases.len() as u64 + parts + pieces;
    let members = members + plan.attachments.len() as u64;
    let chunks = packs / CHUNK_SIZE + members;
    let size = text.len() as u64 + members * PER_MEMBER + chunks * PER_CHUNK;
    Reserve {
        manifest: size.next_multiple_of(512),
        signatures: PER_SIGNATURE * signers.max(2) as u64,
    }
}
