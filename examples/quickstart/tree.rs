//! A small tree with everything that makes an operating-system image hard to carry.
//!
//! ```text
//! bin lib -> usr/...        symbolic links               usr/bin/sudo          setuid
//! usr/bin/gunzip            a hard link                  usr/etc/machine-id    an empty file
//! usr/lib/modules/KVER/     moves with every kernel      vmlinuz initramfs.img large, incompressible
//! usr/share/doc/größe/      names in UTF-8               usr/bin/ping          extended attributes
//! ```
//!
//! The content is made up but the same on every machine; version 2 changes what an update of a
//! distribution changes: the kernel and everything below it, some libraries, the package database.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const WORDS: [&str; 16] = [
    "return", "static", "module", "kernel", "device", "buffer", "signal", "packet", "session",
    "memory", "thread", "config", "driver", "socket", "handle", "licence",
];
const LANGUAGES: [&str; 12] = [
    "ar", "cs", "de", "el", "es", "fr", "hi", "it", "ja", "pl", "pt_BR", "zh_CN",
];

/// What was written.
#[derive(Default)]
pub struct Counts {
    /// Regular files and symbolic links.
    pub files: u64,
    /// Bytes of regular files.
    pub bytes: u64,
    /// Whether the file system took an extended attribute.
    pub xattrs: bool,
}

/// Builds version `version` (1 or 2) of the image in `root`.
pub fn build(root: &Path, version: u64) -> io::Result<Counts> {
    let mut tree = Tree {
        root,
        version,
        counts: Counts::default(),
    };
    tree.programs()?;
    tree.libraries()?;
    tree.kernel()?;
    tree.documents()?;
    tree.configuration()?;
    tree.oddities()?;
    Ok(tree.counts)
}

struct Tree<'a> {
    root: &'a Path,
    version: u64,
    counts: Counts,
}

impl Tree<'_> {
    fn programs(&mut self) -> io::Result<()> {
        for n in 0..320 {
            let changed = self.changed(n, 12);
            self.file(
                &format!("usr/bin/program-{n:03}"),
                0o755,
                &code(n + changed, 4_000 + n * 97),
            )?;
        }
        self.file("usr/bin/sudo", 0o4755, &code(9001, 180_000))?;
        self.file("usr/bin/wall", 0o2755, &code(9002, 30_000))?;
        self.file("usr/bin/gzip", 0o755, &code(9003, 90_000))?;
        fs::hard_link(
            self.root.join("usr/bin/gzip"),
            self.root.join("usr/bin/gunzip"),
        )?;
        self.counts.files += 1;
        self.file("usr/bin/ping", 0o755, &code(9004, 70_000))?;
        // Not every file system keeps user attributes; the image is as good without.
        let set = rustix::fs::setxattr(
            self.root.join("usr/bin/ping"),
            "user.airlock.example",
            b"an extended attribute",
            rustix::fs::XattrFlags::empty(),
        );
        self.counts.xattrs = set.is_ok();
        Ok(())
    }

    fn libraries(&mut self) -> io::Result<()> {
        for n in 0..260 {
            let name = format!("usr/lib/x86_64-linux-gnu/libexample{n:03}.so");
            let changed = self.changed(n, 5);
            self.file(
                &format!("{name}.{}.0.{changed}", n % 7),
                0o644,
                &code(20_000 + n + changed, 10_000 + n * 300),
            )?;
            let target = format!("libexample{n:03}.so.{}.0.{changed}", n % 7);
            self.link(&format!("{name}.{}", n % 7), &target)?;
        }
        Ok(())
    }

    fn kernel(&mut self) -> io::Result<()> {
        let kver = format!("usr/lib/modules/6.1.0-{}-amd64", 49 + self.version);
        for n in 0..700 {
            let group = ["net", "fs", "drivers/gpu", "drivers/usb", "sound"][n as usize % 5];
            // A module keeps its code from one kernel to the next; the build id in it does not.
            let mut module = code(40_000 + n, 6_000 + n * 23);
            module.extend_from_slice(format!("vermagic=6.1.0-{}", 49 + self.version).as_bytes());
            self.file(
                &format!("{kver}/kernel/{group}/module-{n:03}.ko"),
                0o644,
                &module,
            )?;
        }
        self.file(
            &format!("{kver}/vmlinuz"),
            0o644,
            &noise(50_000 + self.version, 6_000_000),
        )?;
        self.file(
            &format!("{kver}/initramfs.img"),
            0o600,
            &noise(50_010 + self.version, 12_000_000),
        )
    }

    fn documents(&mut self) -> io::Result<()> {
        for n in 0..700 {
            let changed = self.changed(n, 9);
            self.file(
                &format!("usr/share/doc/package-{n:03}/copyright"),
                0o644,
                &text(n % 40, 1_800),
            )?;
            let changes = text(60_000 + n + changed, 700);
            self.file(
                &format!("usr/share/doc/package-{n:03}/changelog"),
                0o644,
                &changes,
            )?;
        }
        for (n, language) in (0..).zip(LANGUAGES) {
            for domain in 0..30 {
                let name = format!("usr/share/locale/{language}/LC_MESSAGES/domain-{domain:02}.mo");
                self.file(&name, 0o644, &text(70_000 + n * 100 + domain, 2_500))?;
            }
        }
        Ok(())
    }

    fn configuration(&mut self) -> io::Result<()> {
        for n in 0..160 {
            self.file(
                &format!("usr/etc/example.d/{n:03}.conf"),
                0o644,
                &text(80_000 + n, 300),
            )?;
        }
        self.file("usr/etc/machine-id", 0o444, b"")?;
        self.file("usr/etc/shadow", 0o600, b"root:*:20000:0:99999:7:::\n")?;
        let release = format!("NAME=Example\nVERSION_ID={}\n", self.version);
        self.file("usr/lib/os-release", 0o644, release.as_bytes())?;
        self.file(
            "usr/lib/sysimage/packages.db",
            0o644,
            &text(90_000 + self.version, 1_500_000),
        )
    }

    fn oddities(&mut self) -> io::Result<()> {
        self.file(
            "usr/share/doc/größe/日本語.txt",
            0o644,
            "Größe, サイズ, размер\n".as_bytes(),
        )?;
        self.file("usr/share/doc/größe/a name with spaces", 0o644, b"")?;
        self.file("usr/share/games/-dash", 0o644, b"a leading dash\n")?;
        for (name, target) in [
            ("bin", "usr/bin"),
            ("lib", "usr/lib"),
            ("ostree", "sysroot/ostree"),
        ] {
            self.link(name, target)?;
        }
        self.link("usr/share/dangling", "../nowhere")?;
        for empty in ["var", "sysroot", "usr/local"] {
            fs::create_dir_all(self.root.join(empty))?;
        }
        fs::set_permissions(
            self.root.join("usr/local"),
            PermissionsExt::from_mode(0o2775),
        )
    }

    /// One in `every` files differs in version 2.
    fn changed(&self, n: u64, every: u64) -> u64 {
        if n.is_multiple_of(every) {
            self.version - 1
        } else {
            0
        }
    }

    fn file(&mut self, name: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap_or(self.root))?;
        let mut file = File::create(&path)?;
        file.write_all(content)?;
        file.set_permissions(PermissionsExt::from_mode(mode))?;
        self.counts.files += 1;
        self.counts.bytes += content.len() as u64;
        Ok(())
    }

    fn link(&mut self, name: &str, target: &str) -> io::Result<()> {
        self.counts.files += 1;
        symlink(target, self.root.join(name))
    }
}

/// Words, as in a text: compresses well.
fn text(seed: u64, size: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut out = Vec::with_capacity(size as usize + 16);
    while (out.len() as u64) < size {
        let word = WORDS[random.next() as usize % WORDS.len()];
        let end = if random.next().is_multiple_of(11) {
            '\n'
        } else {
            ' '
        };
        out.extend_from_slice(format!("{word}{end}").as_bytes());
    }
    out
}

/// Words among numbers, as in a program: compresses to about a half.
fn code(seed: u64, size: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut out = Vec::with_capacity(size as usize + 16);
    out.extend_from_slice(b"\x7fELF\x02\x01\x01\0");
    while (out.len() as u64) < size {
        out.extend_from_slice(&random.next().to_le_bytes()[..6]);
        out.extend_from_slice(WORDS[random.next() as usize % WORDS.len()].as_bytes());
        out.extend_from_slice(&[0; 4]);
    }
    out
}

/// Noise, as in a file that is compressed already.
fn noise(seed: u64, size: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..size / 8)
        .flat_map(|_| random.next().to_le_bytes())
        .collect()
}

/// xorshift64*: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Random {
        Random((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }
}
