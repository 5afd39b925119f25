//! The same work on many things, shared among threads.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::error::RepoError;

/// More threads than this wait for the file system, or for each other.
const MAX_THREADS: usize = 8;

/// Returns how many threads are of use where the file system does most of the work.
pub(in crate::repo) fn threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_THREADS))
}

/// Does `work` to each of `things`, in order as far as they begin; the first failure ends it.
///
/// Every thread has something of its own, made by `tool`.
pub(in crate::repo) fn spread<T: Sync, C>(
    threads: usize,
    things: &[T],
    tool: impl Fn() -> C + Sync,
    work: impl Fn(&mut C, &T) -> Result<(), RepoError> + Sync,
) -> Result<(), RepoError> {
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let failed = Mutex::new(None);
    let run = || {
        let mut tool = tool();
        while !stopped.load(Ordering::Relaxed)
            && let Some(thing) = things.get(next.fetch_add(1, Ordering::Relaxed))
        {
            if let Err(error) = work(&mut tool, thing) {
                stopped.store(true, Ordering::Relaxed);
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.get_or_insert(error);
            }
        }
    };
    thread::scope(|scope| {
        // This thread is one of them, and the only one where there is little to do.
        for _ in 1..threads.min(things.len()) {
            scope.spawn(run);
        }
        run();
    });
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once_or_a_failure_ends_it() {
        let things: Vec<usize> = (0..1000).collect();
        for threads in [0, 1, 3] {
            let sum = AtomicUsize::new(0);
            let add = |_: &mut (), thing: &usize| {
                sum.fetch_add(*thing, Ordering::Relaxed);
                Ok(())
            };
            spread(threads, &things, || (), add).unwrap();
            assert_eq!(sum.into_inner(), 499_500);
            let done = AtomicUsize::new(0);
            let fail = |_: &mut (), thing: &usize| {
                done.fetch_add(1, Ordering::Relaxed);
                match thing {
                    10 => Err(RepoError::Changed {
                        what: "ten".to_owned(),
                    }),
                    _ => Ok(()),
                }
            };
            assert!(spread(threads, &things, || (), fail).is_err());
            assert!(done.into_inner() < 1000 || threads > 1);
        }
        spread(4, &[] as &[u8], || (), |(), _| Ok(())).unwrap();
    }
}
