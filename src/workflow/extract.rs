//! Taking out of a bundle what rides along with it, after its signatures were judged.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::error::Error;
use super::release_check::judge_bundle;
use super::trust::Trust;
use crate::Class;
use crate::bundle::{Bundle, Member, VerifiedBundle};
use crate::format::Checksum;
use crate::openpgp::Fingerprint;

/// What to take out, and who vouches for it.
pub struct ExtractOptions<'a> {
    /// The bundle: a file, a directory, or volumes in any order.
    pub bundle: Vec<PathBuf>,
    /// Signature files that do not lie beside it.
    pub signatures: Vec<PathBuf>,
    /// Who may sign.
    pub trust: &'a Trust,
    /// The directory, which is made if it is not there.
    pub directory: &'a Path,
    /// The time to judge at, in UNIX seconds.
    pub now: u64,
}

/// What was taken out.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ExtractOutcome {
    /// The bundle's id, the SHA-256 of its manifest.
    pub bundle: Checksum,
    /// Who signed it.
    pub signers: BTreeSet<Fingerprint>,
    /// The files.
    pub files: Vec<PathBuf>,
}

/// Why nothing was taken out of a verified bundle.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExtractError {
    /// Nothing rides along with it.
    #[error("nothing is attached to this bundle")]
    NothingAttached,
    /// A file would have to be replaced.
    #[error("{} is there already", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl ExtractError {
    /// Returns what kind of failure it is.
    pub fn class(&self) -> Class {
        match self {
            ExtractError::NothingAttached => Class::NotFound,
            ExtractError::Occupied { .. } => Class::Refused,
            ExtractError::Io { .. } => Class::System,
        }
    }

    /// Returns what to do next, in one short sentence.
    pub fn hint(&self) -> &'static str {
        match self {
            ExtractError::NothingAttached => "take one that was exported with --attach FILE",
            ExtractError::Occupied { .. } => "name an empty directory",
            ExtractError::Io { .. } => "mend the machine, and run the same command again",
        }
    }
}

/// Writes the attachments of a bundle into a directory; nothing that is there is replaced.
///
/// Every file is checked and on the medium before the first gets its name.
pub fn extract(options: &ExtractOptions<'_>) -> Result<ExtractOutcome, Error> {
    let mut bundle = Bundle::open(&options.bundle)?;
    for file in &options.signatures {
        bundle.add_signatures(file)?;
    }
    let judge =
        |bytes: &[u8], files: &[Vec<u8>]| judge_bundle(options.trust, bytes, files, options.now);
    let (bundle, verification) = bundle.verify_with(judge)?;
    let directory = options.directory;
    let wanted: Vec<_> = bundle
        .attachments()
        .map(|(name, member)| (directory.join(name.as_str()), member))
        .collect();
    if wanted.is_empty() {
        return Err(ExtractError::NothingAttached.into());
    }
    let there = wanted.iter().map(|(path, _)| path);
    if let Some(path) = there.clone().find(|path| path.symlink_metadata().is_ok()) {
        return Err(occupied(path));
    }
    fs::create_dir_all(directory).map_err(failed("create", directory))?;
    let mut written = Vec::new();
    for (path, member) in &wanted {
        written.push((path, write(&bundle, member, directory)?));
    }
    let mut files = Vec::new();
    for (path, file) in written {
        file.persist_noclobber(path)
            .map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists => occupied(path),
                _ => failed("name", path)(error.error).into(),
            })?;
        files.push(path.clone());
    }
    Ok(ExtractOutcome {
        bundle: *bundle.id(),
        signers: verification.signers(),
        files,
    })
}

fn write(
    bundle: &VerifiedBundle,
    member: &Member,
    directory: &Path,
) -> Result<NamedTempFile, Error> {
    let mut file = NamedTempFile::new_in(directory).map_err(failed("write to", directory))?;
    bundle
        .extract(member, &mut file)?
        .map_err(failed("write to", directory))?;
    // A medium without modes of its own, as FAT, need not take this one.
    let _ = file
        .as_file()
        .set_permissions(fs::Permissions::from_mode(0o644));
    file.as_file()
        .sync_all()
        .map_err(failed("write to", directory))?;
    Ok(file)
}

fn occupied(path: &Path) -> Error {
    let path = path.to_owned();
    ExtractError::Occupied { path }.into()
}

fn failed<'p>(action: &'static str, path: &'p Path) -> impl Fn(io::Error) -> ExtractError + 'p {
    move |source| ExtractError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
