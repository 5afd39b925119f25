//! Files outside any repository: a signature beside a bundle, a record, a certificate.

use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Replaces a file durably: a reader finds the old bytes or the new, also after a power cut.
///
/// Everybody may read it. Its directory must exist.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    place_file(path, |file| file.write_all(bytes))?;
    sync_directory(path)
}

/// As [`replace_file`] with what is written to the file, which can be read, too; but **the name is
/// durable only after [`sync_directory`].**
pub(super) fn place_file<T>(
    path: &Path,
    write: impl FnOnce(&mut fs::File) -> io::Result<T>,
) -> io::Result<T> {
    let mut file = tempfile::NamedTempFile::new_in(directory_of(path))?;
    let written = write(file.as_file_mut())?;
    // A medium without modes of its own, as FAT, need not take this one.
    let _ = file
        .as_file()
        .set_permissions(Permissions::from_mode(0o644));
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(written)
}

/// Makes durable what happened to a name.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(directory_of(path))?.sync_all()
}

/// As [`replace_file`], but makes the directories that are missing.
pub(super) fn make_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory_of(path))?;
    replace_file(path, bytes)
}

/// Returns the directory that a path names a file in.
pub(super) fn directory_of(path: &Path) -> &Path {
    path.parent()
        .filter(|dir| *dir != Path::new(""))
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_name_is_in_the_current_directory() {
        assert_eq!(directory_of(Path::new("a")), Path::new("."));
        assert_eq!(directory_of(Path::new("a/b")), Path::new("a"));
        assert_eq!(directory_of(Path::new("/b")), Path::new("/"));
    }

    #[test]
    fn the_old_file_gives_way_and_nothing_else_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("record");
        for bytes in [&b"old"[..], b"new"] {
            replace_file(&path, bytes).unwrap();
            assert_eq!(fs::read(&path).unwrap(), bytes);
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
