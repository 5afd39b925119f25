//! The bytecode of a delta part: how to make the objects that the part's header lists.
//!
//! | byte | operation | arguments, as [numbers](super::varint) in this order |
//! |---|---|---|
//! | `S` | splice a metadata object | length, offset |
//! | `S` | splice a content object | mode index, xattr index, length, offset |
//! | `o` | open a regular file | mode index, xattr index, content size |
//! | `w` | write from the read source, or from the blob | length, offset |
//! | `r` | set the read source | offset of a raw checksum in the blob |
//! | `R` | unset the read source | |
//! | `c` | close the object, unset the read source | |
//! | `B` | write the read source, patched | offset, length |
//!
//! The two forms of `S` share a byte; the kind of the object that is due tells them apart, so a
//! reader walks the object list along with the operations. Note that `B` has its arguments in the
//! other order.

use super::{DeltaFault, varint};

/// A range of a part's data blob, or of a read source; not yet held against its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub offset: u64,
    /// How long it is.
    pub len: u64,
}

/// How a content object looks apart from its content: indices into the part's tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Index into the table of modes.
    pub mode: u64,
    /// Index into the table of extended attribute sets.
    pub xattrs: u64,
}

/// One operation of a delta part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// The next object is metadata, and these bytes of the blob are it.
    SpliceMetadata(Span),
    /// The next object is a file whose content, or a symbolic link whose target, is in the blob.
    SpliceContent(Look, Span),
    /// The next object is a regular file of this size; its content follows by other operations.
    Open(Look, u64),
    /// Appends a range of the read source, or of the blob when none is set.
    Write(Span),
    /// Sets the read source: the file object whose raw checksum stands at this offset of the blob.
    SetSource(u64),
    /// Unsets the read source.
    UnsetSource,
    /// The open object is complete; unsets the read source.
    Close,
    /// Writes the read source, patched with this range of the blob.
    Patch(Span),
}

impl Op {
    /// Takes one operation off the front of `bytes`; `metadata` tells what kind of object is due.
    pub fn decode(bytes: &mut &[u8], metadata: bool) -> Result<Op, DeltaFault> {
        let (&code, rest) = bytes.split_first().ok_or(DeltaFault::NumberTruncated)?;
        *bytes = rest;
        match code {
            b'S' if metadata => len_offset(bytes).map(Op::SpliceMetadata),
            b'S' => Ok(Op::SpliceContent(look(bytes)?, len_offset(bytes)?)),
            b'o' => Ok(Op::Open(look(bytes)?, varint::read(bytes)?)),
            b'w' => len_offset(bytes).map(Op::Write),
            b'r' => varint::read(bytes).map(Op::SetSource),
            b'R' => Ok(Op::UnsetSource),
            b'c' => Ok(Op::Close),
            b'B' => Ok(Op::Patch(Span {
                offset: varint::read(bytes)?,
                len: varint::read(bytes)?,
            })),
            other => Err(DeltaFault::UnknownOperation(other)),
        }
    }

    /// Appends the operation to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let (code, numbers): (u8, &[u64]) = match self {
            Op::SpliceMetadata(span) => (b'S', &[span.len, span.offset]),
            Op::SpliceContent(look, span) => {
                (b'S', &[look.mode, look.xattrs, span.len, span.offset])
            }
            Op::Open(look, size) => (b'o', &[look.mode, look.xattrs, *size]),
            Op::Write(span) => (b'w', &[span.len, span.offset]),
            Op::SetSource(offset) => (b'r', &[*offset]),
            Op::UnsetSource => (b'R', &[]),
            Op::Close => (b'c', &[]),
            Op::Patch(span) => (b'B', &[span.offset, span.len]),
        };
        out.push(code);
        for &number in numbers {
            varint::write(out, number);
        }
    }

    /// Returns whether the object that was due is complete after this operation.
    pub fn completes_object(&self) -> bool {
        matches!(
            self,
            Op::SpliceMetadata(_) | Op::SpliceContent(..) | Op::Close
        )
    }
}

impl Span {
    /// Returns the range of `bytes` that this span names, if all of it is there.
    pub fn of<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        let end = start.checked_add(usize::try_from(self.len).ok()?)?;
        bytes.get(start..end)
    }
}

fn look(bytes: &mut &[u8]) -> Result<Look, DeltaFault> {
    Ok(Look {
        mode: varint::read(bytes)?,
        xattrs: varint::read(bytes)?,
    })
}

fn len_offset(bytes: &mut &[u8]) -> Result<Span, DeltaFault> {
    let len = varint::read(bytes)?;
    let offset = varint::read(bytes)?;
    Ok(Span { offset, len })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOOK: Look = Look { mode: 1, xattrs: 2 };
    const SPAN: Span = Span {
        offset: 200,
        len: 3,
    };

    #[test]
    fn every_operation_is_laid_out_as_the_table_says() {
        let table: [(Op, &[u8]); 8] = [
            (Op::SpliceMetadata(SPAN), b"S\x03\xc8\x01"),
            (Op::SpliceContent(LOOK, SPAN), b"S\x01\x02\x03\xc8\x01"),
            (Op::Open(LOOK, 9), b"o\x01\x02\x09"),
            (Op::Write(SPAN), b"w\x03\xc8\x01"),
            (Op::SetSource(7), b"r\x07"),
            (Op::UnsetSource, b"R"),
            (Op::Close, b"c"),
            (Op::Patch(SPAN), b"B\xc8\x01\x03"),
        ];
        for (op, want) in table {
            let mut bytes = Vec::new();
            op.encode(&mut bytes);
            assert_eq!(bytes, want, "{op:?}");
            let metadata = matches!(op, Op::SpliceMetadata(_));
            assert_eq!(Op::decode(&mut &*bytes, metadata), Ok(op));
        }
    }

    #[test]
    fn spans_outside_the_bytes_are_none() {
        let span = |offset, len| Span { offset, len };
        assert_eq!(span(1, 2).of(b"abc"), Some(&b"bc"[..]));
        assert_eq!(span(3, 0).of(b"abc"), Some(&b""[..]));
        for bad in [span(1, 3), span(4, 0), span(u64::MAX, 2), span(2, u64::MAX)] {
            assert_eq!(bad.of(b"abc"), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..40), metadata: bool) {
            let mut rest = bytes.as_slice();
            while !rest.is_empty() && Op::decode(&mut rest, metadata).is_ok() {}
        }
    }
}
