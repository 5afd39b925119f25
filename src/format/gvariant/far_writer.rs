//! Writing containers that may be larger than memory, piece by piece.

use std::io::{self, Read, Write};

use super::frame::table;

/// Writes a value whose containers are opened and closed one in the other.
///
/// Each must begin where the strictest alignment, 8, lets it: then its children are padded alike
/// whether they are counted from its start or from that of the whole.
pub(in crate::format) struct FarWriter<'w> {
    out: &'w mut dyn Write,
    len: usize,
}

/// A container that is not closed yet.
pub(in crate::format) struct Open {
    start: usize,
    ends: Vec<usize>,
}

impl<'w> FarWriter<'w> {
    pub(in crate::format) fn new(out: &'w mut dyn Write) -> FarWriter<'w> {
        FarWriter { out, len: 0 }
    }

    /// Begins a container.
    pub(in crate::format) fn open(&mut self) -> io::Result<Open> {
        self.pad(8)?;
        Ok(Open {
            start: self.len,
            ends: Vec::new(),
        })
    }

    /// Writes zeros until the next child may begin.
    pub(in crate::format) fn pad(&mut self, alignment: usize) -> io::Result<()> {
        let padding = self.len.next_multiple_of(alignment) - self.len;
        let zeros = [0; 8];
        self.push(zeros.get(..padding).unwrap_or_default())
    }

    /// Writes a child, or a piece of one.
    pub(in crate::format) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.len += bytes.len();
        self.out.write_all(bytes)
    }

    /// Writes all there is to read, as a child or a piece of one.
    pub(in crate::format) fn copy(&mut self, from: &mut dyn Read) -> io::Result<()> {
        let copied = io::copy(from, &mut self.out)?;
        self.len += usize::try_from(copied).map_err(io::Error::other)?;
        Ok(())
    }

    /// Notes that a child of variable size ends here.
    pub(in crate::format) fn mark_end(&self, open: &mut Open) {
        open.ends.push(self.len - open.start);
    }

    /// Ends an array: the table stands in order.
    pub(in crate::format) fn close_array(&mut self, open: Open) -> io::Result<()> {
        self.close(&open)
    }

    /// Ends a tuple or dictionary entry: the table stands in reverse order.
    pub(in crate::format) fn close_tuple(&mut self, mut open: Open) -> io::Result<()> {
        open.ends.reverse();
        self.close(&open)
    }

    fn close(&mut self, open: &Open) -> io::Result<()> {
        let table: Vec<u8> = table(self.len - open.start, &open.ends).collect();
        self.push(&table)
    }
}
