//! The redo record: what a publish was about to do, written down before the first of its steps.
//!
//! ```text
//! extensions/airlock/redo.json    absent except while a publish runs, or after one was cut off
//! {"airlock":"redo/1",
//!  "commits":{"<hex>":base64}, "partial":["<hex>"], "commitmeta":{"<hex>":base64},
//!  "refs":{"<ref>":{"old":hex|null,"new":hex|null}},
//!  "deltas":{"<from>-<to>":"<digest of its superblock>"|null},
//!  "summary":{"summary":base64,"signature":base64|null}|null,
//!  "state":{"<file>":{"bytes":base64,"mode":420}}, "journal":"<line>"|null}
//! ```
//!
//! Everything else is in `objects` and synced by then, so the record is all that is needed to
//! finish: no bundle, no stage. Every step may be done twice.
//!
//! The steps come in groups. Within one, each file is synced and then renamed, and the directories
//! that got names are synced once, after the last; only then does the next group begin:
//!
//! ```text
//! directories of commits   cut here: empty directories more
//! commitmeta               signatures of commits that nobody sees yet
//! commits                  whole, as their objects and signatures are; no ref names them
//! refs                     one by one: each names a commit that is there
//! static deltas            what goes, indexes, what comes, indexes: see `delta_stage`
//! summary.sig ▸ summary    the old pair, a pair that does not match (clients try again), or the new
//! state                    what was accepted, in files that each are old or new
//! journal                  a torn line is taken away, a line that is there not written twice
//! record removed           nothing is left to do, so nothing is lost with it
//! ```
//!
//! Who rolls forward finds names that a killed run gave and did not live to sync, and so syncs the
//! whole filesystem before the record goes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::{Context, RepoError};
use super::lock::AirlockLock;
use super::paths::RefPlace;
use super::publish::sync_filesystem;
use super::repository::Repo;
use super::transaction::{Intent, StateFile, SummaryPair};
use super::{delta_stage, durable, paths, spent, visible};
use crate::format::{Checksum, FormatError, RefName};

/// Beneath `extensions/airlock`.
const RECORD: &str = "redo.json";
/// The largest record that is read: summaries and commits of the largest sizes there are, as text.
const MAX_RECORD: u64 = 1 << 30;
/// What the record says of itself.
const KIND: &str = "redo/1";
/// Only root and the repository's owner need to read it.
const RECORD_MODE: u32 = 0o600;

/// One publish, as it is written down.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::repo) struct Record {
    airlock: String,
    commits: BTreeMap<Checksum, Blob>,
    partial: Vec<Checksum>,
    commitmeta: BTreeMap<Checksum, Blob>,
    refs: BTreeMap<RefName, Change>,
    /// By name, for JSON has no other keys.
    #[serde(default)]
    deltas: BTreeMap<String, Option<Checksum>>,
    summary: Option<Pair>,
    state: BTreeMap<String, File>,
    journal: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Change {
    old: Option<Checksum>,
    new: Option<Checksum>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair {
    summary: Blob,
    signature: Option<Blob>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct File {
    bytes: Blob,
    mode: u32,
}

/// What [`Repo::roll_forward`] finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RolledForward {
    /// The refs that the interrupted publish set or deleted.
    pub refs: BTreeMap<RefName, Option<Checksum>>,
    /// The line it had for the journal.
    pub journal: Option<String>,
}

impl Repo {
    /// Takes airlock's lock for a writing verb, and finishes what an interrupted one left.
    pub fn lock_for_writing(&self) -> Result<(AirlockLock, Option<RolledForward>), RepoError> {
        let lock = self.lock_airlock()?;
        let rolled = self.roll_forward(&lock)?;
        spent::remove(self);
        Ok((lock, rolled))
    }

    /// Finishes an interrupted publish from its redo record, if there is one.
    pub fn roll_forward(&self, _lock: &AirlockLock) -> Result<Option<RolledForward>, RepoError> {
        let Some(record) = Record::read(self)? else {
            return Ok(None);
        };
        let _lock = self.lock_shared()?;
        let finish = || {
            record.apply(self)?;
            sync_filesystem(self)?;
            Record::remove(self)
        };
        finish().map_err(RepoError::unfinished)?;
        let refs = record.refs.into_iter().map(|(name, to)| (name, to.new));
        Ok(Some(RolledForward {
            refs: refs.collect(),
            journal: record.journal,
        }))
    }

    /// Says whether an interrupted publish waits to be finished.
    pub fn is_interrupted(&self) -> Result<bool, RepoError> {
        Ok(self.read_extension(RECORD)?.is_some())
    }
}

impl Record {
    /// Writes down an intent, leaving out the commits that are there already.
    pub(in crate::repo) fn new(repo: &Repo, intent: Intent) -> Result<Record, RepoError> {
        let mut refs = BTreeMap::new();
        for (name, new) in intent.refs {
            let old = repo.ref_commit(&name)?;
            if old != new {
                refs.insert(name, Change { old, new });
            }
        }
        let blobs = |map: BTreeMap<Checksum, Vec<u8>>| {
            map.into_iter().map(|(name, bytes)| (name, Blob(bytes)))
        };
        let file = |StateFile { bytes, mode }| File {
            bytes: Blob(bytes),
            mode,
        };
        Ok(Record {
            airlock: KIND.to_owned(),
            commits: blobs(intent.commits).collect(),
            partial: intent.partial,
            commitmeta: blobs(intent.commitmeta).collect(),
            refs,
            deltas: intent
                .deltas
                .into_iter()
                .map(|(name, digest)| (name.to_string(), digest))
                .collect(),
            summary: intent.summary.map(|pair| Pair {
                summary: Blob(pair.summary),
                signature: pair.signature.map(Blob),
            }),
            state: intent
                .state
                .into_iter()
                .map(|(name, state)| (name, file(state)))
                .collect(),
            journal: intent.journal,
        })
    }

    /// Says whether there is nothing to do.
    pub(in crate::repo) fn is_empty(&self) -> bool {
        self.commits.is_empty()
            && self.partial.is_empty()
            && self.commitmeta.is_empty()
            && self.refs.is_empty()
            && self.deltas.is_empty()
            && self.summary.is_none()
            && self.state.is_empty()
            && self.journal.is_none()
    }

    /// How many commits it adds.
    pub(in crate::repo) fn commits(&self) -> usize {
        self.commits.len()
    }

    /// How many refs it changes.
    pub(in crate::repo) fn refs(&self) -> usize {
        self.refs.len()
    }

    /// Writes the record down, does every step of it, and takes it away.
    pub(in crate::repo) fn carry_out(&self, repo: &Repo) -> Result<(), RepoError> {
        if let Err(error) = self.write(repo) {
            // One that got its name all the same would be rolled forward, after it was said to have failed.
            return Err(match Record::remove(repo) {
                Ok(()) => error,
                Err(_) => error.unfinished(),
            });
        }
        let done = self.apply(repo).and_then(|()| Record::remove(repo));
        done.map_err(RepoError::unfinished)
    }

    /// Puts the record on the medium.
    fn write(&self, repo: &Repo) -> Result<(), RepoError> {
        let bytes = serde_json::to_vec(self).expect("a record has only string keys");
        repo.write_extension(RECORD, &bytes, RECORD_MODE)
    }

    fn read(repo: &Repo) -> Result<Option<Record>, RepoError> {
        let path = repo.path().join(paths::AIRLOCK).join(RECORD);
        let name = format!("{}/{RECORD}", paths::AIRLOCK);
        let read = durable::read_file(repo.dir(), &name, MAX_RECORD).at("read", &path)?;
        let Some(bytes) = read else {
            return Ok(None);
        };
        match serde_json::from_slice::<Record>(&bytes) {
            Ok(record) if record.airlock == KIND => Ok(Some(record)),
            _ => Err(RepoError::ExtensionMalformed { path }),
        }
    }

    /// Takes the record away: its publish is complete.
    fn remove(repo: &Repo) -> Result<(), RepoError> {
        repo.remove_extension(RECORD)
    }

    /// Does every step, each of which may have been done before.
    fn apply(&self, repo: &Repo) -> Result<(), RepoError> {
        self.apply_commits(repo)?;
        self.apply_refs(repo)?;
        self.apply_deltas(repo)?;
        if let Some(pair) = &self.summary {
            visible::summary(repo, &pair.to_pair())?;
        }
        let state = self.state.iter();
        repo.write_extensions(
            state.map(|(name, file)| (name.as_str(), &*file.bytes.0, file.mode)),
        )?;
        match &self.journal {
            Some(line) => visible::journal_line(repo, line),
            None => Ok(()),
        }
    }

    fn apply_deltas(&self, repo: &Repo) -> Result<(), RepoError> {
        let malformed = |_| RepoError::ExtensionMalformed {
            path: repo.path().join(paths::AIRLOCK).join(RECORD),
        };
        let named = |(name, digest): (&String, &Option<Checksum>)| Ok((name.parse()?, *digest));
        let changes: Result<Vec<_>, FormatError> = self.deltas.iter().map(named).collect();
        delta_stage::apply(repo, changes.map_err(malformed)?)
    }

    /// All detached metadata is durable before the first commit is seen, and all commits before a ref.
    fn apply_commits(&self, repo: &Repo) -> Result<(), RepoError> {
        let metas: Vec<_> = self.commitmeta.keys().collect();
        let commits: Vec<_> = self.commits.keys().collect();
        visible::commit_dirs(repo, &[&metas[..], &commits[..]].concat())?;
        for (commit, Blob(bytes)) in &self.commitmeta {
            visible::commitmeta(repo, commit, bytes)?;
        }
        visible::sync_commits(repo, &metas)?;
        let (partial, whole): (Vec<_>, Vec<_>) = commits
            .iter()
            .partition(|commit| self.partial.contains(commit));
        visible::mark_partial(repo, &partial)?;
        for (commit, Blob(bytes)) in &self.commits {
            visible::commit(repo, commit, bytes)?;
        }
        visible::sync_commits(repo, &commits)?;
        visible::unmark_partial(repo, &whole)
    }

    /// Deletes before it sets: `a` may have to make room for `a/b`.
    fn apply_refs(&self, repo: &Repo) -> Result<(), RepoError> {
        let mut changes: Vec<_> = self.refs.iter().collect();
        changes.sort_by_key(|(_, change)| change.new.is_some());
        for (name, change) in changes {
            // Somebody moved the ref after the interruption: that is later than this.
            if repo.ref_commit(name)? == change.old {
                repo.write_ref(&RefPlace::Heads, name, change.new.as_ref())?;
            }
        }
        Ok(())
    }
}

impl Pair {
    fn to_pair(&self) -> SummaryPair {
        SummaryPair {
            summary: self.summary.0.clone(),
            signature: self.signature.as_ref().map(|Blob(bytes)| bytes.clone()),
        }
    }
}

/// Bytes, as text in JSON.
#[derive(Debug, PartialEq)]
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64::Engine;
        serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Blob, D::Error> {
        use base64::Engine;
        let text = String::deserialize(deserializer)?;
        base64::engine::general_purpose::STANDARD
            .decode(text)
            .map(Blob)
            .map_err(serde::de::Error::custom)
    }
}
