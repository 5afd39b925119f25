//! The trees of the fixtures again, as a tar or as a directory.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use airlock::format::{Checksum, Codec, DirMeta, FileHeader, Xattrs};
use airlock::repo::Repo;
use rustix::fs::{Gid, Uid, XattrFlags};

use crate::repo::objects::fixture;

/// Visits a commit's tree from the root down: path, owner, and content for a file.
pub enum Node<'n> {
    /// A directory.
    Dir(&'n DirMeta),
    /// A file or link with its content.
    File(&'n FileHeader, &'n [u8]),
}

/// Visits every directory and file of a commit in the fixture archive.
pub fn visit(commit: &Checksum, mut each: impl FnMut(&str, Node<'_>)) {
    let (_dir, repo) = fixture("archive-repo");
    let commit = repo.commit(commit).unwrap();
    visit_dir(&repo, "", &commit.tree, &commit.meta, &mut each);
}

fn visit_dir(
    repo: &Repo,
    path: &str,
    tree: &Checksum,
    meta: &Checksum,
    each: &mut impl FnMut(&str, Node<'_>),
) {
    each(path, Node::Dir(&repo.dirmeta(meta).unwrap()));
    let tree = repo.tree(tree).unwrap();
    for (name, checksum) in &tree.files {
        let mut file = repo.file(checksum).unwrap();
        let mut content = Vec::new();
        file.reader.read_to_end(&mut content).unwrap();
        each(
            &format!("{path}/{name}"),
            Node::File(&file.header, &content),
        );
    }
    for (name, tree, meta) in &tree.dirs {
        visit_dir(repo, &format!("{path}/{name}"), tree, meta, each);
    }
}

/// Writes a commit of the fixture as a tar.
pub fn write_tar(commit: &Checksum, path: &Path) {
    let mut tar = tar::Builder::new(File::create(path).unwrap());
    visit(commit, |path, node| {
        let path = format!(".{path}");
        let (uid, gid, mode, xattrs) = match &node {
            Node::Dir(meta) => (meta.uid, meta.gid, meta.mode, &meta.xattrs),
            Node::File(header, _) => (header.uid, header.gid, header.mode, &header.xattrs),
        };
        append_xattrs(&mut tar, xattrs);
        let mut header = tar::Header::new_gnu();
        header.set_uid(uid.into());
        header.set_gid(gid.into());
        header.set_mode(mode & 0o7777);
        header.set_size(0);
        match node {
            Node::Dir(_) => {
                header.set_entry_type(tar::EntryType::Directory);
                tar.append_data(&mut header, path, &[][..]).unwrap();
            }
            Node::File(
                FileHeader {
                    target: Some(target),
                    ..
                },
                _,
            ) => {
                header.set_entry_type(tar::EntryType::Symlink);
                tar.append_link(&mut header, path, target).unwrap();
            }
            Node::File(_, content) => {
                header.set_size(content.len() as u64);
                tar.append_data(&mut header, path, content).unwrap();
            }
        }
    });
    tar.finish().unwrap();
}

/// Writes an extended header with the attributes of the next member.
fn append_xattrs(tar: &mut tar::Builder<File>, xattrs: &Xattrs) {
    let named = |(name, value): (&[u8], &[u8])| {
        let name = String::from_utf8(name.to_vec()).unwrap();
        (format!("SCHILY.xattr.{name}"), value.to_vec())
    };
    let pairs: Vec<(String, Vec<u8>)> = xattrs.iter().map(named).collect();
    let pairs = pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_slice()));
    tar.append_pax_extensions(pairs).unwrap();
}

/// Writes a commit of the fixture as a directory; **as root**, for owners and closed files.
pub fn write_dir(commit: &Checksum, root: &Path) {
    let mut modes = Vec::new();
    visit(commit, |path, node| {
        let path = root.join(path.trim_start_matches('/'));
        let (uid, gid, mode, xattrs) = match &node {
            Node::Dir(meta) => (meta.uid, meta.gid, meta.mode, &meta.xattrs),
            Node::File(header, _) => (header.uid, header.gid, header.mode, &header.xattrs),
        };
        match &node {
            Node::Dir(_) => fs::create_dir_all(&path).unwrap(),
            Node::File(
                FileHeader {
                    target: Some(target),
                    ..
                },
                _,
            ) => {
                return symlink(target, &path).unwrap();
            }
            Node::File(_, content) => fs::write(&path, content).unwrap(),
        }
        let file = File::open(&path).unwrap();
        rustix::fs::fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))).unwrap();
        for (name, value) in xattrs.iter() {
            rustix::fs::fsetxattr(&file, name, value, XattrFlags::empty()).unwrap();
        }
        modes.push((path, mode));
    });
    for (path, mode) in modes {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o7777)).unwrap();
    }
}

/// Returns the checksum of a dirmeta.
pub fn dirmeta(uid: u32, mode: u32) -> Checksum {
    let meta = DirMeta {
        uid,
        gid: 0,
        mode: 0o040_000 | mode,
        xattrs: Xattrs::default(),
    };
    Checksum::of(&meta.encode())
}
