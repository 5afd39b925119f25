//! The directory form: every member a file, in a directory that gets its name last.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::WriteError;
use super::flush::Flusher;
use super::volumes::{lock, sync_directory_of, with_suffix};
use crate::bundle::{MANIFEST, MANIFEST_SIGNATURE};

/// What the member being written is called until it ends.
const UNNAMED: &str = "unnamed";

/// A directory form on its way to the medium; dropping it removes it.
pub(super) struct DirectoryForm {
    target: PathBuf,
    partial: PathBuf,
    /// Held for its lock.
    _directory: File,
    /// Every directory below, to be synced when all names stand.
    directories: Vec<PathBuf>,
    member: Option<Arc<File>>,
    flusher: Flusher,
    published: bool,
}

impl DirectoryForm {
    /// Begins an unfinished bundle beside its target, and holds it against other writers.
    pub(super) fn create(target: &Path) -> Result<DirectoryForm, WriteError> {
        let partial = with_suffix(target, ".partial");
        let directory = claim(&partial)?;
        let form = DirectoryForm {
            target: target.to_owned(),
            directories: vec![partial.clone()],
            partial,
            _directory: directory,
            member: None,
            flusher: Flusher::start(),
            published: false,
        };
        match fs::symlink_metadata(target) {
            Ok(_) => Err(WriteError::TargetExists {
                path: target.to_owned(),
            }),
            Err(_) => Ok(form),
        }
    }

    /// Adds a file that the manifest does not list.
    pub(super) fn before(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        self.begin()?;
        self.write(bytes)?;
        self.end(name)
    }

    /// Begins a member, whose name comes when it ends.
    pub(super) fn begin(&mut self) -> Result<(), WriteError> {
        let path = self.partial.join(UNNAMED);
        let file = File::create_new(&path).map_err(WriteError::io("create", &path))?;
        self.member = Some(Arc::new(file));
        Ok(())
    }

    /// Adds bytes to the member.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let Some(file) = &self.member else {
            return Ok(());
        };
        let written = (&**file).write_all(bytes);
        written.map_err(WriteError::io("write", &self.partial.join(UNNAMED)))?;
        self.flusher.wrote(file, bytes.len() as u64);
        Ok(())
    }

    /// Ends the member.
    pub(super) fn end(&mut self, name: &str) -> Result<(), WriteError> {
        let path = self.partial.join(name);
        if let Some(parent) = path.parent()
            && !self.directories.iter().any(|known| known == parent)
        {
            fs::create_dir_all(parent).map_err(WriteError::io("create", parent))?;
            // Its parents may be new as well; syncing one twice does no harm.
            let above = parent
                .ancestors()
                .take_while(|above| *above != self.partial);
            self.directories.extend(above.map(Path::to_owned));
        }
        fs::rename(self.partial.join(UNNAMED), &path).map_err(WriteError::io("name", &path))?;
        if let Some(file) = self.member.take() {
            self.flusher.sync(&file);
        }
        Ok(())
    }

    /// Adds manifest and signatures, and waits until everything is on the medium.
    pub(super) fn seal(&mut self, manifest: &[u8], signatures: &[u8]) -> Result<(), WriteError> {
        for (name, bytes) in [(MANIFEST, manifest), (MANIFEST_SIGNATURE, signatures)] {
            self.before(name, bytes)?;
        }
        self.flusher
            .stop()
            .map_err(WriteError::io("sync", &self.partial))?;
        for directory in self.directories.iter().rev() {
            let sync = || File::open(directory)?.sync_all();
            sync().map_err(WriteError::io("sync", directory))?;
        }
        Ok(())
    }

    /// Returns the unfinished directory.
    pub(super) fn path(&self) -> PathBuf {
        self.partial.clone()
    }

    /// Gives the directory its name.
    pub(super) fn publish(mut self) -> Result<Vec<PathBuf>, WriteError> {
        fs::rename(&self.partial, &self.target).map_err(WriteError::io("name", &self.target))?;
        self.published = true;
        if let Err(error) = sync_directory_of(&self.target) {
            let _ = fs::remove_dir_all(&self.target);
            return Err(error);
        }
        Ok(vec![self.target.clone()])
    }
}

impl Drop for DirectoryForm {
    fn drop(&mut self) {
        if !self.published {
            // Nothing better can be done with what is no bundle; the next writer takes it over.
            let _ = fs::remove_dir_all(&self.partial);
        }
    }
}

/// Makes the unfinished directory, or empties the one a killed writer left, and locks it.
fn claim(partial: &Path) -> Result<File, WriteError> {
    match fs::create_dir(partial) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(WriteError::io("create", partial)(error));
        }
        _ => {}
    }
    let directory = File::open(partial).map_err(WriteError::io("open", partial))?;
    lock(&directory, partial)?;
    let empty = || -> std::io::Result<()> {
        for entry in fs::read_dir(partial)? {
            let entry = entry?;
            match entry.file_type()?.is_dir() {
                true => fs::remove_dir_all(entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        Ok(())
    };
    empty().map_err(WriteError::io("empty", partial))?;
    Ok(directory)
}
