//! Steps on directories that only the writing half needs.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{self, AtFlags, Dir, FileType};
use rustix::io::Errno;

use super::durable;
use super::error::{Context, RepoError};

/// Lists the names in a directory and whether each is a directory itself.
///
/// A name that is not UTF-8 is none that libostree or airlock gives, and is left out.
pub(in crate::repo) fn entries(
    at: BorrowedFd<'_>,
    path: &str,
) -> Result<Vec<(String, bool)>, Errno> {
    let dir = durable::open_dir(at, path)?;
    let mut found = Vec::new();
    for entry in Dir::read_from(dir.as_fd())? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else {
            continue;
        };
        if name == "." || name == ".." {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let stat = fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(stat.st_mode)
            }
            known => known,
        };
        found.push((name.to_owned(), kind == FileType::Directory));
    }
    Ok(found)
}

/// Removes a directory beneath `at` with the directories and files in it; gone already is fine.
pub(in crate::repo) fn remove_tree(at: BorrowedFd<'_>, path: &str) -> Result<(), Errno> {
    let listed = match entries(at, path) {
        Err(Errno::NOENT) => return Ok(()),
        other => other?,
    };
    let dir = durable::open_dir(at, path)?;
    for (name, is_dir) in listed {
        match is_dir {
            true => remove_tree(dir.as_fd(), &name)?,
            false => fs::unlinkat(&dir, name.as_str(), AtFlags::empty())?,
        }
    }
    fs::unlinkat(at, path, AtFlags::REMOVEDIR)
}

/// The kernel's name for this boot: what another boot left in `tmp` may never have reached the medium.
pub(in crate::repo) fn boot_id() -> Result<String, RepoError> {
    let path = Path::new("/proc/sys/kernel/random/boot_id");
    let text = std::fs::read_to_string(path).at("read", path)?;
    Ok(text.trim().to_owned())
}

/// Makes six letters for a name that nobody else has, as `mkdtemp` does.
pub(in crate::repo) fn suffix() -> io::Result<String> {
    durable::random_hex::<3>()
}
