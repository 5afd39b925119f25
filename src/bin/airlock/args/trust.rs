//! `--trust`.

use std::path::PathBuf;

use airlock::repo::Repo;
use airlock::workflow::{self, Trust};

use crate::context::Context;
use crate::error::CliError;

/// Whose signatures are believed.
#[derive(clap::Args, Clone, Debug)]
pub struct TrustArgs {
    /// Trust directory, or one certificate file [default: `trust` in airlock.toml]
    #[arg(long, value_name = "PATH")]
    pub trust: Option<PathBuf>,
}

impl TrustArgs {
    /// Returns the path that was given, or else the configured one, if there is any.
    pub fn path(&self, context: &Context) -> Option<PathBuf> {
        self.trust
            .clone()
            .or_else(|| context.config().trust.clone())
    }

    /// Loads what was given or configured; without either nothing is judged.
    pub fn load(&self, context: &Context) -> Result<Option<Trust>, CliError> {
        let path = self.path(context);
        let trust = path.map(|path| Trust::load(&path)).transpose();
        Ok(trust.map_err(workflow::Error::from)?)
    }

    /// Loads what was given or configured, and what imports brought to this repository since.
    pub fn of_repository(&self, context: &Context, repo: &Repo) -> Result<Option<Trust>, CliError> {
        let trust = self.load(context)?;
        let in_force = trust.map(|trust| trust.of_repository(repo)).transpose();
        Ok(in_force?)
    }

    /// Returns the path, or refuses: there is no unverified import.
    pub fn required(&self, context: &Context) -> Result<PathBuf, CliError> {
        self.path(context).ok_or_else(|| {
            CliError::usage("no trust given")
                .why("nothing is believed without certificates to check it against")
                .next("add --trust DIR, a directory with the release certificates")
        })
    }
}
