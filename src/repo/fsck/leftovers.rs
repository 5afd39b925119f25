//! What killed commands left, and nothing refers to: no fault, but worth a word.

use rustix::fs;
use rustix::io::Errno;

use super::super::error::{Context, RepoError};
use super::super::lock::{Kind, LockFile};
use super::super::repository::Repo;
use super::super::{disk, durable, paths};
use super::Survey;
use crate::format::{Checksum, ObjectKind, ObjectName};

const MARK: &str = ".commitpartial";
const STATE: &str = "state";
const RESUMABLE: &str = "extensions/airlock/stage";
const STAGING: &str = "staging-";

/// Lists leavings in `tmp`, stages to resume, and marks of commits that are not here.
pub(super) fn find(survey: &Survey<'_>) -> Result<Vec<String>, RepoError> {
    let repo = survey.repo();
    let mut found = Vec::new();
    for name in names(repo, paths::TMP)? {
        let of_a_stage = name.ends_with("-lock") || is_in_use(repo, &name);
        if name != "cache" && !of_a_stage {
            found.push(format!("{}/{name}", paths::TMP));
        }
    }
    for name in names(repo, RESUMABLE)? {
        found.push(format!("{RESUMABLE}/{name}"));
    }
    for name in names(repo, STATE)? {
        let commit = name
            .strip_suffix(MARK)
            .and_then(|hex| hex.parse::<Checksum>().ok());
        let here = |commit| survey.is_present(&ObjectName::new(commit, ObjectKind::Commit));
        if commit.is_some_and(|commit| !here(commit)) {
            found.push(format!("{STATE}/{name}"));
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// Tells whether somebody is at work in a staging directory.
fn is_in_use(repo: &Repo, name: &str) -> bool {
    if !name.starts_with(STAGING) {
        return false;
    }
    let path = format!("{}/{name}-lock", paths::TMP);
    let flags = fs::OFlags::RDWR | fs::OFlags::NOFOLLOW | fs::OFlags::CLOEXEC;
    let Ok(file) = fs::openat(repo.dir(), path, flags, fs::Mode::empty()) else {
        return false;
    };
    !LockFile(file)
        .try_lock(Kind::Exclusive)
        .is_ok_and(|held| held)
}

fn names(repo: &Repo, path: &str) -> Result<Vec<String>, RepoError> {
    let dir = match durable::open_dir(repo.dir(), path) {
        // The stage is for its owner to look into.
        Err(Errno::NOENT | Errno::ACCESS) => return Ok(Vec::new()),
        other => other.at("open", repo.path().join(path))?,
    };
    let listed = disk::entries(std::os::fd::AsFd::as_fd(&dir), ".");
    let listed = listed.at("list", repo.path().join(path))?;
    Ok(listed.into_iter().map(|(name, _)| name).collect())
}
