//! Whose a new file is: as root the repository's owner, and in a shared repository its group.
//!
//! A repository is read by a web server and written by more than one person; what airlock adds has
//! to look like what lies beside it, whoever ran the command.

use std::os::fd::{AsFd, BorrowedFd};

use rustix::fs::{self, AtFlags, Gid, Mode as Bits, Uid};
use rustix::io::Errno;

/// Set where new files and directories are to have an access control list.
const DEFAULT_ACL: &str = "system.posix_acl_default";

/// The owner that new files get, where it differs from the process's own.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::repo) struct Owner {
    uid: Option<Uid>,
    gid: Option<Gid>,
    required: bool,
}

impl Owner {
    /// Reads the owner of `model`, a directory of the repository.
    pub(in crate::repo) fn like(model: BorrowedFd<'_>) -> rustix::io::Result<Owner> {
        let stat = fs::fstat(model)?;
        let root = rustix::process::geteuid().is_root();
        let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
        Ok(Owner {
            uid: (root && !uid.is_root()).then_some(uid),
            gid: (gid != rustix::process::getegid()).then_some(gid),
            required: root,
        })
    }

    /// Gives an open file to the owner.
    pub(in crate::repo) fn give(&self, file: impl AsFd) -> rustix::io::Result<()> {
        if self.uid.is_none() && self.gid.is_none() {
            return Ok(());
        }
        self.judge(fs::fchown(file, self.uid, self.gid))
    }

    /// Gives a directory entry to the owner, without following a link.
    pub(in crate::repo) fn give_at(
        &self,
        dir: BorrowedFd<'_>,
        name: &str,
    ) -> rustix::io::Result<()> {
        if self.uid.is_none() && self.gid.is_none() {
            return Ok(());
        }
        let nofollow = AtFlags::SYMLINK_NOFOLLOW;
        self.judge(fs::chownat(dir, name, self.uid, self.gid, nofollow))
    }

    /// A user who may not give files to the repository's group still may write to it.
    fn judge(&self, done: rustix::io::Result<()>) -> rustix::io::Result<()> {
        match done {
            Err(Errno::PERM) if !self.required => Ok(()),
            other => other,
        }
    }
}

/// Tells whether a directory made in `dir` gets more from it than owner and mode.
pub(in crate::repo) fn inherits(dir: BorrowedFd<'_>) -> bool {
    let mut none: [u8; 0] = [];
    fs::fgetxattr(dir, DEFAULT_ACL, &mut none).is_ok()
}

/// Makes `name` below `dir` with the mode and owner of `dir` itself, unless it exists.
pub(in crate::repo) fn make_dir_alike(dir: BorrowedFd<'_>, name: &str) -> rustix::io::Result<()> {
    match fs::mkdirat(dir, name, Bits::from_raw_mode(0o777)) {
        Ok(()) => {}
        Err(Errno::EXIST) => return Ok(()),
        Err(error) => return Err(error),
    }
    dress_dir_alike(dir, dir, name)
}

/// Gives the directory `name` below `dir` the mode and owner of `model`.
pub(in crate::repo) fn dress_dir_alike(
    model: BorrowedFd<'_>,
    dir: BorrowedFd<'_>,
    name: &str,
) -> rustix::io::Result<()> {
    Owner::like(model)?.give_at(dir, name)?;
    let bits = Bits::from_raw_mode(fs::fstat(model)?.st_mode & 0o7777);
    fs::chmodat(dir, name, bits, AtFlags::empty())
}

/// Makes `path` below `dir` with this mode and the owner of `dir`, unless it exists.
pub(in crate::repo) fn ensure_owned_dir(
    dir: BorrowedFd<'_>,
    path: &str,
    mode: u32,
) -> rustix::io::Result<()> {
    match fs::mkdirat(dir, path, Bits::from_raw_mode(mode)) {
        Ok(()) => Owner::like(dir)?.give_at(dir, path),
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error),
    }
}
