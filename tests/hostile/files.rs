//! Files whose headers lie, or describe what no file is.

use airlock::format::delta::FileMode;
use airlock::format::gvariant::Value;
use airlock::format::{Checksum, ObjectKind, ObjectName};

use crate::attack::{Attack, Desk, withstand};
use crate::craft::{FILE, RawPart, Release, plain_meta, tree_of};
use crate::handmade::object_path;

/// A header as it is written, with nothing checked.
#[derive(Clone)]
struct Header {
    size: u64,
    mode: u32,
    rdev: u32,
    target: String,
    /// Names with their NUL, and values.
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

const CONTENT: &[u8] = b"hello";

impl Header {
    fn new() -> Header {
        Header {
            size: CONTENT.len() as u64,
            mode: 0o100_644,
            rdev: 0,
            target: String::new(),
            xattrs: Vec::new(),
        }
    }

    fn xattrs(&self) -> Value {
        let pair = |(name, value): &(Vec<u8>, Vec<u8>)| {
            Value::tuple([Value::ay(name.as_slice()), Value::ay(value.as_slice())])
        };
        Value::array("(ayay)", self.xattrs.iter().map(pair))
    }

    fn members(&self) -> [Value; 6] {
        let [uid, gid, mode, rdev] = [0, 0, self.mode, self.rdev].map(Value::u32_be);
        [
            uid,
            gid,
            mode,
            rdev,
            Value::str(&self.target),
            self.xattrs(),
        ]
    }

    /// The name of the file, which is right whatever is in the header.
    fn name(&self, content: &[u8]) -> Checksum {
        Checksum::of(&[&framed(Value::tuple(self.members()))[..], content].concat())
    }

    /// The `.filez`, under the name it has in a pack.
    fn filez(&self, content: &[u8]) -> (String, Vec<u8>) {
        let sized = [Value::u64_be(self.size)].into_iter().chain(self.members());
        let mut bytes = framed(Value::tuple(sized));
        if !content.is_empty() {
            let fast = flate2::Compression::fast();
            let mut deflate = flate2::write::DeflateEncoder::new(&mut bytes, fast);
            std::io::Write::write_all(&mut deflate, content).unwrap();
            deflate.finish().unwrap();
        }
        (object_path(&self.name(content)), bytes)
    }
}

fn framed(header: Value) -> Vec<u8> {
    let len = (header.bytes().len() as u32).to_be_bytes();
    [&len[..], &[0; 4], header.bytes()].concat()
}

/// A release of one file `f`, in a pack.
fn packed(name: Checksum, file: (String, Vec<u8>)) -> Release {
    let mut release = Release::of_tree(&tree_of(&[("f", name)]));
    release.packed.push(file);
    release
}

/// Everything that a header can have wrong; what stands here must be refused wherever it comes.
fn headers() -> Vec<(&'static str, Header)> {
    let new = Header::new();
    let mode = |mode| Header {
        mode,
        ..new.clone()
    };
    let link = |target: &str| Header {
        size: 0,
        mode: 0o120_777,
        target: target.to_owned(),
        ..new.clone()
    };
    let xattrs = |pairs: &[(&[u8], &[u8])]| Header {
        xattrs: pairs
            .iter()
            .map(|(name, value)| (name.to_vec(), value.to_vec()))
            .collect(),
        ..new.clone()
    };
    let large = vec![b'v'; 1 << 20];
    let long = [&[b'n'; 1000][..], b"\0"].concat();
    vec![
        ("a directory", mode(0o040_755)),
        ("a character device", mode(0o020_644)),
        ("a block device", mode(0o060_644)),
        ("a pipe", mode(0o010_644)),
        ("a socket", mode(0o140_644)),
        ("no kind of file", mode(0o644)),
        ("every kind of file", mode(u32::MAX)),
        ("bits that no mode has", mode(0o1_100_644)),
        ("a link to nothing", link("")),
        ("a link of a megabyte", link(&"t".repeat(1 << 20))),
        ("a link of 4,096 bytes", link(&"t".repeat(4096))),
        (
            "an xattr twice",
            xattrs(&[(b"user.a\0", b"1"), (b"user.a\0", b"2")]),
        ),
        (
            "xattrs not sorted",
            xattrs(&[(b"user.b\0", b"1"), (b"user.a\0", b"2")]),
        ),
        ("an xattr without a name", xattrs(&[(b"\0", b"1")])),
        ("an xattr without even a NUL", xattrs(&[(b"", b"1")])),
        ("an xattr name without NUL", xattrs(&[(b"user.a", b"1")])),
        (
            "an xattr name with two NULs",
            xattrs(&[(b"user\0a\0", b"1")]),
        ),
        ("an xattr of a megabyte", xattrs(&[(b"user.a\0", &large)])),
        ("an xattr name of 1,000 bytes", xattrs(&[(&long, b"1")])),
    ]
}

#[test]
fn headers_in_packs() {
    let new = Header::new();
    let mut table = headers();
    let target = "x".to_owned();
    table.extend([
        (
            "a device number",
            Header {
                rdev: 1,
                ..new.clone()
            },
        ),
        (
            "a regular file with a target",
            Header {
                target: target.clone(),
                ..new.clone()
            },
        ),
        (
            "a link with content",
            Header {
                mode: 0o120_777,
                target,
                ..new.clone()
            },
        ),
    ]);
    for (what, size) in [
        ("one byte more", 6),
        ("one byte less", 4),
        ("nothing", 0),
        ("2^63", 1 << 63),
        ("2^64-1", u64::MAX),
    ] {
        table.push((
            what,
            Header {
                size,
                ..new.clone()
            },
        ));
    }
    let attack = |(name, header): (&str, Header)| {
        let content = if header.mode == 0o120_777 && header.size == 0 {
            b""
        } else {
            CONTENT
        };
        Attack::new(format!("packed: {name}"), "", move || {
            packed(header.name(content), header.filez(content)).forged()
        })
    };
    withstand(table.into_iter().map(attack).collect());
}

#[test]
fn headers_in_parts() {
    let attack = |(name, header): (&str, Header)| {
        let mode = FileMode {
            mode: header.mode,
            ..FILE
        };
        let content = match header.target.is_empty() && header.mode != 0o120_777 {
            true => CONTENT.to_vec(),
            false => header.target.clone().into_bytes(),
        };
        Attack::new(format!("made: {name}"), "", move || {
            let hashed = if header.mode == 0o120_777 {
                &[][..]
            } else {
                &content
            };
            let name = header.name(hashed);
            let mut part = RawPart::new();
            part.modes = vec![mode];
            part.xattrs = vec![header.xattrs()];
            let at = part.blob(&content);
            part.op(b'S', &[0, 0, content.len() as u64, at]);
            Release::of_file(name, &part).forged()
        })
    };
    withstand(headers().into_iter().map(attack).collect());
}

#[test]
fn directories() {
    let meta = |mode: u32, xattrs: &Header| {
        let [uid, gid, mode] = [0, 0, mode].map(Value::u32_be);
        Value::tuple([uid, gid, mode, xattrs.xattrs()]).into_bytes()
    };
    let mut table = vec![
        ("a regular file", meta(0o100_644, &Header::new())),
        ("a device", meta(0o020_755, &Header::new())),
        ("bits that no mode has", meta(0o1_040_755, &Header::new())),
        ("cut", plain_meta()[..10].to_vec()),
        ("padded", [&plain_meta()[..], &[0]].concat()),
    ];
    let with_xattrs = headers()
        .into_iter()
        .filter(|(_, header)| !header.xattrs.is_empty());
    table.extend(with_xattrs.map(|(name, header)| (name, meta(0o040_755, &header))));
    let attack = |(name, bytes): (&str, Vec<u8>)| {
        Attack::new(format!("directory: {name}"), "", move || {
            let mut part = RawPart::new();
            let tree = part.metadata(ObjectKind::DirTree, &tree_of(&[]));
            let meta = part.metadata(ObjectKind::DirMeta, &bytes);
            let mut release = Release::new(tree, meta);
            release.part(&part);
            release.forged()
        })
    };
    withstand(table.into_iter().map(attack).collect());
}

/// Objects under names that are not theirs.
#[test]
fn names() {
    let other = Checksum::of(b"other");
    let made = move |kind| {
        move || {
            let mut part = RawPart::new();
            let tree = part.metadata(ObjectKind::DirTree, &tree_of(&[("f", other)]));
            let meta = part.metadata(ObjectKind::DirMeta, &plain_meta());
            let at = part.blob(CONTENT);
            match kind {
                ObjectKind::File => part.op(b'S', &[0, 0, 5, at]),
                _ => part.op(b'S', &[5, at]),
            }
            part.objects.push(ObjectName::new(other, kind));
            let mut release = Release::new(tree, meta);
            release.part(&part);
            release.forged()
        }
    };
    withstand(vec![
        Attack::new(
            "a file of another name",
            "cannot make",
            made(ObjectKind::File),
        ),
        Attack::new(
            "a tree of another name",
            "another object",
            made(ObjectKind::DirTree),
        ),
        Attack::new(
            "a dirmeta of another name",
            "another object",
            made(ObjectKind::DirMeta),
        ),
        Attack::new(
            "a commit of another name",
            "another object",
            made(ObjectKind::Commit),
        ),
        Attack::new("a packed file of another name", "", move || {
            let (_, bytes) = Header::new().filez(CONTENT);
            packed(other, (object_path(&other), bytes)).forged()
        }),
    ]);
}

/// What looks odd and is allowed is stored as it is.
#[test]
fn odd_and_allowed() {
    let desk = Desk::new();
    let header = Header {
        mode: 0o106_755,
        xattrs: vec![
            (b"security.capability\0".to_vec(), vec![0; 20]),
            (b"user.ostreemeta\0".to_vec(), b"not what it seems".to_vec()),
        ],
        ..Header::new()
    };
    let bundle = packed(header.name(CONTENT), header.filez(CONTENT))
        .forged()
        .tar();
    std::fs::write(desk.path().join("odd"), bundle).unwrap();
    for repo in desk.repos() {
        let words = ["import", "odd", "--trust", "trust.asc", "--repo", &repo];
        let ended = desk.run(&words);
        assert_eq!(ended.code, Ok(0), "{}", ended.stderr);
        let ended = desk.run(&["fsck", "--trust", "trust.asc", "--repo", &repo]);
        assert_eq!(ended.code, Ok(0), "{}", ended.stderr);
    }
}
