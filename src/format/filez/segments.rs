//! Deflating content of any size on all cores.
//!
//! ```text
//! content ─▸ segment ─▸ deflated by whoever is free ─▸ left open ─┐
//!         ─▸ segment ─▸ …                           ─▸ left open ─┼─▸ one stream, in order
//!         ─▸ the rest ─▸ …                             closed ────┘
//! ```
//!
//! libdeflate makes streams of whole buffers, which end for good. So every segment but the last one is
//! gone through again, which takes a small part of the time, to find its last block: that block is said
//! not to be the last, and an empty stored block behind it ends the byte (RFC 1951, section 3.2.3).
//! Matches do not reach into the segment before, which costs less than libdeflate saves.
//!
//! The bytes do not depend on how many cores there are.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::thread;

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};

use super::inflate::{Inflater, LastBlock};
use super::write::Deflater;
use crate::format::FormatError;

/// How much content is deflated at a time.
const SEGMENT: usize = 2 << 20;
/// More helpers than this, or segments ahead of the one that is written next, are not of use.
const MAX_HELPERS: usize = 8;

/// A deflate stream in the making.
#[derive(Debug)]
pub(super) struct Segments<W: Write> {
    output: W,
    level: u32,
    filling: Vec<u8>,
    /// What is deflated, or will be, and not yet written.
    ahead: VecDeque<Receiver<Result<Vec<u8>, FormatError>>>,
}

impl<W: Write> Segments<W> {
    pub(super) fn new(output: W, level: u32) -> Segments<W> {
        Segments {
            output,
            level,
            filling: Vec::new(),
            ahead: VecDeque::new(),
        }
    }

    /// Returns where the stream goes.
    pub(super) fn output(&mut self) -> &mut W {
        &mut self.output
    }

    /// Takes more content.
    pub(super) fn push(&mut self, mut content: &[u8]) -> io::Result<()> {
        while !content.is_empty() {
            // A full segment waits for more, for it might be the last.
            if self.filling.len() == SEGMENT {
                self.hand_out(false)?;
            }
            let room = SEGMENT - self.filling.len();
            let (now, rest) = content.split_at(room.min(content.len()));
            self.filling.extend_from_slice(now);
            content = rest;
        }
        Ok(())
    }

    /// Ends the stream.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.hand_out(true)?;
        self.write_down_to(0)?;
        Ok(self.output)
    }

    /// Has the segment deflated by a helper, or here if all have enough to do.
    fn hand_out(&mut self, is_last: bool) -> io::Result<()> {
        let (done, deflated) = bounded(1);
        let segment = Segment {
            content: std::mem::take(&mut self.filling),
            level: self.level,
            is_last,
            done,
        };
        self.ahead.push_back(deflated);
        match helpers().try_send(segment) {
            Ok(()) => {}
            Err(TrySendError::Full(segment) | TrySendError::Disconnected(segment)) => segment.run(),
        }
        self.write_down_to(cores())
    }

    /// Writes what is there, and waits while more than `most` segments are ahead.
    fn write_down_to(&mut self, most: usize) -> io::Result<()> {
        while let Some(next) = self.ahead.front() {
            let deflated = match self.ahead.len() > most {
                true => next.recv().map_err(|_| TryRecvError::Disconnected),
                false => next.try_recv(),
            };
            match deflated {
                Ok(stream) => self.output.write_all(&stream.map_err(io::Error::other)?)?,
                Err(TryRecvError::Empty) => return Ok(()),
                Err(TryRecvError::Disconnected) => {
                    return Err(io::Error::other("a thread that deflates has ended"));
                }
            }
            self.ahead.pop_front();
        }
        Ok(())
    }
}

/// Content to be deflated.
struct Segment {
    content: Vec<u8>,
    level: u32,
    is_last: bool,
    done: Sender<Result<Vec<u8>, FormatError>>,
}

impl Segment {
    fn run(self) {
        thread_local! {
            static TOOLS: RefCell<Option<Tools>> = const { RefCell::new(None) };
        }
        let deflated = TOOLS.with_borrow_mut(|kept| {
            let tools = match kept.take() {
                Some(tools) if tools.level == self.level => tools,
                _ => Tools::new(self.level),
            };
            kept.insert(tools).deflate(&self.content, self.is_last)
        });
        // Whoever gave up writing does not wait for it.
        let _gone = self.done.send(deflated);
    }
}

/// What deflating takes; large, and so kept.
struct Tools {
    level: u32,
    deflater: Deflater,
    inflater: Inflater,
}

impl Tools {
    fn new(level: u32) -> Tools {
        Tools {
            level,
            deflater: Deflater::new(level),
            inflater: Inflater::new(),
        }
    }

    fn deflate(&mut self, content: &[u8], is_last: bool) -> Result<Vec<u8>, FormatError> {
        let mut stream = Vec::new();
        self.deflater.append(content, &mut stream);
        if !is_last {
            let last = self.inflater.last_block(&stream)?;
            leave_open(&mut stream, &last);
        }
        Ok(stream)
    }
}

/// Makes a stream one that another can follow.
fn leave_open(stream: &mut Vec<u8>, last: &LastBlock) {
    if let Some(byte) = stream.get_mut(last.head / 8) {
        *byte &= !(1 << (last.head % 8));
    }
    // The head of the empty block: not the last one, stored. What is left of a byte is zero already.
    if (last.end + 3).div_ceil(8) > stream.len() {
        stream.push(0);
    }
    // Its length, and the complement.
    stream.extend_from_slice(&[0, 0, 0xff, 0xff]);
}

/// Returns the queue of the threads that deflate, which are begun when there is first need.
///
/// All writers share them: of many large files at a time, each has its own core anyway.
fn helpers() -> &'static Sender<Segment> {
    static HELPERS: OnceLock<Sender<Segment>> = OnceLock::new();
    HELPERS.get_or_init(|| {
        let (segments, queue) = bounded::<Segment>(cores());
        for _ in 0..cores() {
            let queue = queue.clone();
            let helper = thread::Builder::new().name("deflate".to_owned());
            // Without it, its share falls to the others, or to who needs it.
            let _spawned = helper.spawn(move || queue.iter().for_each(Segment::run));
        }
        segments
    })
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(MAX_HELPERS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::filez::inflate::{Input, Stream};
    use crate::format::noise::noise;

    /// Words, zeros and noise, so that blocks of every kind end at every bit.
    fn content(length: usize) -> Vec<u8> {
        let byte = |i: usize| match i / 700 % 3 {
            0 => b"words of a file "[i * 7 % 16],
            1 => 0,
            _ => (i.wrapping_mul(2_654_435_761) >> 11) as u8,
        };
        (length..2 * length).map(byte).collect()
    }

    fn inflated(stream: &[u8], size: usize) -> Result<Vec<u8>, FormatError> {
        let mut inflater = Inflater::new();
        let input = Input::all(stream);
        let mut stream = Stream::new(size as u64);
        let mut content = Vec::new();
        while inflater.more(&mut stream, input)? {
            content.extend_from_slice(inflater.piece(&stream));
        }
        Ok(content)
    }

    #[test]
    fn streams_of_any_length_can_be_followed() {
        for level in [1, 6] {
            let mut tools = Tools::new(level);
            for length in (0..600).chain([5_000, 60_000, 400_000]) {
                let content = content(length);
                let mut stream = tools.deflate(&content, false).unwrap();
                assert!(inflated(&stream, length).is_err());
                stream.extend(tools.deflate(&content, true).unwrap());
                assert_eq!(inflated(&stream, 2 * length).unwrap(), content.repeat(2));
            }
        }
    }

    #[test]
    fn segments_come_in_order() {
        for length in [0, 1, SEGMENT, SEGMENT + 1, 20 * SEGMENT, 20 * SEGMENT + 77] {
            let content = content(length);
            let mut segments = Segments::new(Vec::new(), 1);
            for piece in content.chunks(700_000) {
                segments.push(piece).unwrap();
            }
            let stream = segments.finish().unwrap();
            assert_eq!(inflated(&stream, length).unwrap(), content);
        }
    }

    #[test]
    fn segments_that_are_stored_can_be_followed() {
        let dense = noise(2 * SEGMENT, 1);
        let content = [&dense[..], &content(100), &dense, &dense[..SEGMENT]].concat();
        let mut segments = Segments::new(Vec::new(), 6);
        segments.push(&content).unwrap();
        let stream = segments.finish().unwrap();
        assert_eq!(inflated(&stream, content.len()).unwrap(), content);
        assert!(stream.len() > content.len());
    }

    #[test]
    fn a_full_disk_is_told() {
        let mut room = [0; 100];
        let mut segments = Segments::new(&mut room[..], 1);
        let written = segments.push(&content(4 * SEGMENT));
        assert!(written.and_then(|()| segments.finish().map(drop)).is_err());
    }
}
