//! The journal: what was promoted, exported and imported here, by whose signature. Append-only and chained.
//!
//! ```text
//! extensions/airlock/journal.jsonl        mode 0640, one JSON object per line
//! {"n":1,"prev":"0000…","time":…,"verb":"promote",…}
//! {"n":2,"prev":SHA-256 of line 1,"time":…,"verb":"export",…}
//! ```
//!
//! A line that was altered or taken out breaks every digest behind it. The last lines can be cut
//! off unnoticed; whoever keeps the newest digest elsewhere notices that too.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::Error;
use crate::Class;
use crate::bundle::RepositoryId;
use crate::format::{Checksum, RefName};
use crate::openpgp::Fingerprint;
use crate::repo::Repo;

/// The name of the journal within `extensions/airlock`.
pub const JOURNAL: &str = "journal.jsonl";

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// A repository was made.
    Init,
    /// A commit was made from a tree.
    Commit,
    /// A tested commit was published under a release ref.
    Promote,
    /// Signatures were added or taken away.
    Sign,
    /// A summary was made or put back.
    Summary,
    /// A bundle was written.
    Export,
    /// A bundle was taken in.
    Import,
    /// A ref was moved back.
    Rollback,
    /// The record of what was accepted was built again.
    Recover,
    /// Objects were deleted.
    Prune,
    /// Damaged objects were replaced, and missing ones brought back.
    Repair,
    /// A static delta was made or deleted.
    Delta,
}

/// Where a ref stood and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The commit before, if there was one.
    pub from: Option<Checksum>,
    /// The commit after; absent when the ref was deleted.
    pub to: Option<Checksum>,
}

/// Which version of the trust was in force, and which is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustMove {
    /// The version before; 0 for the directory as it was installed.
    pub from: u64,
    /// The version after.
    pub to: u64,
}

/// One thing that was done, before it is chained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Entry {
    /// What was done.
    pub verb: Verb,
    /// The refs that moved.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refs: BTreeMap<RefName, Move>,
    /// The bundle that was written or read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Checksum>,
    /// The version of the trust, if it rose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustMove>,
    /// The certificates whose signatures were made or counted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<Fingerprint>,
    /// What an import accepted: from this the record of it can be built again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Claims>,
    /// Anything a later reader should know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The numbers of a bundle that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Claims {
    /// The repository it came from.
    pub repository: RepositoryId,
    /// Its sequence number per ref.
    pub sequence: BTreeMap<RefName, u64>,
    /// The latest moment that it names, in UNIX seconds.
    pub latest: u64,
}

impl Entry {
    /// Starts an entry with nothing but its verb.
    pub fn new(verb: Verb) -> Self {
        Self {
            verb,
            refs: BTreeMap::new(),
            bundle: None,
            trust: None,
            signers: Vec::new(),
            accepted: None,
            note: None,
        }
    }
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// Its number, from 1.
    pub n: u64,
    /// The SHA-256 of the line before, without its newline; zeros for the first.
    pub prev: Checksum,
    /// When it was written, in UNIX seconds.
    pub time: u64,
    /// What was done.
    #[serde(flatten)]
    pub entry: Entry,
}

/// Why a journal cannot be continued or believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// A line is not a record.
    #[error("line {line} of the journal is not a record")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What the JSON parser said.
        source: serde_json::Error,
    },
    /// A line does not follow from the one before it.
    #[error(
        "line {line} of the journal does not follow from the line before: one of them was altered"
    )]
    Broken {
        /// The line, from 1.
        line: usize,
    },
    /// The last line has no end: writing it was interrupted.
    #[error("the last line of the journal is cut off")]
    Torn,
}

impl JournalError {
    /// Returns what the operator does next.
    pub fn class(&self) -> Class {
        Class::Corrupt
    }
}

/// Returns the line that continues the journal of `repo`, without its newline.
///
/// **The caller holds airlock's lock** from this call until the line is written.
pub fn next(repo: &Repo, entry: Entry, now: u64) -> Result<String, Error> {
    let journal = repo.read_extension(JOURNAL)?.unwrap_or_default();
    Ok(next_line(&journal, entry, now)?)
}

/// Reads the whole journal of `repo` and checks its chain.
pub fn read(repo: &Repo) -> Result<Vec<Record>, Error> {
    Ok(check(&repo.read_extension(JOURNAL)?.unwrap_or_default())?)
}

/// Reads the journal as far as its chain holds, and says where and why it does not.
pub fn scan(repo: &Repo) -> Result<(Vec<Record>, Option<JournalError>), Error> {
    Ok(scan_bytes(
        &repo.read_extension(JOURNAL)?.unwrap_or_default(),
    ))
}

/// Returns the line that follows these lines, without its newline.
pub fn next_line(journal: &[u8], entry: Entry, now: u64) -> Result<String, JournalError> {
    let lines = lines(journal)?;
    let (n, prev) = match lines.last() {
        Some(last) => (
            parse(last, lines.len())?.n.saturating_add(1),
            Checksum::of(last),
        ),
        None => (1, Checksum::from_bytes([0; 32])),
    };
    let record = Record {
        n,
        prev,
        time: now,
        entry,
    };
    Ok(serde_json::to_string(&record).expect("a record has only string keys"))
}

/// Checks that every line follows from the one before.
pub fn check(bytes: &[u8]) -> Result<Vec<Record>, JournalError> {
    match scan_bytes(bytes) {
        (records, None) => Ok(records),
        (_, Some(fault)) => Err(fault),
    }
}

fn scan_bytes(bytes: &[u8]) -> (Vec<Record>, Option<JournalError>) {
    let mut records = Vec::new();
    let whole = bytes
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |end| end + 1);
    let torn = (whole < bytes.len()).then_some(JournalError::Torn);
    let lines = match lines(bytes.get(..whole).unwrap_or_default()) {
        Ok(lines) => lines,
        Err(fault) => return (records, Some(fault)),
    };
    let mut prev = Checksum::from_bytes([0; 32]);
    for (index, line) in lines.into_iter().enumerate() {
        let record = match parse(line, index + 1) {
            Ok(record) => record,
            Err(fault) => return (records, Some(fault)),
        };
        if record.prev != prev || record.n != index as u64 + 1 {
            return (records, Some(JournalError::Broken { line: index + 1 }));
        }
        prev = Checksum::of(line);
        records.push(record);
    }
    (records, torn)
}

fn lines(bytes: &[u8]) -> Result<Vec<&[u8]>, JournalError> {
    match bytes.split_last() {
        None => Ok(Vec::new()),
        Some((b'\n', body)) => Ok(body.split(|&byte| byte == b'\n').collect()),
        Some(_) => Err(JournalError::Torn),
    }
}

fn parse(line: &[u8], number: usize) -> Result<Record, JournalError> {
    serde_json::from_slice(line).map_err(|source| JournalError::Malformed {
        line: number,
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Vec<u8> {
        let mut bytes = Vec::new();
        for verb in [Verb::Init, Verb::Promote, Verb::Export] {
            let line = next_line(&bytes, Entry::new(verb), 1_700_000_000).unwrap();
            bytes.extend(line.bytes().chain([b'\n']));
        }
        bytes
    }

    #[test]
    fn a_chain_holds() {
        let records = check(&three()).unwrap();
        assert_eq!(
            records.iter().map(|record| record.n).collect::<Vec<_>>(),
            [1, 2, 3]
        );
        assert!(check(b"").unwrap().is_empty());
    }

    #[test]
    fn alterations_are_noticed() {
        let text = String::from_utf8(three()).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let without_first = lines[1..].concat();
        let without_middle = [lines[0], lines[2]].concat();
        let altered = text.replacen("1700000000", "1700000001", 1);
        let swapped = [lines[1], lines[0], lines[2]].concat();
        for (name, bytes) in [
            ("first line taken out", without_first),
            ("middle line taken out", without_middle),
            ("first line altered", altered),
            ("lines swapped", swapped),
            ("torn", text[..text.len() - 5].to_owned()),
            ("noise", format!("{text}noise\n")),
        ] {
            assert!(check(bytes.as_bytes()).is_err(), "{name}");
        }
    }
}
