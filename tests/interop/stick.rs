//! A stick as it is bought, with FAT on it: the door's own work, under a kernel that knows FAT.
//!
//! Build machines often run kernels without it, so Debian's User Mode Linux, a kernel that is a process,
//! mounts the stick; the directories of the host are seen inside. That such a kernel can be killed is
//! welcome: it is a stick pulled out.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;

use crate::release::Release;
use crate::tools::Tool;
use crate::world::World;

pub fn trials() -> Vec<Trial> {
    let needs = &[Tool::UserModeLinux, Tool::Ostree];
    let test = |name: &str, test: fn()| crate::trial(&format!("stick::{name}"), needs, test);
    vec![
        test("fat_carries_every_form", carries),
        test("a_full_fat_stick_is_left_as_it_was", full),
        test("a_fat_stick_pulled_out_has_no_bundle", pulled),
    ]
}

/// An image file with FAT on it.
struct Stick<'a> {
    world: &'a World,
    image: PathBuf,
}

/// What the kernel does before and after the lines of a test.
const BOOT: &str = r#"#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8
mount -t proc proc /proc
modules=/usr/lib/uml/modules/$(uname -r)/kernel/fs
for module in fat/fat fat/vfat nls/nls_cp437 nls/nls_iso8859-1; do
    insmod "$modules/$module.ko"
done
mount -t tmpfs tmpfs /mnt
mkdir /mnt/stick
plug() { mount -t vfat /dev/ubda /mnt/stick; }
replug() { umount /mnt/stick && plug; }
plug
"#;
const SHUT: &str = r#"
: the end
) >said 2>&1
umount /mnt/stick
poweroff -f
"#;

impl<'a> Stick<'a> {
    /// Formats one of this size.
    fn new(world: &'a World, megabytes: u64) -> Stick<'a> {
        let image = world.path("stick.img");
        let file = std::fs::File::create(&image).unwrap();
        file.set_len(megabytes << 20).unwrap();
        world
            .run_words("mkfs.vfat", &["-n", "DOOR", image.to_str().unwrap()])
            .ok();
        Stick { world, image }
    }

    /// Boots a kernel with the stick at `/mnt/stick`, runs lines of shell in the world, and returns what
    /// they said.
    fn boot(&self, script: &str) -> String {
        let airlock = env!("CARGO_BIN_EXE_airlock");
        let here = self.world.path("");
        let begin = format!("cd {}\nairlock() {{ {airlock} \"$@\"; }}\n", here.display());
        let init = self.world.path("init");
        let lines = [BOOT, &begin, "(\nset -eux\n", script, SHUT].concat();
        std::fs::write(&init, lines).unwrap();
        self.world
            .run("chmod", &format!("755 {}", init.display()))
            .ok();
        let status = Command::new("timeout")
            .args(["-k", "5", "300", "linux.uml", "mem=512M", "con=null"])
            .args(["con0=null", "rootfstype=hostfs", "rootflags=/", "rw"])
            .arg(format!("ubd0={}", self.image.display()))
            .arg(format!("init={}", init.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let said = std::fs::read_to_string(self.world.path("said"));
        said.unwrap_or_else(|error| panic!("{error}: the kernel ended with {status}"))
    }

    /// As [`boot`](Self::boot), when every line must succeed.
    #[track_caller]
    fn runs(&self, script: &str) -> String {
        let said = self.boot(script);
        assert!(said.trim_end().ends_with(": the end"), "{said}");
        said
    }
}

fn carries() {
    let release = Release::first("archive");
    let world = &release.world;
    std::fs::write(world.path("Tool-1.0+x"), "rides along").unwrap();
    let stick = Stick::new(world, 64);
    let export = "airlock export --repo=release os/stable --full --key=release.key --read-back";
    let said = stick.runs(&format!(
        "{export} --attach=Tool-1.0+x -o /mnt/stick
         {export} -o /mnt/stick/cut.airlock --split-size=64K
         {export} -o /mnt/stick/dir.airlock --form=dir
         replug
         for bundle in /mnt/stick/*.airlock /mnt/stick/cut.airlock.001; do
             airlock verify $bundle --trust=release.asc
         done
         mount -t tmpfs tmpfs /srv
         for bundle in os-stable* cut.airlock.001 dir.airlock; do
             rm -rf /srv/offline
             airlock init --repo=/srv/offline
             airlock import /mnt/stick/$bundle --repo=/srv/offline --trust=release.asc
             airlock fsck --repo=/srv/offline --trust=release.asc
             ostree fsck -q --repo=/srv/offline
             ostree rev-parse --repo=/srv/offline os/stable
         done
         mkdir out
         airlock inspect /mnt/stick/os-stable* --extract=out --trust=release.asc
         cmp Tool-1.0+x out/Tool-1.0+x
         ls /mnt/stick"
    ));
    let head = release.head("release");
    assert_eq!(said.matches(&format!("\n{head}\n")).count(), 3, "{said}");
    assert!(said.contains("\ncut.airlock.002\n"), "{said}");
}

fn full() {
    let release = Release::first("archive");
    let stick = Stick::new(&release.world, 3);
    let said = stick.runs(
        "head -c 2700K /dev/zero > /mnt/stick/other
         code=0
         airlock export --repo=release os/stable --full -o /mnt/stick --key=release.key || code=$?
         echo code $code
         replug
         ls -A /mnt/stick",
    );
    assert!(said.contains("\ncode 1\n"), "{said}");
    assert!(said.contains("/mnt/stick has room for"), "{said}");
    assert!(said.contains("+ ls -A /mnt/stick\nother\n"), "{said}");
}

/// The kernel stops at once, with what it had not written yet, as soon as the export has written something.
fn pulled() {
    let release = Release::first("archive");
    let stick = Stick::new(&release.world, 64);
    let said = stick.boot(
        "airlock export --repo=release os/stable --full -o /mnt/stick/a.airlock --key=release.key &
         until [ -n \"$(ls -A /mnt/stick)\" ]; do :; done
         poweroff -f -n",
    );
    assert!(!said.contains(": the end"), "{said}");
    // What bears the name is whole; and the next export succeeds either way.
    stick.runs(
        "if [ -e /mnt/stick/a.airlock ]; then
             airlock verify /mnt/stick/a.airlock --trust=release.asc
         fi
         airlock export --repo=release os/stable --full -o /mnt/stick/b.airlock --key=release.key --read-back
         replug
         airlock verify /mnt/stick/b.airlock --trust=release.asc",
    );
}
