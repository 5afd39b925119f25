//! One deflate stream, held against the size that was announced for it.

use flate2::{Decompress, FlushDecompress, Status};

use super::{WHAT, fault};
use crate::format::FormatError;

/// Where the inflation of one object stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Inflation {
    size: u64,
    produced: u64,
    ended: bool,
}

/// How far one step came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) consumed: usize,
    pub(super) produced: usize,
}

impl Inflation {
    pub(super) fn new(size: u64) -> Inflation {
        Inflation {
            size,
            produced: 0,
            ended: false,
        }
    }

    /// Tells whether the stream has ended, with as much content as announced.
    pub(super) fn is_over(&self) -> bool {
        self.ended
    }

    /// Inflates from `input` into `output`, as much as either allows.
    ///
    /// An `input` that is empty means that the object ends here; the stream may still hold content
    /// back that had no room before.
    pub(super) fn step(
        &mut self,
        stream: &mut Decompress,
        input: &[u8],
        output: &mut [u8],
        flush: FlushDecompress,
    ) -> Result<Step, FormatError> {
        let mut probe = [0];
        // With all of the content there, room for one more byte shows a stream that goes on.
        let left = saturating_usize(self.size - self.produced);
        let room = left.min(output.len());
        let output = match output.get_mut(..room) {
            Some(output) if room > 0 => output,
            _ => &mut probe,
        };
        let (consumed, produced) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, output, flush);
        let status = status.map_err(|_| fault("its deflate stream is damaged"))?;
        let step = Step {
            consumed: saturating_usize(stream.total_in() - consumed),
            produced: saturating_usize(stream.total_out() - produced),
        };
        self.produced += step.produced as u64;
        self.judge(status, step, input.is_empty())?;
        Ok(step)
    }

    fn judge(&mut self, status: Status, step: Step, at_end: bool) -> Result<(), FormatError> {
        if self.produced > self.size {
            return Err(fault("its content is longer than its header says"));
        }
        if status == Status::StreamEnd {
            self.ended = true;
            if self.produced < self.size {
                return Err(fault("its content is shorter than its header says"));
            }
        } else if step.consumed == 0 && step.produced == 0 {
            return Err(match at_end {
                true => FormatError::Truncated(WHAT),
                false => fault("its deflate stream is damaged"),
            });
        }
        Ok(())
    }
}

fn saturating_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
