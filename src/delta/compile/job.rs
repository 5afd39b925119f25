//! Making one patch: read, compare, check, weigh.

use zstd::bulk::Compressor;

use super::{Choice, CostModel, Effort, MAX_PATCH, Otherwise, Pair, Way, Why, effort::Sizes};
use crate::delta::{
    DeltaError, SourceFile,
    diff::{Differ, Grain},
    part_writer::Patched,
    patch::Patch,
    whole::{Around, WholeReader},
};
use crate::format::{ObjectKind, ObjectName};
use crate::repo::Repo;

/// The level at which a patch is weighed; it is compressed with others later, and harder.
const WEIGHING: i32 = 1;
/// How much is weighed at a time.
const PIECE: usize = 1 << 20;
/// Of each buffer a worker keeps so much from one patch to the next; no budget counts it.
const KEPT: usize = 2 << 20;

/// A pair whose files were looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) pair: Pair,
    /// The length of the old content.
    pub(super) old: u64,
    /// The length of the new content.
    pub(super) new: u64,
}

/// What became of a pair.
pub(super) struct Made {
    pub(super) choice: Choice,
    /// The patch, if that is the choice.
    pub(super) patch: Option<Patched>,
}

/// What a worker keeps from one patch to the next.
pub(super) struct Bench<'a> {
    new_repo: &'a Repo,
    old_repo: &'a Repo,
    costs: CostModel,
    differ: Differ,
    reader: WholeReader,
    old: Vec<u8>,
    new: Vec<u8>,
    scratch: Vec<u8>,
    weigher: Compressor<'static>,
}

impl Job {
    /// Returns the memory that making the patch takes at most.
    pub(super) fn memory(&self, effort: Effort) -> u64 {
        // The larger of both is in memory as it is stored, too, for a while.
        Differ::memory(self.old, self.new, Grain::of_sizes(self.old, effort)) + self.pair.stored
    }
}

impl Made {
    /// No patch, for this reason.
    pub(super) fn none(pair: &Pair, why: Why) -> Made {
        let way = match pair.otherwise {
            Otherwise::Whole => Way::Whole,
            Otherwise::Declined => Way::Declined,
        };
        let choice = Choice {
            way,
            why,
            weight: pair.stored,
        };
        Made {
            choice,
            patch: None,
        }
    }
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        new_repo: &'a Repo,
        old_repo: &'a Repo,
        costs: CostModel,
    ) -> Result<Bench<'a>, DeltaError> {
        Ok(Bench {
            new_repo,
            old_repo,
            costs,
            differ: Differ::default(),
            reader: WholeReader::default(),
            old: Vec::new(),
            new: Vec::new(),
            scratch: Vec::with_capacity(zstd::zstd_safe::compress_bound(PIECE)),
            weigher: Compressor::new(WEIGHING)?,
        })
    }

    /// Makes a patch, if it pays.
    pub(super) fn make(&mut self, job: &Job) -> Result<Made, DeltaError> {
        let made = self.patch(job);
        for buffer in [&mut self.old, &mut self.new] {
            buffer.clear();
            buffer.shrink_to(KEPT);
        }
        self.differ.trim(KEPT);
        made
    }

    fn patch(&mut self, job: &Job) -> Result<Made, DeltaError> {
        let Pair { new, old, .. } = job.pair;
        let mut sizes = Sizes {
            stored: job.pair.stored,
            patch: 0,
            content: job.new,
        };
        // No patch is so small that it would pay.
        let why = self.costs.judge(&sizes);
        if why != Why::Saves {
            return Ok(Made::none(&job.pair, why));
        }
        let Around { header, stored } =
            self.reader
                .read(self.new_repo, &new, job.new, &mut self.new)?;
        sizes.stored = match stored {
            Some(stored) => stored,
            // Nobody deflated it yet.
            None => weigh(&mut self.weigher, &mut self.scratch, &self.new)?,
        };
        self.reader
            .read(self.old_repo, &old, job.old, &mut self.old)?;
        let grain = Grain::of(&self.old, &self.new, self.costs.effort);
        let mut stream = Vec::with_capacity(self.new.len() + self.new.len() / 16 + 64);
        self.differ.diff(&self.old, &self.new, grain, &mut stream);
        let old_content = std::mem::take(&mut self.old);
        self.old = undo(old_content, &self.new, &stream)
            .map_err(DeltaError::at(ObjectName::new(new, ObjectKind::File)))?;
        sizes.patch = weigh(&mut self.weigher, &mut self.scratch, &stream)?;
        let why = match self.costs.judge(&sizes) {
            Why::Saves if stream.len() > MAX_PATCH => Why::TooLarge,
            why => why,
        };
        if why != Why::Saves {
            let weight = sizes.stored;
            return Ok(Made::none(
                &Pair {
                    stored: weight,
                    ..job.pair
                },
                why,
            ));
        }
        let dense = sizes.patch > stream.len() as u64 / 2;
        stream.shrink_to_fit();
        let patch = Patched {
            header,
            size: job.new,
            old,
            stream,
            dense,
        };
        Ok(Made {
            choice: Choice {
                way: Way::Patched,
                why,
                weight: sizes.patch,
            },
            patch: Some(patch),
        })
    }
}

/// Applies a patch as the other side will, and holds the result against the new file; gives the
/// old file back.
fn undo(old: Vec<u8>, new: &[u8], stream: &[u8]) -> Result<Vec<u8>, DeltaError> {
    let old = SourceFile::from(old);
    let mut patch = Patch::new(stream, new.len() as u64);
    let mut piece = [0; 64 * 1024];
    let mut rest = new;
    loop {
        let made = patch.read(&old, &mut piece)?;
        if made == 0 {
            break;
        }
        rest = match rest.strip_prefix(piece.get(..made).unwrap_or_default()) {
            Some(rest) => rest,
            None => return Err(DeltaError::WrongPatch),
        };
    }
    match rest {
        [] => Ok(old.into_memory()),
        _ => Err(DeltaError::WrongPatch),
    }
}

/// Returns about how large the bytes are when compressed.
fn weigh(
    weigher: &mut Compressor<'static>,
    scratch: &mut Vec<u8>,
    bytes: &[u8],
) -> Result<u64, DeltaError> {
    let mut weight = 0;
    for piece in bytes.chunks(PIECE) {
        scratch.clear();
        weight += weigher.compress_to_buffer(piece, scratch)? as u64;
    }
    Ok(weight)
}
