//! Faults of the archive around the members.

use airlock::Class;

use super::{assert_fault, boundaries, read_tar};
use crate::handmade::{Handmade, tar_of};

#[test]
fn an_altered_byte_is_named() {
    let tar = Handmade::sample().tar();
    let names: Vec<String> = Handmade::sample()
        .files()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for (at, name) in boundaries(&tar).into_iter().zip(names).skip(2) {
        let mut tar = tar.clone();
        tar[at + 512] ^= 1;
        let text = format!("{name}, bytes 0 to ");
        assert_fault(&name, read_tar(&tar), &text, Class::Corrupt);
        let place = format!("x.airlock, from byte {})", at + 512);
        assert_fault(&name, read_tar(&tar), &place, Class::Corrupt);
    }
}

#[test]
fn a_shorter_or_longer_file_is_named() {
    let tar = Handmade::sample().tar();
    for at in boundaries(&tar).into_iter().skip(1) {
        let text = if at <= boundaries(&tar)[1] {
            "the archive ends"
        } else {
            "the manifest says"
        };
        assert_fault("truncated", read_tar(&tar[..at]), text, Class::Corrupt);
    }
    assert_fault("empty", read_tar(b""), "is not a bundle", Class::Corrupt);
    let longer = [&tar[..], &[0; 512]].concat();
    assert_fault(
        "longer",
        read_tar(&longer),
        "the manifest says",
        Class::Corrupt,
    );
}

#[test]
fn a_tar_form_has_only_its_members() {
    type Edit = fn(&mut Vec<u8>, &[usize]);
    /// Sets a byte of the superblock's header and mends the header's checksum.
    fn header(tar: &mut [u8], at: usize, edit: impl FnOnce(&mut tar::Header)) {
        let mut header = tar::Header::from_byte_slice(&tar[at..at + 512]).clone();
        edit(&mut header);
        header.set_cksum();
        tar[at..at + 512].copy_from_slice(header.as_bytes());
    }
    fn of_type(tar: &mut [u8], at: usize, kind: tar::EntryType) {
        header(tar, at, |h| h.set_entry_type(kind));
    }
    fn name(tar: &mut [u8], at: usize, name: &str) {
        header(tar, at, |h| {
            h.as_mut_bytes()[..100].fill(0);
            h.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        });
    }
    let table: &[(&str, Edit, &str)] = &[
        (
            "symlink member",
            |t, b| of_type(t, b[4], tar::EntryType::Symlink),
            "type '2'",
        ),
        (
            "hard link member",
            |t, b| of_type(t, b[4], tar::EntryType::Link),
            "type '1'",
        ),
        (
            "device member",
            |t, b| of_type(t, b[4], tar::EntryType::Char),
            "type '3'",
        ),
        (
            "directory member",
            |t, b| of_type(t, b[4], tar::EntryType::Directory),
            "type '5'",
        ),
        (
            "pax header",
            |t, b| of_type(t, b[4], tar::EntryType::XHeader),
            "type 'x'",
        ),
        (
            "global pax header",
            |t, b| of_type(t, b[4], tar::EntryType::XGlobalHeader),
            "type 'g'",
        ),
        (
            "sparse member",
            |t, b| of_type(t, b[4], tar::EntryType::GNUSparse),
            "type 'S'",
        ),
        (
            "long name",
            |t, b| of_type(t, b[4], tar::EntryType::GNULongName),
            "type 'L'",
        ),
        (
            "parent directory",
            |t, b| name(t, b[4], "../etc/passwd"),
            "stands \"../etc/passwd\"",
        ),
        (
            "absolute name",
            |t, b| name(t, b[4], "/etc/passwd"),
            "stands \"/etc/passwd\"",
        ),
        (
            "other name",
            |t, b| name(t, b[4], "payload/1/superblock"),
            "payload/1/superblock",
        ),
        (
            "other size",
            |t, b| header(t, b[4], |h| h.set_size(15)),
            "header says 15 bytes",
        ),
        (
            "header checksum",
            |t, b| t[b[4] + 100] ^= 1,
            "checksum is wrong",
        ),
        ("padding", |t, b| t[b[5] - 1] = 1, "padding is not zero"),
        ("first end block", |t, b| t[b[8]] = 1, "two zero blocks"),
        (
            "second end block",
            |t, _| *t.last_mut().unwrap() = 1,
            "two zero blocks",
        ),
        (
            "manifest is a link",
            |t, b| of_type(t, b[0], tar::EntryType::Link),
            "type '1'",
        ),
        (
            "signature renamed",
            |t, b| name(t, b[1], "manifest.asc"),
            "stands \"manifest.asc\"",
        ),
        (
            "front padding",
            |t, b| t[b[2] - 1] = 1,
            "padding is not zero",
        ),
        (
            "huge signature",
            |t, b| header(t, b[1], |h| h.set_size(1 << 20)),
            "are allowed",
        ),
        (
            "huge manifest",
            |t, b| header(t, b[0], |h| h.set_size(17 << 20)),
            "are allowed",
        ),
    ];
    for (what, edit, text) in table {
        let mut tar = Handmade::sample().tar();
        let at = boundaries(&tar);
        edit(&mut tar, &at);
        assert_fault(what, read_tar(&tar), text, Class::Corrupt);
    }
}

#[test]
fn members_missing_extra_reordered_or_twice_are_named() {
    type Edit = fn(&mut Vec<(String, Vec<u8>)>);
    let table: &[(&str, Edit, &str)] = &[
        (
            "missing",
            |files| drop(files.remove(4)),
            "the manifest says",
        ),
        (
            "extra",
            |files| files.push(("extra".into(), vec![1])),
            "the manifest says",
        ),
        (
            "reordered",
            |files| files.swap(5, 6),
            "here stands \"payload/0/1.zst\"",
        ),
        (
            "twice",
            |files| files.insert(5, files[4].clone()),
            "the manifest says",
        ),
        (
            "missing signature member",
            |files| drop(files.remove(1)),
            "here stands \"summary\"",
        ),
        (
            "manifest later",
            |files| files.swap(0, 1),
            "is not a bundle",
        ),
    ];
    for (what, edit, text) in table {
        let mut files = Handmade::sample().files();
        edit(&mut files);
        assert_fault(what, read_tar(&tar_of(&files)), text, Class::Corrupt);
    }
}
