//! `--jobs`: on how many processor cores a command works.
//!
//! Every pool of the library has a worker for each core that the process may use, within its own
//! bound of memory. So a command that may use fewer cores has fewer workers, in every stage; and
//! what it runs, such as a gate or gpg, keeps to them as well.

use std::num::NonZeroUsize;

use airlock::Class;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::error::CliError;

/// Lets this process, and what it runs, use so many cores at most.
///
/// **Comes before the first thread:** threads that run already keep theirs.
pub fn limit(jobs: NonZeroUsize) -> Result<(), CliError> {
    let failed = |error: rustix::io::Errno| {
        CliError::new(
            Class::System,
            format!("cannot keep to {jobs} cores: {error}"),
        )
        .next("leave --jobs out")
    };
    let allowed = sched_getaffinity(None).map_err(failed)?;
    let cores: Vec<usize> = (0..CpuSet::MAX_CPU)
        .filter(|core| allowed.is_set(*core))
        .collect();
    if jobs.get() >= cores.len() {
        return Ok(());
    }
    sched_setaffinity(None, &some(&cores, jobs, std::process::id())).map_err(failed)
}

/// Chooses cores; which, depends on `seed`, so that two processes rarely share theirs.
fn some(cores: &[usize], jobs: NonZeroUsize, seed: u32) -> CpuSet {
    let mut chosen = CpuSet::new();
    let first = seed as usize % cores.len().max(1);
    for core in cores.iter().cycle().skip(first).take(jobs.get()) {
        chosen.set(*core);
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_cores_are_chosen_as_there_may_be_jobs() {
        let cores = [0, 2, 3, 9];
        for seed in 0..9 {
            for jobs in 1..=4 {
                let chosen = some(&cores, NonZeroUsize::new(jobs).unwrap(), seed);
                assert_eq!(chosen.count() as usize, jobs);
                let set = (0..CpuSet::MAX_CPU).filter(|core| chosen.is_set(*core));
                assert!(set.into_iter().all(|core| cores.contains(&core)));
            }
        }
    }
}
