//! The steps that change what others see of a repository; each is whole or not there, and may be repeated.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;

use rustix::fs::{self, AtFlags, Mode as Bits, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::durable::{self, Sync};
use super::error::{Context, RepoError};
use super::owner::{Owner, make_dir_alike};
use super::paths;
use super::repository::Repo;
use super::transaction::SummaryPair;
use crate::format::{Checksum, ObjectKind, ObjectName};

/// Where marks of partial commits lie.
const STATE: &str = "state";
/// The largest summary, or signature of one, that is read.
const MAX_SUMMARY: u64 = 128 * 1024 * 1024;
/// Beneath `extensions/airlock`.
const JOURNAL: &str = "journal.jsonl";
/// The journal names people and machines: not for the web server.
const JOURNAL_MODE: u32 = 0o640;
/// How much of the journal's end is looked at for a torn line.
const TORN: u64 = 1024 * 1024;

impl Repo {
    /// Reads `summary`, if there is one.
    pub fn summary(&self) -> Result<Option<Vec<u8>>, RepoError> {
        let path = self.path().join(paths::SUMMARY);
        durable::read_file(self.dir(), paths::SUMMARY, MAX_SUMMARY).at("read", path)
    }

    /// Reads `summary.sig`, if there is one.
    pub fn summary_signature(&self) -> Result<Option<Vec<u8>>, RepoError> {
        let path = self.path().join(paths::SUMMARY_SIG);
        durable::read_file(self.dir(), paths::SUMMARY_SIG, MAX_SUMMARY).at("read", path)
    }
}

/// Makes the two-letter directories that commits go to, and syncs what holds them, once for all.
pub(in crate::repo) fn commit_dirs(repo: &Repo, commits: &[&Checksum]) -> Result<(), RepoError> {
    let at = || repo.path().join(paths::OBJECTS);
    for fan in fans(commits) {
        make_dir_alike(repo.objects(), &fan).at("create", at())?;
    }
    // Also where all were there: they may be what a run that was killed has just made.
    match repo.sync() {
        Sync::Yes if !commits.is_empty() => fs::fsync(repo.objects()).at("sync", at()),
        _ => Ok(()),
    }
}

/// Replaces the detached metadata of a commit; **durable only after [`sync_commits`].**
pub(in crate::repo) fn commitmeta(
    repo: &Repo,
    commit: &Checksum,
    bytes: &[u8],
) -> Result<(), RepoError> {
    object(
        repo,
        &ObjectName::new(*commit, ObjectKind::CommitMeta),
        bytes,
    )
}

/// Marks commits that are about to come as partial, durably.
pub(in crate::repo) fn mark_partial(repo: &Repo, commits: &[&Checksum]) -> Result<(), RepoError> {
    for commit in commits {
        let mark = paths::partial(commit);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let bits = Bits::from_raw_mode(0o644);
        fs::openat(repo.dir(), mark.as_str(), flags, bits).at("create", repo.path().join(&mark))?;
    }
    match commits {
        [] => Ok(()),
        _ => sync_state(repo),
    }
}

/// Adds a commit; **durable only after [`sync_commits`].**
pub(in crate::repo) fn commit(
    repo: &Repo,
    commit: &Checksum,
    bytes: &[u8],
) -> Result<(), RepoError> {
    object(repo, &ObjectName::new(*commit, ObjectKind::Commit), bytes)?;
    let tombstone = ObjectName::new(*commit, ObjectKind::TombstoneCommit);
    let loose = paths::loose(&tombstone, repo.mode());
    remove(repo.objects(), &loose).at("remove", repo.store().full(&tombstone))
}

/// Takes the marks away from commits that are whole, durably.
pub(in crate::repo) fn unmark_partial(repo: &Repo, commits: &[&Checksum]) -> Result<(), RepoError> {
    let mut marked = false;
    for commit in commits {
        let mark = paths::partial(commit);
        match fs::unlinkat(repo.dir(), mark.as_str(), AtFlags::empty()) {
            Err(Errno::NOENT) => {}
            other => {
                other.at("remove", repo.path().join(&mark))?;
                marked = true;
            }
        }
    }
    match marked {
        true => sync_state(repo),
        false => Ok(()),
    }
}

fn sync_state(repo: &Repo) -> Result<(), RepoError> {
    match repo.sync() {
        Sync::Yes => durable::open_dir(repo.dir(), STATE)
            .and_then(fs::fsync)
            .at("sync", repo.path().join(STATE)),
        Sync::No => Ok(()),
    }
}

/// Syncs the directories that files of these commits were put in, each once.
pub(in crate::repo) fn sync_commits(repo: &Repo, commits: &[&Checksum]) -> Result<(), RepoError> {
    if repo.sync() == Sync::No {
        return Ok(());
    }
    for fan in fans(commits) {
        durable::open_dir(repo.objects(), &fan)
            .and_then(fs::fsync)
            .at("sync", repo.path().join(paths::OBJECTS).join(&fan))?;
    }
    Ok(())
}

fn fans(commits: &[&Checksum]) -> BTreeSet<String> {
    let fan = |commit: &&Checksum| commit.to_string().get(..2).unwrap_or_default().to_owned();
    commits.iter().map(fan).collect()
}

fn remove(dir: BorrowedFd<'_>, path: &str) -> Result<(), Errno> {
    match fs::unlinkat(dir, path, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

/// Gives an object's file its name, replacing one that is there; its bytes are durable before.
fn object(repo: &Repo, name: &ObjectName, bytes: &[u8]) -> Result<(), RepoError> {
    let at = || repo.store().full(name);
    let temp = Temp::write(repo, bytes)?;
    temp.sync(repo)?;
    let loose = paths::loose(name, repo.mode());
    temp.rename(repo.objects(), &loose).at("write", at())
}

/// Replaces summary and signature, one right after the other, with one modification time.
///
/// The time is never before that of what is replaced, nor in the same second: web servers and
/// clients compare whole seconds.
pub(in crate::repo) fn summary(repo: &Repo, pair: &SummaryPair) -> Result<(), RepoError> {
    let there = (repo.summary()?, repo.summary_signature()?);
    if there.0.as_deref() == Some(&pair.summary) && there.1 == pair.signature {
        return Ok(());
    }
    let summary = Temp::write(repo, &pair.summary)?;
    let signature = match &pair.signature {
        Some(bytes) => Some(Temp::write(repo, bytes)?),
        None => None,
    };
    let time = summary_time(repo, &summary)?;
    for temp in [Some(&summary), signature.as_ref()].into_iter().flatten() {
        fs::futimens(&temp.file, &time).at("date", repo.path().join(paths::SUMMARY))?;
        temp.sync(repo)?;
    }
    let at = || repo.path().join(paths::SUMMARY_SIG);
    match signature {
        Some(temp) => temp
            .rename(repo.dir(), paths::SUMMARY_SIG)
            .at("write", at())?,
        None => remove(repo.dir(), paths::SUMMARY_SIG).at("remove", at())?,
    }
    let at = || repo.path().join(paths::SUMMARY);
    summary
        .rename(repo.dir(), paths::SUMMARY)
        .at("write", at())?;
    if repo.sync() == Sync::Yes {
        fs::fsync(repo.dir()).at("sync", at())?;
    }
    Ok(())
}

fn summary_time(repo: &Repo, fresh: &Temp) -> Result<Timestamps, RepoError> {
    let stat = fs::fstat(&fresh.file).at("inspect", repo.path().join(paths::SUMMARY))?;
    let mut time = Timespec {
        tv_sec: stat.st_mtime,
        tv_nsec: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
    };
    for name in [paths::SUMMARY, paths::SUMMARY_SIG] {
        if let Ok(old) = fs::statat(repo.dir(), name, AtFlags::SYMLINK_NOFOLLOW)
            && old.st_mtime >= time.tv_sec
        {
            time = Timespec {
                tv_sec: old.st_mtime.saturating_add(1),
                tv_nsec: 0,
            };
        }
    }
    Ok(Timestamps {
        last_access: time,
        last_modification: time,
    })
}

/// Appends a line to the journal unless it is the last one already; a torn last line goes first.
pub(in crate::repo) fn journal_line(repo: &Repo, line: &str) -> Result<(), RepoError> {
    let path = repo.path().join(paths::AIRLOCK).join(JOURNAL);
    let dir = repo.extension_dir()?;
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let bits = Bits::from_raw_mode(JOURNAL_MODE);
    let mut file = File::from(fs::openat(&dir, JOURNAL, flags, bits).at("open", &path)?);
    let end = whole_lines(&file).at("read", &path)?;
    let mut last = vec![0; line.len() + 1];
    let start = end.checked_sub(last.len() as u64);
    if let Some(start) = start {
        file.read_exact_at(&mut last, start).at("read", &path)?;
        if last.strip_suffix(b"\n") == Some(line.as_bytes()) {
            return Ok(());
        }
    }
    file.set_len(end).at("mend", &path)?;
    file.seek(SeekFrom::End(0)).at("write", &path)?;
    file.write_all(format!("{line}\n").as_bytes())
        .at("write", &path)?;
    fs::fchmod(&file, Bits::from_raw_mode(JOURNAL_MODE)).at("write", &path)?;
    if repo.sync() == Sync::Yes {
        file.sync_all().at("sync", &path)?;
        fs::fsync(&dir).at("sync", &path)?;
    }
    Ok(())
}

/// Where the last whole line of a file ends.
fn whole_lines(file: &File) -> std::io::Result<u64> {
    let length = file.metadata()?.len();
    let start = length.saturating_sub(TORN);
    let mut tail = vec![0; usize::try_from(length - start).unwrap_or(0)];
    file.read_exact_at(&mut tail, start)?;
    let ends = tail.iter().rposition(|byte| *byte == b'\n');
    Ok(ends.map_or(start, |last| start + last as u64 + 1))
}

/// A file in `tmp` that is on its way to a rename; removed when it does not get there.
struct Temp<'r> {
    repo: &'r Repo,
    tmp: std::os::fd::OwnedFd,
    name: String,
    file: File,
}

impl<'r> Temp<'r> {
    fn write(repo: &'r Repo, bytes: &[u8]) -> Result<Temp<'r>, RepoError> {
        let at = || repo.path().join(paths::TMP);
        let tmp = repo.tmp()?;
        let (name, file) = durable::create_unique(tmp.as_fd(), "airlock-").at("write", at())?;
        let mut temp = Temp {
            repo,
            tmp,
            name,
            file,
        };
        temp.file.write_all(bytes).at("write", at())?;
        Owner::like(repo.objects())
            .and_then(|owner| owner.give(&temp.file))
            .and_then(|()| fs::fchmod(&temp.file, Bits::from_raw_mode(0o644)))
            .at("write", at())?;
        Ok(temp)
    }

    fn sync(&self, repo: &Repo) -> Result<(), RepoError> {
        match repo.sync() {
            Sync::Yes => fs::fsync(&self.file).at("sync", self.repo.path().join(paths::TMP)),
            Sync::No => Ok(()),
        }
    }

    fn rename(mut self, dir: BorrowedFd<'_>, name: &str) -> Result<(), Errno> {
        fs::renameat(&self.tmp, self.name.as_str(), dir, name)?;
        self.name.clear();
        Ok(())
    }
}

impl Drop for Temp<'_> {
    fn drop(&mut self) {
        if !self.name.is_empty() {
            let _ = fs::unlinkat(&self.tmp, self.name.as_str(), AtFlags::empty());
        }
    }
}
