//! `log`: a commit and those before it, as far as they are here.

use serde::Serialize;

use super::Error;
use crate::format::{Checksum, Commit, Encoded, Metadata, ObjectKind, ObjectName};
use crate::repo::Repo;

/// The most commits that are followed; a history is a chain of hashes, so it has an end.
const MAX_COMMITS: usize = 1_000_000;

/// One commit, as a list shows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogEntry {
    /// The commit.
    pub commit: Checksum,
    /// The commit before it.
    pub parent: Option<Checksum>,
    /// The checksum of its tree, the same for every commit of that tree.
    pub content: Checksum,
    /// When it was made, in UNIX seconds.
    pub timestamp: u64,
    /// Its version.
    pub version: Option<String>,
    /// One line for people.
    pub subject: String,
    /// More lines for people.
    pub body: String,
    /// How many OpenPGP signatures stand beside it; they were not judged.
    pub signatures: usize,
    /// Whether some of its objects are not here.
    pub partial: bool,
}

/// A history.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogOutcome {
    /// The commits, newest first.
    pub commits: Vec<LogEntry>,
    /// The commit at which the history leaves this repository.
    pub absent: Option<Checksum>,
}

/// Follows the parents of a revision, through at most `limit` commits.
pub fn log(repo: &Repo, rev: &str, limit: Option<usize>) -> Result<LogOutcome, Error> {
    let mut commits = Vec::new();
    let mut next = Some(repo.resolve(rev)?);
    while let Some(checksum) = next {
        if commits.len() >= limit.unwrap_or(MAX_COMMITS) {
            next = None;
            break;
        }
        let name = ObjectName::new(checksum, ObjectKind::Commit);
        if !commits.is_empty() && !repo.has(&name)? {
            break;
        }
        let entry = describe(repo, &repo.commit(&checksum)?)?;
        next = entry.parent;
        commits.push(entry);
    }
    Ok(LogOutcome {
        commits,
        absent: next,
    })
}

/// Describes one commit.
pub(super) fn describe(repo: &Repo, commit: &Encoded<Commit>) -> Result<LogEntry, Error> {
    let checksum = commit.checksum();
    let signatures = repo.commitmeta(&checksum)?.signatures(Metadata::GPGSIGS)?;
    Ok(LogEntry {
        commit: checksum,
        parent: commit.parent,
        content: commit.content_checksum(),
        timestamp: commit.timestamp,
        version: commit.version().map(str::to_owned),
        subject: commit.subject.clone(),
        body: commit.body.clone(),
        signatures: signatures.len(),
        partial: repo.is_partial(&checksum)?,
    })
}
