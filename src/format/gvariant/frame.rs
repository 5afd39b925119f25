//! Where the children of a container begin and end, and how a container is put together.

use std::ops::Range;

use super::signature::{Members, Signature};

/// Returns the width of the framing offsets in a container of `len` bytes.
pub(super) fn offset_width(len: usize) -> usize {
    match len as u64 {
        0 => 0,
        1..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    }
}

/// Returns the size of a container of `body` bytes and `count` offsets, with the narrowest offsets
/// that can express it.
pub(super) fn framed_len(body: usize, count: usize) -> usize {
    let fits = |width: usize| offset_width(body + width * count) <= width;
    let width = [1, 2, 4]
        .into_iter()
        .find(|&width| fits(width))
        .unwrap_or(8);
    body + width * count
}

/// Reads the offset of `width` bytes at `at`; one that is not there or does not fit is `None`.
pub(super) fn read_offset(bytes: &[u8], at: usize, width: usize) -> Option<usize> {
    let stored = bytes.get(at..at.checked_add(width)?)?;
    let mut offset = [0; 8];
    offset.get_mut(..width)?.copy_from_slice(stored);
    usize::try_from(u64::from_le_bytes(offset)).ok()
}

/// Finds the elements of an array.
#[derive(Clone, Copy, Debug)]
pub(super) struct ArrayFrame<'a> {
    bytes: &'a [u8],
    alignment: usize,
    count: usize,
    /// `Some` when elements have a fixed size and there is no table.
    size: Option<usize>,
    width: usize,
    /// Where the table of ends begins.
    table: usize,
}

impl<'a> ArrayFrame<'a> {
    /// Reads the frame of an array; `None` if its size or last offset make no sense.
    pub(super) fn read(element: Signature<'_>, bytes: &'a [u8]) -> Option<ArrayFrame<'a>> {
        let size = element.fixed_size();
        let width = offset_width(bytes.len());
        let (table, count) = match size {
            Some(size) if bytes.len().is_multiple_of(size) => (bytes.len(), bytes.len() / size),
            Some(_) => return None,
            None if bytes.is_empty() => (0, 0),
            None => {
                let table = read_offset(bytes, bytes.len() - width, width)?;
                let ends = bytes.len().checked_sub(table)?;
                if !ends.is_multiple_of(width) {
                    return None;
                }
                (table, ends / width)
            }
        };
        Some(ArrayFrame {
            bytes,
            alignment: element.alignment(),
            count,
            size,
            width,
            table,
        })
    }

    /// Returns how many elements there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Tells whether the table is as narrow as it can be.
    pub(super) fn is_minimal(&self) -> bool {
        let covered = self.count > 0 || self.bytes.is_empty();
        self.size.is_some() || covered && framed_len(self.table, self.count) == self.bytes.len()
    }

    /// Returns where element `index` lies; the start may lie behind the end when the input is bad.
    pub(super) fn element(&self, index: usize) -> Option<Range<usize>> {
        if index >= self.count {
            return None;
        }
        if let Some(size) = self.size {
            return Some(index * size..(index + 1) * size);
        }
        let end = |i: usize| read_offset(self.bytes, self.table + i * self.width, self.width);
        let start = match index.checked_sub(1) {
            Some(previous) => end(previous)?.checked_next_multiple_of(self.alignment)?,
            None => 0,
        };
        Some(start..end(index)?)
    }
}

/// Walks over the members of a tuple or dictionary entry.
#[derive(Clone, Debug)]
pub(super) struct TupleFrame<'a> {
    members: Members<'a>,
    bytes: &'a [u8],
    width: usize,
    /// The end of the previous member.
    end: usize,
    /// Where the part of the table begins that has been read: it is read from its back.
    table: usize,
    /// How many offsets have been read.
    offsets: usize,
}

impl<'a> TupleFrame<'a> {
    pub(super) fn new(signature: Signature<'a>, bytes: &'a [u8]) -> TupleFrame<'a> {
        let width = offset_width(bytes.len());
        TupleFrame {
            members: signature.members(),
            bytes,
            width,
            end: 0,
            table: bytes.len(),
            offsets: 0,
        }
    }

    /// Returns the end of the last member seen.
    pub(super) fn end(&self) -> usize {
        self.end
    }

    /// Returns where the table begins, as far as it has been used.
    pub(super) fn table(&self) -> usize {
        self.table
    }

    /// Returns how many offsets the members seen took.
    pub(super) fn offsets(&self) -> usize {
        self.offsets
    }

    /// Returns the type of the next member and where it lies, `None` for the latter if an offset
    /// is missing.
    pub(super) fn step(&mut self) -> Option<(Signature<'a>, Option<Range<usize>>)> {
        let member = self.members.next()?;
        let is_last = self.members.clone().next().is_none();
        let range = self.range(member, is_last);
        if let Some(range) = &range {
            self.end = range.end;
        }
        Some((member, range))
    }

    fn range(&mut self, member: Signature<'_>, is_last: bool) -> Option<Range<usize>> {
        let start = self.end.checked_next_multiple_of(member.alignment())?;
        let end = match member.fixed_size() {
            Some(size) => start.checked_add(size)?,
            None if is_last => self.table,
            None => {
                self.offsets += 1;
                self.table = self.table.checked_sub(self.width)?;
                read_offset(self.bytes, self.table, self.width)?
            }
        };
        Some(start..end)
    }
}

/// A container in the making: children are appended, then the table of their ends.
#[derive(Debug, Default)]
pub(super) struct Frame {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Frame {
    pub(super) fn new() -> Frame {
        Frame::default()
    }

    /// Appends zeros until the next child may begin.
    pub(super) fn pad(&mut self, alignment: usize) {
        self.bytes
            .resize(self.bytes.len().next_multiple_of(alignment), 0);
    }

    /// Appends a child, or a piece of one.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Notes that a child of variable size ends here.
    pub(super) fn mark_end(&mut self) {
        self.ends.push(self.bytes.len());
    }

    /// Ends an array: the table stands in order.
    pub(super) fn finish_array(mut self) -> Vec<u8> {
        self.write_table();
        self.bytes
    }

    /// Ends a tuple or dictionary entry: the table stands in reverse order.
    pub(super) fn finish_tuple(mut self) -> Vec<u8> {
        self.ends.reverse();
        self.write_table();
        self.bytes
    }

    fn write_table(&mut self) {
        self.bytes.extend(table(self.bytes.len(), &self.ends));
    }
}

/// Returns the table of a container of `body` bytes.
pub(super) fn table(body: usize, ends: &[usize]) -> impl Iterator<Item = u8> {
    let size = framed_len(body, ends.len()) - body;
    let width = size.checked_div(ends.len()).unwrap_or(0);
    let end = move |end: &usize| (*end as u64).to_le_bytes().into_iter().take(width);
    ends.iter().flat_map(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_as_wide_as_the_whole_container_needs() {
        for (body, count, framed) in [
            (0, 1, 1),
            (254, 1, 255),
            (255, 1, 257),
            (253, 2, 255),
            (254, 2, 258),
            (0xffff - 2, 1, 0xffff),
            (0xffff - 1, 1, 0xffff + 3),
            (300, 0, 300),
        ] {
            assert_eq!(framed_len(body, count), framed, "{body} {count}");
        }
    }
}
