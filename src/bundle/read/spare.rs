//! Buffers that were used and are used again: to give memory back and take it costs every core, and so
//! does it to fill them with zeros.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// As many as wait are kept, and none that is much larger than a batch.
const MAX_KEPT: usize = 64;
const MAX_LEN: usize = 2 << 20;

/// Buffers; what is in them means nothing.
#[derive(Debug, Default)]
pub(super) struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    /// Returns a buffer that was used, or makes one.
    pub(super) fn take(&self, len: usize) -> Vec<u8> {
        let kept = self.kept().pop();
        kept.unwrap_or_else(|| vec![0; len])
    }

    /// Keeps a buffer.
    pub(super) fn put(&self, buffer: Vec<u8>) {
        let mut kept = self.kept();
        if kept.len() < MAX_KEPT && buffer.len() <= MAX_LEN {
            kept.push(buffer);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
