//! The commits before a release that its target never had, so that `log` can tell what happened.
//!
//! ```text
//! airlock.history   a((a{sv}aya(say)sstayay)a{sv})   in the superblock's metadata, nearest first:
//!                   an ancestor, whole, and its detached metadata, where its signatures are
//! ```
//!
//! Each is named by the commit before it in the list, the first by the delta's own. Stock readers
//! pass over the key; in parts, they would write these commits down as complete.

use super::superblock::COMMIT;
use super::{DeltaFault, Superblock};
use crate::format::gvariant::{Value, View};
use crate::format::{Commit, Encoded, FormatError, Metadata};

const KEY: &str = "airlock.history";
const ENTRY: &str = "((a{sv}aya(say)sstayay)a{sv})";
const TYPE: &str = "a((a{sv}aya(say)sstayay)a{sv})";
/// The most ancestors that travel with one release.
pub const MAX_HISTORY: usize = 1000;

/// A commit before a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor {
    /// The commit.
    pub commit: Encoded<Commit>,
    /// Its detached metadata.
    pub commitmeta: Metadata,
}

impl Superblock {
    /// Returns the ancestors that travel along, nearest first; each is checked against its child.
    pub fn history(&self) -> Result<Vec<Ancestor>, FormatError> {
        let Some(value) = self.metadata.get(KEY) else {
            return Ok(Vec::new());
        };
        if value.signature() != TYPE {
            return Err(FormatError::EntryType {
                expected: TYPE,
                found: value.signature().to_owned(),
                key: KEY.to_owned(),
            });
        }
        let list = value.view();
        if list.len() > MAX_HISTORY {
            let (what, limit) = ("ancestors", MAX_HISTORY);
            return Err(DeltaFault::TooMany { what, limit }.into());
        }
        let mut next = self.commit.parent;
        let mut history = Vec::with_capacity(list.len());
        for entry in list.iter() {
            let [commit, commitmeta] = entry.tuple().expect("the type has two members");
            let commit = Encoded::<Commit>::decode(commit.bytes().to_vec())?;
            if next != Some(commit.checksum()) {
                return Err(DeltaFault::BrokenHistory.into());
            }
            next = commit.parent;
            history.push(Ancestor {
                commit,
                commitmeta: Metadata::from_view(commitmeta)?,
            });
        }
        Ok(history)
    }

    /// Lets ancestors travel along, nearest first.
    pub fn set_history(&mut self, history: &[Ancestor]) -> Result<(), FormatError> {
        let entry = |ancestor: &Ancestor| {
            let commit = View::parse(COMMIT, ancestor.commit.bytes())?;
            Ok::<_, FormatError>(Value::tuple([
                Value::from_view(commit),
                ancestor.commitmeta.to_value(),
            ]))
        };
        let entries = history.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        self.metadata.insert(KEY, Value::array(ENTRY, entries));
        Ok(())
    }
}
