//! `--site-record`.

use std::path::{Path, PathBuf};

use airlock::repo::Repo;
use airlock::workflow::site::Accepted;

use crate::context::Context;

/// Where a copy is kept if nobody says otherwise; a package or an administrator makes it.
const DEFAULT: &str = "/var/lib/airlock";

/// Where the record of what was accepted is kept besides the repository.
#[derive(clap::Args, Clone, Debug)]
pub struct SiteRecordArg {
    /// Keep a copy of what was accepted here, so that losing the repository opens no door to old
    /// bundles [default: `site-record` in airlock.toml, else where it was kept before, else
    /// /var/lib/airlock if that exists and can be written to]
    #[arg(long, value_name = "DIR")]
    site_record: Option<PathBuf>,
}

impl SiteRecordArg {
    /// Returns the directory that was asked for or is customary; none leaves it to the repository.
    pub fn dir(&self, repo: &Repo, context: &Context) -> Option<PathBuf> {
        let asked = self.site_record.clone();
        let asked = asked.or_else(|| context.config().site_record.clone());
        // The repository notes the place: it must mean the same from everywhere.
        let asked = asked.map(|dir| std::path::absolute(&dir).unwrap_or(dir));
        asked.or_else(|| {
            let noted = Accepted::load(repo).ok().flatten();
            let noted = noted.is_some_and(|accepted| accepted.copy.is_some());
            (!noted && can_write(Path::new(DEFAULT))).then(|| DEFAULT.into())
        })
    }
}

/// Only an attempt tells: modes, read-only mounts and sandboxes all have a say.
fn can_write(dir: &Path) -> bool {
    dir.is_dir() && tempfile::tempfile_in(dir).is_ok()
}
