//! The fields of a manifest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bundle::{MemberName, RepositoryId, SiteName};
use crate::format::{Checksum, CollectionId, RefName};

/// What a bundle holds, from whom, for whom, and what it makes of the refs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Manifest {
    airlock: Kind,
    /// The repository the bundle comes from.
    pub repository: Source,
    /// The site the bundle is for.
    pub site: SiteName,
    /// When it was made, in UNIX seconds.
    pub created: u64,
    /// When it ends to be acceptable, in UNIX seconds.
    pub expires: Option<u64>,
    /// What made it.
    pub origin: Origin,
    /// The version of the trust that a site must know to judge it, if the trust has versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustPoint>,
    /// Per ref, a number that never goes back.
    pub sequence: BTreeMap<RefName, u64>,
    /// The releases, in the order they must be applied.
    pub releases: Vec<Release>,
    /// The complete map of refs after import; null deletes.
    pub refs_after: BTreeMap<RefName, Option<Checksum>>,
    /// Per ref, the commits that the site may go back to from here without a key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub may_return: BTreeMap<RefName, Vec<Checksum>>,
    /// Permission to take one ref back, if it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<Rollback>,
    /// Every member but the manifest and its signatures, in order.
    pub members: Vec<Member>,
    /// Fields of later versions that earlier ones may ignore.
    pub extensions: serde_json::Map<String, serde_json::Value>,
}

/// Kind and version; the first bytes of a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    #[serde(rename = "bundle/1")]
    Bundle1,
}

/// The repository a bundle comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Source {
    /// Its random identity.
    pub id: RepositoryId,
    /// Its collection, if it has one.
    pub collection: Option<CollectionId>,
}

/// A version of the trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrustPoint {
    /// Its number, from 1.
    pub version: u64,
    /// The SHA-256 of its statement.
    pub sha256: Checksum,
}

/// What made a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Origin {
    /// Program and version.
    pub tool: String,
}

/// Permission to take one ref back, once: from one sequence number to one commit.
///
/// It needs the signatures of the role `trust` over the manifest, besides those of `bundle`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Rollback {
    /// The ref.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// The last sequence number that the site must have accepted for it.
    pub from_sequence: u64,
    /// The commit, which is that of the ref's release in this bundle.
    pub to: Checksum,
}

/// One commit that a ref is to have after import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Release {
    /// The ref.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// The collection the commit is bound to, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<CollectionId>,
    /// The commit.
    pub commit: Checksum,
    /// The commit's parent, which need not travel.
    pub parent: Option<Checksum>,
    /// The commits of which the target must have any one; none when nothing is needed.
    pub from: Vec<Checksum>,
    /// The commit's version, if it has one.
    pub version: Option<String>,
    /// The commit's timestamp, in UNIX seconds.
    pub timestamp: u64,
    /// How many objects travel with this release.
    pub objects: ObjectTotals,
    /// How large they are.
    pub bytes: ByteTotals,
}

/// How many objects travel with a release, by type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ObjectTotals {
    /// Commits, the release's own included.
    pub commit: u64,
    /// Directory trees.
    pub dirtree: u64,
    /// Directory permissions.
    pub dirmeta: u64,
    /// Files and symbolic links.
    pub file: u64,
}

/// How large the objects of a release are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ByteTotals {
    /// As an archive repository stores them.
    pub stored: u64,
    /// As a checkout would hold them.
    pub content: u64,
}

/// One member of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Member {
    /// Its name.
    pub name: MemberName,
    /// Its size on the medium.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: Checksum,
    /// The SHA-256 of each of its chunks of [`CHUNK_SIZE`](super::CHUNK_SIZE), the last one shorter.
    pub chunks: Vec<Checksum>,
    /// For parts and packs: the size after zstd. A cut member has it on its first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpacked: Option<u64>,
    /// For packs: how many objects. A cut member has it on its first piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
}

impl Manifest {
    /// Begins a manifest without releases, refs or members.
    pub fn new(repository: Source, site: SiteName, created: u64, origin: Origin) -> Self {
        Manifest {
            airlock: Kind::Bundle1,
            repository,
            site,
            created,
            expires: None,
            origin,
            trust: None,
            sequence: BTreeMap::new(),
            releases: Vec::new(),
            refs_after: BTreeMap::new(),
            may_return: BTreeMap::new(),
            rollback: None,
            members: Vec::new(),
            extensions: serde_json::Map::new(),
        }
    }
}
