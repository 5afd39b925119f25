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

    /// Begins work that needs so much memory, when there is as much.
    pub(super) fn begin(&self, needed: u64) {
        let too_much = |state: &mut State| !state.has(needed, self.limit);
        let waited = self.changed.wait_while(self.state(), too_much);
        waited.unwrap_or_else(PoisonError::into_inner).begin(needed);
    }

    /// Begins work that needs so much memory, if there is as much; tells whether it did.
    pub(super) fn try_begin(&self, needed: u64) -> bool {
        let mut state = self.state();
        let has = state.has(needed, self.limit);
        if has {
            state.begin(needed);
        }
        has
    }

    /// Ends work that needed so much memory, and of which so much is kept.
    pub(super) fn end(&self, needed: u64, kept: u64) {
        let mut state = self.state();
        state.used = (state.used + kept).saturating_sub(needed);
        state.moving = state.moving.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }

    /// Makes of so much that is kept a lease of `bytes`.
    ///
    /// It goes before work that was not begun, and so may take half as much again as there is; beyond
    /// that it waits, too, for what is under way.
    pub(super) fn lease(self: &Arc<Self>, kept: u64, bytes: u64) -> Lease {
        let most = self.limit + self.limit / 2;
        let too_much = |state: &mut State| !state.has(bytes.saturating_sub(kept), most);
        let waited = self.changed.wait_while(self.state(), too_much);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.used = state.used.saturating_sub(kept);
        state.begin(bytes);
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

impl State {
    fn has(&self, needed: u64, limit: u64) -> bool {
        self.moving == 0 || self.used + needed <= limit
    }

    fn begin(&mut self, needed: u64) {
        self.used += needed;
        self.moving += 1;
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
    fn a_lease_waits_for_what_is_far_too_much() {
        let budget = Arc::new(Budget::new(100));
        budget.begin(90);
        // Half as much again as there is.
        let first = budget.lease(0, 60);
        assert_eq!(budget.state().used, 150);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.lease(20, 30));
            assert!(!waiting.is_finished());
            budget.end(90, 20);
            drop(waiting.join().unwrap());
        });
        drop(first);
        assert_eq!(budget.state().used, 0);
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
