//! How owners, modes and extended attributes change on the way into a commit.
//!
//! | | regular file, directory | link |
//! |---|---|---|
//! | `--owner-uid`, `--owner-gid` | owner replaced | the same |
//! | `--no-xattrs` | none | none |
//! | canonical, from a directory | owner 0, mode & 0755, no xattrs | owner 0, no xattrs |
//! | canonical, from a tar | owner 0, mode & 0755 | owner 0 |
//! | into bare | no empty xattrs | mode 0777, no empty xattrs |
//! | into bare-user-only | owner 0, mode & 0755, no xattrs | owner 0, mode 0777, no xattrs |

use crate::format::{DirMeta, FileHeader, Xattrs};
use crate::repo::Mode;

/// What becomes of extended attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XattrPolicy {
    /// They are kept.
    #[default]
    Keep,
    /// They are left out.
    Drop,
}

/// What becomes of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Permissions {
    /// They are kept.
    #[default]
    Keep,
    /// They become what every mode of repository can hold.
    Canonical,
}

/// What changes on the way.
#[derive(Clone, Debug, Default)]
pub struct Modifier {
    /// The owner of everything.
    pub owner_uid: Option<u32>,
    /// The group of everything.
    pub owner_gid: Option<u32>,
    /// What becomes of extended attributes.
    pub xattrs: XattrPolicy,
    /// What becomes of permissions.
    pub permissions: Permissions,
}

/// Where a file was found; canonical permissions mean less for a tar, as they do for `ostree commit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Directory,
    Tar,
}

/// A modifier, and the mode of the repository it works for.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    modifier: Modifier,
    mode: Mode,
}

/// The permissions that are left by canonical ones, and the bits that say what kind of file it is.
const CANONICAL: u32 = 0o170_755;
/// The only mode that Linux gives a link; a tar may say otherwise, but a bare repository cannot.
const LINK_MODE: u32 = 0o120_777;

impl Modifier {
    /// Binds the modifier to the mode of a repository.
    pub(super) fn within(&self, mode: Mode) -> Rules {
        let modifier = self.clone();
        Rules { modifier, mode }
    }
}

impl Rules {
    /// Tells whether extended attributes need to be read at all.
    pub fn wants_xattrs(&self, origin: Origin) -> bool {
        let canonical = self.modifier.permissions == Permissions::Canonical;
        self.modifier.xattrs == XattrPolicy::Keep
            && self.mode != Mode::BareUserOnly
            && !(canonical && origin == Origin::Directory)
    }

    /// Changes the header of a file or link.
    pub fn file(&self, origin: Origin, mut header: FileHeader) -> FileHeader {
        if self.mode == Mode::BareUserOnly {
            return header.canonical();
        }
        if self.modifier.permissions == Permissions::Canonical {
            (header.uid, header.gid) = (0, 0);
            if !header.is_symlink() {
                header.mode &= CANONICAL;
            }
        }
        if self.mode == Mode::Bare && header.is_symlink() {
            header.mode = LINK_MODE;
        }
        header.uid = self.modifier.owner_uid.unwrap_or(header.uid);
        header.gid = self.modifier.owner_gid.unwrap_or(header.gid);
        header.xattrs = self.xattrs(origin, header.xattrs);
        header
    }

    /// Changes the metadata of a directory.
    pub fn dir(&self, origin: Origin, mut meta: DirMeta) -> DirMeta {
        if self.mode == Mode::BareUserOnly {
            return meta.canonical();
        }
        if self.modifier.permissions == Permissions::Canonical {
            (meta.uid, meta.gid, meta.mode) = (0, 0, meta.mode & CANONICAL);
        }
        meta.uid = self.modifier.owner_uid.unwrap_or(meta.uid);
        meta.gid = self.modifier.owner_gid.unwrap_or(meta.gid);
        meta.xattrs = self.xattrs(origin, meta.xattrs);
        meta
    }

    /// libostree passes over empty values when it reads a file, so a bare repository that held one
    /// would look corrupt to it.
    fn xattrs(&self, origin: Origin, xattrs: Xattrs) -> Xattrs {
        match (self.wants_xattrs(origin), self.mode) {
            (false, _) => Xattrs::default(),
            (true, Mode::Bare) => without_empty(&xattrs),
            (true, _) => xattrs,
        }
    }
}

fn without_empty(xattrs: &Xattrs) -> Xattrs {
    let filled = xattrs.iter().filter(|(_, value)| !value.is_empty());
    let pairs = filled.map(|(name, value)| (name.to_vec(), value.to_vec()));
    Xattrs::new(pairs).expect("they were sorted and unique before")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xattrs() -> Xattrs {
        let pair = |name: &[u8], value: &[u8]| (name.to_vec(), value.to_vec());
        Xattrs::new([pair(b"user.empty", b""), pair(b"user.full", b"1")]).unwrap()
    }

    #[test]
    fn files_change_as_the_table_says() {
        use Origin::{Directory, Tar};
        let canonical = Permissions::Canonical;
        let table = [
            (Mode::Archive, Permissions::Keep, Tar, (7, 0o106_775, 2)),
            (Mode::Bare, Permissions::Keep, Tar, (7, 0o106_775, 1)),
            (
                Mode::BareUserOnly,
                Permissions::Keep,
                Tar,
                (0, 0o100_755, 0),
            ),
            (Mode::Archive, canonical, Tar, (0, 0o100_755, 2)),
            (Mode::Archive, canonical, Directory, (0, 0o100_755, 0)),
        ];
        for (mode, permissions, origin, expected) in table {
            let modifier = Modifier {
                permissions,
                ..Modifier::default()
            };
            let header = FileHeader::regular(7, 7, 0o6775, xattrs());
            let header = modifier.within(mode).file(origin, header);
            let found = (header.uid, header.mode, header.xattrs.len());
            assert_eq!(found, expected, "{mode} {permissions:?} {origin:?}");
        }
    }

    #[test]
    fn links_have_the_mode_that_the_repository_can_hold() {
        let table = [
            (Mode::Archive, 0o120_644),
            (Mode::BareUser, 0o120_644),
            (Mode::Bare, 0o120_777),
            (Mode::BareUserOnly, 0o120_777),
        ];
        for (mode, expected) in table {
            let link = FileHeader::symlink(0, 0, "target", Xattrs::default());
            let link = FileHeader {
                mode: 0o120_644,
                ..link
            };
            let link = Modifier::default().within(mode).file(Origin::Tar, link);
            assert_eq!(link.mode, expected, "{mode}");
        }
    }
}
