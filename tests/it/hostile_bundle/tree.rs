//! What a directory tree is, in lines that can be compared: a byte that changes shows.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use airlock::format::Checksum;
use airlock::repo::read_xattrs;

/// Lists everything beneath `root`: type, mode, owner, name, the digest of the content, and
/// extended attributes.
///
/// Times are left out: opening a lock file may touch a directory's.
pub fn listing(root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    list(root, root, &mut lines);
    lines.sort();
    lines
}

fn list(root: &Path, dir: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let metadata = path.symlink_metadata().unwrap();
        let mut content = if metadata.is_symlink() {
            fs::read_link(&path).unwrap().display().to_string()
        } else if metadata.is_file() {
            Checksum::of(&fs::read(&path).unwrap()).to_string()
        } else {
            list(root, &path, lines);
            String::new()
        };
        if metadata.is_file() {
            let file = fs::File::open(&path).unwrap();
            content.push_str(&format!(" {:?}", read_xattrs(&file).unwrap()));
        }
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let mode = metadata.permissions().mode();
        let (uid, gid) = (metadata.uid(), metadata.gid());
        lines.push(format!("{name} {mode:o} {uid} {gid} {content}"));
    }
}

/// Says what is gone, and what is new.
pub fn changes(before: &[String], after: &[String]) -> Vec<String> {
    let only = |sign: char, these: &[String], others: &[String]| -> Vec<String> {
        let others: HashSet<&String> = others.iter().collect();
        let these = these.iter().filter(|line| !others.contains(*line));
        these.map(|line| format!("{sign} {line}")).collect()
    };
    let mut changes = only('-', before, after);
    changes.extend(only('+', after, before));
    changes
}

/// Copies a tree of directories and regular files, modes included.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
}
