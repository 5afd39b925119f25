//! The sizes beyond which nothing is read, whatever a file claims.

/// The largest metadata object, summary or superblock: 128 MiB, as libostree since 2023.4.
pub const MAX_METADATA: u64 = 128 << 20;

/// The most entries of a dictionary, and strings of a list in it. A delta of the most parts there
/// may be, all of them inline, has one for each.
pub const MAX_ENTRIES: usize = 1 << 17;

/// The most signatures over one thing.
pub const MAX_SIGNATURES: usize = 1000;

/// The largest header of a file object; nearly all of it can be xattrs.
pub const MAX_FILE_HEADER: usize = 16 << 20;

/// The longest name of an xattr: Linux' `XATTR_NAME_MAX`.
pub const MAX_XATTR_NAME: usize = 255;

/// The largest value of an xattr: Linux' `XATTR_SIZE_MAX`.
pub const MAX_XATTR_VALUE: usize = 64 << 10;

/// The longest target of a symlink: Linux' `PATH_MAX` less its NUL.
pub const MAX_SYMLINK_TARGET: usize = 4095;

/// The longest name of a file, and the longest part of a ref: Linux' `NAME_MAX`.
pub const MAX_NAME: usize = 255;

/// How deep directories may nest: a path of one-letter names of Linux' `PATH_MAX`.
pub const MAX_TREE_DEPTH: usize = 2048;
