//! Bundles made by hand, member by member, so that each can be wrong in exactly one way.

use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use airlock::format::Checksum;
use serde_json::{Value, json};

/// The chunk size of the format.
pub const CHUNK: usize = 4 << 20;

/// A member: its name, its bytes, and what the manifest says of its inside.
#[derive(Clone)]
pub struct Part {
    pub name: String,
    pub bytes: Vec<u8>,
    pub unpacked: Option<u64>,
    pub objects: Option<u64>,
}

impl Part {
    /// A member that is not compressed.
    pub fn plain(name: &str, bytes: &[u8]) -> Self {
        Part {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
            unpacked: None,
            objects: None,
        }
    }

    /// A member under zstd.
    pub fn zstd(name: &str, unpacked: &[u8], objects: Option<u64>) -> Self {
        let bytes = zstd::encode_all(unpacked, 1).unwrap();
        Part {
            name: name.to_owned(),
            bytes,
            unpacked: Some(unpacked.len() as u64),
            objects,
        }
    }

    /// A pack of objects, given as they shall stand in it.
    pub fn pack(name: &str, objects: &[(String, Vec<u8>)]) -> Self {
        Part::zstd(name, &tar_of(objects), Some(objects.len() as u64))
    }

    /// What a manifest says of this member.
    pub fn entry(&self) -> Value {
        let chunks: Vec<_> = self
            .bytes
            .chunks(CHUNK)
            .map(|c| Checksum::of(c).to_string())
            .collect();
        let sha256 = Checksum::of(&self.bytes).to_string();
        let mut entry = json!({"name": self.name, "size": self.bytes.len(), "sha256": sha256, "chunks": chunks});
        for (key, value) in [("unpacked", self.unpacked), ("objects", self.objects)] {
            if let Some(value) = value {
                entry[key] = value.into();
            }
        }
        entry
    }
}

/// A `.filez` of a regular file without xattrs, under the name it stands in a pack.
pub fn filez(content: &[u8]) -> (String, Vec<u8>) {
    let owner_and_mode = [0_u32, 0, 0o100644, 0].map(u32::to_be_bytes).concat();
    let named = [
        &[0, 0, 0, 0x12, 0, 0, 0, 0],
        &*owner_and_mode,
        &[0, 0x11],
        content,
    ]
    .concat();
    let size = (content.len() as u64).to_be_bytes();
    let mut stored = [
        &[0, 0, 0, 0x1a, 0, 0, 0, 0],
        &size[..],
        &owner_and_mode,
        &[0, 0x19],
    ]
    .concat();
    let mut deflate = flate2::write::DeflateEncoder::new(&mut stored, flate2::Compression::fast());
    deflate.write_all(content).unwrap();
    deflate.finish().unwrap();
    (object_path(&Checksum::of(&named)), stored)
}

/// Where a pack or an archive repository keeps a file object.
pub fn object_path(name: &Checksum) -> String {
    let hex = name.to_string();
    format!("objects/{}/{}.filez", &hex[..2], &hex[2..])
}

/// A ustar archive of regular files, in the order given.
pub fn tar_of(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        // Not `set_path`, which would refuse the names that a reader must refuse.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        builder.append(&header, &bytes[..]).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A bundle of one release.
#[derive(Clone)]
pub struct Handmade {
    pub members: Vec<Part>,
    pub signature: Vec<u8>,
    pub edit: Rc<dyn Fn(&mut Value)>,
}

impl Handmade {
    /// A bundle with a summary pair, a superblock, two parts and a pack.
    pub fn sample() -> Self {
        let mut objects = vec![filez(b"hello"), filez(b""), filez(&noise(300_000))];
        objects.sort();
        let members = vec![
            Part::plain("summary", b"the summary"),
            Part::plain("summary.sig", b"its signature"),
            Part::plain("payload/0/superblock", b"the superblock"),
            Part::zstd("payload/0/0.zst", b"part zero", None),
            Part::zstd("payload/0/1.zst", b"part one", None),
            Part::pack("payload/0/objects-0.tar.zst", &objects),
        ];
        Handmade {
            members,
            signature: b"-----BEGIN PGP SIGNATURE-----\n".to_vec(),
            edit: Rc::new(|_| ()),
        }
    }

    /// The bytes that would be signed.
    pub fn manifest(&self) -> Vec<u8> {
        let files: u64 = self
            .members
            .iter()
            .filter_map(|member| member.objects)
            .sum();
        let commit = "c".repeat(64);
        let mut manifest = json!({
            "repository": {"id": "0".repeat(32), "collection": null},
            "site": "default", "created": 1_700_000_000, "expires": null,
            "origin": {"tool": "by hand"},
            "sequence": {"stable": 1},
            "releases": [{
                "ref": "stable", "commit": commit, "parent": null, "from": [], "version": null,
                "timestamp": 1_700_000_000,
                "objects": {"commit": 1, "dirtree": 1, "dirmeta": 1, "file": files},
                "bytes": {"stored": 0, "content": 0},
            }],
            "refs-after": {"stable": commit},
            "members": self.members.iter().map(Part::entry).collect::<Vec<_>>(),
            "extensions": {},
        });
        (self.edit)(&mut manifest);
        let rest = manifest.to_string();
        format!("{{\"airlock\":\"bundle/1\",{}\n\n", &rest[1..]).into_bytes()
    }

    /// All members with their names, the first two included.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let front = [
            ("manifest.json", self.manifest()),
            ("manifest.json.asc", self.signature.clone()),
        ];
        let front = front.map(|(name, bytes)| (name.to_owned(), bytes));
        let members = self
            .members
            .iter()
            .map(|part| (part.name.clone(), part.bytes.clone()));
        front.into_iter().chain(members).collect()
    }

    /// The tar form.
    pub fn tar(&self) -> Vec<u8> {
        tar_of(&self.files())
    }

    /// Writes the directory form beneath `root`.
    pub fn write_tree(&self, root: &Path) {
        for (name, bytes) in self.files() {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// Bytes that do not compress, always the same.
pub fn noise(len: usize) -> Vec<u8> {
    noise_of(len, 1)
}

/// The same, other ones for each seed.
pub fn noise_of(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(len).collect()
}
