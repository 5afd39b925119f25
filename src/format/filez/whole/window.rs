//! The output: what matches refer back to, and the piece that is being filled.
//!
//! ```text
//! ├─ 32 KiB before the piece ─┼─ piece ──────────┼─ slack ─┤
//!                             from ▸       at ▸  FULL
//! ```
//!
//! Nobody asks at every symbol whether there is room: the slack takes what one symbol makes, and a
//! copy goes on for a few bytes that the next symbol overwrites.

use super::damaged;
use crate::format::FormatError;
use crate::format::filez::fault;

/// How far a match may reach back.
const WINDOW: usize = 32 << 10;
/// Content is handed on in pieces of this size, which stay in a core's own cache.
const PIECE: usize = 128 << 10;
/// From here on the piece has to be handed on.
const FULL: usize = WINDOW + PIECE;
/// The longest match and what its copy writes beyond it.
const SLACK: usize = 258 + 64;
/// All of it.
pub(super) const BUFFER: usize = FULL + SLACK;

/// The output of one stream.
pub(super) struct Window<'a> {
    buffer: &'a mut [u8; BUFFER],
    at: usize,
    /// Where what this stream made begins.
    start: usize,
    /// What lies before was handed on.
    from: usize,
    /// How many bytes may still be handed on.
    left: u64,
    each: &'a mut dyn FnMut(&[u8]),
}

impl<'a> Window<'a> {
    pub(super) fn new(
        buffer: &'a mut [u8; BUFFER],
        size: u64,
        each: &'a mut dyn FnMut(&[u8]),
    ) -> Window<'a> {
        Window {
            buffer,
            at: WINDOW,
            start: WINDOW,
            from: WINDOW,
            left: size,
            each,
        }
    }

    /// Returns where the next byte goes.
    #[inline(always)]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Says where the next byte goes.
    #[inline(always)]
    pub(super) fn set_at(&mut self, at: usize) {
        self.at = at;
    }

    #[inline(always)]
    pub(super) fn is_full(at: usize) -> bool {
        at >= FULL
    }

    /// Hands the piece on and makes room for another.
    #[cold]
    pub(super) fn slide(&mut self) -> Result<(), FormatError> {
        self.hand_on()?;
        self.buffer.copy_within(self.at - WINDOW..self.at, 0);
        (self.at, self.start, self.from) = (WINDOW, 0, WINDOW);
        Ok(())
    }

    /// Hands the rest on, with which the announced size has to be reached.
    pub(super) fn finish(&mut self) -> Result<(), FormatError> {
        self.hand_on()?;
        match self.left {
            0 => Ok(()),
            _ => Err(fault("its content is shorter than its header says")),
        }
    }

    fn hand_on(&mut self) -> Result<(), FormatError> {
        let made = self.buffer.get(self.from..self.at).unwrap_or_default();
        let left = self.left.checked_sub(made.len() as u64);
        self.left = left.ok_or_else(|| fault("its content is longer than its header says"))?;
        (self.each)(made);
        self.from = self.at;
        Ok(())
    }

    /// Writes stored bytes.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), FormatError> {
        while !bytes.is_empty() {
            if Window::is_full(self.at) {
                self.slide()?;
            }
            let (now, rest) = bytes.split_at(bytes.len().min(FULL - self.at));
            if let Some(to) = self.buffer.get_mut(self.at..self.at + now.len()) {
                to.copy_from_slice(now);
            }
            self.at += now.len();
            bytes = rest;
        }
        Ok(())
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
        if distance > at - self.start {
            return Err(damaged());
        }
        let from = at - distance;
        if distance >= 16 {
            // Most matches are no longer than this, and a loop for them is guessed wrong too often.
            self.word::<16>(from, at);
            self.word::<16>(from + 16, at + 16);
            let mut done = 32;
            while done < length {
                self.word::<16>(from + done, at + done);
                done += 16;
            }
        } else if let (1, Some(&byte)) = (distance, self.buffer.get(from)) {
            if let Some(to) = self.buffer.get_mut(at..at + length) {
                to.fill(byte);
            }
        } else {
            let step = distance.min(8);
            let mut done = 0;
            while done < length {
                self.word::<8>(from + done, at + done);
                done += step;
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn word<const N: usize>(&mut self, from: usize, to: usize) {
        let word = self.buffer.get(from..).and_then(<[u8]>::first_chunk::<N>);
        let Some(word) = word.copied() else { return };
        let to = self.buffer.get_mut(to..);
        if let Some(to) = to.and_then(<[u8]>::first_chunk_mut::<N>) {
            *to = word;
        }
    }
}
