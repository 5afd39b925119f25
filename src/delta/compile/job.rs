//! Making one patch: read, compare, check, weigh.

use std::io;

use super::{
    Choice, CompileInput, CostModel, Effort, Otherwise, Pair, Way, Why,
    effort::Sizes,
    large,
    windows::{self, Look},
};
use crate::delta::{
    DeltaError, PartKind, SourceFile,
    copies::Copies,
    diff::{Differ, Grain},
    packer::Packer,
    part_writer::{How, Patched},
    patch::Patch,
    room,
    rope::Rope,
    spine::LARGEST_IN_PART,
    whole::{Around, STREAMED, WholeReader},
};
use crate::format::{FileHeader, ObjectKind, ObjectName};
use crate::repo::Repo;

/// Patches from this size on are kept compressed.
const PACKED_FROM: usize = 16 << 10;

/// Files over this size are not compared in memory.
const MAX_IN_MEMORY: u64 = 24 << 20;
/// Files of which most is compressed already need not be, from this size on.
const DENSE_FROM: u64 = 12 << 20;
/// The patch of a large file is compressed by at least such a part more than when it is weighed: of a
/// browser's library it is a sixth to a fifth.
const GAIN: u64 = 8;
/// What a run takes, compressed.
const PER_RUN: u64 = 5;

/// A pair whose files were looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) pair: Pair,
    /// The length of the old content.
    pub(super) old: u64,
    /// The length of the new content.
    pub(super) new: u64,
    /// Whether the new file is compressed already.
    pub(super) is_dense: bool,
}

/// How two files are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Means {
    /// With both in memory.
    Memory,
    /// One window of the new one after the other.
    Windows,
    /// By runs that stayed the same.
    Ranges,
}

/// What became of a pair.
pub(super) struct Made {
    pub(super) choice: Choice,
    /// The patch, if that is the choice.
    pub(super) patch: Option<Patched>,
}

/// What makes a file out of an old one, and what that weighs.
pub(super) struct Tried {
    pub(super) header: FileHeader,
    pub(super) how: How,
    pub(super) weight: u64,
    /// What of that is there.
    pub(super) made: u64,
}

/// What a worker keeps from one patch to the next.
pub(super) struct Bench<'a> {
    new_repo: &'a Repo,
    old_repo: &'a Repo,
    costs: CostModel,
    one_window_in: u64,
    differ: Differ,
    reader: WholeReader,
    old: Vec<u8>,
    new: Vec<u8>,
    stream: Vec<u8>,
    packer: Packer,
}

impl Job {
    /// Returns the memory that making the patch takes at most.
    pub(super) fn memory(&self, effort: Effort) -> u64 {
        match self.means() {
            Means::Ranges => large::memory(self.old, self.new),
            Means::Windows => windows::memory(self.old, self.new),
            // The larger of both may be in memory as it is stored, too, for a while.
            Means::Memory => {
                let grain = Grain::of_sizes(self.old, effort);
                Differ::memory(self.old, self.new, grain) + self.pair.stored.min(STREAMED)
            }
        }
    }

    fn means(&self) -> Means {
        let size = self.new.max(self.old);
        match self.is_dense {
            true if size >= DENSE_FROM => Means::Ranges,
            _ if size <= MAX_IN_MEMORY => Means::Memory,
            // Its patch would not fit into a part.
            _ if self.new > LARGEST_IN_PART - LARGEST_IN_PART / 16 => Means::Ranges,
            _ => Means::Windows,
        }
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
            made: pair.stored,
        };
        Made {
            choice,
            patch: None,
        }
    }
}

impl<'a> Bench<'a> {
    pub(super) fn new(input: &CompileInput<'a>) -> Result<Bench<'a>, DeltaError> {
        Ok(Bench {
            new_repo: input.spine.repo,
            old_repo: input.sources,
            costs: input.costs,
            one_window_in: input.one_window_in,
            differ: Differ::default(),
            reader: WholeReader::default(),
            old: Vec::new(),
            new: Vec::new(),
            stream: Vec::new(),
            packer: Packer::new()?,
        })
    }

    /// Makes a patch, if it pays.
    pub(super) fn make(&mut self, job: &Job) -> Result<Made, DeltaError> {
        let made = self.try_out(job);
        for buffer in [&mut self.old, &mut self.new, &mut self.stream] {
            room::give_back(buffer);
        }
        self.differ.trim();
        made
    }

    fn try_out(&mut self, job: &Job) -> Result<Made, DeltaError> {
        let mut sizes = Sizes {
            stored: job.pair.stored,
            patch: 0,
            content: job.new,
        };
        // No patch is so small that it would pay.
        let why = self.costs.judge_before(sizes.stored, sizes.content);
        if why != Why::Saves {
            return Ok(Made::none(&job.pair, why));
        }
        let tried = match job.means() {
            Means::Ranges => self.ranges(job)?.ok_or(Why::TooLarge),
            Means::Windows => self.windows(job)?.ok_or(Why::SavesLittle),
            Means::Memory => Ok(self.patch(job, &mut sizes)?),
        };
        let Tried {
            header,
            how,
            weight,
            made,
        } = match tried {
            Ok(tried) => tried,
            Err(why) => return Ok(Made::none(&job.pair, why)),
        };
        let patch = Patched {
            header,
            size: job.new,
            old: job.pair.old,
            kind: kind(&how, weight, job),
            how,
        };
        sizes.patch = match patch.kind {
            PartKind::LargePatch => weight - weight / GAIN,
            PartKind::Whole | PartKind::Patches | PartKind::Dense => weight,
        };
        let why = match self.costs.judge_made(&sizes) {
            Why::Saves if patch.len() > LARGEST_IN_PART => Why::TooLarge,
            why => why,
        };
        let way = match patch.how {
            _ if why != Why::Saves => {
                let stored = sizes.stored;
                return Ok(Made::none(&Pair { stored, ..job.pair }, why));
            }
            How::Patch(_) => Way::Patched,
            How::Copies(_) => Way::Copied,
        };
        let choice = Choice {
            way,
            why,
            weight,
            made,
        };
        let patch = Some(patch);
        Ok(Made { choice, patch })
    }

    /// Compares both files without having them in memory.
    fn ranges(&mut self, job: &Job) -> Result<Option<Tried>, DeltaError> {
        let made = large::make(self.new_repo, self.old_repo, job)?;
        let Some((header, copies)) = made else {
            return Ok(None);
        };
        let weight = self.weigh_copies(&copies)?;
        let how = How::Copies(copies);
        Ok(Some(Tried {
            header,
            how,
            weight,
            made: weight,
        }))
    }

    /// Compares both files a window at a time.
    fn windows(&mut self, job: &Job) -> Result<Option<Tried>, DeltaError> {
        let repos = (self.new_repo, self.old_repo);
        let (differ, packer) = (&mut self.differ, &mut self.packer);
        let look = Look {
            one_in: self.one_window_in,
            grain: Grain::coarse(self.costs.effort),
            most: job.pair.stored + job.pair.stored / (GAIN - 1),
        };
        windows::make(repos, job, differ, packer, look)
    }

    /// Compares both files in memory.
    fn patch(&mut self, job: &Job, sizes: &mut Sizes) -> Result<Tried, DeltaError> {
        let Pair { new, old, .. } = job.pair;
        let Around { header, stored } =
            self.reader
                .read(self.new_repo, &new, job.new, &mut self.new)?;
        sizes.stored = match stored {
            Some(stored) => stored,
            // Nobody deflated it yet.
            None => self.packer.weigh(&self.new)?,
        };
        self.reader
            .read(self.old_repo, &old, job.old, &mut self.old)?;
        let grain = Grain::of(&self.old, &self.new, self.costs.effort);
        let longest = self.new.len() + self.new.len() / 16 + 64;
        room::clear_for(&mut self.stream, longest);
        self.differ
            .diff(&self.old, &self.new, grain, &mut self.stream);
        let old_content = SourceFile::from(std::mem::take(&mut self.old));
        let patch = Patch::new(&self.stream, self.new.len() as u64);
        undo(patch, &old_content, &self.new)
            .map_err(DeltaError::at(ObjectName::new(new, ObjectKind::File)))?;
        self.old = old_content.into_memory();
        let (stream, weight) = self.keep_stream()?;
        let how = How::Patch(stream);
        Ok(Tried {
            header,
            how,
            weight,
            made: weight,
        })
    }

    /// Keeps the patch until it is in a part, and weighs it. What is long is kept compressed, for most
    /// of it is zeros.
    fn keep_stream(&mut self) -> io::Result<(Rope, u64)> {
        let mut stream = Rope::default();
        let weight = if self.stream.len() < PACKED_FROM {
            stream.extend(&self.stream);
            self.packer.weigh(&self.stream)?
        } else {
            stream.push_packed(&self.stream, &mut self.packer)?
        };
        Ok((stream, weight))
    }

    fn weigh_copies(&mut self, copies: &Copies) -> io::Result<u64> {
        let mut weight = PER_RUN * copies.count();
        for piece in copies.literals().pieces() {
            weight += self.packer.weigh(&piece)?;
        }
        Ok(weight)
    }
}

/// Applies a patch as the other side will, and holds the result against the new file; returns where
/// it leaves the old one.
pub(super) fn undo(mut patch: Patch<'_>, old: &SourceFile, new: &[u8]) -> Result<i64, DeltaError> {
    let mut piece = [0; 64 * 1024];
    let mut rest = new;
    loop {
        let made = patch.read(old, &mut piece)?;
        if made == 0 {
            break;
        }
        rest = match rest.strip_prefix(piece.get(..made).unwrap_or_default()) {
            Some(rest) => rest,
            None => return Err(DeltaError::WrongPatch),
        };
    }
    match rest {
        [] => patch.position(),
        _ => Err(DeltaError::WrongPatch),
    }
}

/// Says what a file is that takes so much as a patch, or as ranges.
fn kind(how: &How, weight: u64, job: &Job) -> PartKind {
    match how {
        How::Patch(_) if weight > job.new / 2 => PartKind::Dense,
        How::Patch(_) if job.means() == Means::Windows => PartKind::LargePatch,
        How::Patch(_) => PartKind::Patches,
        // Nothing of these are zeros; what is new of the file stands there as it is.
        How::Copies(copies) if weight > copies.len() / 2 => PartKind::Dense,
        How::Copies(_) => PartKind::Whole,
    }
}
