//! `.filez`: a file object as archive repositories, and bundles, store it.
//!
//! ```text
//! u32 BE  length of the header, then u32 0
//! header  (tuuuusa(ayay)): size of the content, owner, mode, target, xattrs
//! bytes   the content as raw deflate (RFC 1951); nothing at all for a symlink
//! ```
//!
//! The checksum of a file is over its content stream, so none covers these bytes: the size may lie,
//! and anything may follow the deflate stream, and `ostree fsck` sees neither. Here an object is
//! accepted only if
//!
//! - its header is in normal form, its padding zero, its xattrs sorted and each there once;
//! - the deflate stream yields exactly as many bytes as the header says,
//! - and ends at the last byte of the object.
//!
//! [`Checker`] takes an object that is in memory, [`PairChecker`] many, [`FilezReader`] one of any
//! size; they have the same rules. libdeflate inflates faster than either, but does not say where the stream ended, and so
//! only deflates here.

mod check;
mod dense;
mod inflate;
mod pair;
mod read;
mod segments;
mod write;

pub use check::Checker;
pub use pair::{Checked, PairChecker};
pub use read::{FilezReader, HashedFilez};
pub use write::{Deflater, FilezWriter};

use super::content::PREFIX;
use super::{Checksum, FileHeader, FormatError};

/// What a `.filez` turned out to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilezInfo {
    /// The owner, mode, xattrs and target.
    pub header: FileHeader,
    /// The number of bytes of content.
    pub size: u64,
    /// The checksum of the content stream: the name the object must have.
    pub checksum: Checksum,
}

const WHAT: &str = "filez";

/// Returns the size of the content that a `.filez` announces, which nobody has checked; nothing if
/// it ends before that.
pub fn announced_size(filez: &[u8]) -> Option<u64> {
    let size = filez.get(PREFIX..)?.first_chunk()?;
    Some(u64::from_be_bytes(*size))
}

fn fault(fault: &'static str) -> FormatError {
    FormatError::Field { what: WHAT, fault }
}
