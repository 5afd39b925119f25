//! The system calls that change files, and what they are about, in the calling convention of x86-64.
//!
//! ```text
//! renameat  tmp/airlock-? > extensions/airlock/redo.json
//! write     extensions/airlock/stage/?/??/?.filez
//! ▲         ▲
//! call      path beneath the place of the test; a ? is what differs from run to run
//! ```

use std::fs::{File, read_link};
use std::os::unix::fs::FileExt;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use nix::libc::{self, c_long, user_regs_struct};
use nix::unistd::Pid;
use regex::Regex;

/// A call that changes a file or a directory, by what it does and to what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Call {
    /// The name of the system call.
    pub name: &'static str,
    /// The path, or both of them, without what differs from run to run.
    pub path: String,
}

impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.path)
    }
}

/// Where a call says what it is about: the numbers of its arguments.
#[derive(Clone, Copy)]
enum About {
    /// An open file.
    Fd(usize),
    /// A path.
    Path(usize),
    /// A directory and a path beneath it, or the directory itself when there is no path.
    At(usize, usize),
    /// From a path to another.
    Both(usize, usize),
    /// From a path in a directory to another.
    BothAt(usize, usize, usize, usize),
    /// Every file system there is.
    Everything,
}

/// When a call changes something.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Always,
    /// When these flags, in this argument, say that a file is made or emptied.
    Opening(usize),
    /// When this argument asks for a clone.
    Cloning(usize),
}

use About::{At, Both, BothAt, Everything, Fd, Path as At0};

/// All calls by which a file or a directory can be changed, or pressed to its medium.
const CHANGING: &[(c_long, &str, About, When)] = &[
    (libc::SYS_open, "open", At0(0), When::Opening(1)),
    (libc::SYS_openat, "openat", At(0, 1), When::Opening(2)),
    (libc::SYS_creat, "creat", At0(0), When::Always),
    (libc::SYS_write, "write", Fd(0), When::Always),
    (libc::SYS_pwrite64, "pwrite64", Fd(0), When::Always),
    (libc::SYS_writev, "writev", Fd(0), When::Always),
    (libc::SYS_pwritev, "pwritev", Fd(0), When::Always),
    (libc::SYS_pwritev2, "pwritev2", Fd(0), When::Always),
    (
        libc::SYS_copy_file_range,
        "copy_file_range",
        Fd(2),
        When::Always,
    ),
    (libc::SYS_sendfile, "sendfile", Fd(0), When::Always),
    (libc::SYS_splice, "splice", Fd(2), When::Always),
    (libc::SYS_ioctl, "ioctl FICLONE", Fd(0), When::Cloning(1)),
    (libc::SYS_truncate, "truncate", At0(0), When::Always),
    (libc::SYS_ftruncate, "ftruncate", Fd(0), When::Always),
    (libc::SYS_fallocate, "fallocate", Fd(0), When::Always),
    (libc::SYS_sync, "sync", Everything, When::Always),
    (libc::SYS_syncfs, "syncfs", Fd(0), When::Always),
    (libc::SYS_fsync, "fsync", Fd(0), When::Always),
    (libc::SYS_fdatasync, "fdatasync", Fd(0), When::Always),
    (
        libc::SYS_sync_file_range,
        "sync_file_range",
        Fd(0),
        When::Always,
    ),
    (libc::SYS_mkdir, "mkdir", At0(0), When::Always),
    (libc::SYS_mkdirat, "mkdirat", At(0, 1), When::Always),
    (libc::SYS_rmdir, "rmdir", At0(0), When::Always),
    (libc::SYS_unlink, "unlink", At0(0), When::Always),
    (libc::SYS_unlinkat, "unlinkat", At(0, 1), When::Always),
    (libc::SYS_rename, "rename", Both(0, 1), When::Always),
    (
        libc::SYS_renameat,
        "renameat",
        BothAt(0, 1, 2, 3),
        When::Always,
    ),
    (
        libc::SYS_renameat2,
        "renameat2",
        BothAt(0, 1, 2, 3),
        When::Always,
    ),
    (libc::SYS_link, "link", Both(0, 1), When::Always),
    (libc::SYS_linkat, "linkat", BothAt(0, 1, 2, 3), When::Always),
    (libc::SYS_symlink, "symlink", At0(1), When::Always),
    (libc::SYS_symlinkat, "symlinkat", At(1, 2), When::Always),
    (libc::SYS_mknod, "mknod", At0(0), When::Always),
    (libc::SYS_mknodat, "mknodat", At(0, 1), When::Always),
    (libc::SYS_chmod, "chmod", At0(0), When::Always),
    (libc::SYS_fchmod, "fchmod", Fd(0), When::Always),
    (libc::SYS_fchmodat, "fchmodat", At(0, 1), When::Always),
    (libc::SYS_fchmodat2, "fchmodat2", At(0, 1), When::Always),
    (libc::SYS_chown, "chown", At0(0), When::Always),
    (libc::SYS_lchown, "lchown", At0(0), When::Always),
    (libc::SYS_fchown, "fchown", Fd(0), When::Always),
    (libc::SYS_fchownat, "fchownat", At(0, 1), When::Always),
    (libc::SYS_utimensat, "utimensat", At(0, 1), When::Always),
    (libc::SYS_setxattr, "setxattr", At0(0), When::Always),
    (libc::SYS_lsetxattr, "lsetxattr", At0(0), When::Always),
    (libc::SYS_fsetxattr, "fsetxattr", Fd(0), When::Always),
    (libc::SYS_removexattr, "removexattr", At0(0), When::Always),
    (libc::SYS_lremovexattr, "lremovexattr", At0(0), When::Always),
    (libc::SYS_fremovexattr, "fremovexattr", Fd(0), When::Always),
];

/// Ways to change files that nobody here looks for: a run that uses one proves nothing.
const NOT_LOOKED_FOR: &[c_long] = &[
    libc::SYS_openat2,
    libc::SYS_msync,
    libc::SYS_vmsplice,
    libc::SYS_io_setup,
    libc::SYS_io_submit,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_open_by_handle_at,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_mount,
    libc::SYS_open_tree,
];

/// Makes a file, or empties it.
const MAKES: i32 = libc::O_CREAT | libc::O_TRUNC;
const FICLONE: u64 = 0x4004_9409;

/// What a thread that enters the kernel is about to do.
pub enum Entering {
    /// It changes nothing beneath the place.
    Nothing,
    /// It changes a file there.
    Changing(Call),
    /// It does what [`NOT_LOOKED_FOR`] lists.
    Unseen(c_long),
}

/// Looks at a thread that stands at the entry of a system call.
pub fn entering(thread: Pid, registers: &user_regs_struct, place: &Path) -> Entering {
    let number = registers.orig_rax as c_long;
    if NOT_LOOKED_FOR.contains(&number) {
        return Entering::Unseen(number);
    }
    let Some((_, name, about, when)) = CHANGING.iter().find(|row| row.0 == number) else {
        return Entering::Nothing;
    };
    let asked = Asked::new(thread, registers);
    let (changes, name) = match *when {
        When::Always => (true, *name),
        When::Cloning(at) => (asked.arguments[at] == FICLONE, *name),
        When::Opening(at) => {
            let flags = asked.arguments[at] as i32;
            let unnamed = flags & libc::O_TMPFILE == libc::O_TMPFILE;
            let made = if unnamed { "openat O_TMPFILE" } else { *name };
            (unnamed || flags & MAKES != 0, made)
        }
    };
    match changes.then(|| asked.about(*about, place)).flatten() {
        Some(path) => Entering::Changing(Call { name, path }),
        None => Entering::Nothing,
    }
}

/// The arguments of a call, and the thread that makes it.
struct Asked {
    thread: Pid,
    arguments: [u64; 6],
}

impl Asked {
    fn new(thread: Pid, r: &user_regs_struct) -> Asked {
        Asked {
            thread,
            arguments: [r.rdi, r.rsi, r.rdx, r.r10, r.r8, r.r9],
        }
    }

    /// Says what the call is about, if that is beneath `place`.
    fn about(&self, about: About, place: &Path) -> Option<String> {
        let below = |path: PathBuf| Some(stable(path.strip_prefix(place).ok()?));
        let both = |from: Option<PathBuf>, to: PathBuf| {
            let from = from.and_then(below).unwrap_or_else(|| "?".to_owned());
            Some(format!("{from} > {}", below(to)?))
        };
        match about {
            Fd(fd) => below(self.fd(fd)?),
            At0(path) => below(self.beneath(self.link("cwd")?, path)?),
            At(dir, path) => below(self.beneath(self.dir(dir)?, path)?),
            Both(from, to) => {
                let cwd = self.link("cwd")?;
                both(self.beneath(cwd.clone(), from), self.beneath(cwd, to)?)
            }
            BothAt(from_dir, from, to_dir, to) => both(
                self.beneath(self.dir(from_dir)?, from),
                self.beneath(self.dir(to_dir)?, to)?,
            ),
            Everything => Some("everything".to_owned()),
        }
    }

    fn link(&self, name: &str) -> Option<PathBuf> {
        read_link(format!("/proc/{}/{name}", self.thread)).ok()
    }

    fn fd(&self, argument: usize) -> Option<PathBuf> {
        self.link(&format!("fd/{}", self.arguments[argument] as i32))
    }

    fn dir(&self, argument: usize) -> Option<PathBuf> {
        match self.arguments[argument] as i32 {
            libc::AT_FDCWD => self.link("cwd"),
            _ => self.fd(argument),
        }
    }

    /// Reads the path in an argument; none means the directory itself.
    fn beneath(&self, dir: PathBuf, argument: usize) -> Option<PathBuf> {
        let address = self.arguments[argument];
        if address == 0 {
            return Some(dir);
        }
        let memory = File::open(format!("/proc/{}/mem", self.thread)).ok()?;
        let mut bytes = vec![0; libc::PATH_MAX as usize];
        // What lies behind the path may not be there to be read.
        let read = memory.read_at(&mut bytes, address).ok()?;
        let end = bytes[..read].iter().position(|byte| *byte == 0)?;
        Some(plain(&dir.join(std::str::from_utf8(&bytes[..end]).ok()?)))
    }
}

/// Takes `.` and `..` out of a path.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

/// What differs from run to run: names by chance, checksums of what was signed or dated, inodes.
static CHANCE: LazyLock<[(Regex, &str); 7]> = LazyLock::new(|| {
    [
        (r"[0-9a-f]{64}", "?"),
        (r"(^|/)[0-9a-f]{2}/[0-9a-f]{62}", "$1??/?"),
        (r"staging-[-0-9a-f]{36}-\w{6}", "staging-?"),
        (
            r"(objects|(?:stage/|staging-)\?)/[0-9a-f]{2}($|/)",
            "$1/??$2",
        ),
        (r"(tmplink|tmp|airlock)(\.|-)\w{6,16}($|/)", "$1$2?$3"),
        (r"\.tmp\w{6}", ".tmp?"),
        (r"#\d+( \(deleted\))?", "#"),
    ]
    .map(|(pattern, with)| (Regex::new(pattern).expect("a pattern"), with))
});

fn stable(path: &Path) -> String {
    let mut path = path.display().to_string();
    for (pattern, with) in CHANCE.iter() {
        path = pattern.replace_all(&path, *with).into_owned();
    }
    path
}
