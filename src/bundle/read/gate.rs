//! How much may be in memory at once, in bytes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Lets work begin only while the memory of what is under way stays below a limit.
#[derive(Debug)]
pub(super) struct Gate {
    limit: u64,
    used: Mutex<u64>,
    freed: Condvar,
}

/// Memory that is in use until this is dropped.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    gate: &'a Gate,
    bytes: u64,
}

impl Gate {
    pub(super) fn new(limit: u64) -> Self {
        Gate {
            limit,
            used: Mutex::new(0),
            freed: Condvar::new(),
        }
    }

    /// Returns a permit for `bytes` if there is room now.
    pub(super) fn try_enter(&self, bytes: u64) -> Option<Permit<'_>> {
        let bytes = bytes.min(self.limit);
        let mut used = self.used();
        (*used + bytes <= self.limit).then(|| {
            *used += bytes;
            Permit { gate: self, bytes }
        })
    }

    /// Waits for room. The caller must hold no permit that only it could give back.
    pub(super) fn enter(&self, bytes: u64) -> Permit<'_> {
        let bytes = bytes.min(self.limit);
        let too_full = |used: &mut u64| *used + bytes > self.limit;
        let used = self.freed.wait_while(self.used(), too_full);
        *used.unwrap_or_else(PoisonError::into_inner) += bytes;
        Permit { gate: self, bytes }
    }

    /// Waits until nothing is under way.
    pub(super) fn drain(&self) {
        drop(self.enter(self.limit));
    }

    fn used(&self) -> MutexGuard<'_, u64> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit<'_> {
    /// Makes one permit of two.
    pub(super) fn join(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        // One that was joined to another frees nothing, and to wake nobody costs a system call.
        if self.bytes == 0 {
            return;
        }
        *self.gate.used() -= self.bytes;
        self.gate.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_to_its_limit() {
        let gate = Gate::new(10);
        let mut four = gate.enter(4);
        four.join(gate.try_enter(4).unwrap());
        assert!(gate.try_enter(3).is_none());
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gate.drain());
            drop(four);
            waiting.join().unwrap();
        });
        // More than the limit counts as the limit, or it could never enter.
        assert!(gate.try_enter(99).is_some());
        assert_eq!(*gate.used(), 0);
    }
}
