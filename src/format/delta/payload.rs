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

/// Writes an unpacked part.
pub fn encode_payload(
    modes: &[FileMode],
    xattrs: &[Xattrs],
    blob: Vec<u8>,
    ops: Vec<u8>,
) -> Vec<u8> {
    let mode =
        |entry: &FileMode| Value::tuple([entry.uid, entry.gid, entry.mode].map(Value::u32_be));
    Value::tuple([
        Value::array("(uuu)", modes.iter().map(mode)),
        Value::array("a(ayay)", xattrs.iter().map(Xattrs::to_value)),
        Value::ay(blob),
        Value::ay(ops),
    ])
    .into_bytes()
}
