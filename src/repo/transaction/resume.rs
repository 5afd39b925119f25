//! Taking up a stage that an interrupted run left: what is whole stays, the rest goes.
//!
//! A power cut may have left a file with a name and without its data, and a directory that somebody
//! else could write to proves nothing: so every staged object is hashed again before it counts.

use std::io::Read;

use super::super::check::Checker;
use super::super::error::{Context, RepoError};
use super::super::paths;
use super::super::repository::Repo;
use super::super::spread::spread;
use super::super::stage::Stage;
use super::{Space, Transaction, held};
use crate::format::limits::MAX_METADATA;
use crate::format::{Checksum, ObjectKind, ObjectName};

/// What a stage may hold.
const STAGED: [ObjectKind; 3] = [ObjectKind::File, ObjectKind::DirTree, ObjectKind::DirMeta];

impl Repo {
    /// How many bytes of content a transaction may add before the reserve is touched.
    pub fn space_left(&self) -> Result<u64, RepoError> {
        Ok(Space::measure(self)?.left())
    }

    /// How many bytes a killed run of the work called `id` left for the next one.
    pub fn staged_bytes(&self, id: &Checksum) -> Result<u64, RepoError> {
        Stage::measure(self, id)
    }
}

impl<'r> Transaction<'r> {
    /// Takes up the stage of the work called `id`, or begins it; returns how many objects it held.
    ///
    /// The stages of other work are removed: **the caller holds airlock's lock**, so nobody is at it.
    pub fn resume(
        repo: &'r Repo,
        id: &Checksum,
        threads: usize,
    ) -> Result<(Transaction<'r>, usize), RepoError> {
        let lock = repo.lock_shared()?;
        let stage = Stage::resumable(repo, id)?;
        stage.remove_siblings()?;
        let tx = Transaction::new(repo, stage, lock)?;
        let found = tx.stage.list()?;
        spread(threads, &found, Checker::default, |checker, loose| {
            tx.take_up(checker, loose)
        })?;
        let kept = held(&tx.staged).len();
        Ok((tx, kept))
    }

    /// Notes one staged file as an object when it is one, and removes it when it is not.
    fn take_up(&self, checker: &mut Checker, loose: &str) -> Result<(), RepoError> {
        let Some(name) = paths::parse_loose(loose, self.repo.mode()) else {
            return self.stage.remove(loose);
        };
        if !STAGED.contains(&name.kind) {
            return self.stage.remove(loose);
        }
        match checker.check(self.stage.store(), &name) {
            Ok(_) => self.note_staged(&name),
            Err(error @ RepoError::Io { .. }) => return Err(error),
            Err(_) => return self.stage.remove(loose),
        }
        Ok(())
    }

    /// Reads a staged metadata object.
    pub(super) fn read_staged(&self, name: &ObjectName) -> Result<Vec<u8>, RepoError> {
        let loose = paths::loose(name, self.repo.mode());
        let file = self.stage.open_object(&loose)?;
        let file = file.ok_or(RepoError::ObjectMissing { name: *name })?;
        let mut bytes = Vec::new();
        file.take(MAX_METADATA)
            .read_to_end(&mut bytes)
            .at("read", self.stage.full(&loose))?;
        Ok(bytes)
    }
}
