//! Where each member stands in the tar form, computed from the manifest alone.
//!
//! ```text
//! [trust updates, if any]
//! [header][manifest.json][pad] [header][manifest.json.asc][pad] [header][member 0][pad] ... [zero][zero]
//! ```

use std::ops::Range;

use crate::bundle::{CHUNK_SIZE, Member};

use super::ustar::{BLOCK, padding};

/// Sizes of the members that stand before those of the manifest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Front {
    /// What all of the trust updates take, headers and padding included.
    pub(super) before: u64,
    pub(super) manifest: u64,
    pub(super) signature: u64,
}

/// Offsets of all members in the tar form.
#[derive(Debug)]
pub(super) struct Layout {
    /// The offset of each member's header; its bytes follow.
    headers: Vec<u64>,
    /// The offset of the two zero blocks.
    end: u64,
}

impl Layout {
    pub(super) fn new(front: Front, members: &[Member]) -> Self {
        let mut at = front
            .before
            .saturating_add(framed(front.manifest))
            .saturating_add(framed(front.signature));
        let mut headers = Vec::with_capacity(members.len());
        for member in members {
            headers.push(at);
            at = at.saturating_add(framed(member.size));
        }
        Layout { headers, end: at }
    }

    /// Returns the offset of a member's header.
    pub(super) fn header(&self, member: usize) -> u64 {
        self.headers.get(member).copied().unwrap_or(self.end)
    }

    /// Returns the offset of a member's first byte.
    pub(super) fn data(&self, member: usize) -> u64 {
        self.header(member).saturating_add(BLOCK as u64)
    }

    /// Returns the first member that may hold bytes at or after `offset`.
    pub(super) fn member_at(&self, offset: u64) -> usize {
        let after = self
            .headers
            .partition_point(|header| header.saturating_add(BLOCK as u64) <= offset);
        after.saturating_sub(1)
    }

    /// Returns the offset of the two zero blocks that end the archive.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Returns the length of the whole archive.
    pub(super) fn total(&self) -> u64 {
        self.end.saturating_add(2 * BLOCK as u64)
    }
}

/// Header, content and padding.
pub(super) fn framed(size: u64) -> u64 {
    size.saturating_add(padding(size))
        .saturating_add(BLOCK as u64)
}

/// Returns the bytes of a member that its chunk `index` covers.
pub(super) fn chunk_range(member: &Member, index: usize) -> Range<u64> {
    let start = (index as u64).saturating_mul(CHUNK_SIZE);
    start..start.saturating_add(CHUNK_SIZE).min(member.size)
}
