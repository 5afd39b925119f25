//! Far values: containers that may be larger than memory, read where they are.
//!
//! ```text
//! members · elements · child   one level down: only ends, padding and types are read
//! near                         all of it is read
//! ```
//!
//! Whatever is read is held to normal form: a container as it is opened, the rest when it is near.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::frame::{framed_len, offset_width, read_offset};
use super::{Fault, Signature, Value, View};
use crate::format::FormatError;

/// Where bytes are read from by their place.
pub trait ReadAt {
    /// Fills `buf` with what is at `offset`, or fails.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;
}

impl ReadAt for File {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, buf, offset)
    }
}

impl ReadAt for &[u8] {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).ok();
        let there = start.and_then(|start| self.get(start..)?.get(..buf.len()));
        buf.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// A value that is elsewhere.
#[derive(Clone, Copy)]
pub(in crate::format) struct Far<'a> {
    source: &'a dyn ReadAt,
    signature: Signature<'a>,
    start: u64,
    len: usize,
}

impl<'a> Far<'a> {
    /// Takes what is at `place` for a value of this type.
    pub(in crate::format) fn new(
        signature: &'a str,
        source: &'a dyn ReadAt,
        place: Range<u64>,
    ) -> io::Result<Far<'a>> {
        let len = place.end.saturating_sub(place.start);
        Ok(Far {
            source,
            signature: Signature::parse(signature)?,
            start: place.start,
            len: usize::try_from(len).map_err(io::Error::other)?,
        })
    }

    /// Returns where it is.
    pub(in crate::format) fn place(&self) -> Range<u64> {
        self.start..self.start + self.len as u64
    }

    /// Returns the members of a tuple or dictionary entry of variable size that has `N` of them.
    pub(in crate::format) fn members<const N: usize>(&self) -> io::Result<[Far<'a>; N]> {
        let types: Vec<_> = self.signature.members().collect();
        let (_, framed) = types.split_last().ok_or_else(|| self.fault(Fault::Size))?;
        let framed = framed.iter().filter(|member| member.fixed_size().is_none());
        let framed = framed.count();
        let width = offset_width(self.len);
        let table = self.before_table(framed * width)?;
        let mut ends = self.offsets(table, framed, width)?.into_iter().rev();
        let mut members = Vec::with_capacity(N);
        let mut end = 0;
        for (index, member) in types.iter().enumerate() {
            let start = self.pad(end, member.alignment())?;
            end = match member.fixed_size() {
                Some(size) => start + size,
                None if index + 1 == types.len() => table,
                None => ends.next().ok_or_else(|| self.fault(Fault::Offset))?,
            };
            members.push(self.inside(*member, start, end, table)?);
        }
        if end != table || framed_len(end, framed) != self.len {
            return Err(self.fault(Fault::Table));
        }
        members
            .try_into()
            .map_err(|_| io::ErrorKind::InvalidInput.into())
    }

    /// Returns the elements of an array, which are of variable size, and at most so many.
    pub(in crate::format) fn elements(&self, most: usize) -> io::Result<Vec<Far<'a>>> {
        let element = self
            .signature
            .element()
            .ok_or_else(|| self.fault(Fault::Size))?;
        if self.len == 0 {
            return Ok(Vec::new());
        }
        let width = offset_width(self.len);
        let last = self.offsets(self.before_table(width)?, 1, width)?;
        let table = last.first().copied().unwrap_or_default();
        let ends = self.len.checked_sub(table);
        let ends = ends.filter(|ends| ends.is_multiple_of(width));
        let count = ends.ok_or_else(|| self.fault(Fault::Offset))? / width;
        if count > most {
            let (what, limit) = ("number of entries", most);
            return Err(FormatError::TooMany { what, count, limit }.into());
        }
        if count == 0 || framed_len(table, count) != self.len {
            return Err(self.fault(Fault::Table));
        }
        let mut elements = Vec::with_capacity(count);
        let mut previous = 0;
        for end in self.offsets(table, count, width)? {
            let start = self.pad(previous, element.alignment())?;
            elements.push(self.inside(element, start, end, table)?);
            previous = end;
        }
        Ok(elements)
    }

    /// Returns what is in a variant, if it is of this type.
    pub(in crate::format) fn child(&self, signature: &'a str) -> io::Result<Option<Far<'a>>> {
        let Some(len) = self.len.checked_sub(1 + signature.len()) else {
            return Ok(None);
        };
        let suffix = self.bytes(len, self.len)?;
        if suffix.split_first() != Some((&0, signature.as_bytes())) {
            return Ok(None);
        }
        let signature = Signature::parse(signature)?;
        self.inside(signature, 0, len, len).map(Some)
    }

    /// Reads all of it, and takes its size away from what there is room for.
    pub(in crate::format) fn near(&self, room: &mut u64) -> io::Result<Value> {
        let size = self.len as u64;
        *room = room.checked_sub(size).ok_or_else(|| {
            let (what, limit) = ("value", *room);
            FormatError::TooLarge { what, size, limit }
        })?;
        let bytes = self.bytes(0, self.len)?;
        View::parse(self.signature.as_str(), &bytes)?;
        Ok(Value::new(self.signature.as_str(), bytes))
    }

    fn inside(
        &self,
        signature: Signature<'a>,
        start: usize,
        end: usize,
        most: usize,
    ) -> io::Result<Far<'a>> {
        if start > end || end > most {
            return Err(self.fault(Fault::Offset));
        }
        Ok(Far {
            signature,
            start: self.start + start as u64,
            len: end - start,
            ..*self
        })
    }

    /// Returns where the next child begins; zeros stand between.
    fn pad(&self, end: usize, alignment: usize) -> io::Result<usize> {
        let start = end.checked_next_multiple_of(alignment);
        let start = start.filter(|start| *start <= self.len);
        let start = start.ok_or_else(|| self.fault(Fault::Offset))?;
        let padding = self.bytes(end, start)?;
        match padding.iter().all(|&byte| byte == 0) {
            true => Ok(start),
            false => Err(self.fault(Fault::Padding)),
        }
    }

    fn before_table(&self, table: usize) -> io::Result<usize> {
        let body = self.len.checked_sub(table);
        body.ok_or_else(|| self.fault(Fault::Offset))
    }

    fn offsets(&self, at: usize, count: usize, width: usize) -> io::Result<Vec<usize>> {
        let table = self.bytes(at, at + count * width)?;
        let offset = |index| read_offset(&table, index * width, width);
        let offsets: Option<_> = (0..count).map(offset).collect();
        offsets.ok_or_else(|| self.fault(Fault::Offset))
    }

    fn bytes(&self, from: usize, to: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; to - from];
        let at = self.start.saturating_add(from as u64);
        self.source.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    fn fault(&self, fault: Fault) -> io::Error {
        let signature = self.signature.as_str().to_owned();
        FormatError::NotNormal { signature, fault }.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Opens a container as both readers do, and returns what is wrong with it.
    fn faults(signature: &str, bytes: &[u8]) -> [Option<String>; 2] {
        let far = Far::new(signature, &bytes, 0..bytes.len() as u64).unwrap();
        let opened = match signature.as_bytes().first() {
            Some(b'a') => far.elements(usize::MAX).map(drop),
            _ => far.members::<2>().map(drop),
        };
        let parsed = View::parse(signature, bytes).map(drop);
        [
            parsed.err().map(|error| error.to_string()),
            opened.err().map(|error| error.to_string()),
        ]
    }

    #[test]
    fn a_table_is_as_narrow_as_it_can_be() {
        let text = |len: usize| [vec![b'x'; len - 1], vec![0]].concat();
        let wide = |body: &[u8], end: u16| [body, &end.to_le_bytes()].concat();
        let narrow = |body: &[u8], end: u8| [body, &[end]].concat();
        let pair = [text(100), text(154)].concat();
        for (signature, body, end) in [("(ss)", pair, 100), ("as", text(254), 254)] {
            let [parsed, opened] = faults(signature, &wide(&body, end));
            assert!(parsed.is_some_and(|fault| fault.contains("as short as possible")));
            assert!(opened.is_some_and(|fault| fault.contains("as short as possible")));
            assert_eq!(faults(signature, &narrow(&body, end as u8)), [None, None]);
        }
        let [parsed, opened] = faults("as", b"\x01");
        assert!(parsed.is_some() && opened.is_some(), "bytes of no element");
    }

    #[test]
    fn a_variant_is_opened_only_as_what_it_is() {
        let value = Value::variant(&Value::tuple([Value::byte(7), Value::ay([1, 2])]));
        let bytes = value.bytes();
        let far = Far::new("v", &bytes, 0..bytes.len() as u64).unwrap();
        let child = far.child("(yay)").unwrap().expect("it is one");
        assert_eq!(child.place(), 0..3);
        assert_eq!(child.near(&mut 3).unwrap().bytes(), [7, 1, 2]);
        assert!(child.near(&mut 2).is_err());
        assert!(far.child("ay").unwrap().is_none());
        assert!(far.child("(yayyyyyyyyyyy)").unwrap().is_none());
    }
}
