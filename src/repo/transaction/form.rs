//! The form that a file takes on disk, per repository mode.
//!
//! | mode | regular file | symbolic link |
//! |---|---|---|
//! | archive | header, deflated content; 0644 | header alone; 0644 |
//! | bare | content; its owner, mode, xattrs; mtime 0 | link; its owner and xattrs |
//! | bare-user | content; `user.ostreemeta`; mode & 0775 \| 0400; mtime 0 | target and a NUL; `user.ostreemeta`; 0644; mtime 0 |
//! | bare-user-only | content; its mode; mtime 0 | link |

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use rustix::fs::{self, AtFlags, Gid, Mode as Bits, Timespec, Timestamps, Uid, XattrFlags};

use super::super::error::RepoError;
use super::super::mode::Mode;
use super::super::owner::Owner;
use super::super::stage::TempFile;
use crate::format::FileHeader;

/// Where bare-user repositories keep owner, mode and xattrs.
const OSTREEMETA: &str = "user.ostreemeta";
/// The permission bits that a bare-user-only repository can hold.
const CANONICAL_BITS: u32 = 0o775;
/// The permission bits of a `mode`.
const PERMISSIONS: u32 = 0o7777;

/// Says whether a repository of this mode can hold such a file and give it back unchanged.
pub(super) fn check(mode: Mode, header: &FileHeader) -> Result<(), RepoError> {
    let what = match mode {
        Mode::BareSplitXattrs => "be written to",
        Mode::BareUserOnly if !is_canonical(header) => {
            "hold a file with an owner, extended attributes or special permissions"
        }
        _ => return Ok(()),
    };
    Err(RepoError::UnsupportedMode { mode, what })
}

fn is_canonical(header: &FileHeader) -> bool {
    let plain = header.is_symlink() || header.mode & PERMISSIONS & !CANONICAL_BITS == 0;
    plain && header.uid == 0 && header.gid == 0 && header.xattrs.is_empty()
}

/// Gives a bare file that holds its content everything else.
pub(super) fn dress_file(
    mode: Mode,
    temp: &TempFile,
    header: &FileHeader,
    owner: &Owner,
) -> io::Result<()> {
    match mode {
        Mode::Bare => {
            // The order matters: a change of owner clears setuid bits and file capabilities.
            let (uid, gid) = (Uid::from_raw(header.uid), Gid::from_raw(header.gid));
            fs::fchown(&temp.file, Some(uid), Some(gid))?;
            fs::fchmod(&temp.file, Bits::from_raw_mode(header.mode & PERMISSIONS))?;
            for (name, value) in header.xattrs.iter() {
                fs::fsetxattr(&temp.file, name, value, XattrFlags::empty())?;
            }
        }
        Mode::BareUser => {
            let meta = header.ostreemeta();
            fs::fsetxattr(&temp.file, OSTREEMETA, &meta, XattrFlags::empty())?;
            let bits = match header.is_symlink() {
                true => 0o644,
                false => header.mode & CANONICAL_BITS | 0o400,
            };
            temp.dress(bits, owner)?;
        }
        _ => temp.dress(header.mode & CANONICAL_BITS, owner)?,
    }
    Ok(fs::futimens(&temp.file, &epoch())?)
}

/// Gives a symbolic link its owner and xattrs.
pub(super) fn dress_symlink(
    mode: Mode,
    dir: BorrowedFd<'_>,
    name: &str,
    header: &FileHeader,
    owner: &Owner,
) -> io::Result<()> {
    if mode != Mode::Bare {
        return Ok(owner.give_at(dir, name)?);
    }
    let (uid, gid) = (Uid::from_raw(header.uid), Gid::from_raw(header.gid));
    let nofollow = AtFlags::SYMLINK_NOFOLLOW;
    fs::chownat(dir, name, Some(uid), Some(gid), nofollow)?;
    // There is no call for the attributes of a link below a directory descriptor.
    let path = format!("/proc/self/fd/{}/{name}", dir.as_raw_fd());
    for (xattr, value) in header.xattrs.iter() {
        fs::lsetxattr(&path, xattr, value, XattrFlags::empty())?;
    }
    Ok(())
}

/// The modification time of every bare object, so that checkouts of one commit look alike.
fn epoch() -> Timestamps {
    let zero = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let omit = Timespec {
        tv_sec: 0,
        tv_nsec: fs::UTIME_OMIT,
    };
    Timestamps {
        last_access: omit,
        last_modification: zero,
    }
}
