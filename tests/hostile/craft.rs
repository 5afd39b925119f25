//! A release put together from raw bytes: everything in it can be wrong, and the rest is right.

use std::sync::LazyLock;

use airlock::format::delta::{DeltaName, Endian, FileMode, PartHeader, Superblock};
use airlock::format::gvariant::Value;
use airlock::format::{
    Checksum, Codec, Commit, DirMeta, DirTree, Encoded, FileHeader, Metadata, ObjectKind,
    ObjectName, SummaryRef, Xattrs, stored_xz,
};
use serde_json::json;

use crate::forge::{Forged, NOW, OLD, REF, TRUSTED, TWIN, summary_of};
use crate::handmade::Part;

/// An old file that the sites have, and its content.
pub static OLD_FILE: LazyLock<(Checksum, Vec<u8>)> = LazyLock::new(|| {
    let repo = &TWIN.1;
    let root = repo.commit(&OLD.parse().unwrap()).unwrap().tree;
    let (bin, _) = repo.tree(&root).unwrap().dir("bin").unwrap();
    let file = repo.tree(&bin).unwrap().file("hello").unwrap();
    let mut content = Vec::new();
    let mut object = repo.file(&file).unwrap();
    std::io::Read::read_to_end(&mut object.reader, &mut content).unwrap();
    (file, content)
});

/// The mode of what most attacks pretend to make.
pub const FILE: FileMode = FileMode {
    uid: 0,
    gid: 0,
    mode: 0o100_644,
};

/// What the headers say that a part makes, and the manifest that packs hold: enough for all.
const ROOM: u64 = 80 << 20;

/// A part in the making.
#[derive(Clone, Default)]
pub struct RawPart {
    pub modes: Vec<FileMode>,
    /// Values of the type `a(ayay)`.
    pub xattrs: Vec<Value>,
    pub blob: Vec<u8>,
    pub ops: Vec<u8>,
    pub objects: Vec<ObjectName>,
}

impl RawPart {
    /// A part with one mode, one empty set of xattrs and nothing to do.
    pub fn new() -> RawPart {
        RawPart {
            modes: vec![FILE],
            xattrs: vec![Xattrs::default().to_value()],
            ..RawPart::default()
        }
    }

    /// Adds to the blob; returns where.
    pub fn blob(&mut self, bytes: &[u8]) -> u64 {
        self.blob.extend_from_slice(bytes);
        (self.blob.len() - bytes.len()) as u64
    }

    /// Appends an operation.
    pub fn op(&mut self, code: u8, numbers: &[u64]) {
        self.ops.push(code);
        numbers
            .iter()
            .for_each(|number| write_number(&mut self.ops, *number));
    }

    /// Makes a metadata object of these bytes.
    pub fn metadata(&mut self, kind: ObjectKind, bytes: &[u8]) -> Checksum {
        let name = Checksum::of(bytes);
        let at = self.blob(bytes);
        self.op(b'S', &[bytes.len() as u64, at]);
        self.objects.push(ObjectName::new(name, kind));
        name
    }

    /// Makes a regular file, root's, of this content.
    pub fn file(&mut self, content: &[u8]) -> Checksum {
        let name = plain_file(content);
        let at = self.blob(content);
        self.op(b'S', &[0, 0, content.len() as u64, at]);
        self.objects.push(ObjectName::new(name, ObjectKind::File));
        name
    }

    /// The payload.
    pub fn payload(&self) -> Vec<u8> {
        let mode = |m: &FileMode| Value::tuple([m.uid, m.gid, m.mode].map(Value::u32_be));
        let payload = Value::tuple([
            Value::array("(uuu)", self.modes.iter().map(mode)),
            Value::array("a(ayay)", self.xattrs.iter().cloned()),
            Value::ay(self.blob.as_slice()),
            Value::ay(self.ops.as_slice()),
        ]);
        payload.into_bytes()
    }

    /// The file of the part, as airlock writes it.
    pub fn bytes(&self) -> Vec<u8> {
        [b"x", &stored_xz::encode(&self.payload())[..]].concat()
    }
}

/// The name of root's regular file of this content.
pub fn plain_file(content: &[u8]) -> Checksum {
    FileHeader::regular(0, 0, 0o644, Xattrs::default()).content_checksum(content)
}

/// Appends a number as operations have them.
pub fn write_number(out: &mut Vec<u8>, number: u64) {
    airlock::format::delta::varint::write(out, number);
}

/// Metadata of a directory: root's, 0755.
pub fn plain_meta() -> Vec<u8> {
    let meta = DirMeta {
        uid: 0,
        gid: 0,
        mode: 0o040_755,
        xattrs: Xattrs::default(),
    };
    meta.encode()
}

/// A directory of files.
pub fn tree_of(files: &[(&str, Checksum)]) -> Vec<u8> {
    let files = files
        .iter()
        .map(|(name, file)| ((*name).to_owned(), *file))
        .collect();
    DirTree::new(files, Vec::new()).unwrap().encode()
}

/// A release in the making.
pub struct Release {
    pub commit: Commit,
    pub from: Option<Checksum>,
    pub headers: Vec<PartHeader>,
    pub parts: Vec<Vec<u8>>,
    /// What stands in place of the commit's detached metadata.
    pub beside: Option<Value>,
    /// Files, as packs hold them.
    pub packed: Vec<(String, Vec<u8>)>,
    /// What stands in the superblock's metadata besides.
    pub extra: Metadata,
    /// What the manifest says of the size of its content; nothing for enough.
    pub content: Option<u64>,
}

impl Release {
    /// A release on top of the first one, with this root directory.
    pub fn new(tree: Checksum, meta: Checksum) -> Release {
        let mut metadata = Metadata::new();
        metadata.insert(Metadata::REF_BINDING, Value::strv([REF]));
        let commit = Commit {
            metadata,
            parent: Some(OLD.parse().unwrap()),
            subject: "Third".to_owned(),
            body: String::new(),
            timestamp: NOW - 500,
            tree,
            meta,
        };
        Release {
            from: commit.parent,
            commit,
            beside: None,
            headers: Vec::new(),
            parts: Vec::new(),
            packed: Vec::new(),
            extra: Metadata::new(),
            content: None,
        }
    }

    /// A release of one directory that holds one file `f`, which these data and operations make.
    pub fn of_file(file: Checksum, made_by: &RawPart) -> Release {
        let mut part = made_by.clone();
        let ops = std::mem::take(&mut part.ops);
        let tree = part.metadata(ObjectKind::DirTree, &tree_of(&[("f", file)]));
        let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
        part.ops.extend_from_slice(&ops);
        part.objects.push(ObjectName::new(file, ObjectKind::File));
        let mut release = Release::new(tree, meta);
        release.part(&part);
        release
    }

    /// A release of this root directory, nothing else.
    pub fn of_tree(tree: &[u8]) -> Release {
        let mut part = RawPart::new();
        let tree = part.metadata(ObjectKind::DirTree, tree);
        let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
        let mut release = Release::new(tree, meta);
        release.part(&part);
        release
    }

    /// Adds a part, described truly.
    pub fn part(&mut self, part: &RawPart) {
        self.raw_part(part.bytes(), &part.objects);
    }

    /// Adds a part of these bytes, its size and digest described truly.
    pub fn raw_part(&mut self, bytes: Vec<u8>, objects: &[ObjectName]) {
        self.headers.push(PartHeader {
            checksum: Checksum::of(&bytes),
            size: bytes.len() as u64,
            unpacked: ROOM,
            objects: objects.to_vec(),
        });
        self.parts.push(bytes);
    }

    /// The superblock and the commit in it.
    pub fn superblock(&self) -> (Superblock, Encoded<Commit>) {
        let commit = Encoded::encode(self.commit.clone());
        let name = DeltaName {
            from: self.from,
            to: commit.checksum(),
        };
        let mut beside = Metadata::new();
        beside.set_signatures(Metadata::GPGSIGS, &[TRUSTED.sign(commit.bytes())]);
        let beside = self.beside.clone().unwrap_or(beside.to_value());
        let mut metadata = Metadata::new();
        metadata.insert(Endian::KEY, Endian::Little.to_value());
        metadata.insert(name.commitmeta_key(), beside);
        for (key, value) in self.extra.iter() {
            metadata.insert(key, value.clone());
        }
        let superblock = Superblock {
            metadata,
            timestamp: NOW - 200,
            from: self.from,
            commit: commit.clone(),
            parts: self.headers.clone(),
            fallbacks: Vec::new(),
        };
        (superblock, commit)
    }

    /// The bundle, in which the rest is right.
    pub fn forged(&self) -> Forged {
        let (superblock, commit) = self.superblock();
        self.forged_around(&superblock.encode().unwrap(), &commit)
    }

    /// The bundle around another superblock.
    pub fn forged_around(&self, superblock: &[u8], commit: &Encoded<Commit>) -> Forged {
        let id = commit.checksum();
        let size = commit.bytes().len() as u64;
        let entry = SummaryRef::new(REF.parse().unwrap(), size, id, None, commit.timestamp);
        let mut members = summary_of(vec![entry], NOW - 60, &TRUSTED).to_vec();
        members.push(Part::plain("payload/0/superblock", superblock));
        for (index, part) in self.parts.iter().enumerate() {
            members.push(Part::zstd(&format!("payload/0/{index}.zst"), part, None));
        }
        if !self.packed.is_empty() {
            members.push(Part::pack("payload/0/objects-0.tar.zst", &self.packed));
        }
        let objects = || self.headers.iter().flat_map(|part| &part.objects);
        let count = |kind| objects().filter(|object| object.kind == kind).count();
        let enough = ROOM * (self.parts.len() as u64 + 1);
        let content = self.content.unwrap_or(enough);
        let release = json!({
            "ref": REF,
            "commit": id,
            "parent": commit.parent,
            "from": self.from.iter().collect::<Vec<_>>(),
            "version": commit.version(),
            "timestamp": commit.timestamp,
            "objects": {
                "commit": 1 + count(ObjectKind::Commit),
                "dirtree": count(ObjectKind::DirTree),
                "dirmeta": count(ObjectKind::DirMeta),
                "file": count(ObjectKind::File) + self.packed.len(),
            },
            "bytes": {"stored": 0, "content": content},
        });
        let mut forged = Forged::update();
        forged.manifest["releases"] = json!([release]);
        forged.manifest["refs-after"] = json!({REF: id});
        forged.members = members;
        forged
    }
}
