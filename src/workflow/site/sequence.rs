//! The numbers a twin gives out: per ref, and never one twice.

use std::collections::BTreeMap;

use super::{Error, parse};
use crate::format::RefName;
use crate::repo::Repo;

const SEQUENCE: &str = "sequence.json";

/// Returns the sequence number that the next bundle gives to each ref: above the last, and never
/// below the time, so that a twin restored from a backup cannot repeat numbers.
pub fn next_sequence(
    repo: &Repo,
    refs: &[RefName],
    now: u64,
) -> Result<BTreeMap<RefName, u64>, Error> {
    let last = read(repo)?;
    let next = |name: &RefName| {
        last.get(name)
            .map_or(now, |&number| now.max(number.saturating_add(1)))
    };
    Ok(refs.iter().map(|name| (name.clone(), next(name))).collect())
}

/// Returns the last number that was given to a ref, if any was.
pub fn last_sequence(repo: &Repo, name: &RefName) -> Result<Option<u64>, Error> {
    Ok(read(repo)?.get(name).copied())
}

/// Notes the numbers that were given out; those of other refs are kept.
///
/// **The caller holds airlock's lock** since before [`next_sequence`].
pub fn store_sequence(repo: &Repo, given: &BTreeMap<RefName, u64>) -> Result<(), Error> {
    let mut sequence = read(repo)?;
    sequence.extend(given.iter().map(|(name, number)| (name.clone(), *number)));
    let bytes = serde_json::to_vec(&sequence).expect("a map with string keys");
    Ok(repo.write_extension(SEQUENCE, &bytes, 0o644)?)
}

fn read(repo: &Repo) -> Result<BTreeMap<RefName, u64>, Error> {
    match repo.read_extension(SEQUENCE)? {
        Some(bytes) => parse(SEQUENCE, &bytes),
        None => Ok(BTreeMap::new()),
    }
}
