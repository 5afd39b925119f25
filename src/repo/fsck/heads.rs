//! Every file that should be a ref, read one by one: one that cannot be read hides no other.

use rustix::fs::{Dir, FileType};
use rustix::io::Errno;

use super::super::error::{Context, RepoError};
use super::super::paths::{self, RefPlace};
use super::super::repository::Repo;
use super::super::{disk, durable};
use super::{FsckFinding, Heads};
use crate::format::RefName;

/// The deepest directory of refs that is looked into.
const MAX_DEPTH: usize = 64;

/// What was found among the refs.
#[derive(Default)]
struct Found {
    heads: Heads,
    broken: Vec<FsckFinding>,
}

/// Finds what every ref names, and the files that are no ref.
pub(super) fn scan(repo: &Repo) -> Result<(Heads, Vec<FsckFinding>), RepoError> {
    let mut found = Found::default();
    let place = |kind: &str| format!("{}/{kind}", paths::REFS);
    found.beneath(repo, &RefPlace::Heads, &place(paths::HEADS))?;
    for owner in owners(repo, &place(paths::REMOTES))? {
        let path = format!("{}/{owner}", place(paths::REMOTES));
        match owner.parse() {
            Ok(remote) => found.beneath(repo, &RefPlace::Remote(remote), &path)?,
            Err(_) => found.note(&path, "no remote can have that name"),
        }
    }
    for owner in owners(repo, &place(paths::MIRRORS))? {
        let path = format!("{}/{owner}", place(paths::MIRRORS));
        match owner.parse() {
            Ok(collection) => found.beneath(repo, &RefPlace::Mirror(collection), &path)?,
            Err(_) => found.note(&path, "no collection can have that name"),
        }
    }
    Ok((found.heads, found.broken))
}

fn owners(repo: &Repo, path: &str) -> Result<Vec<String>, RepoError> {
    let listed = match disk::entries(repo.dir(), path) {
        Err(Errno::NOENT) => return Ok(Vec::new()),
        other => other.at("list", repo.path().join(path))?,
    };
    let shown = listed.into_iter().map(|(name, _)| name);
    Ok(shown.filter(|name| !name.starts_with('.')).collect())
}

impl Found {
    /// Reads every ref beneath `root`.
    fn beneath(&mut self, repo: &Repo, place: &RefPlace, root: &str) -> Result<(), RepoError> {
        let mut pending = vec![root.to_owned()];
        while let Some(path) = pending.pop() {
            let full = || repo.path().join(&path);
            let dir = match durable::open_dir(repo.dir(), &path) {
                Err(Errno::NOENT) => continue,
                Err(Errno::NOTDIR | Errno::LOOP) => {
                    self.note(&path, "it is no directory");
                    continue;
                }
                other => other.at("open", full())?,
            };
            for entry in Dir::read_from(&dir).at("list", full())? {
                let entry = entry.at("list", full())?;
                let name = entry.file_name().to_string_lossy();
                // What ostree writes gets a name like this until it is whole.
                if name.starts_with('.') {
                    continue;
                }
                let child = format!("{path}/{name}");
                match entry.file_type() {
                    FileType::Directory if child.matches('/').count() < MAX_DEPTH => {
                        pending.push(child);
                    }
                    FileType::Directory => self.note(&child, "it lies too deep"),
                    FileType::RegularFile | FileType::Symlink | FileType::Unknown => {
                        let name = child.strip_prefix(root).unwrap_or_default();
                        self.read(repo, place, name.trim_start_matches('/'), &child)?;
                    }
                    _ => self.note(&child, "it is neither a file nor a link"),
                }
            }
        }
        Ok(())
    }

    fn read(
        &mut self,
        repo: &Repo,
        place: &RefPlace,
        name: &str,
        path: &str,
    ) -> Result<(), RepoError> {
        let Ok(name) = name.parse::<RefName>() else {
            self.note(path, "no ref can have that name");
            return Ok(());
        };
        match repo.ref_commit_at(place, &name) {
            Ok(Some(commit)) => drop(self.heads.insert((place.clone(), name), commit)),
            // Deleted meanwhile.
            Ok(None) => {}
            Err(RepoError::RefMalformed { path: at }) if at.ends_with(path) => {
                self.note(path, "it holds no commit's checksum");
            }
            Err(RepoError::RefMalformed { .. }) => self.note(path, "it leads to no ref"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn note(&mut self, path: &str, reason: &str) {
        let (path, reason) = (path.to_owned(), reason.to_owned());
        self.broken.push(FsckFinding::BadRef { path, reason });
    }
}
