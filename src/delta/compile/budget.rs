//! Memory that several workers share.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Memory that several workers share: who needs more than is left waits.
///
/// Nobody waits for ever: when no one is at work, the next may go ahead however much it needs.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    working: usize,
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
        let too_much = |state: &mut State| state.working > 0 && state.used + needed > self.limit;
        let waited = self.changed.wait_while(self.state(), too_much);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.used += needed;
        state.working += 1;
    }

    /// Ends work that needed so much memory, and of which so much is kept.
    pub(super) fn end(&self, needed: u64, kept: u64) {
        let mut state = self.state();
        state.used = (state.used + kept).saturating_sub(needed);
        state.working = state.working.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }

    /// Gives back what was kept.
    pub(super) fn give_back(&self, kept: u64) {
        let mut state = self.state();
        state.used = state.used.saturating_sub(kept);
        drop(state);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        budget.give_back(70);
        assert_eq!(budget.state().used, 0);
    }
}
