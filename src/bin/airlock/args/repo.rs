//! `--repo`.

use std::path::PathBuf;

use airlock::repo::Repo;

use crate::context::Context;
use crate::error::CliError;

/// The repository that a verb works on.
#[derive(clap::Args, Clone, Debug)]
pub struct RepoArg {
    /// The repository [default: `repo` in airlock.toml]
    #[arg(long, value_name = "PATH", env = "OSTREE_REPO", hide_env_values = true)]
    pub repo: Option<PathBuf>,
}

impl RepoArg {
    /// Returns the path that was given, or else the configured one.
    pub fn path(&self, context: &Context) -> Result<PathBuf, CliError> {
        self.repo
            .clone()
            .or_else(|| context.config().repo.clone())
            .ok_or_else(|| {
                CliError::usage("no repository given").next("add --repo PATH, or set OSTREE_REPO")
            })
    }

    /// Opens the repository that was given or configured.
    pub fn open(&self, context: &Context) -> Result<Repo, CliError> {
        Ok(Repo::open(&self.path(context)?)?)
    }
}
