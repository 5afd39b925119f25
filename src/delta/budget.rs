//! Memory that making patches and compressing parts share.
//!
//! ```text
//! begin ── a patch in the making, or a large file ── end ── kept ── in a part ─▸ lease ── compressed, or written
//! ```

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Memory that several workers share: who needs more than is left waits.
///
/// Nobody waits for ever: when no one is at work, and nothing leased, the next may go ahead however
/// much it needs.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    /// How many will give memory back without waiting for anybody.
    moving: usize,
}

/// Memory that is given back when this is dropped.
#[derive(Debug)]
pub(super) struct Lease {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    pub(super) fn new(limit: u64) -> Budget {
        Budget {
            limit,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Begins work that needs so much memory.
    pub(super) fn begin(&self, needed: u64) {
        let too_much = |state: &mut State| state.moving > 0 && state.used + needed > self.limit;
        let waited = self.changed.wait_while(self.state(), too_much);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.used += needed;
        state.moving += 1;
    }

    /// Ends work that needed so much memory, and of which so much is kept.
    pub(super) fn end(&self, needed: u64, kept: u64) {
        let mut state = self.state();
        state.used = (state.used + kept).saturating_sub(needed);
        state.moving = state.moving.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }

    /// Makes of so much that is kept a lease of `bytes`; nobody waits.
    pub(super) fn lease(self: &Arc<Self>, kept: u64, bytes: u64) -> Lease {
        let mut state = self.state();
        state.used = state.used.saturating_sub(kept) + bytes;
        state.moving += 1;
        drop(state);
        self.changed.notify_all();
        Lease {
            budget: Arc::clone(self),
            bytes,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.budget.end(self.bytes, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn who_needs_more_than_is_left_waits() {
        let budget = Budget::new(100);
        budget.begin(70);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.begin(50));
            assert!(!waiting.is_finished());
            budget.end(70, 20);
            waiting.join().unwrap();
        });
        assert_eq!(budget.state().used, 70);
        budget.end(50, 50);
        // More than there ever is, but nobody is at work.
        budget.begin(1000);
        budget.end(1000, 0);
        assert_eq!(budget.state().used, 70);
    }

    #[test]
    fn what_is_leased_is_waited_for() {
        let budget = Arc::new(Budget::new(100));
        budget.begin(80);
        budget.end(80, 30);
        let lease = budget.lease(30, 60);
        assert_eq!(budget.state().used, 60);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.begin(50));
            assert!(!waiting.is_finished());
            drop(lease);
            waiting.join().unwrap();
        });
        assert_eq!(budget.state().used, 50);
    }
}
