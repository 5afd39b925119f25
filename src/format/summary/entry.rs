//! One ref in a summary: its commit, how large that is, and what a client shows of it.

use super::in_hash_order;
use crate::format::{
    Checksum, FormatError, Metadata, RefName,
    gvariant::{Value, View},
};

const COMMIT_VERSION: &str = "ostree.commit.version";
const COMMIT_TIMESTAMP: &str = "ostree.commit.timestamp";

/// The type of one ref in a summary.
const REF: &str = "(s(taya{sv}))";

/// One ref in a summary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryRef {
    /// The ref.
    pub name: RefName,
    /// The size of its commit object.
    pub size: u64,
    /// Its commit.
    pub commit: Checksum,
    /// The commit's version and time, in the order in which they are written.
    pub metadata: Metadata,
}

impl SummaryRef {
    /// Puts together a ref's entry.
    pub fn new(
        name: RefName,
        size: u64,
        commit: Checksum,
        version: Option<&str>,
        timestamp: u64,
    ) -> SummaryRef {
        let mut metadata = Metadata::new();
        if let Some(version) = version {
            metadata.insert(COMMIT_VERSION, Value::str(version));
        }
        metadata.insert(COMMIT_TIMESTAMP, Value::u64_be(timestamp));
        SummaryRef {
            name,
            size,
            commit,
            metadata: in_hash_order(&metadata),
        }
    }

    /// Returns the commit's version.
    pub fn version(&self) -> Option<&str> {
        self.metadata.get_str(COMMIT_VERSION)
    }

    /// Returns the commit's time, in UNIX seconds.
    pub fn timestamp(&self) -> Option<u64> {
        self.metadata.get_u64_be(COMMIT_TIMESTAMP)
    }

    fn to_value(&self) -> Value {
        Value::tuple([
            Value::str(self.name.as_str()),
            Value::tuple([
                Value::u64(self.size),
                Value::ay(self.commit.as_bytes()),
                self.metadata.to_value(),
            ]),
        ])
    }

    fn from_view(view: View<'_>) -> Result<SummaryRef, FormatError> {
        let [name, commit] = view.tuple().expect("the type has two members");
        let [size, checksum, metadata] = commit.tuple().expect("the type has three members");
        Ok(SummaryRef {
            name: name.as_str().expect("the type is a string").parse()?,
            size: size.u64().expect("the type is a number"),
            commit: Checksum::from_slice(checksum.bytes())?,
            metadata: Metadata::from_view(metadata)?,
        })
    }
}

/// Writes refs in the order they have.
pub(super) fn refs_to_value(refs: &[SummaryRef]) -> Value {
    Value::array(REF, refs.iter().map(SummaryRef::to_value))
}

/// Reads refs, which must be sorted and each there once.
pub(super) fn refs_from_view(view: View<'_>) -> Result<Vec<SummaryRef>, FormatError> {
    let mut refs: Vec<SummaryRef> = Vec::new();
    for entry in view.iter() {
        let entry = SummaryRef::from_view(entry)?;
        let last = refs.last().map(|last| &last.name);
        check_order("summary refs", last, &entry.name, entry.name.as_str())?;
        refs.push(entry);
    }
    Ok(refs)
}

/// Checks that names ascend.
pub(super) fn check_order<T: Ord>(
    what: &'static str,
    last: Option<&T>,
    next: &T,
    name: &str,
) -> Result<(), FormatError> {
    let name = name.to_owned();
    match last.map(|last| last.cmp(next)) {
        None | Some(std::cmp::Ordering::Less) => Ok(()),
        Some(std::cmp::Ordering::Equal) => Err(FormatError::Duplicate { what, name }),
        Some(std::cmp::Ordering::Greater) => Err(FormatError::Unsorted { what, name }),
    }
}
