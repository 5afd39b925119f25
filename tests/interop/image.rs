//! A file tree with everything an operating system's image has that is hard to get right.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{XattrFlags, setxattr};

/// Builds version 1 or 2 of the image; the second has changed, new and removed files.
pub fn build(root: &Path, version: u8) {
    dir(root, "", 0o755);
    for (name, mode) in [
        ("usr", 0o755),
        ("usr/bin", 0o755),
        ("usr/etc", 0o755),
        ("usr/lib", 0o755),
        ("var", 0o755),
        ("var/tmp", 0o1777),
        ("var/mail", 0o2775),
        ("var/private", 0o700),
        ("empty", 0o755),
        ("xattrs", 0o755),
    ] {
        dir(root, name, mode);
    }
    for (name, content, mode) in [
        ("usr/bin/sh", "#!/bin/true\n", 0o755),
        ("usr/bin/su", "setuid\n", 0o4755),
        ("usr/bin/wall", "setgid\n", 0o2755),
        ("usr/etc/shadow", "secret\n", 0o600),
        ("usr/etc/group", "group writable\n", 0o664),
        ("usr/etc/open", "world writable\n", 0o666),
        ("usr/etc/closed", "no permissions\n", 0o000),
        ("var/empty", "", 0o644),
        ("usr/lib/été 日本", "a name in UTF-8\n", 0o644),
        ("xattrs/file", "with xattrs\n", 0o644),
    ] {
        file(root, name, content.as_bytes(), mode);
    }
    // Names whose order as bytes is not that of any locale.
    for name in ["a", "a-b", "a.b", "a0b", "aAb", "a_b", "aab", "B", "é"] {
        file(root, &format!("empty/{name}"), name.as_bytes(), 0o644);
    }
    file(root, "usr/lib/large", &noise(3 << 20, version), 0o644);
    file(
        root,
        &format!("usr/lib/only-in-{version}"),
        &noise(70_000, version),
        0o755,
    );
    // A file that moves with its version, and changes little: it travels as a patch.
    let modules = format!("usr/lib/modules-6.{version}");
    dir(root, &modules, 0o755);
    let mut module = noise(400_000, 9);
    for at in (0..module.len()).step_by(2000) {
        module[at] = version;
    }
    file(root, &format!("{modules}/fs.ko"), &module, 0o4755);
    file(
        root,
        "usr/etc/os-release",
        format!("VERSION={version}\n").as_bytes(),
        0o644,
    );
    fs::hard_link(root.join("usr/bin/sh"), root.join("usr/bin/bash")).unwrap();
    symlink("usr/bin", root.join("bin")).unwrap();
    symlink("/nonexistent/π", root.join("dangling")).unwrap();
    xattr(
        root,
        "xattrs/file",
        &[
            ("user.zeta", "last"),
            ("user.alpha", "first"),
            ("user.empty", ""),
        ],
    );
    xattr(root, "xattrs", &[("user.dir", "on a directory")]);
}

fn dir(root: &Path, name: &str, mode: u32) {
    let path = root.join(name);
    fs::create_dir(&path).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
}

fn file(root: &Path, name: &str, content: &[u8], mode: u32) {
    let path = root.join(name);
    fs::write(&path, content).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
}

fn xattr(root: &Path, name: &str, pairs: &[(&str, &str)]) {
    for (key, value) in pairs {
        let path = root.join(name);
        setxattr(&path, *key, value.as_bytes(), XattrFlags::empty())
            .expect("user xattrs work here");
    }
}

/// Bytes that compress somewhat, the same every time.
fn noise(len: usize, seed: u8) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let step = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 28) as u8 + b'a'
    };
    (0..len).map(step).collect()
}
