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
use crate::format::gvariant::Value;
use crate::format::{
    Checksum, CollectionId, Commit, Encoded, Metadata, ObjectKind, ObjectName, RefName, hash_order,
};

/// The ref that holds the metadata of a collection's repository.
pub const METADATA_REF: &str = "ostree-metadata";
/// The type of one ref's entry.
const REF_ENTRY: &str = "(s(taya{sv}))";
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
    let refs = ref_entries(source, heads.iter())?;
    let metadata = summary_metadata(repo, source, options)?;
    Ok(Value::tuple([refs, metadata.to_value()]).into_bytes())
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
    let mut metadata = Dict::from(&options.extra);
    metadata.add(
        Metadata::COLLECTION_BINDING,
        Value::str(&collection.to_string()),
    );
    metadata.add(Metadata::REF_BINDING, Value::strv([METADATA_REF]));
    let commit = Encoded::encode(Commit {
        metadata: metadata.into_metadata(),
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

fn summary_metadata(
    repo: &Repo,
    source: &dyn ObjectSource,
    options: &SummaryOptions,
) -> Result<Dict, RepoError> {
    let mut metadata = Dict::from(&options.extra);
    if !repo.config().no_deltas_in_summary() {
        let deltas = repo.static_deltas()?;
        if !deltas.is_empty() {
            metadata.set("ostree.static-deltas", delta_dict(&deltas));
        }
    }
    let mode = repo.config().file().string("core", "mode");
    metadata.set(
        "ostree.summary.last-modified",
        Value::u64_be(options.timestamp),
    );
    metadata.set(
        "ostree.summary.mode",
        Value::str(mode.as_deref().unwrap_or("bare")),
    );
    let tombstones = repo.config().tombstone_commits();
    metadata.set(
        "ostree.summary.tombstone-commits",
        Value::boolean(tombstones),
    );
    metadata.set("ostree.summary.indexed-deltas", Value::boolean(true));
    if let Some(collection) = repo.collection_id() {
        let id = Value::str(&collection.to_string());
        metadata.set("ostree.summary.collection-id", id);
        let others = foreign_collections(repo, collection)?;
        if !others.is_empty() {
            metadata.set(
                "ostree.summary.collection-map",
                collection_map(source, others)?,
            );
        }
    }
    Ok(metadata)
}

/// The refs of other collections, by collection.
fn foreign_collections(
    repo: &Repo,
    own: &CollectionId,
) -> Result<BTreeMap<CollectionId, BTreeMap<RefName, Checksum>>, RepoError> {
    let mut collections: BTreeMap<CollectionId, BTreeMap<RefName, Checksum>> = BTreeMap::new();
    let mut refs: Vec<_> = repo.collection_refs()?.into_iter().collect();
    for ((remote, name), commit) in repo.remote_refs()? {
        let group = format!("remote \"{remote}\"");
        let id = repo.config().file().string(&group, "collection-id");
        if let Some(Ok(collection)) = id.map(|id| id.parse()) {
            refs.push(((collection, name), commit));
        }
    }
    for ((collection, name), commit) in refs {
        if collection != *own {
            let refs = collections.entry(collection).or_default();
            refs.insert(name, commit);
        }
    }
    Ok(collections)
}

fn collection_map(
    source: &dyn ObjectSource,
    collections: BTreeMap<CollectionId, BTreeMap<RefName, Checksum>>,
) -> Result<Value, RepoError> {
    let mut entries = Vec::new();
    for (collection, refs) in &collections {
        let key = Value::str(&collection.to_string());
        entries.push(Value::dict_entry(key, ref_entries(source, refs.iter())?));
    }
    Ok(Value::array("{sa(s(taya{sv}))}", entries))
}

fn ref_entries<'a>(
    source: &dyn ObjectSource,
    refs: impl Iterator<Item = (&'a RefName, &'a Checksum)>,
) -> Result<Value, RepoError> {
    let mut entries: Vec<(String, Value)> = Vec::new();
    for (name, commit) in refs {
        let name = name.to_string();
        entries.push((name.clone(), ref_entry(source, &name, commit)?));
    }
    entries.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
    let entries = entries.into_iter().map(|(_, entry)| entry);
    Ok(Value::array(REF_ENTRY, entries))
}

fn ref_entry(
    source: &dyn ObjectSource,
    name: &str,
    checksum: &Checksum,
) -> Result<Value, RepoError> {
    let object = ObjectName::new(*checksum, ObjectKind::Commit);
    let commit: Encoded<Commit> = decode(&object, source.metadata(&object)?)?;
    let mut metadata = Dict::default();
    if let Some(version) = commit.version() {
        metadata.set("ostree.commit.version", Value::str(version));
    }
    if commit.timestamp <= MAX_DATE {
        metadata.set("ostree.commit.timestamp", Value::u64_be(commit.timestamp));
    }
    Ok(Value::tuple([
        Value::str(name),
        Value::tuple([
            Value::u64(commit.bytes().len() as u64),
            Value::ay(checksum.as_bytes().to_vec()),
            metadata.to_value(),
        ]),
    ]))
}

/// The dictionary of deltas and the digests of their superblocks.
pub(in crate::repo) fn delta_dict(deltas: &[(String, Checksum)]) -> Value {
    let mut dict = Dict::default();
    for (name, digest) in deltas {
        dict.set(name, Value::ay(digest.as_bytes().to_vec()));
    }
    dict.to_value()
}

/// A dictionary as `GVariantDict` fills it, and in whose order it is written.
#[derive(Debug, Default)]
pub(in crate::repo) struct Dict(Vec<(String, Value)>);

impl From<&Metadata> for Dict {
    fn from(metadata: &Metadata) -> Dict {
        let entries = metadata.iter();
        Dict(
            entries
                .map(|(key, value)| (key.to_owned(), value.clone()))
                .collect(),
        )
    }
}

impl Dict {
    /// Sets a key; one that is there keeps its place.
    pub(in crate::repo) fn set(&mut self, key: &str, value: Value) {
        match self.0.iter_mut().find(|(there, _)| there == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.to_owned(), value)),
        }
    }

    /// Sets a key unless it is there.
    fn add(&mut self, key: &str, value: Value) {
        if !self.0.iter().any(|(there, _)| there == key) {
            self.set(key, value);
        }
    }

    /// The entries in the order of GLib's hash table.
    fn ordered(&self) -> Vec<&(String, Value)> {
        let keys: Vec<&str> = self.0.iter().map(|(key, _)| key.as_str()).collect();
        let order = hash_order(&keys);
        order
            .into_iter()
            .filter_map(|index| self.0.get(index))
            .collect()
    }

    /// The `a{sv}`.
    pub(in crate::repo) fn to_value(&self) -> Value {
        let ordered = self.ordered();
        Value::vardict(
            ordered
                .into_iter()
                .map(|(key, value)| (key.as_str(), value)),
        )
    }

    fn into_metadata(self) -> Metadata {
        let mut metadata = Metadata::new();
        for (key, value) in self.ordered() {
            metadata.insert(key, value.clone());
        }
        metadata
    }
}
