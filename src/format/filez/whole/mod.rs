//! Inflating an object that is in memory, and saying where its deflate stream ends (RFC 1951).
//!
//! ```text
//! last? ─ kind ─▸ stored     length, its complement, bytes
//!               ▸ fixed      codes that everybody knows
//!               ▸ dynamic    codes, themselves in code
//!                 └─▸ symbols: bytes, and matches (length, distance) with what was there before
//! ```
//!
//! Of the libraries at hand those that are fast do not tell where the stream ended, and that has to
//! be known: nothing may follow it. With all of the input in one piece and the output in pieces that
//! stay in a core's cache, this takes a fifth less time than a stream decoder, in safe code. What it
//! makes counts only when it has the checksum that was expected; what it accepts at all is held
//! against zlib-rs by the tests.

mod bits;
mod block;
mod code;
mod table;
mod window;

use std::ops::Range;

use bits::Bits;
use block::{Codes, Until};
use window::{BUFFER, Spot, Window};

use super::{WHAT, fault};
use crate::format::FormatError;

/// Inflates one stream after the other, with the same memory.
#[derive(Debug)]
pub(super) struct Inflater {
    codes: Box<Codes>,
    buffer: Vec<u8>,
}

/// A stream that is being inflated; **one inflater sees it through**.
#[derive(Debug)]
pub(super) struct Stream<'i> {
    input: &'i [u8],
    bits: Bits<'i>,
    state: State<'i>,
    /// Where the block under way begins, in bits.
    block: usize,
    /// Whether it is the last one.
    is_last: bool,
    spot: Spot,
    /// How many bytes are still to come.
    left: u64,
    piece: Range<usize>,
}

/// Where the last block of a stream lies, in bits from the first one.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastBlock {
    pub(super) head: usize,
    pub(super) end: usize,
}

/// What comes next in a stream.
#[derive(Clone, Copy, Debug)]
enum State<'i> {
    /// The head of a block.
    Head,
    /// The rest of a block that is not compressed.
    Stored(&'i [u8]),
    /// Symbols of a block whose codes the inflater has.
    Symbols,
    /// Nothing.
    Over,
}

impl<'i> Stream<'i> {
    /// Begins a stream that has to be all of `input` and to yield `size` bytes.
    pub(super) fn new(input: &'i [u8], size: u64) -> Stream<'i> {
        Stream {
            input,
            bits: Bits::new(input),
            state: State::Head,
            block: 0,
            is_last: false,
            spot: Spot::FIRST,
            left: size,
            piece: 0..0,
        }
    }

    /// Stands for no stream at all.
    pub(super) fn none() -> Stream<'i> {
        Stream {
            state: State::Over,
            ..Stream::new(&[], 0)
        }
    }

    /// Goes on by `count` bytes of the piece.
    pub(super) fn pass(&mut self, count: usize) {
        self.piece.start = self.piece.end.min(self.piece.start + count);
    }

    /// Tells whether no byte of the piece is left.
    pub(super) fn is_passed(&self) -> bool {
        self.piece.is_empty()
    }

    /// Reads the head of a block.
    fn head(&mut self, codes: &mut Codes) -> Result<State<'i>, FormatError> {
        self.block = self.bits.position();
        self.bits.refill();
        self.is_last = self.bits.take(1) == 1;
        match self.bits.take(2) {
            0 => return block::stored(&mut self.bits).map(State::Stored),
            1 => codes.set_fixed(),
            2 => codes.read(&mut self.bits)?,
            _ => return Err(damaged()),
        }
        Ok(State::Symbols)
    }

    /// Tells what follows a block.
    fn after_block(&self) -> State<'i> {
        match self.is_last {
            true => State::Over,
            false => State::Head,
        }
    }

    /// Makes what was inflated since `before` the next piece, if it may be.
    fn hand_on(&mut self, spot: Spot, before: Spot) -> Result<(), FormatError> {
        if self.bits.is_overrun() {
            return Err(FormatError::Truncated(WHAT));
        }
        self.spot = spot;
        self.piece = spot.since(before);
        let left = self.left.checked_sub(self.piece.len() as u64);
        self.left = left.ok_or_else(|| fault("its content is longer than its header says"))?;
        match self.state {
            State::Over if self.left > 0 => {
                Err(fault("its content is shorter than its header says"))
            }
            State::Over if self.bits.consumed() != self.input.len() => {
                Err(fault("bytes follow its content"))
            }
            _ => Ok(()),
        }
    }
}

impl Inflater {
    /// Allocates tables, window and piece.
    pub(super) fn new() -> Inflater {
        Inflater {
            codes: Box::new(Codes::new()),
            buffer: vec![0; BUFFER],
        }
    }

    /// Inflates the next piece of a stream; tells whether there was one. **Only when there is no more
    /// are the pieces what the stream holds.**
    pub(super) fn more(&mut self, stream: &mut Stream<'_>) -> Result<bool, FormatError> {
        let buffer = self.buffer.first_chunk_mut().ok_or_else(damaged)?;
        let mut window = Window::new(buffer, stream.spot);
        let before = window.spot();
        loop {
            stream.state = match stream.state {
                State::Head => stream.head(&mut self.codes)?,
                State::Stored(bytes) => match window.write(bytes) {
                    [] => stream.after_block(),
                    rest => {
                        stream.state = State::Stored(rest);
                        break;
                    }
                },
                State::Symbols => match self.codes.symbols(&mut stream.bits, &mut window)? {
                    Until::End => stream.after_block(),
                    Until::Full => break,
                },
                State::Over => break,
            };
            if stream.bits.is_overrun() {
                return Err(FormatError::Truncated(WHAT));
            }
        }
        let spot = window.spot();
        stream.hand_on(spot, before)?;
        Ok(!stream.is_passed())
    }

    /// Goes through a whole stream to find its last block; what it holds is not made.
    pub(super) fn last_block(&mut self, input: &[u8]) -> Result<LastBlock, FormatError> {
        let mut stream = Stream::new(input, 0);
        while !stream.is_last {
            if let State::Symbols = stream.head(&mut self.codes)? {
                self.codes.pass(&mut stream.bits)?;
            }
            if stream.bits.is_overrun() {
                return Err(FormatError::Truncated(WHAT));
            }
        }
        Ok(LastBlock {
            head: stream.block,
            end: stream.bits.position(),
        })
    }

    /// Returns what is left of the piece that was inflated last.
    pub(super) fn piece(&self, stream: &Stream<'_>) -> &[u8] {
        self.buffer.get(stream.piece.clone()).unwrap_or_default()
    }
}

fn damaged() -> FormatError {
    fault("its deflate stream is damaged")
}
