//! Which pair is worked on next: memory decides, besides the order of parts.
//!
//! ```text
//! part 0                part 1                … part 9
//! large  .  .  small  │ large  .  .  small  │ … huge
//! │                                             └ before all others, once these are no more work
//! └ next, as soon as there is memory for it; meanwhile whatever behind it is content with less
//! ```

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::job::Job;
use super::{Effort, Why};
use crate::delta::budget::Budget;
use crate::delta::spine::PART_SIZE;

/// How many pairs may be looked at when the first one waits for memory. What is made of another is kept
/// until the first one is done.
const OVERTAKING: usize = 256;
/// Only the first one may be: nothing is made before its turn.
const IN_TURN: usize = 1;

/// The work that is left, for all workers.
pub(super) struct Queue<'a> {
    tasks: Mutex<Tasks<'a>>,
    workers: u64,
    /// How far behind a pair that waits for memory another is looked for.
    overtaking: usize,
    pub(super) budget: &'a Budget,
}

/// The work that nobody has begun.
struct Tasks<'a> {
    /// In the order of parts.
    waiting: VecDeque<Task<'a>>,
    /// The same by size, the largest last; some of it may have been begun.
    by_size: Vec<Task<'a>>,
    /// How many bytes the new files have.
    left: u64,
}

/// One pair's work.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    /// Its place among the pairs.
    pub(super) index: usize,
    pub(super) job: &'a Job,
    /// The memory that it takes.
    pub(super) memory: u64,
}

impl<'a> Queue<'a> {
    /// Puts the largest files of a part first, so that no core is left alone with one.
    pub(super) fn new(
        jobs: &'a [Result<Job, Why>],
        workers: usize,
        budget: &'a Budget,
        effort: Effort,
    ) -> Queue<'a> {
        let (mut group, mut filled) = (0, 0);
        let mut keyed = Vec::new();
        for (index, job) in jobs.iter().enumerate() {
            let Ok(job) = job else { continue };
            if filled > 0 && filled + job.new > PART_SIZE {
                (group, filled) = (group + 1, 0);
            }
            filled += job.new;
            let memory = job.memory(effort);
            let task = Task { index, job, memory };
            keyed.push(((group, std::cmp::Reverse(job.new), index), task));
        }
        keyed.sort_unstable_by_key(|(key, _)| *key);
        Queue {
            tasks: Mutex::new(Tasks::new(
                keyed.into_iter().map(|(_, task)| task).collect(),
            )),
            workers: workers as u64,
            overtaking: match effort {
                // Compressing keeps the cores busy, and needs the memory.
                Effort::Small => IN_TURN,
                Effort::Fast | Effort::Balanced => OVERTAKING,
            },
            budget,
        }
    }

    /// Takes the next work there is memory for, and waits while there is too little for any; nothing
    /// when there is no more.
    ///
    /// Where nothing fits, the foremost is waited for, and the others wait behind it: what overtakes is
    /// kept until the foremost is done, and so there is an end to overtaking.
    pub(super) fn next(&self) -> Option<Task<'a>> {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |task: &Task<'_>| self.budget.try_begin(task.memory);
        let place = match self.overtaking {
            IN_TURN => None,
            _ => tasks.too_large_to_wait(self.workers),
        };
        let first = place.filter(|place| tasks.waiting.get(*place).is_some_and(fits));
        let mut ahead = tasks.waiting.iter().take(self.overtaking);
        if let Some(place) = first.or_else(|| ahead.position(fits)) {
            return tasks.begin(place);
        }
        let task = tasks.begin(0)?;
        self.budget.begin(task.memory);
        Some(task)
    }
}

impl<'a> Tasks<'a> {
    fn new(waiting: VecDeque<Task<'a>>) -> Tasks<'a> {
        let mut by_size: Vec<_> = waiting.iter().copied().collect();
        by_size.sort_by_key(|task| task.job.new);
        Tasks {
            left: waiting.iter().map(|task| task.job.new).sum(),
            waiting,
            by_size,
        }
    }

    /// Returns where the largest file waits, if it is half of what each worker still has to do: begun
    /// much later, it would be waited for in the end.
    fn too_large_to_wait(&mut self, workers: u64) -> Option<usize> {
        loop {
            let largest = *self.by_size.last()?;
            if largest.job.new.saturating_mul(2 * workers) < self.left {
                return None;
            }
            let is_largest = |task: &Task<'_>| task.index == largest.index;
            let place = self.waiting.iter().position(is_largest);
            if place.is_some() {
                return place;
            }
            // It was begun in its turn.
            self.by_size.pop();
        }
    }

    /// Takes the work at this place out.
    fn begin(&mut self, place: usize) -> Option<Task<'a>> {
        let task = self.waiting.remove(place)?;
        self.left = self.left.saturating_sub(task.job.new);
        Some(task)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Otherwise, Pair};
    use super::*;
    use crate::format::Checksum;

    fn job(size: u64) -> Result<Job, Why> {
        let name = Checksum::of(&size.to_be_bytes());
        Ok(Job {
            pair: Pair {
                new: name,
                old: name,
                stored: size,
                otherwise: Otherwise::Whole,
            },
            old: size,
            new: size,
            is_dense: false,
        })
    }

    #[test]
    fn what_there_is_memory_for_overtakes_what_there_is_not() {
        let jobs = [job(1000), Err(Why::NoOldFile), job(9_000_000), job(2000)];
        let large = jobs[2].as_ref().unwrap().memory(Effort::Balanced);
        let budget = Budget::new(large + 500_000);
        let queue = Queue::new(&jobs, 1, &budget, Effort::Balanced);
        let next = || queue.next().map(|task| (task.index, task.memory));
        budget.begin(600_000);
        for expected in [3, 0] {
            let (index, memory) = next().unwrap();
            assert_eq!(index, expected);
            budget.end(memory, 0);
        }
        budget.end(600_000, 0);
        assert_eq!(next(), Some((2, large)));
        assert_eq!(next(), None);
    }

    #[test]
    fn what_would_be_waited_for_in_the_end_is_begun_in_time() {
        let sizes = [9, 8, 7, 6, 5, 12, 4].map(|size| size * 1_000_000);
        let jobs = sizes.map(job);
        let order = |workers, effort| {
            let budget = Budget::new(u64::MAX);
            let queue = Queue::new(&jobs, workers, &budget, effort);
            let next = || queue.next().map(|task| task.job.new / 1_000_000);
            std::iter::from_fn(next).collect::<Vec<_>>()
        };
        // It is half of what one of two workers has to do of the last 42.
        assert_eq!(order(2, Effort::Balanced), [9, 12, 8, 7, 6, 5, 4]);
        assert_eq!(order(4, Effort::Balanced)[0], 12);
        assert_eq!(order(2, Effort::Small), [9, 8, 7, 6, 12, 5, 4]);
    }

    #[test]
    fn with_the_greatest_effort_the_first_is_waited_for() {
        let jobs = [job(1000), job(9_000_000)];
        let large = jobs[1].as_ref().unwrap().memory(Effort::Small);
        let budget = Budget::new(large + 500_000);
        let queue = Queue::new(&jobs, 2, &budget, Effort::Small);
        budget.begin(600_000);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| queue.next().map(|task| task.index));
            budget.end(600_000, 0);
            assert_eq!(first.join().unwrap(), Some(1));
        });
        assert_eq!(queue.next().map(|task| task.index), Some(0));
    }
}
