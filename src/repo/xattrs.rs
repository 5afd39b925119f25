//! Extended attributes as the kernel hands them out.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::PathBuf;

use rustix::fs;
use rustix::io::Errno;

/// The kernel's own limit on the list of names, and on a value.
const MAX_XATTR: usize = 64 * 1024;

/// Name, without a NUL, and value.
pub type RawXattr = (Vec<u8>, Vec<u8>);

/// Reads all extended attributes of an open file or directory, in the kernel's order.
///
/// A filesystem that knows none has none.
pub fn read_xattrs(file: impl AsFd) -> io::Result<Vec<RawXattr>> {
    let fd = file.as_fd();
    collect(
        |list| fs::flistxattr(fd, list),
        |name, value| fs::fgetxattr(fd, name, value),
    )
}

/// Reads all extended attributes of the link or file `name` in `dir`, without following it.
pub fn read_xattrs_at(dir: BorrowedFd<'_>, name: &[u8]) -> io::Result<Vec<RawXattr>> {
    let path = proc_path(dir, name);
    collect(
        |list| fs::llistxattr(&path, list),
        |name, value| fs::lgetxattr(&path, name, value),
    )
}

/// Reads one extended attribute of an open file.
pub(in crate::repo) fn read_xattr(file: impl AsFd, name: &str) -> io::Result<Option<Vec<u8>>> {
    let fd = file.as_fd();
    let mut value = vec![0; MAX_XATTR];
    match fs::fgetxattr(fd, name, value.as_mut_slice()) {
        Ok(length) => {
            value.truncate(length);
            Ok(Some(value))
        }
        Err(Errno::NODATA | Errno::NOTSUP) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

/// Names a directory entry for the calls that take no descriptor.
fn proc_path(dir: BorrowedFd<'_>, name: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    let mut path = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd()));
    path.push(std::ffi::OsStr::from_bytes(name));
    path
}

fn collect(
    list: impl Fn(&mut [u8]) -> Result<usize, Errno>,
    get: impl Fn(&[u8], &mut [u8]) -> Result<usize, Errno>,
) -> io::Result<Vec<RawXattr>> {
    // Nearly every file has none or a few short ones.
    let mut small = [0_u8; 1024];
    let names = match list(&mut small) {
        Ok(0) | Err(Errno::NOTSUP) => return Ok(Vec::new()),
        Ok(length) => small[..length].to_vec(),
        Err(Errno::RANGE) => {
            let mut large = vec![0; MAX_XATTR];
            let length = list(&mut large)?;
            large.truncate(length);
            large
        }
        Err(errno) => return Err(errno.into()),
    };
    let mut value = vec![0; MAX_XATTR];
    let mut xattrs = Vec::new();
    for name in names
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
    {
        match get(name, &mut value) {
            Ok(length) => xattrs.push((name.to_vec(), value[..length].to_vec())),
            // Removed between the two calls.
            Err(Errno::NODATA) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(xattrs)
}
