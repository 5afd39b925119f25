//! How much work one part may be: data that is there once, used over and over, could be made into
//! petabytes.

use std::cell::Cell;

use super::ApplyFault;

/// Every writer uses its data once, and what describes a file several times at most.
const PER_BYTE: u64 = 16;
const AT_LEAST: u64 = 64 << 20;

/// What is left of the work that a part may be, in bytes that are hashed.
#[derive(Debug)]
pub(super) struct Allowance(Cell<u64>);

impl Allowance {
    /// Begins a part whose payload has this size.
    pub(super) fn of(payload: usize) -> Allowance {
        let worth = (payload as u64).saturating_mul(PER_BYTE);
        Allowance(Cell::new(worth.saturating_add(AT_LEAST)))
    }

    /// Counts bytes that are used.
    pub(super) fn spend(&self, bytes: u64) -> Result<(), ApplyFault> {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.ok_or(ApplyFault::Repetitive)?);
        Ok(())
    }
}
