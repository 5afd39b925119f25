//! The header of a file object: everything about a regular file or symlink but its bytes.
//!
//! ```text
//! u32 BE  length of the header               (8 bytes that the length does not count)
//! u32     0
//! header  content stream, what is hashed:  (uuuusa(ayay))    uid gid mode rdev target xattrs
//!         .filez, what archives store:     (tuuuusa(ayay))   size uid gid mode rdev target xattrs
//! bytes   the content as it is              / as raw deflate; nothing for a symlink
//! ```
//!
//! Numbers are big-endian; `rdev` is always 0. The checksum of a file is that of its content
//! stream, in every kind of repository.

use super::gvariant::{Value, View};
use super::limits::{MAX_FILE_HEADER, MAX_SYMLINK_TARGET};
use super::tree::{CANONICAL_PERMISSIONS, PERMISSIONS, S_IFMT, decode_owner, encode_owner};
use super::{Checksum, FormatError, Sha256, Xattrs};

const WHAT: &str = "file header";
const S_IFREG: u32 = 0o100_000;
const S_IFLNK: u32 = 0o120_000;

/// The bytes of the length and its padding, before every header.
pub(super) const PREFIX: usize = 8;

/// The owner, mode, xattrs and, for a symlink, the target of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileHeader {
    /// The user that owns it.
    pub uid: u32,
    /// The group that owns it.
    pub gid: u32,
    /// Its mode, with the bits that say whether it is a regular file or a symlink.
    pub mode: u32,
    /// Where a symlink points; `None` for a regular file.
    pub target: Option<String>,
    /// Its extended attributes.
    pub xattrs: Xattrs,
}

impl FileHeader {
    /// Describes a regular file; of `mode` only the permissions count.
    pub fn regular(uid: u32, gid: u32, mode: u32, xattrs: Xattrs) -> FileHeader {
        let mode = S_IFREG | mode & PERMISSIONS;
        FileHeader {
            uid,
            gid,
            mode,
            target: None,
            xattrs,
        }
    }

    /// Describes a symlink, whose mode is always 0777.
    pub fn symlink(uid: u32, gid: u32, target: impl Into<String>, xattrs: Xattrs) -> FileHeader {
        FileHeader {
            uid,
            gid,
            mode: S_IFLNK | 0o777,
            target: Some(target.into()),
            xattrs,
        }
    }

    /// Tells whether this is a symlink; it has no content then.
    pub fn is_symlink(&self) -> bool {
        self.target.is_some()
    }

    /// Returns what bare-user-only repositories, and `--canonical-permissions`, keep of it.
    pub fn canonical(&self) -> FileHeader {
        let xattrs = Xattrs::default();
        match &self.target {
            Some(target) => FileHeader::symlink(0, 0, target.clone(), xattrs),
            None => FileHeader::regular(0, 0, self.mode & CANONICAL_PERMISSIONS, xattrs),
        }
    }

    /// Returns the beginning of the content stream, its length first.
    pub fn content_header(&self) -> Vec<u8> {
        with_length(&Value::tuple(self.members()))
    }

    /// Returns the beginning of a `.filez`, its length first; `size` is that of the content.
    pub fn zlib_header(&self, size: u64) -> Vec<u8> {
        with_length(&Value::tuple(
            [Value::u64_be(size)].into_iter().chain(self.members()),
        ))
    }

    /// Begins the hash of the content stream: what follows is the content of a regular file.
    pub fn hasher(&self) -> Sha256 {
        let mut sha = Sha256::new();
        sha.update(&self.content_header());
        sha
    }

    /// Returns the checksum of the file with this header and content; a symlink has no content.
    pub fn content_checksum(&self, content: &[u8]) -> Checksum {
        let mut sha = self.hasher();
        sha.update(content);
        sha.finish()
    }

    fn members(&self) -> [Value; 6] {
        let [uid, gid, mode, rdev] = [self.uid, self.gid, self.mode, 0].map(Value::u32_be);
        let target = Value::str(self.target.as_deref().unwrap_or_default());
        [uid, gid, mode, rdev, target, self.xattrs.to_value()]
    }

    /// Reads the beginning of a `.filez`: the header, the size of the content, and how many bytes
    /// come before the deflate stream.
    pub fn parse_zlib_header(bytes: &[u8]) -> Result<(FileHeader, u64, usize), FormatError> {
        let short = || FormatError::Truncated(WHAT);
        let (prefix, rest) = bytes.split_first_chunk().ok_or_else(short)?;
        let len = parse_prefix(*prefix)?;
        let (header, size) = FileHeader::decode_zlib(rest.get(..len).ok_or_else(short)?)?;
        Ok((header, size, PREFIX + len))
    }

    /// Reads the header of a `.filez` after its length.
    pub(super) fn decode_zlib(bytes: &[u8]) -> Result<(FileHeader, u64), FormatError> {
        let view = View::parse("(tuuuusa(ayay))", bytes)?;
        let members = || {
            let [size, rest @ ..] = view.tuple::<7>()?;
            Some((size.u64_be()?, rest))
        };
        let (size, rest) = members().ok_or(FormatError::Truncated(WHAT))?;
        let header = FileHeader::from_members(rest)?;
        if header.is_symlink() && size != 0 {
            return Err(FormatError::Field {
                what: WHAT,
                fault: "a symlink has content",
            });
        }
        Ok((header, size))
    }

    /// Reads the beginning of a content stream, as deltas carry it: the header, and how many bytes
    /// come before the content.
    pub fn parse_content_header(bytes: &[u8]) -> Result<(FileHeader, usize), FormatError> {
        let short = || FormatError::Truncated(WHAT);
        let (prefix, rest) = bytes.split_first_chunk().ok_or_else(short)?;
        let len = parse_prefix(*prefix)?;
        let view = View::parse("(uuuusa(ayay))", rest.get(..len).ok_or_else(short)?)?;
        let header = FileHeader::from_members(view.tuple().ok_or_else(short)?)?;
        Ok((header, PREFIX + len))
    }

    fn from_members(
        [uid, gid, mode, rdev, target, xattrs]: [View<'_>; 6],
    ) -> Result<FileHeader, FormatError> {
        let numbers = || {
            Some((
                uid.u32_be()?,
                gid.u32_be()?,
                mode.u32_be()?,
                rdev.u32_be()?,
                target.as_str()?,
            ))
        };
        let (uid, gid, mode, rdev, target) = numbers().ok_or(FormatError::Truncated(WHAT))?;
        if rdev != 0 {
            return Err(FormatError::Field {
                what: WHAT,
                fault: "it has a device number",
            });
        }
        let target = (mode & S_IFMT == S_IFLNK || !target.is_empty()).then(|| target.to_owned());
        let header = FileHeader {
            uid,
            gid,
            mode,
            target,
            xattrs: Xattrs::from_view(xattrs)?,
        };
        header.check()?;
        Ok(header)
    }

    /// Returns the `user.ostreemeta` xattr that bare-user repositories keep beside the content.
    pub fn ostreemeta(&self) -> Vec<u8> {
        encode_owner(self.uid, self.gid, self.mode, &self.xattrs)
    }

    /// Reads a `user.ostreemeta`; the target of a symlink is what the file contains, without its
    /// NUL.
    pub fn from_ostreemeta(
        bytes: &[u8],
        target: Option<String>,
    ) -> Result<FileHeader, FormatError> {
        let (uid, gid, mode, xattrs) = decode_owner(WHAT, bytes)?;
        let header = FileHeader {
            uid,
            gid,
            mode,
            target,
            xattrs,
        };
        header.check()?;
        Ok(header)
    }

    /// Tells whether a `user.ostreemeta` is that of a symlink, before its target is read.
    pub fn ostreemeta_is_symlink(bytes: &[u8]) -> Result<bool, FormatError> {
        let (_, _, mode, _) = decode_owner(WHAT, bytes)?;
        Ok(mode & S_IFMT == S_IFLNK)
    }

    /// Checks that mode and target belong together: only regular files and symlinks exist.
    pub fn check(&self) -> Result<(), FormatError> {
        if self.mode & !(S_IFMT | PERMISSIONS) != 0 {
            return Err(FormatError::Mode {
                what: WHAT,
                mode: self.mode,
            });
        }
        match (self.mode & S_IFMT, &self.target) {
            (S_IFREG, None) => Ok(()),
            (S_IFREG, Some(_)) => Err(FormatError::Field {
                what: WHAT,
                fault: "a regular file has a target",
            }),
            (S_IFLNK, Some(target)) => check_target(target),
            (S_IFLNK, None) => Err(FormatError::Field {
                what: WHAT,
                fault: "a symlink has no target",
            }),
            _ => Err(FormatError::Mode {
                what: WHAT,
                mode: self.mode,
            }),
        }
    }
}

fn check_target(target: &str) -> Result<(), FormatError> {
    if target.is_empty() || target.contains('\0') {
        return Err(FormatError::Field {
            what: WHAT,
            fault: "a symlink has no possible target",
        });
    }
    if target.len() > MAX_SYMLINK_TARGET {
        return Err(FormatError::TooLarge {
            what: "symlink target",
            size: target.len() as u64,
            limit: MAX_SYMLINK_TARGET as u64,
        });
    }
    Ok(())
}

fn with_length(header: &Value) -> Vec<u8> {
    let header = header.bytes();
    let len = u32::try_from(header.len()).expect("the kernel bounds xattrs far below 4 GiB");
    [&len.to_be_bytes()[..], &[0; 4], header].concat()
}

/// Reads the length of a header and checks it against its limit.
pub(super) fn parse_prefix(prefix: [u8; PREFIX]) -> Result<usize, FormatError> {
    let [a, b, c, d, padding @ ..] = prefix;
    if padding != [0; 4] {
        return Err(FormatError::Field {
            what: WHAT,
            fault: "its padding is not zero",
        });
    }
    let len = u32::from_be_bytes([a, b, c, d]);
    match usize::try_from(len) {
        Ok(len) if len <= MAX_FILE_HEADER => Ok(len),
        _ => Err(FormatError::TooLarge {
            what: WHAT,
            size: len.into(),
            limit: MAX_FILE_HEADER as u64,
        }),
    }
}
