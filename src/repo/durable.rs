//! Files that appear whole or not at all, and directories opened without following links.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{self, AtFlags, Mode, OFlags};
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};

use super::owner::Owner;

/// The most random names that are tried before giving up.
const MAX_ATTEMPTS: u32 = 64;

/// Whether data is pressed to the medium before it is given its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::repo) enum Sync {
    /// fsync the file, then its directory.
    Yes,
    /// The configuration says `fsync=false`.
    No,
}

impl Sync {
    /// Makes names in a directory durable, if that is asked for.
    pub(in crate::repo) fn dir(self, dir: impl AsFd) -> Result<(), Errno> {
        match self {
            Sync::Yes => fs::fsync(dir),
            Sync::No => Ok(()),
        }
    }
}

/// Opens a directory beneath `at`.
pub(in crate::repo) fn open_dir(at: impl AsFd, path: &str) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    fs::openat(at, path, flags, Mode::empty())
}

/// Opens a file for reading beneath `at`.
pub(in crate::repo) fn open_file(at: impl AsFd, path: &str) -> Result<File, Errno> {
    // A fifo in the place of a file must not block us.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    fs::openat(at, path, flags, Mode::empty()).map(File::from)
}

/// Reads a whole regular file of at most `limit` bytes; `None` when it does not exist.
pub(in crate::repo) fn read_file(
    at: impl AsFd,
    path: &str,
    limit: u64,
) -> io::Result<Option<Vec<u8>>> {
    let file = match open_file(at, path) {
        Ok(file) => file,
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(errno.into()),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "not a regular file",
        ));
    }
    read_limited(file, metadata.len(), limit).map(Some)
}

/// Reads a file of probably `size` bytes to its end, unless that is beyond `limit`.
pub(in crate::repo) fn read_limited(file: File, size: u64, limit: u64) -> io::Result<Vec<u8>> {
    // Room for one byte more, and the end is found by the second call.
    let room = size.min(limit).saturating_add(1);
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("more than {limit} bytes"),
        ));
    }
    Ok(bytes)
}

/// Makes a directory beneath `at` unless it exists.
pub(in crate::repo) fn ensure_dir(at: impl AsFd, path: &str, mode: u32) -> Result<(), Errno> {
    match fs::mkdirat(at, path, Mode::from_raw_mode(mode)) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(errno) => Err(errno),
    }
}

/// Writes `bytes` to a new file in `tmp`, and renames it to `name` in `dir`; what stood there before
/// is replaced. The file gets exactly `mode`, whatever the umask, and the owner of `dir`.
pub(in crate::repo) fn replace(
    tmp: BorrowedFd<'_>,
    dir: BorrowedFd<'_>,
    name: &str,
    bytes: &[u8],
    mode: u32,
    sync: Sync,
) -> io::Result<()> {
    place(tmp, dir, name, bytes, mode, sync)?;
    if sync == Sync::Yes {
        fs::fsync(dir)?;
    }
    Ok(())
}

/// Like [`replace`], but **the name is durable only when `dir` is synced.**
pub(in crate::repo) fn place(
    tmp: BorrowedFd<'_>,
    dir: BorrowedFd<'_>,
    name: &str,
    bytes: &[u8],
    mode: u32,
    sync: Sync,
) -> io::Result<()> {
    place_with(tmp, dir, name, |file| file.write_all(bytes), mode, sync)
}

/// Like [`place`], with what writes to the file.
pub(in crate::repo) fn place_with<T>(
    tmp: BorrowedFd<'_>,
    dir: BorrowedFd<'_>,
    name: &str,
    write: impl FnOnce(&mut File) -> io::Result<T>,
    mode: u32,
    sync: Sync,
) -> io::Result<T> {
    let (temporary, mut file) = create_unique(tmp, "airlock-")?;
    let result = (|| {
        let written = write(&mut file)?;
        Owner::like(dir)?.give(&file)?;
        fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        if sync == Sync::Yes {
            fs::fsync(&file)?;
        }
        fs::renameat(tmp, temporary.as_str(), dir, name)?;
        Ok(written)
    })();
    if result.is_err() {
        let _ = fs::unlinkat(tmp, temporary.as_str(), AtFlags::empty());
    }
    result
}

/// Creates a file under a random name that begins with `prefix`.
pub(in crate::repo) fn create_unique(
    dir: BorrowedFd<'_>,
    prefix: &str,
) -> io::Result<(String, File)> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    for _ in 0..MAX_ATTEMPTS {
        let name = format!("{prefix}{}", random_hex::<8>()?);
        match fs::openat(dir, name.as_str(), flags, Mode::from_raw_mode(0o600)) {
            Ok(fd) => return Ok((name, File::from(fd))),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Err(Errno::EXIST.into())
}

/// Returns `N` random bytes as hexadecimal digits.
pub(in crate::repo) fn random_hex<const N: usize>() -> io::Result<String> {
    let mut bytes = [0_u8; N];
    let filled = getrandom(&mut bytes, GetRandomFlags::empty())?;
    if filled < N {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
