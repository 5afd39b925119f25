//! Which old file a new one was probably made from.
//!
//! ```text
//! usr/lib/modules/6.1.0-42/kernel/fs/xfs.ko
//! 1  the same path                            usr/lib/modules/6.1.0-42/kernel/fs/xfs.ko
//! 2  the same path, but for its numbers       usr/lib/modules/#.#.#-#/kernel/fs/xfs.ko
//! 3  the same name somewhere else             …/xfs.ko
//! 4  the same name, but for its numbers       libssl.so.#.#.#
//! 5  the same library                         libssl
//! ```
//!
//! Numbers are what changes when a version does; nearly every file of a kernel moves because of
//! them. Of several old files one that is gone from the new tree is taken first, then the one
//! that is nearest in size. Whether a pair is worth a patch shows when the patch is made.

mod names;

use std::collections::{HashMap, HashSet};

use crate::format::Checksum;

/// So many old files are compared by size; more of one name say nothing.
const MAX_CANDIDATES: usize = 64;

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// Where it was met first.
    pub path: String,
    /// Its name as an object.
    pub checksum: Checksum,
    /// Its size, in whatever unit the sizes of old and new files share.
    pub size: u64,
}

/// The files of an old tree, by what their names have in common with those of new ones.
#[derive(Debug)]
pub struct Pairing<'a> {
    old: &'a [TreeFile],
    kept: &'a HashSet<Checksum>,
    /// One table per rule, in their order.
    tables: [HashMap<String, Vec<u32>>; names::RULES.len()],
}

impl<'a> Pairing<'a> {
    /// Takes in the old files; those in `kept` are in the new tree as well.
    pub fn new(old: &'a [TreeFile], kept: &'a HashSet<Checksum>) -> Pairing<'a> {
        let mut tables = [const { None }; names::RULES.len()].map(|none| none.unwrap_or_default());
        for (table, rule) in tables.iter_mut().zip(names::RULES) {
            let table: &mut HashMap<String, Vec<u32>> = table;
            for (number, file) in (0..).zip(old) {
                if let Some(key) = rule(&file.path) {
                    let group = table.entry(key).or_default();
                    if group.len() < MAX_CANDIDATES {
                        group.push(number);
                    }
                }
            }
        }
        Pairing { old, kept, tables }
    }

    /// Finds the old file that a new one was probably made from.
    pub fn source(&self, new: &TreeFile) -> Option<Checksum> {
        let by = |(table, rule): (&HashMap<String, Vec<u32>>, &names::Rule)| {
            let candidates = table.get(&rule(&new.path)?)?.iter();
            let candidates = candidates.filter_map(|number| self.old.get(*number as usize));
            let rank = |file: &&TreeFile| {
                let kept = self.kept.contains(&file.checksum);
                (kept, file.size.abs_diff(new.size))
            };
            candidates.min_by_key(rank)
        };
        let found = self.tables.iter().zip(&names::RULES).find_map(by);
        found.map(|file| file.checksum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, size: u64) -> TreeFile {
        TreeFile {
            path: path.to_owned(),
            checksum: Checksum::of(format!("{path} {size}").as_bytes()),
            size,
        }
    }

    #[test]
    fn each_rule_finds_what_the_ones_before_do_not() {
        let old = [
            file("/usr/bin/tool", 10),
            file("/usr/lib/modules/6.1.0-41/kernel/fs/xfs.ko", 20),
            file("/usr/lib/modules/6.1.0-41/kernel/fs/ext4.ko", 21),
            file("/usr/share/doc/tool/readme", 30),
            file("/usr/lib/libssl.so.1.1", 40),
            file("/usr/lib/libicuuc.so.72.1", 50),
            file("/opt/a/data-10.bin", 60),
        ];
        let kept = HashSet::new();
        let pairing = Pairing::new(&old, &kept);
        for (path, expected) in [
            ("/usr/bin/tool", Some("/usr/bin/tool")),
            (
                "/usr/lib/modules/6.1.0-42/kernel/fs/xfs.ko",
                Some("/usr/lib/modules/6.1.0-41/kernel/fs/xfs.ko"),
            ),
            (
                "/usr/share/doc/other/readme",
                Some("/usr/share/doc/tool/readme"),
            ),
            ("/opt/b/data-11.bin", Some("/opt/a/data-10.bin")),
            ("/usr/lib64/libssl.so.3", Some("/usr/lib/libssl.so.1.1")),
            ("/usr/bin/another", None),
        ] {
            let found = pairing.source(&file(path, 1));
            let named = old.iter().find(|old| Some(old.checksum) == found);
            assert_eq!(named.map(|old| old.path.as_str()), expected, "{path}");
        }
    }

    #[test]
    fn what_is_gone_comes_first_then_what_is_nearest_in_size() {
        let old = [
            file("/a/1/copyright", 100),
            file("/a/2/copyright", 160),
            file("/a/3/copyright", 200),
        ];
        let kept = HashSet::from([old[1].checksum]);
        let pairing = Pairing::new(&old, &kept);
        let source = |size| pairing.source(&file("/a/4/copyright", size));
        assert_eq!(source(160), Some(old[2].checksum));
        assert_eq!(source(110), Some(old[0].checksum));
        let all = old.iter().map(|file| file.checksum).collect();
        let pairing = Pairing::new(&old, &all);
        let source = pairing.source(&file("/a/4/copyright", 155));
        assert_eq!(source, Some(old[1].checksum));
    }
}
