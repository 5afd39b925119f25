//! The stock tools, and running them.

use std::ffi::OsStr;
use std::fmt;
use std::path::Path;
use std::process::{Command, Output};

/// A tool that a test may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `ostree`, of libostree.
    Ostree,
    /// Python with GLib's introspection.
    GLib,
    /// `gpg` and `gpgv`.
    Gpg,
    /// Sequoia's `sq`.
    Sq,
    /// Debian's `apache2`.
    Apache,
    /// `zstd`.
    Zstd,
    /// `strace`, with leave to trace.
    Strace,
    /// Debian's User Mode Linux, and what formats a stick for it; only root mounts.
    UserModeLinux,
    /// A FUSE file system of the test's own that hears of every sync: root, and Linux 6.18.
    Fuse,
    /// A kernel with Landlock.
    Landlock,
}

impl Tool {
    /// Tells whether it is installed.
    pub fn is_here(&self) -> bool {
        let (program, args): (&str, &[&str]) = match self {
            Tool::Fuse => return crate::power::works(),
            Tool::Ostree => ("ostree", &["--version"]),
            Tool::GLib => (
                "/usr/bin/python3",
                &["-c", "from gi.repository import GLib"],
            ),
            Tool::Gpg => ("gpgv", &["--version"]),
            Tool::Sq => ("sq", &["--version"]),
            Tool::Apache => ("/usr/sbin/apache2", &["-v"]),
            Tool::Zstd => ("zstd", &["--version"]),
            Tool::Strace => ("strace", &["-o", "/dev/null", "true"]),
            Tool::UserModeLinux => (
                "sh",
                &[
                    "-c",
                    "linux.uml --version && mkfs.vfat --help && [ -x /sbin/insmod ]",
                ],
            ),
            Tool::Landlock => return confines(),
        };
        let found = Command::new(program).args(args).output();
        found.is_ok_and(|output| output.status.success())
    }
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Tool::Ostree => "ostree",
            Tool::GLib => "python3-gi",
            Tool::Gpg => "gnupg",
            Tool::Sq => "sq",
            Tool::Apache => "apache2",
            Tool::Zstd => "zstd",
            Tool::Strace => "strace",
            Tool::UserModeLinux => "user-mode-linux, dosfstools and kmod",
            Tool::Fuse => "root, /dev/fuse and loop devices, and Linux 6.18",
            Tool::Landlock => "a kernel with Landlock",
        })
    }
}

/// Tells whether this kernel does all that airlock asks of it; if not, it says so by exit code 7.
fn confines() -> bool {
    let inspect = ["inspect", "--confine", "require", "/dev/null"];
    let tried = Command::new(env!("CARGO_BIN_EXE_airlock"))
        .args(inspect)
        .output();
    tried.is_ok_and(|output| output.status.code() != Some(7))
}

/// What a program left behind.
#[derive(Debug)]
pub struct Ran {
    command: String,
    output: Output,
}

impl Ran {
    /// Expects success and returns what it printed, trimmed.
    #[track_caller]
    pub fn ok(self) -> String {
        assert!(self.output.status.success(), "{self}");
        self.stdout()
    }

    /// Returns what it printed, trimmed.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout)
            .trim()
            .to_owned()
    }

    /// Expects failure and returns what it said on stderr.
    #[track_caller]
    pub fn fails(self) -> String {
        assert!(!self.output.status.success(), "{self}");
        String::from_utf8_lossy(&self.output.stderr)
            .trim()
            .to_owned()
    }

    /// Returns the exit code.
    pub fn code(&self) -> Option<i32> {
        self.output.status.code()
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        writeln!(f, "$ {}  ({})", self.command, self.output.status)?;
        write!(
            f,
            "{}{}",
            text(&self.output.stdout),
            text(&self.output.stderr)
        )
    }
}

/// Runs a program to its end.
pub fn run<S: AsRef<OsStr>>(dir: &Path, program: &str, args: impl IntoIterator<Item = S>) -> Ran {
    run_with(dir, program, args, &[])
}

/// Runs a program with additions to its environment.
pub fn run_with<S: AsRef<OsStr>>(
    dir: &Path,
    program: &str,
    args: impl IntoIterator<Item = S>,
    environment: &[(&str, &OsStr)],
) -> Ran {
    let mut command = Command::new(program);
    command
        .current_dir(dir)
        .args(args)
        .env("LC_ALL", "C.UTF-8")
        .envs(environment.iter().copied());
    let words: Vec<_> = command
        .get_args()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    Ran {
        command: format!("{program} {}", words.join(" ")),
        output,
    }
}
