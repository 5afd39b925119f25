//! The summary: which refs a repository has, byte for byte as `ostree summary -u` (2022.7) writes it.
//!
//! ```text
//! (a(s(taya{sv}))a{sv})
//! ├── per ref, by name: (name, (commit size, commit, {version, timestamp}))
//! └── {static-deltas, last-modified, mode, tombstone-commits, indexed-deltas,
//!      collection-id, collection-map}, behind the caller's own keys
//! ```
//!
//! Every dictionary stands in the order of GLib's hash table. What is signed is the file, so a byte
//! that differs from libostree's would not be wrong, but neither would it be comparable.

use std::collections::BTreeMap;

use super::error::RepoError;
use super::repository::Repo;
use super::transaction::Transaction;
use super::walk::{ObjectSource, decode};
use crate::format::delta::DeltaName;
use crate::format::gvariant::Value;
use crate::format::{
    Checksum, CollectionId, Commit, Encoded, Metadata, ObjectKind, ObjectName, RefName, Summary,
    SummaryFields, SummaryRef, hash_order,
};

/// The ref that holds the metadata of a collection's repository.
pub const METADATA_REF: &str = "ostree-metadata";
/// The last second of the year 9999: later times are no dates to GLib, and are left out.
const MAX_DATE: u64 = 253_402_300_799;
/// The empty directory, and the plain one around it: what a metadata commit holds.
const EMPTY_TREE: &[u8] = b"\0";
const PLAIN_DIR: &[u8] = b"\0\0\0\0\0\0\0\0\0\0\x41\xed";

/// What a summary says besides what is in the repository.
#[derive(Clone, Debug, Default)]
pub struct SummaryOptions {
    /// When it was made: `ostree.summary.last-modified`, in seconds.
    pub timestamp: u64,
    /// More keys; they come first, and lose against the ones every summary has.
    pub extra: Metadata,
    /// The refs to list instead of those of the repository, for a summary of what is about to be.
    pub refs: Option<BTreeMap<RefName, Checksum>>,
    /// The static deltas to list instead of those of the repository, likewise.
    pub deltas: Option<Vec<(DeltaName, Checksum)>>,
    /// Of what it speaks.
    pub scope: SummaryScope,
}

/// Of what a summary speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SummaryScope {
    /// Of the repository, with its static deltas and the refs of other collections.
    #[default]
    Repository,
    /// Of a site that has nothing but these refs.
    Site,
}

/// Builds the bytes of a summary; commits are looked up in `source`.
pub fn build(
    repo: &Repo,
    source: &dyn ObjectSource,
    options: &SummaryOptions,
) -> Result<Vec<u8>, RepoError> {
    let heads = match &options.refs {
        Some(refs) => refs.clone(),
        None => {
            let refs = repo.refs()?.into_iter();
            refs.map(|(name, entry)| (name, entry.commit)).collect()
        }
    };
    let refs = heads
        .into_iter()
        .map(|(name, commit)| ref_entry(source, name, commit))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Summary::new(refs, fields(repo, source, options)?).encode())
}

/// Makes the commit that a collection's repository gets with each summary, and points its ref there.
///
/// Nothing happens without a collection id. The commit is to be signed like any other.
pub fn metadata_commit(
    tx: &Transaction<'_>,
    options: &SummaryOptions,
) -> Result<Option<Checksum>, RepoError> {
    let Some(collection) = tx.repo().collection_id() else {
        return Ok(None);
    };
    let name = metadata_ref();
    let mut metadata = options.extra.clone();
    for (key, value) in [
        (
            Metadata::COLLECTION_BINDING,
            Value::str(collection.as_str()),
        ),
        (Metadata::REF_BINDING, Value::strv([METADATA_REF])),
    ] {
        if metadata.get(key).is_none() {
            metadata.insert(key, value);
        }
    }
    let commit = Encoded::encode(Commit {
        metadata: in_hash_order(&metadata),
        parent: tx.repo().ref_commit(&name)?,
        subject: String::new(),
        body: String::new(),
        timestamp: options.timestamp,
        tree: tx.write_metadata(ObjectKind::DirTree, EMPTY_TREE)?,
        meta: tx.write_metadata(ObjectKind::DirMeta, PLAIN_DIR)?,
    });
    let checksum = tx.write_metadata(ObjectKind::Commit, commit.bytes())?;
    tx.set_ref(&name, Some(checksum));
    Ok(Some(checksum))
}

/// The name of [`METADATA_REF`].
pub fn metadata_ref() -> RefName {
    METADATA_REF
        .parse()
        .expect("a constant that follows the grammar of refs")
}

fn fields(
    repo: &Repo,
    source: &dyn ObjectSource,
    options: &SummaryOptions,
) -> Result<SummaryFields, RepoError> {
    let config = repo.config();
    let own = repo.collection_id();
    let whole = options.scope == SummaryScope::Repository;
    Ok(SummaryFields {
        extra: options.extra.clone(),
        static_deltas: match whole && !config.no_deltas_in_summary() {
            true => match &options.deltas {
                Some(deltas) => deltas.clone(),
                None => repo.static_deltas()?,
            },
            false => Vec::new(),
        },
        last_modified: options.timestamp,
        mode: config
            .file()
            .string("core", "mode")
            .unwrap_or_else(|| "bare".to_owned()),
        tombstone_commits: config.tombstone_commits(),
        collection_id: own.cloned(),
        collection_map: match own {
            Some(own) if whole => foreign_collections(repo, source, own)?,
            _ => BTreeMap::new(),
        },
    })
}

/// The refs of other collections: mirrored ones, and those of remotes that name their collection.
fn foreign_collections(
    repo: &Repo,
    source: &dyn ObjectSource,
    own: &CollectionId,
) -> Result<BTreeMap<CollectionId, Vec<SummaryRef>>, RepoError> {
    let mut refs = repo.collection_refs()?;
    for ((remote, name), commit) in repo.remote_refs()? {
        let group = format!("remote \"{remote}\"");
        let id = repo.config().file().string(&group, "collection-id");
        if let Some(Ok(collection)) = id.map(|id| id.parse()) {
            refs.insert((collection, name), commit);
        }
    }
    let mut collections: BTreeMap<CollectionId, Vec<SummaryRef>> = BTreeMap::new();
    for ((collection, name), commit) in refs {
        if collection != *own {
            let entry = ref_entry(source, name, commit)?;
            collections.entry(collection).or_default().push(entry);
        }
    }
    Ok(collections)
}

fn ref_entry(
    source: &dyn ObjectSource,
    name: RefName,
    checksum: Checksum,
) -> Result<SummaryRef, RepoError> {
    let object = ObjectName::new(checksum, ObjectKind::Commit);
    let commit: Encoded<Commit> = decode(&object, source.metadata(&object)?)?;
    let size = commit.bytes().len() as u64;
    let mut entry = SummaryRef::new(name, size, checksum, commit.version(), commit.timestamp);
    if commit.timestamp > MAX_DATE {
        entry.metadata.remove("ostree.commit.timestamp");
    }
    Ok(entry)
}

/// The entries in the order of GLib's hash table.
fn in_hash_order(metadata: &Metadata) -> Metadata {
    let entries: Vec<(&str, &Value)> = metadata.iter().collect();
    let keys: Vec<&str> = entries.iter().map(|(key, _)| *key).collect();
    let mut ordered = Metadata::new();
    for (key, value) in hash_order(&keys).into_iter().filter_map(|i| entries.get(i)) {
        ordered.insert(*key, (*value).clone());
    }
    ordered
}
