//! A file system in memory, and the log of everything that changed it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::XattrFlags;

/// The number of the uppermost directory.
pub const ROOT: u64 = 1;
const FILE: u32 = 0o100_000;
const DIR: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// What a file, directory or link is, besides its name.
#[derive(Clone, Debug)]
pub struct Node {
    pub about: About,
    pub xattrs: BTreeMap<String, Vec<u8>>,
    pub body: Body,
    /// How many names it has; counted anew when it is served.
    pub links: u32,
}

/// Mode with its kind, owner, and time of the last change.
#[derive(Clone, Copy, Debug, Default)]
pub struct About {
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime: (u64, u32),
}

#[derive(Clone, Debug)]
pub enum Body {
    File(Vec<u8>),
    Dir(BTreeMap<String, u64>),
    Link(String),
}

/// One step of what a process did.
#[derive(Clone, Debug)]
pub enum Op {
    /// A node that has no name yet.
    Make(u64, About, Body),
    /// Bytes at a place.
    Write(u64, usize, Vec<u8>),
    /// A file that is so long now.
    Resize(u64, usize),
    /// Mode, owner, time.
    Dress(u64, About),
    /// An extended attribute that is set, or removed.
    Xattr(u64, String, Option<Vec<u8>>),
    /// A name in a directory that is given, or taken away. A rename is two of these.
    Name(u64, String, Option<u64>),
    /// All of a file, or the names in a directory, are on the medium.
    Sync(u64),
    /// A file's bytes are on the medium.
    SyncData(u64),
    /// Everything is on the medium.
    SyncAll,
}

impl Op {
    /// The node that it changes.
    pub fn node(&self) -> Option<u64> {
        match self {
            Op::Make(node, ..)
            | Op::Write(node, ..)
            | Op::Resize(node, _)
            | Op::Dress(node, _)
            | Op::Xattr(node, ..)
            | Op::Name(node, ..)
            | Op::Sync(node)
            | Op::SyncData(node) => Some(*node),
            Op::SyncAll => None,
        }
    }
}

impl Node {
    /// A node as it comes into being.
    pub fn new(about: About, body: Body) -> Node {
        Node {
            about,
            xattrs: BTreeMap::new(),
            body,
            links: 0,
        }
    }

    /// The names in a directory.
    pub fn names(&self) -> Option<&BTreeMap<String, u64>> {
        match &self.body {
            Body::Dir(names) => Some(names),
            _ => None,
        }
    }

    /// Does what a step says, as far as it concerns one node.
    pub fn apply(&mut self, op: &Op) {
        match (op, &mut self.body) {
            (Op::Write(_, offset, bytes), Body::File(file)) => {
                let end = offset + bytes.len();
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[*offset..end].copy_from_slice(bytes);
            }
            (Op::Resize(_, size), Body::File(file)) => file.resize(*size, 0),
            (Op::Name(_, name, Some(node)), Body::Dir(names)) => {
                names.insert(name.clone(), *node);
            }
            (Op::Name(_, name, None), Body::Dir(names)) => {
                names.remove(name);
            }
            (Op::Dress(_, about), _) => self.about = *about,
            (Op::Xattr(_, name, Some(value)), _) => {
                self.xattrs.insert(name.clone(), value.clone());
            }
            (Op::Xattr(_, name, None), _) => {
                self.xattrs.remove(name);
            }
            _ => {}
        }
    }
}

/// Nodes by their number, from [`ROOT`] on.
pub type Tree = BTreeMap<u64, Node>;

/// Reads a directory of this machine.
pub fn load(root: &Path) -> Tree {
    let mut tree = Tree::new();
    add(&mut tree, root);
    tree
}

fn add(tree: &mut Tree, path: &Path) -> u64 {
    let number = tree.len() as u64 + ROOT;
    let stat = fs::symlink_metadata(path).unwrap();
    let about = About {
        mode: stat.mode(),
        uid: stat.uid(),
        gid: stat.gid(),
        mtime: (stat.mtime().try_into().unwrap(), 0),
    };
    let body = match stat.mode() & 0o170_000 {
        LINK => Body::Link(fs::read_link(path).unwrap().to_str().unwrap().to_owned()),
        DIR => Body::Dir(BTreeMap::new()),
        _ => Body::File(fs::read(path).unwrap()),
    };
    let mut node = Node::new(about, body);
    if stat.mode() & 0o170_000 != LINK {
        node.xattrs = xattrs(path);
    }
    tree.insert(number, node);
    if stat.is_dir() {
        for entry in fs::read_dir(path).unwrap().map(Result::unwrap) {
            let child = add(tree, &entry.path());
            let name = entry.file_name().into_string().unwrap();
            let op = Op::Name(number, name, Some(child));
            tree.get_mut(&number).unwrap().apply(&op);
        }
    }
    number
}

fn xattrs(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let found = airlock::repo::read_xattrs(fs::File::open(path).unwrap()).unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let pairs = found.into_iter().map(|(name, value)| (text(name), value));
    pairs
        .map(|(name, value)| (name.trim_end_matches('\0').to_owned(), value))
        .collect()
}

/// Writes a tree into a directory that is not there yet.
pub fn store(tree: &Tree, root: &Path) {
    put(tree, ROOT, root);
}

fn put(tree: &Tree, number: u64, path: &Path) {
    let node = &tree[&number];
    match &node.body {
        Body::Link(target) => return std::os::unix::fs::symlink(target, path).unwrap(),
        Body::File(bytes) => fs::write(path, bytes).unwrap(),
        Body::Dir(names) => {
            fs::create_dir(path).unwrap();
            for (name, child) in names {
                put(tree, *child, &path.join(name));
            }
        }
    }
    fs::set_permissions(path, PermissionsExt::from_mode(node.about.mode & 0o7777)).unwrap();
    for (name, value) in &node.xattrs {
        rustix::fs::setxattr(path, name.as_str(), value, XattrFlags::empty()).unwrap();
    }
}

/// Every path with its mode and bytes: what two trees differ in, one sees in these.
pub fn listing(tree: &Tree) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    list(tree, ROOT, String::new(), &mut found);
    found
}

fn list(tree: &Tree, number: u64, path: String, found: &mut BTreeMap<String, String>) {
    let Node {
        about,
        xattrs,
        body,
        ..
    } = &tree[&number];
    let body = match body {
        Body::Link(target) => format!("-> {target}"),
        Body::File(bytes) => {
            let digest = airlock::format::Checksum::of(bytes);
            format!("{} bytes, {digest}", bytes.len())
        }
        Body::Dir(names) => {
            for (name, child) in names {
                list(tree, *child, format!("{path}/{name}"), found);
            }
            "directory".to_owned()
        }
    };
    let xattrs: Vec<_> = xattrs.keys().collect();
    found.insert(path, format!("{:o} {xattrs:?} {body}", about.mode));
}

/// The mode of a new file.
pub fn file_mode(mode: u32) -> u32 {
    FILE | mode & 0o7777
}

/// The mode of a new directory.
pub fn dir_mode(mode: u32) -> u32 {
    DIR | mode & 0o7777
}

/// The mode of a symbolic link.
pub fn link_mode() -> u32 {
    LINK | 0o777
}
