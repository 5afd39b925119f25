//! The file of the tar form, or the volumes it is cut into; unfinished until all of it stands.
//!
//! ```text
//! while writing                    when finished
//! NAME.airlock.partial             NAME.airlock          all of it, or
//! NAME.airlock.002.partial         NAME.airlock.001      the volumes, and `cat` joins them
//! NAME.airlock.003.partial         NAME.airlock.002 ...
//! ```
//!
//! The first volume holds the manifest and gets its name last: until then nothing on the medium
//! looks like a bundle. What a killed writer leaves is taken over by the next one.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::WriteError;
use super::flush::Flusher;

/// The most volumes their three digits can number.
const MAX_VOLUMES: u64 = 999;

/// One stretch of bytes on the medium, whatever number of files hold it.
pub(super) struct Volumes {
    target: PathBuf,
    split: Option<u64>,
    files: Vec<Volume>,
    length: u64,
    flusher: Flusher,
}

/// One unfinished file; dropping it removes it.
struct Volume {
    file: Arc<File>,
    partial: PathBuf,
    finished: bool,
}

impl Volumes {
    /// Begins an unfinished bundle beside its target, and holds it against other writers.
    pub(super) fn create(target: &Path, split: Option<u64>) -> Result<Volumes, WriteError> {
        let first = Volume::claim(with_suffix(target, ".partial"))?;
        for name in [target.to_owned(), volume_name(target, 1)] {
            if fs::symlink_metadata(&name).is_ok() {
                return Err(WriteError::TargetExists { path: name });
            }
        }
        first.clear()?;
        for stale in 2..=MAX_VOLUMES {
            if fs::remove_file(with_suffix(&volume_name(target, stale), ".partial")).is_err() {
                break;
            }
        }
        Ok(Volumes {
            target: target.to_owned(),
            split,
            files: vec![first],
            length: 0,
            flusher: Flusher::start(),
        })
    }

    /// Returns how many bytes stand already.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Adds bytes at the end.
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.put(self.length, bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Leaves room at the end, to be written later.
    pub(super) fn skip(&mut self, count: u64) {
        self.length += count;
    }

    /// Writes bytes at a place, into one volume or across several.
    pub(super) fn put(&mut self, mut offset: u64, mut bytes: &[u8]) -> Result<(), WriteError> {
        while !bytes.is_empty() {
            let (index, start) = match self.split {
                Some(split) => (offset / split, offset % split),
                None => (0, offset),
            };
            let room = self.split.map_or(u64::MAX, |split| split - start);
            let now = usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len()));
            let (head, tail) = bytes.split_at(now);
            let volume = self.volume(index)?;
            let failed = WriteError::io("write", &volume.partial);
            volume.file.write_all_at(head, start).map_err(failed)?;
            let file = Arc::clone(&volume.file);
            self.flusher.wrote(&file, now as u64);
            offset += now as u64;
            bytes = tail;
        }
        Ok(())
    }

    /// Opens volumes up to the one that is asked for.
    fn volume(&mut self, index: u64) -> Result<&Volume, WriteError> {
        if index >= MAX_VOLUMES {
            return Err(WriteError::TooManyVolumes {
                split: self.split.unwrap_or(u64::MAX),
            });
        }
        while self.files.len() as u64 <= index {
            let number = self.files.len() as u64 + 1;
            let volume = Volume::open(with_suffix(&volume_name(&self.target, number), ".partial"))?;
            volume.clear()?;
            self.files.push(volume);
        }
        Ok(&self.files[index as usize])
    }

    /// Waits until everything is on the medium.
    pub(super) fn sync(&mut self) -> Result<(), WriteError> {
        self.flusher
            .stop()
            .map_err(WriteError::io("sync", &self.target))?;
        for volume in &self.files {
            volume
                .file
                .sync_all()
                .map_err(WriteError::io("sync", &volume.partial))?;
        }
        Ok(())
    }

    /// Returns the unfinished files, in order.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.files
            .iter()
            .map(|volume| volume.partial.clone())
            .collect()
    }

    /// Gives the files their names, or removes them all.
    pub(super) fn publish(self) -> Result<Vec<PathBuf>, WriteError> {
        let mut names = Vec::with_capacity(self.files.len());
        if let Err(error) = name_all(&self.target, self.files, &mut names) {
            // Volumes without the first are of no use, and in the way of the next export.
            for name in names.iter().rev() {
                let _ = fs::remove_file(name);
            }
            return Err(error);
        }
        names.reverse();
        Ok(names)
    }
}

/// Names the first volume last, when the names of the others are on the medium.
fn name_all(target: &Path, files: Vec<Volume>, names: &mut Vec<PathBuf>) -> Result<(), WriteError> {
    let cut = files.len() > 1;
    for (index, volume) in files.into_iter().enumerate().rev() {
        // The first one makes a bundle of them: no cut may leave it without the others.
        if cut && index == 0 {
            sync_directory_of(target)?;
        }
        let name = match cut {
            true => volume_name(target, index as u64 + 1),
            false => target.to_owned(),
        };
        volume.finish(&name)?;
        names.push(name);
    }
    sync_directory_of(target)
}

impl Volume {
    fn open(partial: PathBuf) -> Result<Volume, WriteError> {
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&partial);
        let file = Arc::new(file.map_err(WriteError::io("create", &partial))?);
        Ok(Volume {
            file,
            partial,
            finished: false,
        })
    }

    /// Opens an unfinished file that no other writer has.
    fn claim(partial: PathBuf) -> Result<Volume, WriteError> {
        let mut volume = Volume::open(partial)?;
        if let Err(error) = lock(&volume.file, &volume.partial) {
            // It is not ours to remove.
            volume.finished = true;
            return Err(error);
        }
        Ok(volume)
    }

    /// Forgets what an earlier writer left.
    fn clear(&self) -> Result<(), WriteError> {
        self.file
            .set_len(0)
            .map_err(WriteError::io("empty", &self.partial))
    }

    fn finish(mut self, name: &Path) -> Result<(), WriteError> {
        fs::rename(&self.partial, name).map_err(WriteError::io("name", name))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing better can be done with what is no bundle; the next writer takes it over.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Takes a lock on an unfinished bundle, for as long as the file is open.
pub(super) fn lock(file: &File, partial: &Path) -> Result<(), WriteError> {
    let busy = || WriteError::TargetBusy {
        path: partial.to_owned(),
    };
    let locked = rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive);
    locked.map_err(|errno| match errno {
        Errno::WOULDBLOCK => busy(),
        other => WriteError::io("lock", partial)(other.into()),
    })?;
    // Another writer may just have finished: what was opened is then a bundle by now.
    let opened = file
        .metadata()
        .map_err(WriteError::io("examine", partial))?;
    let named = fs::symlink_metadata(partial).map_err(|error| match error.kind() {
        ErrorKind::NotFound => busy(),
        _ => WriteError::io("examine", partial)(error),
    })?;
    match (opened.dev(), opened.ino()) == (named.dev(), named.ino()) {
        true => Ok(()),
        false => Err(busy()),
    }
}

/// Makes sure that a name given in a directory survives a power cut.
pub(super) fn sync_directory_of(path: &Path) -> Result<(), WriteError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let sync = || File::open(directory)?.sync_all();
    sync().map_err(WriteError::io("sync", directory))
}

/// Names a volume: three digits, from 001.
fn volume_name(target: &Path, number: u64) -> PathBuf {
    with_suffix(target, &format!(".{number:03}"))
}

/// Appends to a file name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn finish(mut volumes: Volumes) -> Vec<PathBuf> {
        volumes.sync().unwrap();
        volumes.publish().unwrap()
    }

    #[test]
    fn bytes_cross_volumes_and_join_again() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.airlock");
        let mut volumes = Volumes::create(&target, Some(10)).unwrap();
        volumes.skip(4);
        volumes.append(b"efghijklmnopqrstuvwxyz").unwrap();
        volumes.put(0, b"abcd").unwrap();
        volumes.put(9, b"JK").unwrap();
        assert_eq!(
            names(directory.path()),
            [
                "b.airlock.002.partial",
                "b.airlock.003.partial",
                "b.airlock.partial"
            ]
        );
        let files = finish(volumes);
        assert_eq!(
            names(directory.path()),
            ["b.airlock.001", "b.airlock.002", "b.airlock.003"]
        );
        let joined: Vec<u8> = files
            .iter()
            .flat_map(|file| fs::read(file).unwrap())
            .collect();
        assert_eq!(joined, b"abcdefghiJKlmnopqrstuvwxyz");
    }

    #[test]
    fn one_volume_needs_no_number() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.airlock");
        let mut volumes = Volumes::create(&target, Some(10)).unwrap();
        volumes.append(b"0123456789").unwrap();
        assert_eq!(finish(volumes).as_slice(), std::slice::from_ref(&target));
        assert_eq!(names(directory.path()), ["b.airlock"]);
        assert!(matches!(
            Volumes::create(&target, None),
            Err(WriteError::TargetExists { .. })
        ));
    }

    #[test]
    fn what_is_not_finished_is_removed_and_what_was_left_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("b.airlock");
        for stale in [
            "b.airlock.partial",
            "b.airlock.002.partial",
            "b.airlock.003.partial",
        ] {
            fs::write(directory.path().join(stale), "stale and long").unwrap();
        }
        let mut volumes = Volumes::create(&target, Some(4)).unwrap();
        assert!(matches!(
            Volumes::create(&target, None),
            Err(WriteError::TargetBusy { .. })
        ));
        volumes.append(b"new").unwrap();
        assert_eq!(names(directory.path()), ["b.airlock.partial"]);
        assert_eq!(
            fs::read(directory.path().join("b.airlock.partial")).unwrap(),
            b"new"
        );
        drop(volumes);
        assert!(names(directory.path()).is_empty());
    }
}
