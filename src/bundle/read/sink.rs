//! Where the checked content of a bundle goes.

use crate::format::{Checksum, filez::FilezInfo};

use super::error::ReadError;
use super::large::LargeFilez;

/// Takes what a bundle carries, after the bundle's own checks; the caller's checks are its own.
///
/// ```text
/// summary? ( superblock part* spine object* )*
/// ```
///
/// Parts of one release arrive in any order, from several threads at once; so do its objects.
/// Everything else arrives alone: what was handed over before has returned.
pub trait PayloadSink: Sync {
    /// Why the sink refuses.
    type Error: Send;

    /// Takes the summary and its signatures.
    fn summary(&self, summary: &[u8], signature: &[u8]) -> Result<(), Self::Error>;

    /// Takes the superblock of a release, which begins it.
    fn superblock(&self, release: usize, bytes: &[u8]) -> Result<(), Self::Error>;

    /// Takes a part, as the superblock describes it, with zstd taken off.
    fn part(&self, release: usize, part: usize, bytes: Vec<u8>) -> Result<(), Self::Error>;

    /// Learns that all parts of a release were taken; its packs follow.
    fn spine(&self, release: usize) -> Result<(), Self::Error>;

    /// Says whether objects are better handed over with their content at hand.
    fn wants_content(&self) -> bool {
        false
    }

    /// Learns how large the content of a file object is going to be, before any of it is inflated.
    fn admit(&self, release: usize, size: u64) -> Result<(), Self::Error>;

    /// Takes a file object. A [`FilezObject::Streamed`] is checked only when it was read to its end.
    fn object(
        &self,
        release: usize,
        name: &Checksum,
        object: FilezObject<'_>,
    ) -> Result<(), Self::Error>;
}

/// A file object in archive form.
#[derive(Debug)]
pub enum FilezObject<'a> {
    /// In memory, and checked against its name.
    Whole {
        /// The bytes of the `.filez`.
        stored: &'a [u8],
        /// Its header, sizes and checksum.
        info: &'a FilezInfo,
        /// Its content, if it is wanted and not too much.
        content: Option<&'a [u8]>,
    },
    /// Too large for memory, and checked while it is read.
    Streamed(&'a mut LargeFilez),
}

/// Why a bundle could not be streamed.
#[derive(Debug, thiserror::Error)]
pub enum StreamError<E> {
    /// The bundle is not in order.
    #[error(transparent)]
    Bundle(#[from] ReadError),
    /// The sink refused.
    #[error("the content was refused")]
    Sink(E),
}
