//! What a site accepted so far: the record, and what two of them say together.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Error, parse};
use crate::format::{Checksum, CollectionId, RefName};
use crate::repo::Repo;

/// What a site accepted so far. It is replaced in the publishing step of every import.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Accepted {
    /// The id of the repository whose bundles this site follows.
    pub repository: String,
    /// The collection of that repository.
    pub collection: Option<CollectionId>,
    /// How many bundles were accepted; it tells which of two records is younger.
    #[serde(default)]
    pub imports: u64,
    /// The last sequence number accepted, per ref.
    pub sequence: BTreeMap<RefName, u64>,
    /// The latest moment that any accepted statement names, in UNIX seconds.
    pub latest: u64,
    /// The version of the trust that was last in force.
    #[serde(default)]
    pub trust_version: u64,
    /// The digest of the trust update that has this version, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<Checksum>,
    /// The refs after the last bundle.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub heads: BTreeMap<RefName, Checksum>,
    /// The last bundle accepted.
    pub bundle: Option<Checksum>,
    /// Where a copy of this record is kept, outside the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<PathBuf>,
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

    /// Raises the numbers to those that are given; none is ever lowered.
    pub fn raise(&mut self, sequence: &BTreeMap<RefName, u64>, latest: u64) {
        for (name, &number) in sequence {
            let last = self.sequence.entry(name.clone()).or_default();
            *last = number.max(*last);
        }
        self.latest = self.latest.max(latest);
    }

    /// Returns what two records of one site say together: the greater of every number, and of the
    /// rest what the younger says.
    pub fn merged(self, other: Accepted) -> Accepted {
        let other_is_younger = other.imports > self.imports;
        let (mut younger, older) = match other_is_younger {
            true => (other, self),
            false => (self, other),
        };
        younger.raise(&older.sequence, older.latest);
        if older.trust_version > younger.trust_version {
            younger.trust_version = older.trust_version;
            younger.trust = older.trust;
        }
        if younger.repository.is_empty() {
            younger.repository = older.repository;
        }
        younger
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(imports: u64, numbers: &[(&str, u64)], latest: u64, trust_version: u64) -> Accepted {
        Accepted {
            imports,
            sequence: numbers
                .iter()
                .map(|(name, number)| (name.parse().unwrap(), *number))
                .collect(),
            latest,
            trust_version,
            bundle: Some(Checksum::from_bytes([imports as u8; 32])),
            ..Accepted::default()
        }
    }

    #[test]
    fn the_greater_of_every_number_counts() {
        let one = record(3, &[("a", 5), ("b", 9)], 100, 1);
        let two = record(4, &[("a", 7), ("b", 2), ("c", 1)], 90, 3);
        let both = record(4, &[("a", 7), ("b", 9), ("c", 1)], 100, 3);
        assert_eq!(one.clone().merged(two.clone()), both);
        assert_eq!(two.merged(one), both);
    }
}
