//! A whole delta: metadata, then patches on all cores, then whole files.
//!
//! ```text
//! pairs in path order ─ cut into part-sized groups, the largest first within each
//!     ─▸ workers: read both files, compare, try the patch, weigh it     within a memory budget
//!     ─▸ back into path order ─▸ parts of up to 32 MB ─▸ whoever takes them
//! ```
//!
//! Path order, because what is near in the tree compresses well together. A patch that does not
//! pay is declined: the file travels whole, in a part or elsewhere. Large files are compared window by
//! window. What is too large for that, or compressed already, is made of ranges of the old file
//! instead, see `copies`.

mod choice;
mod effort;
mod job;
mod large;
mod queue;
mod windows;

use std::sync::Arc;
use std::thread;

use crossbeam_channel::{Receiver, Sender, unbounded};

pub use choice::{Choice, Way, Why};
pub use effort::{CostModel, Effort};

use super::assemble::{Assembler, TakePart};
use super::budget::Budget;
use super::part_writer::Patched;
use super::spine::superblock;
use super::{DeltaError, SpineInput};
use crate::format::delta::Superblock;
use crate::format::{Checksum, ObjectKind, ObjectName};
use crate::repo::{FileObject, Mode, Repo, RepoError};
use crate::{Event, Observer, Stage};
use job::{Bench, Job, Made};
use queue::{Queue, Task};

/// Larger files are not compared at all; ext4 holds none.
const MAX_COMPARED: u64 = 1 << 44;
/// The memory that patches in the making, and parts until they are used up, share. The process
/// takes twice as much at its peak: an allocator does not give back all that is freed.
const MEMORY: u64 = 208 << 20;
/// The same with the greatest effort, whose parts take more while they are compressed.
const MEMORY_SMALL: u64 = 176 << 20;

/// More workers than this would share too little memory, and each keeps some of its own.
const MAX_WORKERS: usize = 12;

/// A new file, and the old one that it may be patched from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The new file.
    pub new: Checksum,
    /// The old file.
    pub old: Checksum,
    /// The size of the new file as it is stored.
    pub stored: u64,
    /// What becomes of it when the patch does not pay.
    pub otherwise: Otherwise,
}

/// What becomes of a file whose patch does not pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Otherwise {
    /// It goes into a part, whole.
    Whole,
    /// It travels elsewhere.
    Declined,
}

/// What a delta is made from.
#[derive(Clone, Copy)]
pub struct CompileInput<'a> {
    /// Both commits, metadata, and whole files.
    pub spine: SpineInput<'a>,
    /// Where old files are.
    pub sources: &'a Repo,
    /// Files that may be patched, in path order.
    pub pairs: &'a [Pair],
    /// When a patch pays.
    pub costs: CostModel,
    /// How many threads make patches.
    pub threads: usize,
    /// What a part takes besides itself until it is used up: the memory for compressing it.
    pub part_memory: u64,
    /// Of a file that is compared window by window, one of so many is; 1 makes a delta, more only tells
    /// what it would weigh.
    pub one_window_in: u64,
}

/// A delta whose parts were handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compiled {
    /// The superblock. It lists no parts: of each, whoever took it knows what belongs there, in the
    /// order in which they were taken.
    pub superblock: Superblock,
    /// The pairs that travel as patches, by their place in the input.
    pub patched: Vec<usize>,
    /// The pairs that are not in the delta, by their place in the input.
    pub declined: Vec<usize>,
    /// How each pair travels, and why, in the order of the input.
    pub choices: Vec<Choice>,
}

/// Makes a delta, and hands on each part as soon as it is full.
pub fn compile(
    input: &CompileInput<'_>,
    observer: &dyn Observer,
    take: &mut TakePart<'_>,
) -> Result<Compiled, DeltaError> {
    let mut take = |part| take(part);
    let budget = Arc::new(Budget::new(match input.costs.effort {
        Effort::Small => MEMORY_SMALL,
        Effort::Fast | Effort::Balanced => MEMORY,
    }));
    let mut assembler =
        Assembler::new(input.spine.repo, &mut take).within(Arc::clone(&budget), input.part_memory);
    for object in input.spine.metadata {
        assembler.metadata(object)?;
    }
    let mut whole = sized(&input.spine)?;
    let files: u64 = whole.iter().map(|(_, stored)| stored).sum();
    let pairs: u64 = input.pairs.iter().map(|pair| pair.stored).sum();
    assembler.expect(files + pairs, input.costs.effort.least_part());
    let (mut patched, mut declined) = (Vec::new(), Vec::new());
    let mut choices = Vec::new();
    in_path_order(input, observer, &budget, |pair, made| {
        let index = choices.len();
        choices.push(made.choice);
        match (made.patch, pair.otherwise) {
            (Some(made), _) => {
                patched.push(index);
                assembler.patched(pair.new, made)?;
            }
            (None, Otherwise::Whole) => {
                whole.push((pair.new, pair.stored));
                return Ok(());
            }
            (None, Otherwise::Declined) => declined.push(index),
        }
        assembler.done(pair.stored);
        Ok(())
    })?;
    for (file, stored) in whole {
        assembler.file(&file)?;
        assembler.done(stored);
    }
    assembler.finish()?;
    Ok(Compiled {
        superblock: superblock(&input.spine),
        patched,
        declined,
        choices,
    })
}

/// Lists the files that are carried whole, with what they take as they are stored.
fn sized(spine: &SpineInput<'_>) -> Result<Vec<(Checksum, u64)>, DeltaError> {
    let size = |file: &Checksum| {
        let name = ObjectName::new(*file, ObjectKind::File);
        Ok((*file, spine.repo.object_size(&name)?))
    };
    spine.files.iter().map(size).collect()
}

/// What a worker found out about the pair of this number.
type Found = (usize, Result<Made, DeltaError>);

/// Makes all patches that pay, and hands on what became of each pair, in their order; whoever takes
/// a patch gives its memory back to the budget.
fn in_path_order(
    input: &CompileInput<'_>,
    observer: &dyn Observer,
    budget: &Budget,
    mut each: impl FnMut(&Pair, Made) -> Result<(), DeltaError>,
) -> Result<(), DeltaError> {
    let jobs = jobs(input)?;
    let workers = input.threads.clamp(1, MAX_WORKERS);
    let queue = Queue::new(&jobs, workers, budget, input.costs.effort);
    thread::scope(|scope| {
        let (found, results) = unbounded();
        for _ in 0..workers {
            let found = found.clone();
            scope.spawn(|| work(input, &queue, found));
        }
        drop(found);
        // When this ends early, `results` falls, and the workers end at their next result.
        let mut results = InOrder::new(results, jobs.len());
        for ((index, job), pair) in jobs.iter().enumerate().zip(input.pairs) {
            let made = match job {
                Ok(_) => results.wait(index)?,
                Err(why) => Made::none(pair, *why),
            };
            each(pair, made)?;
            let (stage, by) = (Stage::Patch, pair.stored);
            observer.event(Event::Advance { stage, by });
        }
        Ok(())
    })
}

/// Looks at every pair; a reason where a patch is out of the question.
fn jobs(input: &CompileInput<'_>) -> Result<Vec<Result<Job, Why>>, DeltaError> {
    let is_archive = input.spine.repo.mode() == Mode::Archive;
    let look = |pair: &Pair| {
        let new = input.spine.repo.file(&pair.new)?;
        let old = match input.sources.file(&pair.old) {
            Err(RepoError::ObjectMissing { .. }) => return Ok(Err(Why::NoOldFile)),
            old => old?,
        };
        let is_empty = |file: &FileObject| file.header.is_symlink() || file.size == 0;
        Ok(if is_empty(&new) || is_empty(&old) {
            Err(Why::NoOldFile)
        } else if new.size.max(old.size) > MAX_COMPARED {
            Err(Why::TooLarge)
        } else {
            Ok(Job {
                pair: *pair,
                old: old.size,
                new: new.size,
                is_dense: is_archive && pair.stored > new.size / 32 * 31,
            })
        })
    };
    input.pairs.iter().map(look).collect()
}

/// Makes patches until there is nothing left to do, or nobody who wants them.
fn work(input: &CompileInput<'_>, queue: &Queue<'_>, found: Sender<Found>) {
    let mut bench = None;
    while let Some(Task { index, job, memory }) = queue.next() {
        let made = match &mut bench {
            Some(bench) => Bench::make(bench, job),
            none => Bench::new(input).and_then(|bench| none.insert(bench).make(job)),
        };
        queue.budget.end(memory, made.as_ref().map_or(0, kept));
        if found.send((index, made)).is_err() {
            return;
        }
    }
}

/// Returns the memory that a patch takes until it is in a part.
fn kept(made: &Made) -> u64 {
    made.patch.as_ref().map_or(0, Patched::memory)
}

/// Results that come in any order, and are asked for in theirs.
struct InOrder {
    results: Receiver<Found>,
    early: Vec<Option<Made>>,
}

impl InOrder {
    fn new(results: Receiver<Found>, count: usize) -> InOrder {
        let early = std::iter::repeat_with(|| None).take(count).collect();
        InOrder { results, early }
    }

    /// Waits for one result; the first error that comes in ends the waiting.
    fn wait(&mut self, index: usize) -> Result<Made, DeltaError> {
        loop {
            if let Some(made) = self.early.get_mut(index).and_then(Option::take) {
                return Ok(made);
            }
            let (other, made) = self.results.recv().expect("every job has a result");
            if let Some(early) = self.early.get_mut(other) {
                *early = Some(made?);
            }
        }
    }
}
