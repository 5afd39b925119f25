//! Which pair is worked on next: memory decides, besides the order of parts.
//!
//! ```text
//! part 0                part 1
//! large  .  .  small  │ large  .  .  small  │ …
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

/// The work that is left, for all workers.
pub(super) struct Queue<'a> {
    tasks: Mutex<VecDeque<Task<'a>>>,
    /// How far behind a pair that waits for memory another is looked for.
    overtaking: usize,
    pub(super) budget: &'a Budget,
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
            tasks: Mutex::new(keyed.into_iter().map(|(_, task)| task).collect()),
            overtaking: match effort {
                // Compressing keeps the cores busy, and needs the memory.
                Effort::Small => 1,
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
        if let Some(place) = tasks.iter().take(self.overtaking).position(fits) {
            return tasks.remove(place);
        }
        let task = tasks.pop_front()?;
        self.budget.begin(task.memory);
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
        let queue = Queue::new(&jobs, &budget, Effort::Balanced);
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
    fn with_the_greatest_effort_the_first_is_waited_for() {
        let jobs = [job(1000), job(9_000_000)];
        let large = jobs[1].as_ref().unwrap().memory(Effort::Small);
        let budget = Budget::new(large + 500_000);
        let queue = Queue::new(&jobs, &budget, Effort::Small);
        budget.begin(600_000);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| queue.next().map(|task| task.index));
            budget.end(600_000, 0);
            assert_eq!(first.join().unwrap(), Some(1));
        });
        assert_eq!(queue.next().map(|task| task.index), Some(0));
    }
}
