//! What a repository remembers about bundles: the numbers it gave out, and the last ones it accepted.
//!
//! ```text
//! extensions/airlock/
//! ├── sequence.json          the twin: the last sequence number given out, per ref
//! ├── accepted.json          a site: whose bundles it follows, and the last ones it took in
//! ├── accepted.summary       the last summary that was published with signatures,
//! └── accepted.summary.sig   and these: a stray `ostree summary -u` deletes them
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::Error;
use crate::format::{Checksum, CollectionId, RefName};
use crate::repo::Repo;

const SEQUENCE: &str = "sequence.json";
/// The name under which the last signed summary is kept within `extensions/airlock`.
pub const KEPT_SUMMARY: &str = "accepted.summary";
/// The name under which its signatures are kept.
pub const KEPT_SIGNATURE: &str = "accepted.summary.sig";

/// Returns the sequence number that the next bundle gives to each ref: above the last, and never
/// below the time, so that a twin restored from a backup cannot repeat numbers.
pub fn next_sequence(
    repo: &Repo,
    refs: &[RefName],
    now: u64,
) -> Result<BTreeMap<RefName, u64>, Error> {
    let last = read_sequence(repo)?;
    let next = |name: &RefName| {
        last.get(name)
            .map_or(now, |&number| now.max(number.saturating_add(1)))
    };
    Ok(refs.iter().map(|name| (name.clone(), next(name))).collect())
}

/// Notes the numbers that were given out; those of other refs are kept.
///
/// **The caller holds airlock's lock** since before [`next_sequence`].
pub fn store_sequence(repo: &Repo, given: &BTreeMap<RefName, u64>) -> Result<(), Error> {
    let mut sequence = read_sequence(repo)?;
    sequence.extend(given.iter().map(|(name, number)| (name.clone(), *number)));
    let bytes = serde_json::to_vec(&sequence).expect("a map with string keys");
    Ok(repo.write_extension(SEQUENCE, &bytes, 0o644)?)
}

fn read_sequence(repo: &Repo) -> Result<BTreeMap<RefName, u64>, Error> {
    match repo.read_extension(SEQUENCE)? {
        Some(bytes) => parse(SEQUENCE, &bytes),
        None => Ok(BTreeMap::new()),
    }
}

/// What a site accepted so far. It is replaced in the publishing step of every import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Accepted {
    /// The id of the repository whose bundles this site follows.
    pub repository: String,
    /// The collection of that repository.
    pub collection: Option<CollectionId>,
    /// The last sequence number accepted, per ref.
    pub sequence: BTreeMap<RefName, u64>,
    /// The latest moment that any accepted statement names, in UNIX seconds.
    pub latest: u64,
    /// The version of the trust that was last in force.
    #[serde(default)]
    pub trust_version: u64,
    /// The last bundle accepted.
    pub bundle: Option<Checksum>,
}

impl Accepted {
    /// The name of the record within `extensions/airlock`.
    pub const FILE: &str = "accepted.json";

    /// Reads the record, if anything was ever accepted.
    pub fn load(repo: &Repo) -> Result<Option<Self>, Error> {
        repo.read_extension(Self::FILE)?
            .map(|bytes| parse(Self::FILE, &bytes))
            .transpose()
    }

    /// Writes the record as it is stored.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a record has only string keys")
    }

    /// Returns the time to judge at: a clock that was set back does not make an expired bundle good.
    pub fn time_floor(&self, now: u64) -> u64 {
        now.max(self.latest)
    }
}

fn parse<T: for<'a> Deserialize<'a>>(file: &'static str, bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(bytes).map_err(|source| Error::Record { file, source })
}
