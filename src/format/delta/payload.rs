//! What is in a part once it is unpacked.
//!
//! ```text
//! (a(uuu)aa(ayay)ayay)   modes    uid, gid, mode, big-endian; files of the part by index
//!                        xattrs   sets of extended attributes; by index as well
//!                        blob     the data that operations refer to by offset
//!                        ops      the operations, see `ops`
//! ```

use crate::format::{
    FileHeader, FormatError, Xattrs,
    gvariant::{Value, View},
};

/// The bits of a mode that name the file type.
const S_IFMT: u32 = 0o170_000;
/// File type of a symbolic link.
const S_IFLNK: u32 = 0o120_000;

/// An unpacked part. Tables are read entry by entry, so it costs no more than its bytes.
#[derive(Clone, Copy, Debug)]
pub struct PartPayload<'a> {
    modes: View<'a>,
    xattrs: View<'a>,
    blob: &'a [u8],
    ops: &'a [u8],
}

impl<'a> PartPayload<'a> {
    /// The type of an unpacked part.
    pub const TYPE: &'static str = "(a(uuu)aa(ayay)ayay)";

    /// Reads an unpacked part.
    pub fn decode(bytes: &'a [u8]) -> Result<PartPayload<'a>, FormatError> {
        let view = View::parse(Self::TYPE, bytes)?;
        let [modes, xattrs, blob, ops] = view.tuple().expect("the type has four members");
        Ok(PartPayload {
            modes,
            xattrs,
            blob: blob.bytes(),
            ops: ops.bytes(),
        })
    }

    /// Returns how many bytes there are in it.
    pub fn size(&self) -> usize {
        let tables = self.modes.bytes().len() + self.xattrs.bytes().len();
        tables + self.blob.len() + self.ops.len()
    }

    /// Returns the data that operations refer to.
    pub fn blob(&self) -> &'a [u8] {
        self.blob
    }

    /// Returns the operations.
    pub fn ops(&self) -> &'a [u8] {
        self.ops
    }

    /// Returns owner, group and mode of a table entry; whether a file can have it is not checked.
    pub fn mode(&self, index: usize) -> Option<FileMode> {
        let [uid, gid, mode] = self.modes.child(index)?.tuple()?;
        Some(FileMode {
            uid: uid.u32_be()?,
            gid: gid.u32_be()?,
            mode: mode.u32_be()?,
        })
    }

    /// Returns a set of extended attributes.
    pub fn xattrs(&self, index: usize) -> Result<Option<Xattrs>, FormatError> {
        self.xattrs.child(index).map(Xattrs::from_view).transpose()
    }
}

/// Who owns a file and what may be done with it, file type included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileMode {
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// Permissions and file type.
    pub mode: u32,
}

impl FileMode {
    /// Returns whether this is a symbolic link's.
    pub fn is_symlink(&self) -> bool {
        self.mode & S_IFMT == S_IFLNK
    }

    /// Returns the mode that stands in this header.
    pub fn of(header: &FileHeader) -> FileMode {
        FileMode {
            uid: header.uid,
            gid: header.gid,
            mode: header.mode,
        }
    }
}

/// What an unpacked part has before its blob, and what after it; so the blob need not be in one
/// piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadFrame {
    /// Both tables.
    pub before: Vec<u8>,
    /// The operations, and where the members end.
    pub after: Vec<u8>,
}

impl PayloadFrame {
    /// Frames a blob of so many bytes.
    pub fn new(modes: &[FileMode], xattrs: &[Xattrs], blob: u64, ops: Vec<u8>) -> PayloadFrame {
        let mode =
            |entry: &FileMode| Value::tuple([entry.uid, entry.gid, entry.mode].map(Value::u32_be));
        let mut before = Value::array("(uuu)", modes.iter().map(mode)).into_bytes();
        let modes_end = before.len() as u64;
        let xattrs = Value::array("a(ayay)", xattrs.iter().map(Xattrs::to_value));
        before.extend_from_slice(xattrs.bytes());
        let xattrs_end = before.len() as u64;
        let blob_end = xattrs_end + blob;
        let mut after = ops;
        let end = blob_end + after.len() as u64;
        // GVariant: members of variable size but the last, in reverse, in as few bytes as suffice.
        let width = [1, 2, 4]
            .into_iter()
            .find(|width| end + 3 * width < 1 << (8 * width))
            .unwrap_or(8);
        for member in [blob_end, xattrs_end, modes_end] {
            after.extend(member.to_le_bytes().iter().take(width as usize));
        }
        PayloadFrame { before, after }
    }
}

/// Writes an unpacked part.
pub fn encode_payload(modes: &[FileMode], xattrs: &[Xattrs], blob: &[u8], ops: Vec<u8>) -> Vec<u8> {
    let PayloadFrame { before, after } = PayloadFrame::new(modes, xattrs, blob.len() as u64, ops);
    [&before, blob, &after].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_gvariant_makes_of_its_members() {
        let modes = [1, 2].map(|uid| FileMode {
            uid,
            gid: 3,
            mode: 0o100644,
        });
        let xattrs = [Xattrs::default()];
        let table =
            |entry: &FileMode| Value::tuple([entry.uid, entry.gid, entry.mode].map(Value::u32_be));
        let lens = (200..280).chain(65_480..65_560).chain([0, 1, 70_000]);
        for (len, modes) in lens.flat_map(|len| [(len, &modes[..]), (len, &[])]) {
            let blob = vec![7; len];
            let ops = vec![9; 5];
            let whole = Value::tuple([
                Value::array("(uuu)", modes.iter().map(table)),
                Value::array("a(ayay)", xattrs.iter().map(Xattrs::to_value)),
                Value::ay(blob.clone()),
                Value::ay(ops.clone()),
            ]);
            let framed = encode_payload(modes, &xattrs, &blob, ops);
            assert!(framed == whole.bytes(), "{len}");
            let read = PartPayload::decode(&framed).unwrap();
            assert_eq!((read.blob().len(), read.ops().len()), (len, 5));
        }
    }
}
