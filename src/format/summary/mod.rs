//! The index of a repository: which commit each ref has, and what a client must know beforehand.
//!
//! ```text
//! (a(s(taya{sv}))a{sv})
//!
//! refs       name, (size of the commit object, its checksum, {ostree.commit.version,
//!            ostree.commit.timestamp}); sorted by name
//! metadata   in the order of GLib's hash table:
//!            ostree.static-deltas               a{sv}  delta name → digest of the superblock
//!            ostree.summary.last-modified       t      big-endian
//!            ostree.summary.expires             t      big-endian
//!            ostree.summary.mode                s      as the config spells it
//!            ostree.summary.tombstone-commits   b
//!            ostree.summary.indexed-deltas      b
//!            ostree.summary.collection-id       s
//!            ostree.summary.collection-map      a{sa(s(taya{sv}))}   refs of other collections
//! ```
//!
//! A client takes `size` as the limit for downloading the commit, so it must be exact. The size is
//! little-endian, every time is big-endian.

mod deltas;
mod entry;

use std::collections::BTreeMap;

pub use deltas::{decode_delta_index, encode_delta_index};
pub use entry::SummaryRef;

use deltas::{STATIC_DELTAS, deltas_to_value, static_deltas};
use entry::{check_order, refs_from_view, refs_to_value};

use super::{
    Checksum, CollectionId, FormatError, Metadata, RefName,
    delta::DeltaName,
    gvariant::{Value, View},
    limits::MAX_METADATA,
};

/// The largest summary that is read: what current clients fetch as metadata.
pub const MAX_SUMMARY: u64 = MAX_METADATA;

const LAST_MODIFIED: &str = "ostree.summary.last-modified";
const EXPIRES: &str = "ostree.summary.expires";
const MODE: &str = "ostree.summary.mode";
const TOMBSTONES: &str = "ostree.summary.tombstone-commits";
const INDEXED_DELTAS: &str = "ostree.summary.indexed-deltas";
const COLLECTION_ID: &str = "ostree.summary.collection-id";
const COLLECTION_MAP: &str = "ostree.summary.collection-map";

/// The type of one collection in the collection map.
const COLLECTION: &str = "{sa(s(taya{sv}))}";

/// A repository's summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The refs, sorted by name.
    pub refs: Vec<SummaryRef>,
    /// Everything else, in the order in which it is written.
    pub metadata: Metadata,
}

/// What goes into a summary beside the refs.
#[derive(Clone, Debug, Default)]
pub struct SummaryFields {
    /// Entries of the caller; those of the same name as one below are replaced.
    pub extra: Metadata,
    /// Deltas and the digests of their superblocks; none leaves the entry out.
    pub static_deltas: Vec<(DeltaName, Checksum)>,
    /// When the summary was made, in UNIX seconds.
    pub last_modified: u64,
    /// The repository's mode as its config spells it.
    pub mode: String,
    /// Whether deleted commits leave tombstones.
    pub tombstone_commits: bool,
    /// The repository's collection.
    pub collection_id: Option<CollectionId>,
    /// Refs of other collections; none leaves the entry out.
    pub collection_map: BTreeMap<CollectionId, Vec<SummaryRef>>,
}

impl Summary {
    /// The type of a summary.
    pub const TYPE: &str = "(a(s(taya{sv}))a{sv})";

    /// Puts together what `ostree summary -u` would write.
    pub fn new(mut refs: Vec<SummaryRef>, fields: SummaryFields) -> Summary {
        refs.sort_by(|a, b| a.name.cmp(&b.name));
        let mut metadata = fields.extra;
        if !fields.static_deltas.is_empty() {
            metadata.insert(STATIC_DELTAS, deltas_to_value(&fields.static_deltas));
        }
        metadata.insert(LAST_MODIFIED, Value::u64_be(fields.last_modified));
        metadata.insert(MODE, Value::str(&fields.mode));
        metadata.insert(TOMBSTONES, Value::boolean(fields.tombstone_commits));
        metadata.insert(INDEXED_DELTAS, Value::boolean(true));
        if let Some(collection) = &fields.collection_id {
            metadata.insert(COLLECTION_ID, Value::str(collection.as_str()));
        }
        if !fields.collection_map.is_empty() {
            metadata.insert(COLLECTION_MAP, collections_to_value(&fields.collection_map));
        }
        Summary {
            refs,
            metadata: in_hash_order(&metadata),
        }
    }

    /// Reads a summary.
    pub fn decode(bytes: &[u8]) -> Result<Summary, FormatError> {
        let size = bytes.len() as u64;
        if size > MAX_SUMMARY {
            return Err(FormatError::TooLarge {
                what: "summary",
                size,
                limit: MAX_SUMMARY,
            });
        }
        let view = View::parse(Self::TYPE, bytes)?;
        let [refs, metadata] = view.tuple().expect("the type has two members");
        let summary = Summary {
            refs: refs_from_view(refs)?,
            metadata: Metadata::from_view(metadata)?,
        };
        summary.collection_map()?;
        Ok(summary)
    }

    /// Writes the summary, its metadata in the order it has.
    pub fn encode(&self) -> Vec<u8> {
        Value::tuple([refs_to_value(&self.refs), self.metadata.to_value()]).into_bytes()
    }

    /// Returns the entry of a ref.
    pub fn find(&self, name: &RefName) -> Option<&SummaryRef> {
        let index = self.refs.binary_search_by(|entry| entry.name.cmp(name));
        self.refs.get(index.ok()?)
    }

    /// Returns when the summary was made, in UNIX seconds.
    pub fn last_modified(&self) -> Option<u64> {
        self.metadata.get_u64_be(LAST_MODIFIED)
    }

    /// Returns until when it is meant to hold, in UNIX seconds; stock clients only show it.
    pub fn expires(&self) -> Option<u64> {
        self.metadata.get_u64_be(EXPIRES)
    }

    /// Returns the repository's mode.
    pub fn mode(&self) -> Option<&str> {
        self.metadata.get_str(MODE)
    }

    /// Returns the repository's collection.
    pub fn collection_id(&self) -> Result<Option<CollectionId>, FormatError> {
        match self.metadata.get(COLLECTION_ID) {
            None => Ok(None),
            Some(value) => match value.view().as_str() {
                Some(text) => text.parse().map(Some),
                None => Err(wrong_type(COLLECTION_ID, "s", value)),
            },
        }
    }

    /// Returns the refs of other collections.
    pub fn collection_map(&self) -> Result<BTreeMap<CollectionId, Vec<SummaryRef>>, FormatError> {
        let Some(value) = self.metadata.get(COLLECTION_MAP) else {
            return Ok(BTreeMap::new());
        };
        let wrong = || wrong_type(COLLECTION_MAP, "a{sa(s(taya{sv}))}", value);
        if value.signature() != "a{sa(s(taya{sv}))}" {
            return Err(wrong());
        }
        let mut map = BTreeMap::new();
        for entry in value.view().iter() {
            let [collection, refs] = entry.tuple().ok_or_else(wrong)?;
            let collection: CollectionId = collection.as_str().ok_or_else(wrong)?.parse()?;
            let name = collection.to_string();
            let last: Option<&CollectionId> = map.keys().next_back();
            check_order(COLLECTION_MAP, last, &collection, &name)?;
            map.insert(collection, refs_from_view(refs)?);
        }
        Ok(map)
    }

    /// Tells whether clients find deltas through `delta-indexes/`.
    pub fn indexes_deltas(&self) -> bool {
        self.metadata.get(INDEXED_DELTAS) == Some(&Value::boolean(true))
    }

    /// Returns the deltas that the summary lists, with the digests of their superblocks.
    pub fn static_deltas(&self) -> Result<Vec<(DeltaName, Checksum)>, FormatError> {
        static_deltas(&self.metadata)
    }
}

fn collections_to_value(map: &BTreeMap<CollectionId, Vec<SummaryRef>>) -> Value {
    let entry = |(collection, refs): (&CollectionId, &Vec<SummaryRef>)| {
        let mut refs: Vec<SummaryRef> = refs.clone();
        refs.sort_by(|a, b| a.name.cmp(&b.name));
        Value::dict_entry(Value::str(collection.as_str()), refs_to_value(&refs))
    };
    Value::array(COLLECTION, map.iter().map(entry))
}

/// Settles the order in which the entries are written.
fn in_hash_order(metadata: &Metadata) -> Metadata {
    let ordered = metadata.to_value_hash_order();
    Metadata::from_view(ordered.view()).expect("its own entries")
}

fn wrong_type(key: &str, expected: &'static str, found: &Value) -> FormatError {
    FormatError::EntryType {
        key: key.to_owned(),
        expected,
        found: found.signature().to_owned(),
    }
}
