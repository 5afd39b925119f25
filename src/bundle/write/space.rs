//! What the target's filesystem has room for, and whether it is one that sticks come with.

use std::path::{Path, PathBuf};

use super::WriteError;

/// `f_type` of FAT, whose files end below 4 GiB.
const MSDOS_SUPER_MAGIC: u64 = 0x4d44;
/// The size of a volume on FAT: the largest file, less a margin that makes a round number.
const FAT_VOLUME: u64 = 4095 << 20;

/// What a target directory offers.
#[derive(Clone, Debug)]
pub struct Room {
    path: PathBuf,
    available: u64,
    largest_file: Option<u64>,
}

impl Room {
    /// Looks at the filesystem of an existing directory.
    pub fn of(directory: &Path) -> Result<Room, WriteError> {
        let failed = |error: rustix::io::Errno| WriteError::io("examine", directory)(error.into());
        let space = rustix::fs::statvfs(directory).map_err(failed)?;
        let kind = rustix::fs::statfs(directory).map_err(failed)?;
        let fat = kind.f_type as u64 == MSDOS_SUPER_MAGIC;
        Ok(Room {
            path: directory.to_owned(),
            available: space.f_bavail.saturating_mul(space.f_frsize),
            largest_file: fat.then_some(FAT_VOLUME),
        })
    }

    /// Returns how many bytes an unprivileged writer may add.
    pub fn available(&self) -> u64 {
        self.available
    }

    /// Returns the size of volumes this filesystem asks for, if it has a limit.
    pub fn largest_file(&self) -> Option<u64> {
        self.largest_file
    }

    /// Refuses what does not fit.
    pub fn check(&self, needed: u64) -> Result<(), WriteError> {
        if needed <= self.available {
            return Ok(());
        }
        Err(WriteError::NoSpace {
            path: self.path.clone(),
            needed,
            available: self.available,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused() {
        let room = Room::of(Path::new("/tmp")).unwrap();
        room.check(0).unwrap();
        room.check(room.available()).unwrap();
        let error = room.check(room.available() + 1).unwrap_err();
        assert_eq!(error.class(), crate::Class::System);
        assert!(
            error.to_string().starts_with("/tmp has room for"),
            "{error}"
        );
    }
}
