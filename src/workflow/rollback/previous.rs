//! What was there before the last import: where `rollback --hold` goes back to.
//!
//! ```text
//! extensions/airlock/
//! ├── previous.json          the refs before, the bundle that moved them, what it permits
//! ├── previous.summary       the signed summary before,
//! └── previous.summary.sig   and its signatures
//! ```
//!
//! Every import that moves refs replaces all three in its publishing step; a repeated one does not.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::format::{Checksum, RefName};
use crate::repo::{Repo, SummaryPair, Transaction};
use crate::workflow::error::Error;
use crate::workflow::journal::Move;
use crate::workflow::site::kept_summary;

const FILE: &str = "previous.json";
const SUMMARY: &str = "previous.summary";
const SIGNATURE: &str = "previous.summary.sig";

/// What there was before the last import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Previous {
    /// All refs, as they were.
    pub refs: BTreeMap<RefName, Checksum>,
    /// The bundle that moved them.
    pub bundle: Checksum,
    /// The refs that it moved.
    pub moved: BTreeMap<RefName, Move>,
    /// Where it permits to go back to.
    pub may_return: BTreeMap<RefName, Vec<Checksum>>,
    /// The SHA-256 of the summary that was published signed, if one was.
    pub summary: Option<Checksum>,
    /// Whether this is what the repository publishes again.
    pub held: bool,
}

impl Previous {
    /// Reads the record, if a bundle was ever imported.
    pub fn load(repo: &Repo) -> Result<Option<Previous>, Error> {
        let bytes = repo.read_extension(FILE)?;
        let parsed = bytes.map(|bytes| serde_json::from_slice(&bytes));
        parsed
            .transpose()
            .map_err(|source| Error::Record { file: FILE, source })
    }

    /// Keeps this, and the pair that is published signed now, beside what is about to replace it.
    pub fn keep(mut self, tx: &Transaction<'_>) -> Result<(), Error> {
        let repo = tx.repo();
        self.summary = None;
        if let Some((summary, signature)) = kept_summary(repo)? {
            self.summary = Some(Checksum::of(&summary));
            tx.write_state(SUMMARY, summary, 0o644);
            tx.write_state(SIGNATURE, signature, 0o644);
        }
        self.store(tx);
        Ok(())
    }

    /// Writes the record in the publishing step.
    pub fn store(&self, tx: &Transaction<'_>) {
        let bytes = serde_json::to_vec(self).expect("a record has only string keys");
        tx.write_state(FILE, bytes, 0o644);
    }

    /// Returns the signed summary of then, if there was one and it is what was kept.
    pub fn pair(&self, repo: &Repo) -> Result<Option<SummaryPair>, Error> {
        let Some(kept) = self.summary else {
            return Ok(None);
        };
        let summary = repo.read_extension(SUMMARY)?;
        let summary = summary.filter(|bytes| Checksum::of(bytes) == kept);
        let pair = summary.zip(repo.read_extension(SIGNATURE)?);
        Ok(pair.map(|(summary, signature)| SummaryPair {
            summary,
            signature: Some(signature),
        }))
    }
}
