//! The commit object: a root directory, where it came from and what is said about it.
//!
//! | # | type     | field                                                     |
//! |---|----------|-----------------------------------------------------------|
//! | 0 | `a{sv}`  | metadata                                                  |
//! | 1 | `ay`     | parent: 32 bytes, or none                                 |
//! | 2 | `a(say)` | related objects: always empty                             |
//! | 3 | `s`      | subject                                                   |
//! | 4 | `s`      | body                                                      |
//! | 5 | `t`      | timestamp, seconds since 1970 UTC, **big-endian**         |
//! | 6 | `ay`     | checksum of the root dirtree                              |
//! | 7 | `ay`     | checksum of the root dirmeta                              |

use super::encoded::Codec;
use super::gvariant::{Value, View};
use super::{Checksum, FormatError, Metadata, Sha256};

const TYPE: &str = "(a{sv}aya(say)sstayay)";

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// What is said about it: version, bindings, anything.
    pub metadata: Metadata,
    /// The commit before this one.
    pub parent: Option<Checksum>,
    /// One line for people.
    pub subject: String,
    /// More lines for people.
    pub body: String,
    /// When it was made, in seconds since 1970 UTC.
    pub timestamp: u64,
    /// The names in its root directory.
    pub tree: Checksum,
    /// The owner, mode and xattrs of its root directory.
    pub meta: Checksum,
}

impl Commit {
    /// Returns the version it shows to people.
    pub fn version(&self) -> Option<&str> {
        self.metadata.get_str(Metadata::VERSION)
    }

    /// Returns the refs it may be published under; `None` if it does not say.
    pub fn ref_binding(&self) -> Option<Vec<String>> {
        self.metadata.get_strv(Metadata::REF_BINDING)
    }

    /// Returns the collection it belongs to.
    pub fn collection_binding(&self) -> Option<&str> {
        self.metadata.get_str(Metadata::COLLECTION_BINDING)
    }

    /// Returns the checksum of what is in it, the same for every commit of one tree.
    pub fn content_checksum(&self) -> Checksum {
        let mut sha = Sha256::new();
        sha.update(self.tree.as_bytes());
        sha.update(self.meta.as_bytes());
        sha.finish()
    }
}

impl Codec for Commit {
    const WHAT: &'static str = "commit";

    fn decode(bytes: &[u8]) -> Result<Commit, FormatError> {
        let view = View::parse(TYPE, bytes)?;
        let short = || FormatError::Truncated(Commit::WHAT);
        let [
            metadata,
            parent,
            related,
            subject,
            body,
            timestamp,
            tree,
            meta,
        ] = view.tuple().ok_or_else(short)?;
        if !related.is_empty() {
            return Err(FormatError::Field {
                what: Commit::WHAT,
                fault: "it has related objects",
            });
        }
        let parent = match parent.bytes() {
            [] => None,
            bytes => Some(Checksum::from_slice(bytes)?),
        };
        Ok(Commit {
            metadata: Metadata::from_view(metadata)?,
            parent,
            subject: subject.as_str().ok_or_else(short)?.to_owned(),
            body: body.as_str().ok_or_else(short)?.to_owned(),
            timestamp: timestamp.u64_be().ok_or_else(short)?,
            tree: Checksum::from_slice(tree.bytes())?,
            meta: Checksum::from_slice(meta.bytes())?,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let parent = self
            .parent
            .as_ref()
            .map_or(&[][..], |parent| parent.as_bytes());
        let commit = Value::tuple([
            self.metadata.to_value(),
            Value::ay(parent),
            Value::array("(say)", []),
            Value::str(&self.subject),
            Value::str(&self.body),
            Value::u64_be(self.timestamp),
            Value::ay(*self.tree.as_bytes()),
            Value::ay(*self.meta.as_bytes()),
        ]);
        commit.into_bytes()
    }
}
