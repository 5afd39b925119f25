//! What can happen to a good bundle after it was signed: on the medium, by accident or design.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use airlock::Class;

use super::Row;
use super::forge::{Forged, TRUSTED};
use crate::handmade::tar_of;

type Files = Vec<(String, Vec<u8>)>;

/// The update, as it was signed.
static SIGNED: LazyLock<Files> = LazyLock::new(|| Forged::update().files());

/// Where the header of each member begins; the last one is where the end blocks begin.
fn boundaries() -> Vec<usize> {
    let mut at = vec![0];
    for (_, bytes) in SIGNED.iter() {
        at.push(at[at.len() - 1] + 512 + bytes.len().next_multiple_of(512));
    }
    at
}

pub fn rows() -> Vec<Row> {
    let mut rows = altered_bytes();
    rows.extend(truncations());
    rows.extend(members());
    rows.extend(headers());
    rows.extend(volumes());
    rows.extend(directories());
    rows
}

/// One bit of one byte: at the beginning, in the middle and at the end of each member.
fn altered_bytes() -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, (name, bytes)) in SIGNED.iter().enumerate() {
        let mut places = [0, bytes.len() / 2, bytes.len() - 1];
        if name == "manifest.json.asc" {
            // In the middle of a signature is what OpenPGP does not sign, the unhashed area; the
            // last line before the armor's checksum is the signature proper.
            places[1] = find(bytes, b"\n=") - 20;
            // Readers are free in what they take for the end of an armor's last line.
            places[2] = find(bytes, b"-----END");
        }
        for at in places {
            let made = move || {
                let mut files = SIGNED.clone();
                files[index].1[at] ^= 1;
                tar_of(&files)
            };
            let row = format!("byte {at} of {name} altered");
            rows.push(match (name.as_str(), at) {
                ("manifest.json", 0) => Row::new(row, made, Class::Corrupt, "is not a bundle"),
                ("manifest.json", _) => Row::new(row, made, Class::Untrusted, "too-few-signers"),
                ("manifest.json.asc", _) => {
                    Row::either(row, made, &[Class::Untrusted, Class::Corrupt])
                }
                _ => Row::new(row, made, Class::Corrupt, "does not match its digest"),
            });
        }
    }
    rows
}

fn find(bytes: &[u8], what: &[u8]) -> usize {
    let at = bytes.windows(what.len()).position(|window| window == what);
    at.expect("it is there")
}

fn truncations() -> Vec<Row> {
    let whole = tar_of(&SIGNED);
    let names = SIGNED.iter().map(|(name, _)| name.clone());
    let names: Vec<String> = names.chain(["the end".to_owned()]).collect();
    let mut rows = Vec::new();
    for (name, at) in names.iter().zip(boundaries()) {
        for cut in [at, at + 100, at + 512, at + 600] {
            let cut = cut.min(whole.len() - 1);
            let bytes = whole[..cut].to_vec();
            let row = format!("cut after {cut} bytes, at {name}");
            rows.push(Row::new(row, move || bytes.clone(), Class::Corrupt, ""));
        }
    }
    let longer = [&whole[..], &[0; 512]].concat();
    let trailing = "a block after the end";
    rows.push(Row::new(
        trailing.into(),
        move || longer.clone(),
        Class::Corrupt,
        "bytes",
    ));
    rows
}

/// Members missing, extra, reordered, doubled: behind the signature's back.
fn members() -> Vec<Row> {
    type Edit = fn(&mut Files);
    let table: [(&str, Edit, &str); 9] = [
        ("no manifest", |f| drop(f.remove(0)), ""),
        ("no signature member", |f| drop(f.remove(1)), ""),
        ("no summary", |f| drop(f.remove(2)), "bytes"),
        ("no superblock", |f| drop(f.remove(4)), "bytes"),
        ("no last member", |f| drop(f.pop()), ""),
        (
            "one more at the end",
            |f| f.push(("payload/0/1.zst".into(), vec![0; 9])),
            "",
        ),
        (
            "one more in front",
            |f| f.insert(0, ("README".into(), vec![b'x'; 9])),
            "",
        ),
        ("two exchanged", |f| f.swap(4, 5), "payload/0/superblock"),
        ("one twice", |f| f.insert(5, f[4].clone()), "bytes"),
    ];
    let row = |(name, edit, text): (&str, Edit, &'static str)| {
        let made = move || {
            let mut files = SIGNED.clone();
            edit(&mut files);
            tar_of(&files)
        };
        Row::new(name.to_owned(), made, Class::Corrupt, text)
    };
    table.into_iter().map(row).collect()
}

/// Headers that name something else, or are something else.
fn headers() -> Vec<Row> {
    use tar::EntryType;
    let of_type = |kind: EntryType| move |header: &mut tar::Header| header.set_entry_type(kind);
    let named = |name: &'static str| {
        move |header: &mut tar::Header| {
            let field = &mut header.as_mut_bytes()[..100];
            field.fill(0);
            field[..name.len()].copy_from_slice(name.as_bytes());
        }
    };
    type Edit = Box<dyn Fn(&mut tar::Header)>;
    let table: Vec<(&str, Edit, &'static str)> = vec![
        (
            "a symbolic link",
            Box::new(of_type(EntryType::Symlink)),
            "type '2'",
        ),
        (
            "a hard link",
            Box::new(of_type(EntryType::Link)),
            "type '1'",
        ),
        (
            "a character device",
            Box::new(of_type(EntryType::Char)),
            "type '3'",
        ),
        (
            "a block device",
            Box::new(of_type(EntryType::Block)),
            "type '4'",
        ),
        (
            "a directory",
            Box::new(of_type(EntryType::Directory)),
            "type '5'",
        ),
        ("a pipe", Box::new(of_type(EntryType::Fifo)), "type '6'"),
        (
            "a sparse file",
            Box::new(of_type(EntryType::GNUSparse)),
            "type 'S'",
        ),
        (
            "a pax header",
            Box::new(of_type(EntryType::XHeader)),
            "type 'x'",
        ),
        (
            "a global pax header",
            Box::new(of_type(EntryType::XGlobalHeader)),
            "type 'g'",
        ),
        (
            "a long name",
            Box::new(of_type(EntryType::GNULongName)),
            "type 'L'",
        ),
        (
            "a long link",
            Box::new(of_type(EntryType::GNULongLink)),
            "type 'K'",
        ),
        (
            "a name with ..",
            Box::new(named("payload/../../etc/passwd")),
            "stands",
        ),
        ("an absolute name", Box::new(named("/etc/passwd")), "stands"),
        (
            "another name",
            Box::new(named("payload/0/superblocK")),
            "stands",
        ),
        (
            "another size",
            Box::new(|header| header.set_size(7)),
            "7 bytes",
        ),
    ];
    let mut rows = Vec::new();
    for (name, edit, text) in table {
        let mut tar = tar_of(&SIGNED);
        let at = boundaries()[4];
        let mut header = tar::Header::from_byte_slice(&tar[at..at + 512]).clone();
        edit(&mut header);
        header.set_cksum();
        tar[at..at + 512].copy_from_slice(header.as_bytes());
        let row = format!("the superblock is {name}");
        rows.push(Row::new(row, move || tar.clone(), Class::Corrupt, text));
    }
    rows
}

/// A bundle in volumes, one of which is missing, foreign, repeated or cut.
fn volumes() -> Vec<Row> {
    const VOLUME: usize = 32 << 10;
    type Edit = fn(&mut Vec<(u32, Vec<u8>)>);
    let table: [(&str, Edit, Class, &str); 6] = [
        (
            "first volume missing",
            |v| drop(v.remove(0)),
            Class::NotFound,
            "volume 1",
        ),
        (
            "second volume missing",
            |v| drop(v.remove(1)),
            Class::NotFound,
            "volume 2",
        ),
        (
            "last volume missing",
            |v| drop(v.pop()),
            Class::NotFound,
            "volume 3",
        ),
        (
            "volume repeated",
            |v| v.push(v[1].clone()),
            Class::Corrupt,
            "repeats",
        ),
        (
            "volume foreign",
            |v| v.push((9, vec![7; VOLUME])),
            Class::Corrupt,
            "is no volume",
        ),
        (
            "volume cut",
            |v| v[1].1.truncate(1000),
            Class::Corrupt,
            "1000 bytes",
        ),
    ];
    let row = |(name, edit, class, text): (&str, Edit, Class, &'static str)| {
        let made = move |dir: &Path| {
            let tar = tar_of(&SIGNED);
            let volumes = tar.chunks(VOLUME).map(<[u8]>::to_vec);
            let mut volumes: Vec<(u32, Vec<u8>)> = (1..).zip(volumes).collect();
            edit(&mut volumes);
            let mut paths = Vec::new();
            for (number, bytes) in volumes {
                let path = dir.join(format!("x.airlock.{number:03}"));
                fs::write(&path, bytes).unwrap();
                paths.push(path);
            }
            paths
        };
        Row::of_files(name.to_owned(), made, class, text)
    };
    table.into_iter().map(row).collect()
}

/// The directory form, in which files can be anything.
fn directories() -> Vec<Row> {
    type Edit = fn(&Path, &Path);
    fn relink(path: &Path, link: impl Fn(&Path, &Path) -> std::io::Result<()>) {
        let aside = path.with_extension("aside");
        fs::rename(path, &aside).unwrap();
        let beside = path.parent().unwrap().parent().unwrap().parent().unwrap();
        let target = beside.parent().unwrap().join("elsewhere");
        fs::rename(&aside, &target).unwrap();
        link(&target, path).unwrap();
    }
    let table: [(&str, Edit, &str); 8] = [
        (
            "member missing",
            |_, part| fs::remove_file(part).unwrap(),
            "is missing",
        ),
        (
            "file more",
            |root, _| fs::write(root.join("README"), b"x").unwrap(),
            "not part",
        ),
        (
            "directory more",
            |root, _| {
                fs::create_dir(root.join("more")).unwrap();
                fs::write(root.join("more/README"), b"x").unwrap();
            },
            "not part",
        ),
        (
            "member altered",
            |_, part| {
                let mut bytes = fs::read(part).unwrap();
                bytes[9] ^= 1;
                fs::write(part, bytes).unwrap();
            },
            "does not match its digest",
        ),
        (
            "member longer",
            |_, part| {
                let bytes = [fs::read(part).unwrap(), vec![0]].concat();
                fs::write(part, bytes).unwrap();
            },
            "bytes",
        ),
        (
            "member cut",
            |_, part| {
                let bytes = fs::read(part).unwrap();
                fs::write(part, &bytes[1..]).unwrap();
            },
            "bytes",
        ),
        (
            "member a symbolic link",
            |_, part| {
                relink(part, |to, at| std::os::unix::fs::symlink(to, at));
            },
            "not a regular file",
        ),
        (
            "member a directory",
            |_, part| {
                fs::remove_file(part).unwrap();
                fs::create_dir(part).unwrap();
            },
            "not part",
        ),
    ];
    let row = |(name, edit, text): (&str, Edit, &'static str)| {
        let made = move |dir: &Path| {
            let root = dir.join("x.airlock");
            for (name, bytes) in SIGNED.iter() {
                let path = root.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            edit(&root, &root.join("payload/0/0.zst"));
            vec![root]
        };
        Row::of_files(
            format!("directory form: {name}"),
            made,
            Class::Corrupt,
            text,
        )
    };
    table.into_iter().map(row).collect()
}

/// Signatures that are not what they should be, over a manifest that is.
pub fn signatures() -> Vec<Row> {
    use super::forge::STRANGER;
    type Sign = fn(&[u8]) -> Vec<Vec<u8>>;
    let table: [(&str, Sign, &str); 6] = [
        ("no signature", |_| vec![], "unsigned"),
        (
            "signed by a stranger",
            |m| vec![STRANGER.sign(m)],
            "too-few-signers",
        ),
        (
            "signed by two strangers",
            |m| vec![STRANGER.sign(m); 2],
            "too-few-signers",
        ),
        (
            "signature over another manifest",
            |m| vec![TRUSTED.sign(&[m, b" "].concat())],
            "too-few-signers",
        ),
        (
            "signed with SHA-1",
            |m| vec![TRUSTED.sign_sha1(m)],
            "weak-hash",
        ),
        (
            "a bad one of the trusted key, a good one of a stranger",
            |m| vec![TRUSTED.sign(b"other"), STRANGER.sign(m)],
            "too-few-signers",
        ),
    ];
    let row = |(name, sign, text): (&str, Sign, &'static str)| {
        let made = move || {
            let mut bundle = Forged::update();
            bundle.sign = sign;
            bundle.tar()
        };
        Row::new(name.to_owned(), made, Class::Untrusted, text)
    };
    table.into_iter().map(row).collect()
}
