//! The input of a deflate stream, bit by bit.

/// Bits that were read ahead, and where the next ones are.
///
/// Beyond its end the input goes on with zeros, so that nobody has to ask at every symbol: see
/// [`Bits::is_overrun`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Bits<'a> {
    input: &'a [u8],
    /// What of it was not read.
    rest: &'a [u8],
    /// How many zeros were read behind its end.
    zeros: usize,
    ahead: u64,
    /// How many bits are ahead; only its low six bits count.
    count: u32,
}

/// How far an input was read, without the input.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    read: usize,
    ahead: u64,
    count: u32,
}

impl Mark {
    /// Returns how many bytes were taken, the last one perhaps in part.
    pub(super) fn taken(&self) -> usize {
        self.read - (self.count >> 3 & 7) as usize
    }

    /// Counts from further back: so many bytes, all of them taken, are gone from the front.
    pub(super) fn rebase(&mut self, gone: usize) {
        self.read = self.read.saturating_sub(gone);
    }
}

impl<'a> Bits<'a> {
    pub(super) fn new(input: &'a [u8]) -> Bits<'a> {
        Bits::resume(input, Mark::default())
    }

    /// Goes on in an input that may have become longer at its end.
    pub(super) fn resume(input: &'a [u8], mark: Mark) -> Bits<'a> {
        Bits {
            input,
            rest: input.get(mark.read..).unwrap_or_default(),
            zeros: mark.read.saturating_sub(input.len()),
            ahead: mark.ahead,
            count: mark.count,
        }
    }

    /// Returns where to resume.
    pub(super) fn mark(&self) -> Mark {
        Mark {
            read: self.read(),
            ahead: self.ahead,
            count: self.count,
        }
    }

    /// Makes sure of 56 bits.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        match self.rest.first_chunk() {
            Some(word) => {
                self.ahead |= u64::from_le_bytes(*word).wrapping_shl(self.count);
                let whole = 7 - (self.count >> 3 & 7) as usize;
                self.rest = &self.rest[whole..];
                self.count |= 56;
            }
            None => self.refill_at_end(),
        }
    }

    #[cold]
    fn refill_at_end(&mut self) {
        self.count &= 63;
        while self.count < 56 {
            match self.rest.split_first() {
                Some((byte, rest)) => {
                    self.ahead |= u64::from(*byte) << self.count;
                    self.rest = rest;
                }
                None => self.zeros += 1,
            }
            self.count += 8;
        }
    }

    /// Makes sure of 28 bits, as many as a distance takes.
    #[inline(always)]
    pub(super) fn refill_for_distance(&mut self) {
        if self.count & 63 < 28 {
            self.refill();
        }
    }

    /// Returns what is ahead.
    #[inline(always)]
    pub(super) fn ahead(&self) -> u64 {
        self.ahead
    }

    /// Goes on by as many bits as the low six bits of `count` say.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.ahead = self.ahead.wrapping_shr(count);
        self.count = self.count.wrapping_sub(count);
    }

    /// Takes a number of at most 16 bits.
    pub(super) fn take(&mut self, count: u32) -> usize {
        let value = self.ahead & !(u64::MAX << count);
        self.skip(count);
        value as usize
    }

    /// Returns how many bytes were taken, the last one perhaps in part.
    pub(super) fn consumed(&self) -> usize {
        self.mark().taken()
    }

    /// Returns how many bits were taken.
    pub(super) fn position(&self) -> usize {
        self.read() * 8 - (self.count & 63) as usize
    }

    fn read(&self) -> usize {
        self.input.len() - self.rest.len() + self.zeros
    }

    /// Returns whether more was taken than there is.
    pub(super) fn is_overrun(&self) -> bool {
        self.consumed() > self.input.len()
    }

    /// Returns what follows the last byte of which anything was taken.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.input.get(self.consumed()..).unwrap_or_default()
    }

    /// Takes whole bytes from the next full byte on.
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest().split_at_checked(count)?;
        *self = Bits {
            rest,
            ..Bits::new(self.input)
        };
        Some(bytes)
    }
}
