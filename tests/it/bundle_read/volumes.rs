//! Volumes in any order, and every way in which they can be the wrong ones.

use std::path::PathBuf;

use airlock::Class;

use super::{assert_fault, read};
use crate::handmade::{Handmade, Part, filez, noise};

/// A bundle cut into volumes of 256 KiB, beneath a directory of its own.
struct Cut {
    dir: tempfile::TempDir,
    paths: Vec<PathBuf>,
}

impl Cut {
    fn new(seed: u8) -> Self {
        let mut bundle = Handmade::sample();
        let objects: Vec<_> = (0..8_u8)
            .map(|i| filez(&noise(75_000 + usize::from(i * 7 + seed))))
            .collect();
        let packs = objects
            .chunks(1)
            .enumerate()
            .map(|(i, objects)| Part::pack(&format!("payload/0/objects-{i}.tar.zst"), objects));
        bundle.members.truncate(5);
        bundle.members.extend(packs);
        let dir = tempfile::tempdir().unwrap();
        let mut paths = Vec::new();
        for (i, bytes) in bundle.tar().chunks(256 << 10).enumerate() {
            paths.push(dir.path().join(format!("x.airlock.{:03}", i + 1)));
            std::fs::write(&paths[i], bytes).unwrap();
        }
        Cut { dir, paths }
    }

    fn rename(&mut self, volume: usize, name: &str) {
        let to = self.dir.path().join(name);
        std::fs::rename(&self.paths[volume], &to).unwrap();
        self.paths[volume] = to;
    }
}

#[test]
fn volumes_are_recognised_in_any_order() {
    let mut cut = Cut::new(0);
    assert_eq!(cut.paths.len(), 3);
    let expected = read(&cut.paths).unwrap();
    for path in [
        cut.paths[0].clone(),
        cut.paths[2].clone(),
        cut.dir.path().join("x.airlock"),
    ] {
        assert_eq!(read(&[path]).unwrap(), expected);
    }
    cut.rename(0, "third");
    cut.rename(1, "x.airlock.001");
    cut.rename(2, "second");
    cut.paths.reverse();
    assert_eq!(read(&cut.paths).unwrap(), expected);
}

#[test]
fn a_wrong_volume_is_named_before_anything_is_read() {
    type Edit = fn(&mut Cut);
    let table: &[(&str, Edit, &str, Class)] = &[
        (
            "missing",
            |c| drop(c.paths.remove(1)),
            "volume 2 of 3 is missing",
            Class::NotFound,
        ),
        (
            "last missing",
            |c| c.paths.truncate(2),
            "volume 3 of 3 is missing",
            Class::NotFound,
        ),
        (
            "first missing",
            |c| drop(c.paths.remove(0)),
            "volume 1",
            Class::NotFound,
        ),
        (
            "same file twice",
            |c| c.paths.push(c.paths[1].clone()),
            "airlock.002 repeats",
            Class::Corrupt,
        ),
        (
            "copy",
            |c| copy(c, 1, "again"),
            "again repeats",
            Class::Corrupt,
        ),
        (
            "copy of the first",
            |c| copy(c, 0, "again"),
            "again repeats",
            Class::Corrupt,
        ),
        (
            "foreign",
            |c| adopt(c, 1, "x.airlock.002"),
            "x.airlock.002 is no volume",
            Class::Corrupt,
        ),
        (
            "damaged where it is known by",
            |c| damage(c, 1, 0..100_000),
            "x.airlock.002, from byte",
            Class::Corrupt,
        ),
        (
            "damaged all over",
            |c| damage(c, 1, 0..262_144),
            "x.airlock.002 is no volume of this bundle, or is damaged: bytes",
            Class::Corrupt,
        ),
        (
            "foreign first",
            |c| adopt(c, 0, "other"),
            "is another bundle",
            Class::Usage,
        ),
        (
            "cut short",
            |c| shorten(c, 1),
            "x.airlock.002 has 1000 bytes",
            Class::Corrupt,
        ),
        (
            "first cut short",
            |c| shorten(c, 0),
            "x.airlock.001",
            Class::Corrupt,
        ),
        (
            "last cut short",
            |c| shorten(c, 2),
            "x.airlock.003 has 1000 bytes",
            Class::Corrupt,
        ),
    ];
    for (what, edit, text, class) in table {
        let mut cut = Cut::new(0);
        edit(&mut cut);
        assert_fault(what, read(&cut.paths), text, *class);
    }

    fn copy(cut: &mut Cut, volume: usize, name: &str) {
        let to = cut.dir.path().join(name);
        std::fs::copy(&cut.paths[volume], &to).unwrap();
        cut.paths.push(to);
    }
    fn adopt(cut: &mut Cut, volume: usize, name: &str) {
        let to = cut.dir.path().join(name);
        std::fs::copy(&Cut::new(9).paths[volume], &to).unwrap();
        if !cut.paths.contains(&to) {
            cut.paths.push(to);
        }
    }
    fn damage(cut: &mut Cut, volume: usize, range: std::ops::Range<usize>) {
        let mut bytes = std::fs::read(&cut.paths[volume]).unwrap();
        bytes[range].iter_mut().for_each(|byte| *byte ^= 1);
        std::fs::write(&cut.paths[volume], bytes).unwrap();
    }
    fn shorten(cut: &mut Cut, volume: usize) {
        std::fs::File::options()
            .write(true)
            .open(&cut.paths[volume])
            .unwrap()
            .set_len(1000)
            .unwrap();
    }
}
