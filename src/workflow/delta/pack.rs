//! Parts of a static delta, compressed as stock's are, and where they go.
//!
//! ```text
//! part ─▸ xz ─▸ 0, 1, … in the repository's stage, or beside a file
//!             ─▸ a spool, until the superblock is written that it travels in
//! ```

use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::Receiver;

use super::StaticDeltaError;
use super::spool::Spool;
use crate::delta::DeltaPart;
use crate::format::delta::{MAX_SUPERBLOCK, PartHeader};
use crate::repo::{DeltaStage, Repo};
use crate::workflow::error::Error;
use crate::workflow::replace_file::directory_of;
use crate::workflow::sidecar;

/// Where files of the delta go.
pub(super) enum Output<'a> {
    /// To a stage of the repository.
    Stage(DeltaStage<'a>),
    /// As this file, parts beside it.
    File(&'a Path),
}

impl Output<'_> {
    /// Makes room for parts that travel inside the superblock.
    pub(super) fn spool(&self, repo: &Repo) -> Result<Spool, StaticDeltaError> {
        match self {
            Output::Stage(_) => Spool::within(&repo.path().join("tmp"), MAX_SUPERBLOCK),
            Output::File(path) => Spool::within(directory_of(path), u64::MAX),
        }
    }

    /// Compresses a part into a file of its own.
    fn write_part(&self, number: usize, part: DeltaPart) -> Result<PartHeader, Error> {
        match self {
            Output::Stage(stage) => {
                Ok(stage.write(&number.to_string(), |file| part.compress_to(file))?)
            }
            Output::File(path) => {
                let path = path.with_file_name(number.to_string());
                Ok(sidecar::replace_with(&path, |file| part.compress_to(file))?)
            }
        }
    }
}

/// A part that is compressed, and written.
pub(super) struct Packed {
    pub(super) number: usize,
    pub(super) header: PartHeader,
    /// Where it is, if not in a file of its own.
    pub(super) inline: Option<Range<u64>>,
}

/// Compresses parts until there are no more.
pub(super) fn pack(
    parts: Receiver<(usize, DeltaPart)>,
    spool: Option<&Spool>,
    output: &Output<'_>,
    packed: &Mutex<Vec<Packed>>,
) -> Result<(), Error> {
    for (number, part) in parts {
        let (header, inline) = match spool {
            Some(spool) => {
                let (header, place) = spool.write(|file| part.compress_to(file))?;
                (header, Some(place))
            }
            None => (output.write_part(number, part)?, None),
        };
        let part = Packed {
            number,
            header,
            inline,
        };
        packed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(part);
    }
    Ok(())
}
