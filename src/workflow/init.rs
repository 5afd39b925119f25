//! `init`: a new repository, with an id of its own.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::Error;
use crate::format::CollectionId;
use crate::repo::{InitOptions, Mode, Repo, RepoError};

/// What was made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct InitOutcome {
    /// The repository.
    pub path: PathBuf,
    /// How it stores files.
    pub mode: Mode,
    /// Its collection.
    pub collection: Option<CollectionId>,
    /// Its id, which its bundles will carry.
    pub id: String,
    /// Whether it was made just now.
    pub created: bool,
}

/// Makes a repository; one of the same mode that exists is left as it is.
pub fn init(path: &Path, options: &InitOptions) -> Result<InitOutcome, Error> {
    let created = matches!(Repo::open(path), Err(RepoError::NotARepository { .. }));
    let repo = Repo::init(path, options)?;
    let (_lock, _) = repo.lock_for_writing()?;
    Ok(InitOutcome {
        path: repo.path().to_owned(),
        mode: repo.mode(),
        collection: repo.collection_id().cloned(),
        id: repo.ensure_id()?,
        created,
    })
}
