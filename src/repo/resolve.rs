//! From what a person types to a commit, in libostree's order.
//!
//! ```text
//! 64 hex digits        the commit itself
//! some hex digits      the one commit that begins with them
//! REV^                 the parent of REV
//! REMOTE:REF           refs/remotes/REMOTE/REF
//! REF                  refs/heads/REF, else refs/remotes/REF, else the first remote that has REF
//! ```

use rustix::fs::Dir;
use rustix::io::Errno;

use crate::format::{Checksum, ObjectKind, RefName, RefSpec};

use super::durable;
use super::error::{Context, RepoError};
use super::paths::{self, RefPlace};
use super::repository::Repo;

/// The most `^` that a revision may end in.
const MAX_PARENTS: usize = 4096;

impl Repo {
    /// Returns the commit that `rev` names.
    pub fn resolve(&self, rev: &str) -> Result<Checksum, RepoError> {
        let base = rev.trim_end_matches('^');
        let parents = rev.len() - base.len();
        let mut commit = self.resolve_base(rev, base)?;
        if parents > MAX_PARENTS {
            return Err(RepoError::RevMissing {
                rev: rev.to_owned(),
            });
        }
        for _ in 0..parents {
            commit = self
                .commit(&commit)?
                .parent
                .ok_or(RepoError::NoParent { commit })?;
        }
        Ok(commit)
    }

    fn resolve_base(&self, rev: &str, base: &str) -> Result<Checksum, RepoError> {
        if let Ok(commit) = Checksum::from_hex(base) {
            return Ok(commit);
        }
        if let Some(commit) = self.resolve_prefix(base)? {
            return Ok(commit);
        }
        let spec: RefSpec = base.parse().map_err(|source| RepoError::RevInvalid {
            rev: rev.to_owned(),
            source,
        })?;
        let found = match spec.remote {
            Some(remote) => self.ref_commit_at(&RefPlace::Remote(remote), &spec.name)?,
            None => self.resolve_name(&spec.name)?,
        };
        found.ok_or_else(|| RepoError::RevMissing {
            rev: rev.to_owned(),
        })
    }

    fn resolve_name(&self, name: &RefName) -> Result<Option<Checksum>, RepoError> {
        if let Some(commit) = self.ref_commit(name)? {
            return Ok(Some(commit));
        }
        let remotes = self.remote_refs()?;
        let spelled_out = remotes
            .iter()
            .find(|((r, n), _)| format!("{r}/{n}") == name.to_string());
        let anywhere = || remotes.iter().find(|((_, n), _)| n == name);
        Ok(spelled_out.or_else(anywhere).map(|(_, commit)| *commit))
    }

    /// Finds the only commit object that begins with `prefix`, if that is hexadecimal.
    fn resolve_prefix(&self, prefix: &str) -> Result<Option<Checksum>, RepoError> {
        let hexadecimal = prefix
            .bytes()
            .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if prefix.is_empty() || prefix.len() >= 64 || !hexadecimal {
            return Ok(None);
        }
        let mut found = None;
        for fan in 0..=0xff_u8 {
            let fan = format!("{fan:02x}");
            if !(fan.starts_with(prefix) || prefix.starts_with(&fan)) {
                continue;
            }
            for commit in self.commits_in(&fan)? {
                if !commit.to_string().starts_with(prefix) {
                    continue;
                }
                if found.is_some() {
                    return Err(RepoError::RevAmbiguous {
                        rev: prefix.to_owned(),
                    });
                }
                found = Some(commit);
            }
        }
        Ok(found)
    }

    /// Lists the commits in one of the 256 object directories.
    fn commits_in(&self, fan: &str) -> Result<Vec<Checksum>, RepoError> {
        let full = || self.path().join(paths::OBJECTS).join(fan);
        let dir = match durable::open_dir(self.objects(), fan) {
            Err(Errno::NOENT) => return Ok(Vec::new()),
            other => other.at("open", full())?,
        };
        let suffix = format!(".{}", ObjectKind::Commit.extension());
        let mut commits = Vec::new();
        for entry in Dir::read_from(&dir).at("list", full())? {
            let entry = entry.at("list", full())?;
            let rest = entry
                .file_name()
                .to_str()
                .ok()
                .and_then(|name| name.strip_suffix(&suffix));
            if let Some(rest) = rest {
                commits.extend(Checksum::from_hex(&format!("{fan}{rest}")));
            }
        }
        Ok(commits)
    }
}
