//! Applying a binary patch: the raw bsdiff stream that libostree uses, read as a stream.
//!
//! ```text
//! repeat until the new file is complete:
//!   x y z               three 8-byte numbers, little endian, bit 63 is the sign
//!   x bytes             each added to a byte of the old file, which moves on by x
//!   y bytes             as they are
//!                       then the old file's position moves by z
//! ```
//!
//! Old bytes before the beginning and after the end count as 0. No magic, no compression, no length:
//! the new size comes with the operation that opened the file.

use super::{ApplyFault, DeltaError, SourceFile};

/// Largest count in one control record, as in the reference implementation.
const MAX_COUNT: u64 = i32::MAX as u64;

/// A patch at work: where it stands in the patch, the old file and the new one.
pub(super) struct Patch<'a> {
    stream: &'a [u8],
    old_position: i64,
    add: u64,
    copy: u64,
    seek: i64,
    remaining: u64,
}

impl<'a> Patch<'a> {
    /// Begins to make a file of `size` bytes from this patch stream.
    pub(super) fn new(stream: &'a [u8], size: u64) -> Patch<'a> {
        Patch {
            stream,
            old_position: 0,
            add: 0,
            copy: 0,
            seek: 0,
            remaining: size,
        }
    }

    /// Goes on with a patch: what comes next of a stream makes the next `size` bytes, from where the old
    /// file's position was left.
    pub(super) fn resume(stream: &'a [u8], size: u64, old_position: i64) -> Patch<'a> {
        Patch {
            old_position,
            ..Patch::new(stream, size)
        }
    }

    /// Returns the old file's position after the last record, for one that follows.
    pub(super) fn position(&self) -> Result<i64, DeltaError> {
        self.moved(self.seek)
    }

    /// Makes the next bytes of the new file; 0 when it is complete.
    pub(super) fn read(&mut self, old: &SourceFile, buf: &mut [u8]) -> Result<usize, DeltaError> {
        if buf.is_empty() {
            return Ok(0);
        }
        while self.add == 0 && self.copy == 0 {
            if self.remaining == 0 {
                return Ok(0);
            }
            self.next_record()?;
        }
        let run = if self.add > 0 { self.add } else { self.copy };
        let len = usize::try_from(run).unwrap_or(usize::MAX).min(buf.len());
        let buf = buf.get_mut(..len).unwrap_or_default();
        buf.copy_from_slice(self.take(len)?);
        if self.add > 0 {
            add_old(buf, old, self.old_position)?;
            self.add -= len as u64;
            self.old_position = self.moved(len as i64)?;
        } else {
            self.copy -= len as u64;
        }
        self.remaining -= len as u64;
        Ok(len)
    }

    /// Holds all records against the size of the new file; no old file is needed for that.
    pub(super) fn check(mut self) -> Result<(), DeltaError> {
        while self.remaining > 0 {
            self.next_record()?;
            let made = self.add + self.copy;
            self.take(usize::try_from(made).unwrap_or(usize::MAX))?;
            self.old_position = self.moved(self.add as i64)?;
            self.remaining -= made;
        }
        Ok(())
    }

    /// Ends the current record and reads the control numbers of the next.
    fn next_record(&mut self) -> Result<(), DeltaError> {
        self.old_position = self.moved(self.seek)?;
        let count = |number: i64| match u64::try_from(number) {
            Ok(count) if count <= MAX_COUNT => Ok(count),
            _ => Err(ApplyFault::PatchControl),
        };
        let ([add, copy, seek], rest) = control(self.stream).ok_or(ApplyFault::PatchTruncated)?;
        self.stream = rest;
        self.add = count(add)?;
        self.copy = count(copy)?;
        self.seek = seek;
        if self.add + self.copy > self.remaining {
            return Err(ApplyFault::PatchControl.into());
        }
        Ok(())
    }

    /// The old position, moved; positions before the beginning are legal.
    fn moved(&self, by: i64) -> Result<i64, DeltaError> {
        self.old_position
            .checked_add(by)
            .ok_or(ApplyFault::PatchControl.into())
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], DeltaError> {
        let (taken, rest) = self
            .stream
            .split_at_checked(len)
            .ok_or(ApplyFault::PatchTruncated)?;
        self.stream = rest;
        Ok(taken)
    }
}

/// Takes the three numbers of a record off the front of a stream.
fn control(stream: &[u8]) -> Option<([i64; 3], &[u8])> {
    let (raw, rest) = stream.split_first_chunk::<24>()?;
    let (numbers, _) = raw.as_chunks::<8>();
    let mut control = [0; 3];
    for (number, bytes) in control.iter_mut().zip(numbers) {
        let raw = u64::from_le_bytes(*bytes);
        let magnitude = (raw & !(1 << 63)) as i64;
        *number = if raw >> 63 == 0 {
            magnitude
        } else {
            -magnitude
        };
    }
    Some((control, rest))
}

/// Adds the old file's bytes from `position` on to `buf`, where there are any.
fn add_old(buf: &mut [u8], old: &SourceFile, position: i64) -> Result<(), DeltaError> {
    const STEP: usize = 16 * 1024;
    let mut scratch = [0; STEP];
    // Bytes before the beginning of the old file are skipped: they add 0.
    let before = usize::try_from(position.min(0).unsigned_abs()).unwrap_or(usize::MAX);
    let Some(buf) = buf.get_mut(before..) else {
        return Ok(());
    };
    let mut from = position.max(0) as u64;
    for piece in buf.chunks_mut(STEP) {
        let there = old.len().saturating_sub(from).min(piece.len() as u64) as usize;
        if there == 0 {
            break;
        }
        let old_bytes = scratch.get_mut(..there).unwrap_or_default();
        old.read_exact_at(old_bytes, from)?;
        for (new, old) in piece.iter_mut().zip(old_bytes) {
            *new = new.wrapping_add(*old);
        }
        from += piece.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(add: &[u8], copy: &[u8], seek: i64) -> Vec<u8> {
        let number = |n: i64| (n.unsigned_abs() | u64::from(n < 0) << 63).to_le_bytes();
        let mut out = Vec::new();
        for n in [add.len() as i64, copy.len() as i64, seek] {
            out.extend_from_slice(&number(n));
        }
        out.extend_from_slice(add);
        out.extend_from_slice(copy);
        out
    }

    fn apply(old: &[u8], stream: &[u8], size: u64, step: usize) -> Result<Vec<u8>, DeltaError> {
        let old = SourceFile::from(old.to_vec());
        let mut patch = Patch::new(stream, size);
        let mut out = Vec::new();
        let mut buf = vec![0; step];
        loop {
            match patch.read(&old, &mut buf)? {
                0 => return Ok(out),
                n => out.extend_from_slice(&buf[..n]),
            }
        }
    }

    fn fault(result: Result<Vec<u8>, DeltaError>) -> ApplyFault {
        match result {
            Err(DeltaError::Program(fault)) => fault,
            other => panic!("not a fault of the program: {other:?}"),
        }
    }

    #[test]
    fn adds_copies_and_moves_in_the_old_file() {
        let stream = [
            record(&[0, 1, 0], b"xy", -3),
            record(&[0, 0], b"", 0),
            record(b"", b"!", 0),
        ]
        .concat();
        for step in [1, 2, 3, 100] {
            assert_eq!(apply(b"abc", &stream, 8, step).unwrap(), b"accxyab!");
        }
    }

    #[test]
    fn old_bytes_outside_the_file_count_as_zero() {
        let stream = [record(b"", b"-", -2), record(b"12\0\0\x01\x0234", b"", 0)].concat();
        for step in [1, 3, 100] {
            assert_eq!(apply(b"ab??", &stream, 9, step).unwrap(), b"-12ab@A34");
        }
    }

    #[test]
    fn each_fault_has_its_name() {
        let huge = |n: i64| {
            let mut out = record(b"", b"", 0);
            out[..8].copy_from_slice(&n.to_le_bytes());
            out
        };
        let far = [record(b"", b"a", i64::MAX), record(b"b", b"", 0)].concat();
        let table = [
            ("empty", vec![], ApplyFault::PatchTruncated),
            (
                "no third number",
                record(b"", b"ab", 0)[..20].to_vec(),
                ApplyFault::PatchTruncated,
            ),
            (
                "copy truncated",
                record(b"", b"ab", 0)[..25].to_vec(),
                ApplyFault::PatchTruncated,
            ),
            (
                "ends early",
                record(b"", b"a", 0),
                ApplyFault::PatchTruncated,
            ),
            (
                "writes past the end",
                record(b"a", b"bc", 0),
                ApplyFault::PatchControl,
            ),
            ("count over 2^31", huge(1 << 31), ApplyFault::PatchControl),
            (
                "negative count",
                huge(i64::MIN + 1),
                ApplyFault::PatchControl,
            ),
            ("position overflows", far, ApplyFault::PatchControl),
        ];
        for (name, stream, want) in table {
            assert_eq!(fault(apply(b"ab", &stream, 2, 10)), want, "{name}");
        }
    }
}
