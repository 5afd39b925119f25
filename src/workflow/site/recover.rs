//! `trust recover`: the record of what was accepted, built again from everything that still tells of it.
//!
//! ```text
//! accepted.json ─┐
//! copy outside  ─┤
//! journal       ─┼─▶ the greatest of every number ─▶ copy, accepted.json ─▶ journal
//! heads, summary─┤
//! --at-least    ─┘
//! ```
//!
//! It can only make a site stricter: no number of a record that is still there goes down. Imports of
//! airlocks that did not note numbers count with the time they were made at, which no number of their
//! bundles was above by more than a day.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;

use super::{Accepted, Records};
use crate::Observer;
use crate::bundle::RepositoryId;
use crate::format::{Checksum, RefName, Summary};
use crate::repo::{Repo, RepoError, Transaction};
use crate::workflow::error::Error;
use crate::workflow::finding::RecordFinding;
use crate::workflow::journal::{self, Entry, JOURNAL, Record, Verb};

/// What to build the record from, besides what the repository holds.
#[derive(Clone, Debug)]
pub struct RecoverOptions {
    /// Where the copy is kept; without it, where the repository says.
    pub site_record: Option<PathBuf>,
    /// Numbers that were read out by the release side.
    pub at_least: BTreeMap<RefName, u64>,
    /// The time, in UNIX seconds.
    pub now: u64,
}

/// The record as it was built.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecoverOutcome {
    /// The repository whose bundles this site follows; unknown until the next import if nothing told.
    pub repository: Option<String>,
    /// The last sequence number per ref.
    pub sequence: BTreeMap<RefName, u64>,
    /// The latest moment that anything accepted names, in UNIX seconds.
    pub latest: u64,
    /// Where the copy is kept.
    pub copy: Option<PathBuf>,
    /// How many imports the journal tells of.
    pub imports: u64,
    /// What is wrong with the journal.
    pub journal_fault: Option<String>,
    /// Under which name the broken journal was set aside.
    pub set_aside: Option<String>,
    /// The records that were gone or damaged.
    pub lost: Vec<RecordFinding>,
    /// Whether anything was written.
    pub changed: bool,
}

/// Builds the record again and writes it on both sides.
pub fn recover(
    repo: &Repo,
    options: &RecoverOptions,
    observer: &dyn Observer,
) -> Result<RecoverOutcome, Error> {
    let (_lock, _) = repo.lock_for_writing()?;
    let mut records = Records::read(repo, options.site_record.as_deref())?;
    let (entries, fault) = journal::scan(repo)?;
    if let Some(twin) = pinned(&records, &entries) {
        records.find_copy(&twin)?;
    }
    if let Some(fault) = &fault {
        settled(repo, fault.to_string(), &options.at_least)?;
    }
    let mut built = records.accepted().unwrap_or_default();
    from_journal(&mut built, &entries);
    from_repository(&mut built, repo)?;
    built.raise(&options.at_least, 0);
    built.copy = records.copy.as_ref().map(|copy| copy.dir().to_owned());
    let mut outcome = RecoverOutcome {
        repository: Some(built.repository.clone()).filter(|id| !id.is_empty()),
        sequence: built.sequence.clone(),
        latest: built.latest,
        copy: built.copy.clone(),
        imports: built.imports,
        journal_fault: fault.map(|fault| fault.to_string()),
        set_aside: None,
        lost: records.lost(repo)?,
        changed: false,
    };
    write(repo, &records, &built, &mut outcome)?;
    if outcome.changed {
        let note = format!("{} record(s) were lost", outcome.lost.len());
        let entry = Entry {
            note: Some(note),
            ..Entry::new(Verb::Recover)
        };
        let tx = Transaction::begin(repo)?;
        tx.append_journal(journal::next(repo, entry, options.now)?);
        tx.publish(observer)?;
    }
    Ok(outcome)
}

/// Which twin the site follows, as far as anything tells.
fn pinned(records: &Records, entries: &[Record]) -> Option<RepositoryId> {
    let own = records.own.as_ref();
    let noted = own.and_then(|own| own.repository.parse().ok());
    let claims = entries.iter().rev();
    let mut claims = claims.filter_map(|line| line.entry.accepted.as_ref());
    noted.or_else(|| claims.next().map(|claims| claims.repository))
}

/// A journal that was altered tells less than it did: the operator says what is missing.
fn settled(repo: &Repo, fault: String, told: &BTreeMap<RefName, u64>) -> Result<(), Error> {
    let refs = repo.refs()?;
    let untold: Vec<String> = refs
        .keys()
        .filter(|name| !told.contains_key(*name))
        .map(ToString::to_string)
        .collect();
    match untold.is_empty() && !told.is_empty() {
        true => Ok(()),
        false => Err(Error::refused(RecordFinding::JournalBroken {
            fault,
            refs: untold,
        })),
    }
}

fn from_journal(built: &mut Accepted, entries: &[Record]) {
    let imports = entries.iter();
    let imports: Vec<_> = imports
        .filter(|line| line.entry.verb == Verb::Import)
        .collect();
    for line in &imports {
        match &line.entry.accepted {
            Some(claims) => {
                let id = claims.repository.to_string();
                if built.repository.is_empty() {
                    built.repository.clone_from(&id);
                }
                if built.repository == id {
                    built.raise(&claims.sequence, claims.latest);
                }
            }
            None => {
                let moved = line.entry.refs.keys();
                let numbers = moved.map(|name| (name.clone(), line.time)).collect();
                built.raise(&numbers, 0);
            }
        }
    }
    if built.bundle.is_none() {
        built.bundle = imports.last().and_then(|line| line.entry.bundle);
    }
    built.imports = built.imports.max(imports.len() as u64);
}

fn from_repository(built: &mut Accepted, repo: &Repo) -> Result<(), Error> {
    let mut times = Vec::new();
    let mut heads = BTreeMap::new();
    for (name, entry) in repo.refs()? {
        match repo.commit(&entry.commit) {
            Ok(commit) => times.push(commit.timestamp),
            Err(RepoError::ObjectMissing { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        heads.insert(name, entry.commit);
    }
    if repo.summary_signature()?.is_some() {
        let summary = repo.summary()?.map(|bytes| Summary::decode(&bytes));
        times.extend(summary.and_then(|summary| summary.ok()?.last_modified()));
    }
    built.raise(&BTreeMap::new(), times.into_iter().max().unwrap_or(0));
    if built.heads.is_empty() {
        built.heads = heads;
    }
    Ok(())
}

/// Writes the copy first, as an import does; then a broken journal may go, for nothing needs it any more.
fn write(
    repo: &Repo,
    records: &Records,
    built: &Accepted,
    outcome: &mut RecoverOutcome,
) -> Result<(), Error> {
    let twin: Option<RepositoryId> = built.repository.parse().ok();
    if let (Some(copy), Some(twin)) = (&records.copy, twin)
        && records.outside.as_ref() != Some(built)
    {
        copy.store(&twin, built)?;
        outcome.changed = true;
    }
    if records.own.as_ref() != Some(built) {
        repo.write_extension(Accepted::FILE, &built.to_bytes(), 0o644)?;
        outcome.changed = true;
    }
    if outcome.journal_fault.is_some() {
        let broken = repo.read_extension(JOURNAL)?.unwrap_or_default();
        let digest = Checksum::of(&broken).to_string();
        let name = format!(
            "journal-broken-{}.jsonl",
            digest.get(..16).unwrap_or(&digest)
        );
        repo.write_extension(&name, &broken, 0o640)?;
        repo.write_extension(JOURNAL, b"", 0o640)?;
        outcome.set_aside = Some(name);
        outcome.changed = true;
    }
    Ok(())
}
