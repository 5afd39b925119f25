//! A set of changes that appears in the repository whole or not at all.
//!
//! ```text
//! begin ──▸ write_metadata, write_file, adopt_filez …   objects, staged under a name of their own
//!           set_ref, set_summary, stage_commitmeta …    intentions, in memory
//!       ├─▸ publish                                     everything, in the order of `publish.rs`
//!       └─▸ drop                                        nothing: the staging directory is removed
//! ```
//!
//! All writers take `&self` and may be called from several threads. Commits stay in memory until
//! they are published, so a staging directory never holds one that somebody could adopt.

mod adopt;
mod backlog;
mod file;
mod form;
mod look;
mod mend;
mod resume;
mod share;
mod space;
mod writeback;

pub use file::MAX_WHOLE;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::delta_stage::DeltaChanges;
use super::error::{Context, RepoError};
use super::lock::RepoLock;
use super::owner::Owner;
use super::paths;
use super::repository::Repo;
use super::stage::Stage;
use super::walk::ObjectSource;
use crate::format::delta::DeltaName;
use crate::format::{Checksum, Metadata, ObjectKind, ObjectName, RefName};

use backlog::Backlog;
use writeback::Writeback;

pub(in crate::repo) use space::Space;

/// A summary and the signatures over it, which are written together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryPair {
    /// The bytes of `summary`.
    pub summary: Vec<u8>,
    /// The bytes of `summary.sig`; without them an existing one is removed.
    pub signature: Option<Vec<u8>>,
}

/// A file below `extensions/airlock` that is replaced as one of the last steps of publishing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::repo) struct StateFile {
    pub(in crate::repo) bytes: Vec<u8>,
    pub(in crate::repo) mode: u32,
}

/// What publishing does besides making objects visible.
#[derive(Debug, Default)]
pub(in crate::repo) struct Intent {
    pub(in crate::repo) commits: BTreeMap<Checksum, Vec<u8>>,
    pub(in crate::repo) partial: Vec<Checksum>,
    pub(in crate::repo) commitmeta: BTreeMap<Checksum, Vec<u8>>,
    pub(in crate::repo) refs: BTreeMap<RefName, Option<Checksum>>,
    pub(in crate::repo) deltas: DeltaChanges,
    pub(in crate::repo) summary: Option<SummaryPair>,
    pub(in crate::repo) state: BTreeMap<String, StateFile>,
    pub(in crate::repo) journal: Option<String>,
    pub(in crate::repo) expected_refs: BTreeMap<RefName, Option<Checksum>>,
    pub(in crate::repo) expected_summary: Option<Option<Checksum>>,
}

/// What a transaction consists of once nothing is added to it any more.
pub(in crate::repo) struct Parts<'r> {
    pub(in crate::repo) repo: &'r Repo,
    pub(in crate::repo) stage: Stage,
    pub(in crate::repo) staged: HashSet<ObjectName>,
    /// Those of them that take the place of one that is there.
    pub(in crate::repo) replaced: HashSet<ObjectName>,
    pub(in crate::repo) intent: Intent,
    pub(in crate::repo) lock: RepoLock,
}

/// Changes to a repository that are being prepared; dropping it discards them.
#[must_use = "dropping a transaction discards it"]
pub struct Transaction<'r> {
    repo: &'r Repo,
    stage: Stage,
    owner: Owner,
    space: Space,
    writeback: Writeback,
    backlog: Backlog,
    /// Set once the file system turned out to share no blocks.
    no_clones: AtomicBool,
    staged: Mutex<HashSet<ObjectName>>,
    intent: Mutex<Intent>,
    /// Objects that are there and are not what their names say: they count as absent.
    replaced: HashSet<ObjectName>,
    _lock: RepoLock,
}

impl<'r> Transaction<'r> {
    /// Begins a transaction, taking libostree's shared lock for as long as it lives.
    pub fn begin(repo: &'r Repo) -> Result<Transaction<'r>, RepoError> {
        let lock = repo.lock_shared()?;
        let stage = Stage::temporary(repo)?;
        Transaction::new(repo, stage, lock)
    }

    fn new(repo: &'r Repo, stage: Stage, lock: RepoLock) -> Result<Transaction<'r>, RepoError> {
        Ok(Transaction {
            owner: Owner::like(repo.objects()).at("examine", repo.path())?,
            space: Space::measure(repo)?,
            writeback: Writeback::new(repo)?,
            backlog: Backlog::default(),
            no_clones: AtomicBool::new(false),
            staged: Mutex::default(),
            intent: Mutex::default(),
            replaced: HashSet::new(),
            repo,
            stage,
            _lock: lock,
        })
    }

    /// The repository underneath.
    pub fn repo(&self) -> &'r Repo {
        self.repo
    }

    /// How many bytes content objects may still take before the reserve is touched.
    pub fn space_left(&self) -> u64 {
        self.space.left()
    }

    /// Says whether the object is in the repository or staged.
    pub fn has(&self, name: &ObjectName) -> Result<bool, RepoError> {
        if self.is_staged(name) {
            return Ok(true);
        }
        Ok(!self.replaced.contains(name) && self.repo.has(name)?)
    }

    /// Stores a metadata object that is named by its content.
    pub fn write_metadata(&self, kind: ObjectKind, bytes: &[u8]) -> Result<Checksum, RepoError> {
        let name = ObjectName::new(Checksum::of(bytes), kind);
        // A commit that is there without its tree is written again, to lose its mark.
        let partial = kind == ObjectKind::Commit && self.repo.is_partial(&name.checksum)?;
        if self.has(&name)? && !partial {
            return Ok(name.checksum);
        }
        match kind {
            ObjectKind::Commit => {
                let mut intent = self.intent();
                intent.commits.insert(name.checksum, bytes.to_vec());
            }
            ObjectKind::DirTree | ObjectKind::DirMeta => self.put(&name, bytes)?,
            _ => {
                return Err(RepoError::UnsupportedMode {
                    mode: self.repo.mode(),
                    what: "store such an object by its content",
                });
            }
        }
        Ok(name.checksum)
    }

    /// Marks a new commit as partial: known, but without its tree.
    pub fn mark_partial(&self, commit: &Checksum) {
        self.intent().partial.push(*commit);
    }

    /// Sets the detached metadata of a commit, replacing what is there.
    pub fn stage_commitmeta(&self, commit: &Checksum, metadata: &Metadata) {
        let bytes = match metadata.is_empty() {
            true => Vec::new(),
            false => metadata.encode_hash_order(),
        };
        self.intent().commitmeta.insert(*commit, bytes);
    }

    /// Points a ref at a commit, or deletes it.
    pub fn set_ref(&self, name: &RefName, commit: Option<Checksum>) {
        self.intent().refs.insert(name.clone(), commit);
    }

    /// Notes what becomes of a static delta.
    pub(in crate::repo) fn change_delta(&self, name: &DeltaName, digest: Option<Checksum>) {
        self.intent().deltas.insert(*name, digest);
    }

    /// What becomes of static deltas.
    pub(in crate::repo) fn delta_changes(&self) -> DeltaChanges {
        self.intent().deltas.clone()
    }

    /// Replaces the summary and its signatures.
    pub fn set_summary(&self, pair: SummaryPair) {
        self.intent().summary = Some(pair);
    }

    /// Replaces a file below `extensions/airlock` together with everything else.
    pub fn write_state(&self, name: &str, bytes: Vec<u8>, mode: u32) {
        let file = StateFile { bytes, mode };
        self.intent().state.insert(name.to_owned(), file);
    }

    /// Appends one line to the journal, exactly once, even when a crash comes between.
    pub fn append_journal(&self, line: String) {
        self.intent().journal = Some(line);
    }

    /// Makes publishing fail unless the ref still points where it did when it was judged.
    pub fn expect_ref(&self, name: &RefName, commit: Option<Checksum>) {
        self.intent().expected_refs.insert(name.clone(), commit);
    }

    /// Makes publishing fail unless the summary file still has this checksum, or is still absent.
    pub fn expect_summary(&self, checksum: Option<Checksum>) {
        self.intent().expected_summary = Some(checksum);
    }

    /// Makes sure that there is room for `bytes` more of content.
    fn take(&self, bytes: u64) -> Result<(), RepoError> {
        self.space.take(bytes)?;
        self.writeback.note(bytes);
        Ok(())
    }

    /// Stages bytes under an object's name.
    fn put(&self, name: &ObjectName, bytes: &[u8]) -> Result<(), RepoError> {
        let loose = paths::loose(name, self.repo.mode());
        let mut temp = self.stage.temp_for(&loose)?;
        temp.fill(bytes, &self.owner)
            .at("write", self.stage.full(&loose))?;
        self.finish(name, &temp, &loose)
    }

    /// Gives a finished file its object name.
    fn finish(
        &self,
        name: &ObjectName,
        temp: &super::stage::TempFile,
        loose: &str,
    ) -> Result<(), RepoError> {
        if self.repo.config().per_object_fsync() {
            temp.file.sync_data().at("sync", self.stage.full(loose))?;
        }
        self.stage.link(temp, loose)?;
        self.note_staged(name);
        Ok(())
    }

    /// Takes the transaction apart for publishing.
    pub(in crate::repo) fn into_parts(self) -> Result<Parts<'r>, RepoError> {
        self.write_waiting()?;
        Ok(Parts {
            repo: self.repo,
            stage: self.stage,
            staged: self
                .staged
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
            replaced: self.replaced,
            intent: self
                .intent
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
            lock: self._lock,
        })
    }

    fn is_staged(&self, name: &ObjectName) -> bool {
        match name.kind {
            ObjectKind::Commit => self.intent().commits.contains_key(&name.checksum),
            _ => held(&self.staged).contains(name),
        }
    }

    fn note_staged(&self, name: &ObjectName) {
        held(&self.staged).insert(*name);
    }

    fn intent(&self) -> MutexGuard<'_, Intent> {
        held(&self.intent)
    }
}

impl ObjectSource for Transaction<'_> {
    fn has(&self, name: &ObjectName) -> Result<bool, RepoError> {
        Transaction::has(self, name)
    }

    fn has_files(&self, files: &[Checksum]) -> Result<bool, RepoError> {
        let staged = held(&self.staged);
        let is_staged =
            |file: &Checksum| staged.contains(&ObjectName::new(*file, ObjectKind::File));
        let others = files.iter().copied().filter(|file| !is_staged(file));
        let others: Vec<_> = others.collect();
        drop(staged);
        let is_bad = |file: &Checksum| {
            let name = ObjectName::new(*file, ObjectKind::File);
            self.replaced.contains(&name)
        };
        if others.iter().any(is_bad) {
            return Ok(false);
        }
        self.repo.has_files(&others)
    }

    fn metadata(&self, name: &ObjectName) -> Result<Vec<u8>, RepoError> {
        if name.kind == ObjectKind::Commit {
            if let Some(bytes) = self.intent().commits.get(&name.checksum) {
                return Ok(bytes.clone());
            }
        } else if let Some(bytes) = self.backlog.bytes(name) {
            return Ok(bytes);
        } else if self.is_staged(name) {
            return self.read_staged(name);
        }
        self.repo.read_metadata(name)
    }
}

/// Locks; a panic elsewhere cannot leave these collections half-changed.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
