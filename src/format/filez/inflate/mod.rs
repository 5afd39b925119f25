//! Inflating an object, and saying where its deflate stream ends (RFC 1951).
//!
//! ```text
//! last? ─ kind ─▸ stored     length, its complement, bytes
//!               ▸ fixed      codes that everybody knows
//!               ▸ dynamic    codes, themselves in code
//!                 └─▸ symbols: bytes, and matches (length, distance) with what was there before
//! ```
//!
//! Of the libraries at hand those that are fast do not tell where the stream ended, and that has to
//! be known: nothing may follow it. With the input in large pieces and the output in such that stay
//! in a core's cache, this takes a fifth less time than a stream decoder, in safe code. What it makes
//! counts only when it has the checksum that was expected; what it accepts at all is held against
//! zlib-rs by the tests.

mod bits;
mod block;
mod code;
mod table;
mod window;

use std::ops::Range;

use bits::{Bits, Mark};
use block::{Codes, Until};
use window::{BUFFER, MOST_INPUT, Spot, Window};

use super::{WHAT, fault};
use crate::format::FormatError;

/// How much input there has to be for anything to be made of it, unless it ends: the head of a block
/// and what is read ahead included.
pub(super) const ENOUGH: usize = MOST_INPUT + 4096;

/// Inflates one stream after the other, with the same memory.
#[derive(Debug)]
pub(super) struct Inflater {
    codes: Box<Codes>,
    buffer: Box<[u8; BUFFER]>,
}

/// Where the inflating of a stream stands; **one inflater sees it through**.
#[derive(Debug)]
pub(super) struct Stream {
    mark: Mark,
    state: State,
    spot: Spot,
    /// How many bytes are still to come.
    left: u64,
    piece: Range<usize>,
}

/// What there is of the input of a stream, from where it begins or was cut off.
#[derive(Clone, Copy, Debug)]
pub(super) struct Input<'i> {
    pub(super) bytes: &'i [u8],
    /// Whether nothing follows.
    pub(super) is_end: bool,
}

/// Where the last block of a stream lies, in bits from the first one.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastBlock {
    pub(super) head: usize,
    pub(super) end: usize,
}

/// What comes next in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The head of a block.
    Head,
    /// What is left of a block.
    Within(Block),
    /// Nothing.
    Over,
    /// Nothing either: a fault was found.
    Faulty,
}

/// A block whose head was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Block {
    is_last: bool,
    body: Body,
}

/// What follows of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// So many bytes as they are.
    Stored(usize),
    /// Symbols in the codes that the inflater has.
    Symbols,
}

impl<'i> Input<'i> {
    /// Takes all of an input.
    pub(super) fn all(bytes: &'i [u8]) -> Input<'i> {
        Input {
            bytes,
            is_end: true,
        }
    }
}

impl Stream {
    /// Begins a stream that has to be all of its input and to yield `size` bytes.
    pub(super) fn new(size: u64) -> Stream {
        Stream {
            mark: Mark::default(),
            state: State::Head,
            spot: Spot::FIRST,
            left: size,
            piece: 0..0,
        }
    }

    /// Stands for no stream at all.
    pub(super) fn none() -> Stream {
        Stream {
            state: State::Over,
            ..Stream::new(0)
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

    /// Tells whether no piece follows this one.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// Returns how many bytes of the input were taken.
    pub(super) fn taken(&self) -> usize {
        self.mark.taken()
    }

    /// Takes note that so many bytes, all of them taken, are gone from the front of the input.
    pub(super) fn rebase(&mut self, gone: usize) {
        self.mark.rebase(gone);
    }

    /// Sees to it that nobody takes what there is for all of it.
    fn fail(&mut self) {
        self.state = State::Faulty;
        self.piece = 0..0;
    }

    /// Makes what was inflated since `before` the next piece, if it may be.
    fn hand_on(&mut self, bits: &Bits<'_>, spot: Spot, before: Spot) -> Result<(), FormatError> {
        self.mark = bits.mark();
        self.spot = spot;
        self.piece = spot.since(before);
        let left = self.left.checked_sub(self.piece.len() as u64);
        self.left = left.ok_or_else(|| fault("its content is longer than its header says"))?;
        match self.state {
            State::Over if self.left > 0 => {
                Err(fault("its content is shorter than its header says"))
            }
            _ => Ok(()),
        }
    }
}

impl Block {
    /// Reads the head of a block, and its codes.
    fn open(bits: &mut Bits<'_>, codes: &mut Codes) -> Result<Block, FormatError> {
        bits.refill();
        let is_last = bits.take(1) == 1;
        let body = match bits.take(2) {
            0 => Body::Stored(block::stored(bits)?),
            1 => {
                codes.set_fixed();
                Body::Symbols
            }
            2 => {
                codes.read(bits)?;
                Body::Symbols
            }
            _ => return Err(damaged()),
        };
        Ok(Block { is_last, body })
    }

    /// Tells what follows the block.
    fn after(self) -> State {
        match self.is_last {
            true => State::Over,
            false => State::Head,
        }
    }
}

impl Inflater {
    /// Allocates tables, window and piece.
    pub(super) fn new() -> Inflater {
        Inflater {
            codes: Box::new(Codes::new()),
            buffer: Box::new([0; BUFFER]),
        }
    }

    /// Inflates the next piece of a stream; tells whether there was one. **Only when there is none are
    /// the pieces what all of the input holds.**
    ///
    /// Of an input that does not end here, at least [`ENOUGH`] has to be there.
    pub(super) fn more(
        &mut self,
        stream: &mut Stream,
        input: Input<'_>,
    ) -> Result<bool, FormatError> {
        let more = self.inflate(stream, input);
        if more.is_err() {
            stream.fail();
        }
        more
    }

    fn inflate(&mut self, stream: &mut Stream, input: Input<'_>) -> Result<bool, FormatError> {
        let mut window = Window::new(&mut self.buffer, stream.spot);
        let before = window.spot();
        let mut bits = Bits::resume(input.bytes, stream.mark);
        while input.is_end || bits.rest().len() >= ENOUGH {
            stream.state = match stream.state {
                State::Head => State::Within(Block::open(&mut bits, &mut self.codes)?),
                State::Within(block) => match block.body {
                    Body::Stored(0) => block.after(),
                    Body::Stored(left) => {
                        let now = left.min(window.room());
                        if now == 0 {
                            break;
                        }
                        let bytes = bits.bytes(now).ok_or(FormatError::Truncated(WHAT))?;
                        window.write(bytes);
                        let body = Body::Stored(left - now);
                        State::Within(Block { body, ..block })
                    }
                    Body::Symbols => match self.codes.symbols(&mut bits, &mut window)? {
                        Until::End => block.after(),
                        Until::Full => break,
                    },
                },
                State::Over if bits.rest().is_empty() => break,
                // What there is before them counts first.
                State::Over if window.spot() != before => break,
                State::Over => return Err(bytes_follow()),
                State::Faulty => return Err(damaged()),
            };
            if bits.is_overrun() {
                break;
            }
        }
        if bits.is_overrun() {
            return Err(FormatError::Truncated(WHAT));
        }
        stream.hand_on(&bits, window.spot(), before)?;
        Ok(!stream.is_passed())
    }

    /// Goes through a whole stream to find its last block; what it holds is not made.
    pub(super) fn last_block(&mut self, input: &[u8]) -> Result<LastBlock, FormatError> {
        let mut bits = Bits::new(input);
        loop {
            let head = bits.position();
            let block = Block::open(&mut bits, &mut self.codes)?;
            match block.body {
                Body::Stored(len) => {
                    bits.bytes(len).ok_or(FormatError::Truncated(WHAT))?;
                }
                Body::Symbols => self.codes.pass(&mut bits)?,
            }
            if bits.is_overrun() {
                return Err(FormatError::Truncated(WHAT));
            }
            if block.is_last {
                let end = bits.position();
                return Ok(LastBlock { head, end });
            }
        }
    }

    /// Returns what is left of the piece that was inflated last.
    pub(super) fn piece(&self, stream: &Stream) -> &[u8] {
        self.buffer.get(stream.piece.clone()).unwrap_or_default()
    }
}

/// The fault of an object that goes on behind its content.
pub(super) fn bytes_follow() -> FormatError {
    fault("bytes follow its content")
}

fn damaged() -> FormatError {
    fault("its deflate stream is damaged")
}
