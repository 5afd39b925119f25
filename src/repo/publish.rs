//! Making a transaction visible, in the one order that survives a power cut at any instant.
//!
//! ```text
//! syncfs                            all staged data is on the medium
//! reserve                           space and directories for all that follows
//! files, dirtrees, dirmetas         moved into objects/, a whole two-letter directory at once
//!                                   where there is none yet; nothing refers to them yet
//! fsync of the directories
//! redo record                       from here on: rolled forward, never back
//! commitmeta ▸ commits              so a commit is never seen without its signatures
//! refs                              so a ref never points at what is not there
//! static deltas, their indexes      so a summary never lists one that is not there
//! summary.sig ▸ summary             one mtime for both
//! airlock's state ▸ journal
//! redo record removed
//! ```

use std::collections::HashSet;
use std::os::fd::AsFd;

use rustix::fs;
use rustix::io::Errno;

use super::disk;
use super::durable::{self, Sync};
use super::error::{Context, RepoError};
use super::lock::{Kind, LockFile};
use super::owner::{inherits, make_dir_alike};
use super::paths;
use super::redo::Record;
use super::repository::Repo;
use super::reserve::Reserve;
use super::spread::{spread, threads};
use super::stage::Stage;
use super::transaction::{Intent, Parts, Transaction};
use crate::format::{Checksum, ObjectName};
use crate::{Event, Observer, Stage as Progress, Unit};

/// More directories than this are synced together with the filesystem they are on.
const MAX_DIR_SYNCS: usize = 8;

/// What a publish added to the repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Files, directories and their metadata.
    pub objects: usize,
    /// Commits.
    pub commits: usize,
    /// Refs that were set or deleted.
    pub refs: usize,
}

impl Transaction<'_> {
    /// Makes everything visible; **when this fails, nothing has changed unless the error says it is
    /// unfinished.** Then the next writing verb finishes it.
    pub fn publish(self, observer: &dyn Observer) -> Result<Published, RepoError> {
        let Parts {
            repo,
            stage,
            mut staged,
            replaced,
            intent,
            lock,
        } = self.into_parts()?;
        unchanged(repo, &intent)?;
        sync_filesystem(repo)?;
        let reserve = Reserve::take(repo, &staged, &intent)?;
        let mut objects = 0;
        if !replaced.is_empty() {
            let (over, new): (HashSet<_>, HashSet<_>) =
                staged.iter().partition(|name| replaced.contains(name));
            objects = replace_objects(repo, &stage, &over)?;
            staged = new;
        }
        objects += move_objects(repo, &stage, &staged, observer)?;
        unchanged(repo, &intent)?;
        reserve.release();
        let record = Record::new(repo, intent)?;
        let published = Published {
            objects,
            commits: record.commits(),
            refs: record.refs(),
        };
        if !record.is_empty() {
            record.carry_out(repo)?;
        }
        // All is done and said by now; what cannot be cleaned here, a later transaction cleans.
        let _ = clean_tmp(repo, &stage);
        drop(stage);
        drop(lock);
        Ok(published)
    }
}

/// Compares what policy judged with what is there now.
fn unchanged(repo: &Repo, intent: &Intent) -> Result<(), RepoError> {
    for (name, expected) in &intent.expected_refs {
        if repo.ref_commit(name)? != *expected {
            return Err(RepoError::Changed {
                what: format!("ref {name}"),
            });
        }
    }
    if let Some(expected) = intent.expected_summary {
        let now = repo.summary()?.map(|bytes| Checksum::of(&bytes));
        if now != expected {
            return Err(RepoError::Changed {
                what: "summary".to_owned(),
            });
        }
    }
    Ok(())
}

/// Waits until everything written so far is on the medium.
pub(in crate::repo) fn sync_filesystem(repo: &Repo) -> Result<(), RepoError> {
    match repo.sync() {
        Sync::Yes => fs::syncfs(repo.dir()).at("sync", repo.path()),
        Sync::No => Ok(()),
    }
}

/// Moves staged objects to their places and makes that durable.
fn move_objects(
    repo: &Repo,
    stage: &Stage,
    staged: &HashSet<ObjectName>,
    observer: &dyn Observer,
) -> Result<usize, RepoError> {
    observer.event(Event::Begin {
        stage: Progress::Publish,
        total: Some(staged.len() as u64),
        unit: Unit::Objects,
    });
    // In order, so that one directory after the other is touched.
    let mut names: Vec<_> = staged
        .iter()
        .map(|name| paths::loose(name, repo.mode()))
        .collect();
    names.sort_unstable();
    let whole = !inherits(repo.objects());
    let fans: Vec<_> = names.chunk_by(|a, b| a.get(..2) == b.get(..2)).collect();
    spread(
        threads(),
        &fans,
        || (),
        |(), fan| {
            move_fan(repo, stage, fan, whole)?;
            let (stage, by) = (Progress::Publish, fan.len() as u64);
            observer.event(Event::Advance { stage, by });
            Ok(())
        },
    )?;
    let dirs = fans.iter().filter_map(|fan| fan.first()?.get(..2));
    let dirs: Vec<&str> = dirs.collect();
    sync_dirs(repo, &dirs)?;
    observer.event(Event::End {
        stage: Progress::Publish,
    });
    Ok(names.len())
}

/// Renames staged objects over damaged ones, each in one step, and makes that durable.
fn replace_objects(
    repo: &Repo,
    stage: &Stage,
    names: &HashSet<ObjectName>,
) -> Result<usize, RepoError> {
    let mut loose: Vec<_> = names
        .iter()
        .map(|name| paths::loose(name, repo.mode()))
        .collect();
    loose.sort_unstable();
    for loose in &loose {
        let at = || repo.path().join(paths::OBJECTS).join(loose);
        stage
            .rename_over(loose, repo.objects())
            .at("replace", at())?;
    }
    let mut dirs: Vec<&str> = loose.iter().filter_map(|name| name.get(..2)).collect();
    dirs.dedup();
    sync_dirs(repo, &dirs)?;
    Ok(loose.len())
}

/// Moves the objects of one two-letter directory: all at once, where there are none of it yet.
fn move_fan(repo: &Repo, stage: &Stage, names: &[String], whole: bool) -> Result<(), RepoError> {
    let fan = names.first().and_then(|name| name.get(..2));
    let fan = fan.unwrap_or_default();
    let at = |loose: &str| repo.path().join(paths::OBJECTS).join(loose);
    if whole
        && stage
            .rename_fan_into(fan, names, repo.objects())
            .at("publish", at(fan))?
    {
        return Ok(());
    }
    for loose in names {
        place(repo, stage, loose, fan).at("publish", at(loose))?;
    }
    Ok(())
}

fn place(repo: &Repo, stage: &Stage, loose: &str, fan: &str) -> Result<(), Errno> {
    match stage.move_into(loose, repo.objects()) {
        Err(Errno::NOENT) => {
            make_dir_alike(repo.objects(), fan)?;
            stage.move_into(loose, repo.objects())
        }
        other => other,
    }
}

fn sync_dirs(repo: &Repo, dirs: &[&str]) -> Result<(), RepoError> {
    if repo.sync() == Sync::No || dirs.is_empty() {
        return Ok(());
    }
    if dirs.len() > MAX_DIR_SYNCS {
        return sync_filesystem(repo);
    }
    for fan in dirs {
        durable::open_dir(repo.objects(), fan)
            .and_then(fs::fsync)
            .at("sync", repo.path().join(paths::OBJECTS).join(fan))?;
    }
    fs::fsync(repo.objects()).at("sync", repo.path().join(paths::OBJECTS))
}

/// Removes what dead transactions left in `tmp`, by libostree's rules.
///
/// A staging directory of another boot may hold data that never reached the medium; one of this boot
/// is left for libostree to take up, until it is too old. Times are the filesystem's own.
fn clean_tmp(repo: &Repo, stage: &Stage) -> Result<(), RepoError> {
    let at = || repo.path().join(paths::TMP);
    let now = fs::fstat(stage.dir()).at("inspect", at())?.st_mtime;
    let boot = format!("staging-{}-", disk::boot_id()?);
    let tmp = durable::open_dir(repo.dir(), paths::TMP).at("open", at())?;
    for (name, is_dir) in disk::entries(tmp.as_fd(), ".").at("list", at())? {
        if name == "cache" || name.ends_with("-lock") {
            continue;
        }
        let nofollow = fs::AtFlags::SYMLINK_NOFOLLOW;
        let Ok(stat) = fs::statat(&tmp, name.as_str(), nofollow) else {
            continue; // gone meanwhile
        };
        let age = now.saturating_sub(stat.st_mtime);
        let old = u64::try_from(age).is_ok_and(|age| age > repo.config().tmp_expiry());
        let foreign = name.starts_with("staging-") && !name.starts_with(&boot);
        if !old && !foreign {
            continue;
        }
        // Another user's leavings may be beyond us: they do no harm.
        let _ = match (is_dir, name.starts_with("staging-")) {
            (true, true) => remove_dead_stage(repo, &name),
            (true, false) => disk::remove_tree(tmp.as_fd(), &name),
            (false, _) => fs::unlinkat(&tmp, name.as_str(), fs::AtFlags::empty()),
        };
    }
    Ok(())
}

/// Removes a staging directory that nobody holds the lock of.
fn remove_dead_stage(repo: &Repo, name: &str) -> Result<(), Errno> {
    let path = format!("{}/{name}", paths::TMP);
    let lock_path = format!("{path}-lock");
    let flags = fs::OFlags::RDWR | fs::OFlags::CREATE | fs::OFlags::NOFOLLOW | fs::OFlags::CLOEXEC;
    let bits = fs::Mode::from_raw_mode(0o600);
    let file = LockFile(fs::openat(repo.dir(), lock_path.as_str(), flags, bits)?);
    if file.try_lock(Kind::Exclusive).is_ok_and(|held| held) {
        disk::remove_tree(repo.dir(), &path)?;
        fs::unlinkat(repo.dir(), lock_path.as_str(), fs::AtFlags::empty())?;
    }
    Ok(())
}
