//! What a repository holds, without what differs between two runs of one command.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use airlock::format::delta::{DeltaName, Superblock};
use airlock::format::{Checksum, Codec, Metadata, Summary};
use airlock::repo::Repo;
use airlock::workflow::journal;

/// Beneath `extensions/airlock`: files that a run makes whether or not it does its work.
const BESIDE: [&str; 4] = ["id", "lock", "sequence.json", "journal.jsonl"];

/// A repository in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Refs, what summary and signature say, and static deltas.
    pub heads: Vec<String>,
    /// Commits with their signatures.
    pub commits: Vec<String>,
    /// airlock's own files that come with it.
    pub notes: Vec<String>,
    /// The verbs of the journal.
    pub journal: Vec<String>,
}

impl State {
    /// Reads it with nobody's lock.
    pub fn read(path: &Path) -> State {
        let repo = Repo::open(path).unwrap();
        let mut state = State::default();
        for (name, entry) in repo.refs().unwrap() {
            state.heads.push(format!("ref {name} {}", entry.commit));
        }
        if let Some(bytes) = repo.summary().unwrap() {
            let summary = Summary::decode(&bytes).unwrap();
            let said = summary.refs.iter();
            let said = said.map(|entry| format!("summary {} {}", entry.name, entry.commit));
            state.heads.extend(said);
        }
        let signatures = repo.summary_signature().unwrap();
        let signatures = signatures.map(|bytes| Metadata::decode(&bytes).unwrap());
        let by = signatures.map_or(0, |all| count(&all));
        state.heads.push(format!("summary signed by {by}"));
        for (name, _) in repo.static_deltas().unwrap() {
            state.heads.push(delta(&repo, &name));
        }
        let mut commits = BTreeMap::new();
        for commit in repo.commits().unwrap() {
            let partial = repo.is_partial(&commit).unwrap();
            let signed = repo.commitmeta(&commit).unwrap();
            let signed = count(&signed);
            commits.insert(commit, format!("signed by {signed}, partial {partial}"));
        }
        let commits = commits.iter();
        state.commits = commits
            .map(|(name, about)| format!("{name} {about}"))
            .collect();
        state.notes = repo.list_extension("").unwrap();
        state.notes.extend(repo.list_extension("trust").unwrap());
        state.notes.extend(repo.list_extension("sites").unwrap());
        state.notes.retain(|name| !BESIDE.contains(&name.as_str()));
        state.notes.sort();
        if let Some(accepted) = repo.read_extension("accepted.json").unwrap() {
            // It says where its copy is, by a path of its own.
            let accepted = String::from_utf8(accepted).unwrap();
            let (before, _) = accepted.split_once(",\"copy\"").unwrap_or((&accepted, ""));
            state.notes.push(before.to_owned());
        }
        let lines = journal::read(&repo).unwrap().into_iter();
        state.journal = lines.map(|line| format!("{:?}", line.entry.verb)).collect();
        state
    }
}

/// Describes a delta whose parts are all there, as its superblock says, and whether it has an index.
fn delta(repo: &Repo, name: &DeltaName) -> String {
    let superblock = repo.delta_superblock(name).unwrap().unwrap();
    let parts = Superblock::decode(&superblock).unwrap().parts;
    let indexed = repo.path().join(DeltaName::index_path(&name.to)).exists();
    let mut words = format!("delta {name} indexed {indexed}");
    for (number, header) in parts.iter().enumerate() {
        let bytes = fs::read(repo.path().join(name.part_path(number))).unwrap_or_default();
        assert_eq!(
            Checksum::of(&bytes),
            header.checksum,
            "{name}: part {number}"
        );
        words += &format!(" {}", header.checksum);
    }
    words
}

fn count(metadata: &Metadata) -> usize {
    metadata.signatures(Metadata::GPGSIGS).unwrap().len()
}
