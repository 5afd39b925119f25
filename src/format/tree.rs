//! Directories: dirtree, the names; dirmeta, the owner, mode and xattrs.
//!
//! ```text
//! dirtree  (a(say)a(sayay))   files: name, file   directories: name, dirtree, dirmeta
//! dirmeta  (uuua(ayay))       uid, gid, mode (all big-endian), xattrs
//! ```
//!
//! libostree lets through unsorted, repeated, empty and overlong names; such a tree cannot be
//! checked out, or not as two readers agree, so it is refused here.

use super::encoded::Codec;
use super::gvariant::{Value, View};
use super::limits::MAX_NAME;
use super::{Checksum, FormatError, Xattrs};

/// The bits of a mode that say what kind of file it is.
pub(super) const S_IFMT: u32 = 0o170_000;
const S_IFDIR: u32 = 0o040_000;
/// The bits of a mode that may be set besides: permissions, setuid, setgid, sticky.
pub(super) const PERMISSIONS: u32 = 0o7777;
/// The permissions that bare-user-only repositories can keep.
pub(super) const CANONICAL_PERMISSIONS: u32 = 0o755;

/// The names in a directory. Symlinks are files here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DirTree {
    /// Name and file object, sorted by name.
    pub files: Vec<(String, Checksum)>,
    /// Name, dirtree and dirmeta, sorted by name.
    pub dirs: Vec<(String, Checksum, Checksum)>,
}

impl DirTree {
    /// Sorts entries into a directory; names that cannot be, or occur twice, are refused.
    pub fn new(
        mut files: Vec<(String, Checksum)>,
        mut dirs: Vec<(String, Checksum, Checksum)>,
    ) -> Result<DirTree, FormatError> {
        files.sort_by(|a, b| a.0.cmp(&b.0));
        dirs.sort_by(|a, b| a.0.cmp(&b.0));
        let tree = DirTree { files, dirs };
        tree.check()?;
        Ok(tree)
    }

    /// Returns the file of a name.
    pub fn file(&self, name: &str) -> Option<Checksum> {
        let at = self
            .files
            .binary_search_by(|(other, _)| other.as_str().cmp(name))
            .ok()?;
        self.files.get(at).map(|(_, file)| *file)
    }

    /// Returns the dirtree and dirmeta of a name.
    pub fn dir(&self, name: &str) -> Option<(Checksum, Checksum)> {
        let at = self
            .dirs
            .binary_search_by(|(other, ..)| other.as_str().cmp(name))
            .ok()?;
        self.dirs.get(at).map(|(_, tree, meta)| (*tree, *meta))
    }

    /// Checks a directory as decoding does, and keeps of it what it names: its files, and the
    /// dirtree and dirmeta of each of its directories.
    pub fn targets(bytes: &[u8]) -> Result<Targets, FormatError> {
        let (files, dirs) = read(bytes)?;
        let files = files.iter().map(|(_, file)| *file);
        let dirs = dirs.iter().map(|(_, tree, meta)| (*tree, *meta));
        Ok((files.collect(), dirs.collect()))
    }

    fn check(&self) -> Result<(), FormatError> {
        let files = || self.files.iter().map(|(name, _)| name.as_str());
        let dirs = || self.dirs.iter().map(|(name, ..)| name.as_str());
        check(files, dirs)
    }
}

/// What a directory names, without the names.
type Targets = (Box<[Checksum]>, Box<[(Checksum, Checksum)]>);
/// Entries whose names stand where they were read.
type Files<'a> = Vec<(&'a str, Checksum)>;
type Dirs<'a> = Vec<(&'a str, Checksum, Checksum)>;

/// Reads a directory by the strict rules; its names are not copied.
fn read(bytes: &[u8]) -> Result<(Files<'_>, Dirs<'_>), FormatError> {
    let view = View::parse("(a(say)a(sayay))", bytes)?;
    let short = || FormatError::Truncated(DirTree::WHAT);
    let [in_files, in_dirs] = view.tuple().ok_or_else(short)?;
    let mut files = Vec::with_capacity(in_files.len());
    for entry in in_files.iter() {
        let [name, file] = entry.tuple().ok_or_else(short)?;
        let name = name.as_str().ok_or_else(short)?;
        files.push((name, Checksum::from_slice(file.bytes())?));
    }
    let mut dirs = Vec::with_capacity(in_dirs.len());
    for entry in in_dirs.iter() {
        let [name, subtree, meta] = entry.tuple().ok_or_else(short)?;
        let name = name.as_str().ok_or_else(short)?;
        let subtree = Checksum::from_slice(subtree.bytes())?;
        dirs.push((name, subtree, Checksum::from_slice(meta.bytes())?));
    }
    check(
        || files.iter().map(|(name, _)| *name),
        || dirs.iter().map(|(name, ..)| *name),
    )?;
    Ok((files, dirs))
}

fn check<'a, F, D>(files: impl Fn() -> F, dirs: impl Fn() -> D) -> Result<(), FormatError>
where
    F: Iterator<Item = &'a str>,
    D: Iterator<Item = &'a str>,
{
    check_names(files())?;
    check_names(dirs())?;
    // Both are sorted now, so a name in both is met when they are walked side by side.
    let mut others = dirs().peekable();
    for name in files() {
        while others.next_if(|other| *other < name).is_some() {}
        if others.peek() == Some(&name) {
            return Err(duplicate(name));
        }
    }
    Ok(())
}

fn duplicate(name: &str) -> FormatError {
    FormatError::Duplicate {
        what: DirTree::WHAT,
        name: name.to_owned(),
    }
}

fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), FormatError> {
    let mut previous = None;
    for name in names {
        if !is_file_name(name) {
            return Err(FormatError::Name {
                what: DirTree::WHAT,
                name: name.to_owned(),
            });
        }
        if previous == Some(name) {
            return Err(duplicate(name));
        }
        if previous > Some(name) {
            return Err(FormatError::Unsorted {
                what: DirTree::WHAT,
                name: name.to_owned(),
            });
        }
        previous = Some(name);
    }
    Ok(())
}

/// Tells whether a name can be that of a file in a directory.
pub fn is_file_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && name.len() <= MAX_NAME && !name.contains(['/', '\0'])
}

impl Codec for DirTree {
    const WHAT: &'static str = "dirtree";

    fn decode(bytes: &[u8]) -> Result<DirTree, FormatError> {
        let (files, dirs) = read(bytes)?;
        let files = files
            .into_iter()
            .map(|(name, file)| (name.to_owned(), file));
        let dirs = dirs.into_iter();
        let dirs = dirs.map(|(name, tree, meta)| (name.to_owned(), tree, meta));
        Ok(DirTree {
            files: files.collect(),
            dirs: dirs.collect(),
        })
    }

    fn encode(&self) -> Vec<u8> {
        let ay = |checksum: &Checksum| Value::ay(*checksum.as_bytes());
        let files = self
            .files
            .iter()
            .map(|(name, file)| Value::tuple([Value::str(name), ay(file)]));
        let dirs = self
            .dirs
            .iter()
            .map(|(name, tree, meta)| Value::tuple([Value::str(name), ay(tree), ay(meta)]));
        Value::tuple([Value::array("(say)", files), Value::array("(sayay)", dirs)]).into_bytes()
    }
}

/// The owner, mode and xattrs of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DirMeta {
    /// The user that owns it.
    pub uid: u32,
    /// The group that owns it.
    pub gid: u32,
    /// Its mode, with the bits that say it is a directory.
    pub mode: u32,
    /// Its extended attributes.
    pub xattrs: Xattrs,
}

impl DirMeta {
    /// Returns what bare-user-only repositories, and `--canonical-permissions`, keep of it.
    pub fn canonical(&self) -> DirMeta {
        let mode = S_IFDIR | self.mode & CANONICAL_PERMISSIONS;
        DirMeta {
            uid: 0,
            gid: 0,
            mode,
            xattrs: Xattrs::default(),
        }
    }
}

impl Codec for DirMeta {
    const WHAT: &'static str = "dirmeta";

    fn decode(bytes: &[u8]) -> Result<DirMeta, FormatError> {
        let (uid, gid, mode, xattrs) = decode_owner(DirMeta::WHAT, bytes)?;
        if mode & S_IFMT != S_IFDIR || mode & !(S_IFMT | PERMISSIONS) != 0 {
            return Err(FormatError::Mode {
                what: DirMeta::WHAT,
                mode,
            });
        }
        Ok(DirMeta {
            uid,
            gid,
            mode,
            xattrs,
        })
    }

    fn encode(&self) -> Vec<u8> {
        encode_owner(self.uid, self.gid, self.mode, &self.xattrs)
    }
}

/// Reads `(uuua(ayay))`, which is a dirmeta and a `user.ostreemeta`.
pub(super) fn decode_owner(
    what: &'static str,
    bytes: &[u8],
) -> Result<(u32, u32, u32, Xattrs), FormatError> {
    let view = View::parse("(uuua(ayay))", bytes)?;
    let numbers = || {
        let [uid, gid, mode, xattrs] = view.tuple()?;
        Some((uid.u32_be()?, gid.u32_be()?, mode.u32_be()?, xattrs))
    };
    let (uid, gid, mode, xattrs) = numbers().ok_or(FormatError::Truncated(what))?;
    Ok((uid, gid, mode, Xattrs::from_view(xattrs)?))
}

/// Writes `(uuua(ayay))`.
pub(super) fn encode_owner(uid: u32, gid: u32, mode: u32, xattrs: &Xattrs) -> Vec<u8> {
    let [uid, gid, mode] = [uid, gid, mode].map(Value::u32_be);
    Value::tuple([uid, gid, mode, xattrs.to_value()]).into_bytes()
}
