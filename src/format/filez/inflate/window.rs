//! The output: what matches refer back to, and the piece that is being filled.
//!
//! ```text
//! ├─ 32 KiB before the piece ─┼─ piece ──────────┼─ slack ─┤
//!                                    at ▸  FULL
//! ```
//!
//! A stream begins at the very front, so that no match can refer to what another stream left.
//! Nobody asks at every symbol whether there is room: the slack takes what one symbol makes, and a
//! copy goes on for a few bytes that the next symbol overwrites.

use std::ops::Range;

use super::damaged;
use crate::format::FormatError;

/// How far a match may reach back.
const WINDOW: usize = 32 << 10;
/// Content is handed on in pieces of this size, which stay in a core's own cache.
const PIECE: usize = 128 << 10;
/// From here on the piece has to be handed on.
const FULL: usize = WINDOW + PIECE;
/// The longest match and what its copy writes beyond it.
const SLACK: usize = 258 + 64;
/// The most input that a piece is made of: a byte takes 15 bits at most, and a match of three 43.
pub(super) const MOST_INPUT: usize = 2 * FULL;
/// All of it.
pub(super) const BUFFER: usize = FULL + SLACK;

/// Where the output of a stream stands, while nothing is written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    at: usize,
}

impl Spot {
    /// Where a stream begins.
    pub(super) const FIRST: Spot = Spot { at: 0 };

    /// Returns where what was made since `before` lies.
    pub(super) fn since(&self, before: Spot) -> Range<usize> {
        before.at..self.at
    }
}

/// The output of one stream.
pub(super) struct Window<'a> {
    buffer: &'a mut [u8; BUFFER],
    spot: Spot,
}

impl<'a> Window<'a> {
    /// Goes on at a spot, with room for another piece: what lies there must have been handed on.
    pub(super) fn new(buffer: &'a mut [u8; BUFFER], spot: Spot) -> Window<'a> {
        let mut window = Window { buffer, spot };
        if Window::is_full(spot.at) {
            window.slide();
        }
        window
    }

    /// Returns where it stands.
    pub(super) fn spot(&self) -> Spot {
        self.spot
    }

    /// Returns where the next byte goes.
    #[inline(always)]
    pub(super) fn at(&self) -> usize {
        self.spot.at
    }

    /// Says where the next byte goes.
    #[inline(always)]
    pub(super) fn set_at(&mut self, at: usize) {
        self.spot.at = at;
    }

    #[inline(always)]
    pub(super) fn is_full(at: usize) -> bool {
        at >= FULL
    }

    #[cold]
    fn slide(&mut self) {
        let at = self.spot.at;
        self.buffer.copy_within(at - WINDOW..at, 0);
        self.spot = Spot { at: WINDOW };
    }

    /// Returns how many stored bytes there is room for.
    pub(super) fn room(&self) -> usize {
        FULL.saturating_sub(self.spot.at)
    }

    /// Writes stored bytes, for which there must be room.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let at = self.spot.at;
        if let Some(to) = self.buffer.get_mut(at..at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
        self.spot.at += bytes.len();
    }

    /// Writes one byte at `at`.
    #[inline(always)]
    pub(super) fn put(&mut self, at: usize, byte: u8) {
        if let Some(slot) = self.buffer.get_mut(at) {
            *slot = byte;
        }
    }

    /// Repeats at `at` what lies `distance` before it; whatever follows is overwritten.
    #[inline(always)]
    pub(super) fn repeat(
        &mut self,
        at: usize,
        distance: usize,
        length: usize,
    ) -> Result<(), FormatError> {
        let from = at.checked_sub(distance).ok_or_else(damaged)?;
        if distance >= 8 {
            // Most matches are no longer than this, and a loop for them is guessed wrong too often.
            for done in [0, 8, 16, 24, 32] {
                self.word(from + done, at + done);
            }
            let mut done = 40;
            while done < length {
                self.word(from + done, at + done);
                done += 8;
            }
        } else if let (1, Some(&byte)) = (distance, self.buffer.get(from)) {
            if let Some(to) = self.buffer.get_mut(at..at + length) {
                to.fill(byte);
            }
        } else {
            let mut done = 0;
            while done < length {
                self.word(from + done, at + done);
                done += distance;
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn word(&mut self, from: usize, to: usize) {
        let word = self.buffer.get(from..).and_then(<[u8]>::first_chunk::<8>);
        let Some(word) = word.copied() else { return };
        let to = self.buffer.get_mut(to..);
        if let Some(to) = to.and_then(<[u8]>::first_chunk_mut::<8>) {
            *to = word;
        }
    }
}
