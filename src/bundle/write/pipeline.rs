//! Work on all cores, results in order, memory bounded.
//!
//! ```text
//!           ┌ worker ─ slot 0 ┐
//! jobs ─────┼ worker ─ slot 1 ┼── slots in the order of their jobs ── one taker
//!           └ worker ─ slot 2 ┘
//! ```
//!
//! Each job gets a slot, a short queue for what it sends. The taker empties slot after slot, so a
//! job that is far ahead waits once its slot is full, and the foremost never waits.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

/// How many results a job may be ahead of the taker.
const SLOT_DEPTH: usize = 2;
/// More workers than this cost memory and help no medium.
const MAX_WORKERS: usize = 12;

/// Where a job puts what it produces.
pub(super) struct Outlet<T, E> {
    slot: Sender<Result<T, E>>,
}

impl<T, E> Outlet<T, E> {
    /// Hands one result on; fails when nobody takes results any more, and the job should end.
    pub(super) fn send(&self, result: T) -> io::Result<()> {
        self.slot
            .send(Ok(result))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// The jobs that are left, and the queue of slots; taken from together, so that both have one order.
struct Feed<J, T, E> {
    jobs: J,
    slots: Sender<Receiver<Result<T, E>>>,
}

/// Returns how many workers make the most of the cores.
pub(super) fn workers() -> usize {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    cores.min(MAX_WORKERS)
}

/// Runs `work` for every job on so many cores, and gives what it sends to `take` in the jobs' order.
///
/// `tools` makes what each worker keeps between jobs. The first error ends everything.
pub(super) fn in_order<J, S, T, E>(
    workers: usize,
    jobs: impl Iterator<Item = J> + Send,
    tools: impl Fn() -> Result<S, E> + Sync,
    work: impl Fn(&mut S, J, &Outlet<T, E>) -> Result<(), E> + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E>
where
    T: Send,
    E: Send,
{
    let (slots, queue) = bounded(workers + 1);
    let feed = Mutex::new(Some(Feed { jobs, slots }));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| run_worker(&feed, &tools, &work));
        }
        // The queue must fall before the scope waits for the workers, who may wait for room in it.
        let queue = queue;
        for slot in queue {
            for result in slot {
                take(result?)?;
            }
        }
        Ok(())
    })
}

fn run_worker<J, S, T, E>(
    feed: &Mutex<Option<Feed<impl Iterator<Item = J>, T, E>>>,
    tools: &impl Fn() -> Result<S, E>,
    work: &impl Fn(&mut S, J, &Outlet<T, E>) -> Result<(), E>,
) {
    let mut kept = None;
    while let Some((job, outlet)) = next_job(feed) {
        let done = match &mut kept {
            Some(tools) => work(tools, job, &outlet),
            none => tools().and_then(|tools| work(none.insert(tools), job, &outlet)),
        };
        if let Err(error) = done {
            // Nobody listening means that an earlier error is being reported.
            let _ = outlet.slot.send(Err(error));
            return;
        }
    }
}

/// Takes the next job and queues its slot; waits, and lets the others wait, while the queue is full.
fn next_job<J, T, E>(
    feed: &Mutex<Option<Feed<impl Iterator<Item = J>, T, E>>>,
) -> Option<(J, Outlet<T, E>)> {
    let mut guard = feed.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = guard.as_mut().and_then(|feed| {
        let job = feed.jobs.next()?;
        let (slot, results) = bounded(SLOT_DEPTH);
        feed.slots.send(results).ok()?;
        Some((job, Outlet { slot }))
    });
    if taken.is_none() {
        // Dropping the sender tells the taker that no slot follows.
        *guard = None;
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whoever_is_faster() {
        let mut seen = Vec::new();
        let work = |_: &mut (), job: u64, outlet: &Outlet<u64, String>| {
            for part in 0..5 {
                if job.is_multiple_of(7) {
                    thread::sleep(std::time::Duration::from_micros(200));
                }
                outlet
                    .send(job * 10 + part)
                    .map_err(|error| error.to_string())?;
            }
            Ok(())
        };
        let take = |result| {
            seen.push(result);
            Ok(())
        };
        in_order(3, 0..200, || Ok(()), work, take).unwrap();
        let expected: Vec<u64> = (0..200)
            .flat_map(|job| (0..5).map(move |part| job * 10 + part))
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn the_first_error_ends_everything() {
        let work = |_: &mut (), job: u32, outlet: &Outlet<u32, String>| match job {
            37 => Err("thirty-seven".to_owned()),
            _ => outlet.send(job).map_err(|error| error.to_string()),
        };
        let mut last = 0;
        let take = |result| {
            last = result;
            Ok(())
        };
        assert_eq!(
            in_order(3, 0.., || Ok(()), work, take),
            Err("thirty-seven".to_owned())
        );
        assert_eq!(last, 36);
        let full = |result| {
            if result == 20 {
                Err("full".to_owned())
            } else {
                Ok(())
            }
        };
        assert_eq!(
            in_order(3, 0.., || Ok(()), work, full),
            Err("full".to_owned())
        );
        let no_tools = || Err::<(), _>("no tools".to_owned());
        assert_eq!(
            in_order(3, 0.., no_tools, work, |_| Ok(())),
            Err("no tools".to_owned())
        );
    }
}
