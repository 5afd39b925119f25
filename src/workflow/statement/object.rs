//! What commits and summaries say.

use serde::Serialize;

use crate::format::{Checksum, CollectionId, Commit, FormatError, Metadata, RefName, Summary};
use crate::workflow::show::{self, MetadataEntry};

/// What a commit says.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CommitStatement {
    /// The refs under which clients will accept it; absent: under any.
    pub refs: Option<Vec<String>>,
    /// The collection it is bound to.
    pub collection: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its timestamp, in UNIX seconds.
    pub timestamp: u64,
    /// Its subject.
    pub subject: String,
    /// Its body.
    pub body: String,
    /// The commit it follows.
    pub parent: Option<Checksum>,
    /// The checksum of its root tree.
    pub tree: Checksum,
    /// The checksum of the root directory's own permissions.
    pub meta: Checksum,
    /// The digest of both, as `ostree show` prints it.
    pub content: Checksum,
    /// Everything else that stands in its metadata.
    pub metadata: Vec<MetadataEntry>,
}

impl CommitStatement {
    pub(super) fn of(commit: &Commit) -> Self {
        // With another type than these, it is not told in words but among the others.
        let told = [
            (Metadata::REF_BINDING, "as"),
            (Metadata::COLLECTION_BINDING, "s"),
            (Metadata::VERSION, "s"),
        ];
        let others = commit
            .metadata
            .iter()
            .filter(|(key, value)| !told.contains(&(*key, value.signature())));
        CommitStatement {
            refs: commit.ref_binding(),
            collection: commit.collection_binding().map(str::to_owned),
            version: commit.version().map(str::to_owned),
            timestamp: commit.timestamp,
            subject: commit.subject.clone(),
            body: commit.body.clone(),
            parent: commit.parent,
            tree: commit.tree,
            meta: commit.meta,
            content: commit.content_checksum(),
            metadata: others.map(show::entry).collect(),
        }
    }
}

/// What a summary says.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct SummaryStatement {
    /// The collection of its repository.
    pub collection: Option<CollectionId>,
    /// When it was made, in UNIX seconds.
    pub last_modified: Option<u64>,
    /// Until when it is meant to hold, in UNIX seconds.
    pub expires: Option<u64>,
    /// The refs it lists, those of other collections behind.
    pub refs: Vec<ListedRef>,
    /// How many deltas it lists.
    pub deltas: usize,
    /// Everything else that stands in its metadata.
    pub metadata: Vec<MetadataEntry>,
}

/// A ref that a summary lists.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ListedRef {
    /// The collection, unless it is the repository's own.
    pub collection: Option<CollectionId>,
    /// The ref.
    #[serde(rename = "ref")]
    pub name: RefName,
    /// The commit.
    pub commit: Checksum,
}

impl SummaryStatement {
    pub(super) fn of(summary: &Summary) -> Result<Self, FormatError> {
        let own = summary.refs.iter().map(|entry| (None, entry));
        let map = summary.collection_map()?;
        let others = map
            .iter()
            .flat_map(|(id, refs)| refs.iter().map(move |entry| (Some(id.clone()), entry)));
        let refs = own.chain(others).map(|(collection, entry)| ListedRef {
            collection,
            name: entry.name.clone(),
            commit: entry.commit,
        });
        let told = [
            "ostree.summary.last-modified",
            "ostree.summary.expires",
            "ostree.summary.collection-id",
            "ostree.summary.collection-map",
            "ostree.static-deltas",
        ];
        let rest = summary
            .metadata
            .iter()
            .filter(|(key, _)| !told.contains(key));
        Ok(SummaryStatement {
            collection: summary.collection_id()?,
            last_modified: summary.last_modified(),
            expires: summary.expires(),
            refs: refs.collect(),
            deltas: summary.static_deltas()?.len(),
            metadata: rest.map(show::entry).collect(),
        })
    }
}
