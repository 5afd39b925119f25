//! What a repository remembers of the trust that its imports brought.
//!
//! ```text
//! extensions/airlock/trust/
//! ├── 1.json, 1.json.asc ...   the statements and their signatures, as they came
//! └── accepted.json            {"1":1700000000}: when each was accepted; written last
//! ```
//!
//! A statement that was accepted is judged at the time of that, not anew: the keys that made it may
//! have expired since, as keys do. The directory is still asked: nothing here counts that does not
//! follow from it.

use std::collections::BTreeMap;

use serde::de::Error as _;

use super::{Trust, TrustFinding};
use crate::bundle::TrustUpdate;
use crate::repo::{Repo, Transaction};
use crate::workflow::Error;
use crate::workflow::site::Accepted;

/// The index, within `extensions/airlock`.
const INDEX: &str = "trust/accepted.json";

/// The statements a repository accepted, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustRecord {
    updates: Vec<TrustUpdate>,
    times: BTreeMap<u64, u64>,
}

impl TrustRecord {
    /// Reads the record; a repository without one has accepted nothing.
    pub fn load(repo: &Repo) -> Result<TrustRecord, Error> {
        let Some(index) = repo.read_extension(INDEX)? else {
            return Ok(TrustRecord::default());
        };
        let malformed = |source| Error::Record {
            file: INDEX,
            source,
        };
        let times: BTreeMap<u64, u64> = serde_json::from_slice(&index).map_err(malformed)?;
        let mut updates = Vec::new();
        for &version in times.keys() {
            let read = |name: String| {
                let missing = || malformed(serde_json::Error::custom(format!("{name} is missing")));
                repo.read_extension(&name)?.ok_or_else(missing)
            };
            updates.push(TrustUpdate {
                version,
                statement: read(TrustUpdate::statement_name(version))?,
                signatures: read(TrustUpdate::signature_name(version))?,
            });
        }
        Ok(TrustRecord { updates, times })
    }

    /// Returns the statements, in order.
    pub fn updates(&self) -> &[TrustUpdate] {
        &self.updates
    }

    /// Stages what `trust` knows beyond this record.
    pub(in crate::workflow) fn stage(&self, tx: &Transaction<'_>, trust: &Trust, now: u64) {
        let mut times = self.times.clone();
        for update in trust.chain() {
            if times.contains_key(&update.version) {
                continue;
            }
            times.insert(update.version, now);
            for (name, bytes) in [
                (
                    TrustUpdate::statement_name(update.version),
                    &update.statement,
                ),
                (
                    TrustUpdate::signature_name(update.version),
                    &update.signatures,
                ),
            ] {
                tx.write_state(&name, bytes.clone(), 0o644);
            }
        }
        if times != self.times {
            let index = serde_json::to_vec(&times).expect("a map with number keys");
            tx.write_state(INDEX, index, 0o644);
        }
    }
}

impl Trust {
    /// Returns the trust in force for a repository: this directory, and what imports brought since.
    ///
    /// The version never goes back: a record that was lost, or that does not follow from this
    /// directory, is a reason to refuse.
    pub fn of_repository(&self, repo: &Repo) -> Result<Trust, Error> {
        let trust = self.with_record(&TrustRecord::load(repo)?)?;
        let accepted = Accepted::load(repo)?.unwrap_or_default();
        match trust.behind(&accepted) {
            Some(finding) => Err(Error::refused(finding)),
            None => Ok(trust),
        }
    }

    /// Follows what was accepted, each statement judged at the time of that.
    pub(in crate::workflow) fn with_record(&self, record: &TrustRecord) -> Result<Trust, Error> {
        let at = |version| record.times.get(&version).copied().unwrap_or(0);
        self.follow_at(&record.updates, at)
    }

    /// Tells whether a later version, or another one of the same number, was accepted before.
    pub(in crate::workflow) fn behind(&self, accepted: &Accepted) -> Option<TrustFinding> {
        let (wanted, known) = (accepted.trust_version, self.version());
        match accepted.trust.zip(self.known(wanted)) {
            Some((known, found)) if known != found => Some(TrustFinding::TrustFork {
                version: wanted,
                known,
                found,
            }),
            _ => (known < wanted).then_some(TrustFinding::TrustBehind { wanted, known }),
        }
    }
}
