//! Giving up the rights that reading a bundle does not need, before its payload is touched.
//!
//! ```text
//! Landlock      files: what `Rights` names, nothing else; no program is run; no TCP; no signal to,
//!               no abstract socket of, any other process
//! seccomp       no socket, no program, no tracing, mounting, keyring or kernel module: see `calls`
//! no_new_privs  a set-user-ID program would stay what it is
//! ```
//!
//! It holds for the whole process and cannot be taken back, and for that reason it is done here and
//! never by the library. A verb names its rights when its keys and certificates are open and its
//! repository is found, and before a thread is started: Landlock holds for the thread that asks and
//! for those it starts. A kernel that knows only a part of it enforces that part, and what is missing
//! is said.

mod calls;
mod rights;

use std::fs;
use std::path::PathBuf;

use airlock::Class;
use landlock::{
    ABI, Access, AccessFs, AccessNet, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use serde::Serialize;

use crate::error::CliError;

pub use rights::Rights;

/// What is asked of the kernel: all that there was in Linux 6.12.
const WANTED: ABI = ABI::V6;
/// What keeps Landlock from holding for the whole process.
const ANOTHER_THREAD: &str = "another thread had been started before";

/// How far a process is confined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// As far as airlock knows how.
    Full,
    /// As far as this kernel knows how, or as far as the verb allows.
    Partial,
    /// Not at all.
    None,
}

/// What came of confining this process; `--json` shows it as `confinement`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Confinement {
    /// How far it is confined.
    pub level: Level,
    /// What is missing, and why.
    pub missing: Vec<String>,
}

impl Confinement {
    /// Stays as it is, for this reason.
    pub fn none(why: impl Into<String>) -> Confinement {
        Confinement {
            level: Level::None,
            missing: vec![why.into()],
        }
    }

    /// Gives up everything but `rights`, as far as this kernel knows how.
    pub fn enter(rights: &Rights) -> Confinement {
        let mut missing = Vec::new();
        let alone = threads() == 1;
        if !alone {
            missing.push(ANOTHER_THREAD.to_owned());
        }
        let files = match restrict(rights) {
            Ok(status) => status.ruleset,
            Err(error) => {
                missing.push(error.to_string());
                RulesetStatus::NotEnforced
            }
        };
        match files {
            RulesetStatus::FullyEnforced => {}
            RulesetStatus::PartiallyEnforced => {
                missing.push("this kernel knows only a part of Landlock's rules".to_owned());
            }
            RulesetStatus::NotEnforced => {
                missing.push("this kernel does not enforce Landlock's rules".to_owned());
            }
        }
        let filtered = calls::deny();
        let level = match (&filtered, &files) {
            (Ok(()), RulesetStatus::FullyEnforced) if alone => Level::Full,
            (Err(_), RulesetStatus::NotEnforced) => Level::None,
            _ => Level::Partial,
        };
        missing.extend(filtered.err().map(|why| format!("seccomp: {why}")));
        Confinement { level, missing }
    }

    /// Refuses to go on if anything is missing.
    pub fn required(&self) -> Result<(), CliError> {
        if self.level == Level::Full {
            return Ok(());
        }
        let error = CliError::new(Class::Unsupported, "airlock cannot be confined here");
        let whys = self.missing.iter();
        Err(whys
            .fold(error, |error, why| error.why(why.clone()))
            .next("use a kernel with Landlock, or do without `--confine require`"))
    }
}

/// Restricts this thread, and with it all that it starts.
fn restrict(rights: &Rights) -> Result<RestrictionStatus, RulesetError> {
    let everything = AccessFs::from_all(WANTED);
    let read = AccessFs::from_read(WANTED) & !AccessFs::Execute;
    // Nothing that airlock makes is a device, a socket or a pipe.
    let never = AccessFs::Execute
        | AccessFs::MakeChar
        | AccessFs::MakeBlock
        | AccessFs::MakeSock
        | AccessFs::MakeFifo
        | AccessFs::IoctlDev;
    Ruleset::default()
        .handle_access(everything)?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(path_beneath_rules(named(rights.list()), AccessFs::ReadDir))?
        .add_rules(path_beneath_rules(named(rights.read()), read))?
        .add_rules(path_beneath_rules(
            named(rights.change()),
            everything & !never,
        ))?
        .restrict_self()
}

/// Leaves out pipes and sockets without a name, such as `/dev/stdin` may be: Landlock takes no rule for
/// them, and lets them be opened.
fn named(paths: &[PathBuf]) -> impl Iterator<Item = &PathBuf> {
    paths.iter().filter(|path| match fs::metadata(path) {
        Ok(found) if found.is_file() || found.is_dir() => true,
        _ => path.canonicalize().is_ok(),
    })
}

/// How many threads there are; as many as can be if nobody tells.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(usize::MAX, Iterator::count)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::ErrorKind::{CrossesDevices, PermissionDenied};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::UnixStream;
    use std::path::Path;
    use std::process::Command;
    use std::thread;

    use super::{ANOTHER_THREAD, Confinement, Level, Rights};

    /// Runs [`inside`] in a process of its own, which can be confined without the others here.
    #[test]
    fn a_confined_process_cannot_do_what_it_gave_up() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("mine", "mine"),
            ("medium/x.airlock", "x"),
            ("medium/other", "o"),
        ] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        fs::create_dir(dir.path().join("repo")).unwrap();
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "confine::tests::inside",
                "--exact",
                "--ignored",
                "--nocapture",
            ])
            .current_dir(dir.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success(), "{said}");
        assert!(said.contains("1 passed"), "{said}");
    }

    #[test]
    #[ignore = "the test above runs it in a process of its own"]
    fn inside() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let rights = Rights::new().bundle(["medium/x.airlock"]);
        let confinement = Confinement::enter(&rights.changing(Path::new("repo")));
        // The harness has a thread besides, which is told, and which is not enough where all is wanted.
        assert!(confinement.missing.contains(&ANOTHER_THREAD.to_owned()));
        assert!(confinement.required().is_err());
        if confinement.missing.len() > 1 {
            // A kernel that does not know all of it says what is missing; there is no more to try.
            return assert_ne!(confinement.level, Level::Full);
        }
        attempt(address);
        // And so in every thread that it starts.
        thread::spawn(move || attempt(address)).join().unwrap();
    }

    fn attempt(address: std::net::SocketAddr) {
        type Denied<'a> = (&'a str, std::io::Result<()>);
        let denied: [Denied; 11] = [
            ("passwd", File::open("/etc/passwd").map(drop)),
            ("beside the repository", File::open("mine").map(drop)),
            ("beside the bundle", File::open("medium/other").map(drop)),
            ("the home", fs::read_dir("/root").map(drop)),
            ("a new file", File::create("new").map(drop)),
            ("writing to the medium", fs::write("medium/x.airlock", "y")),
            ("tcp", TcpStream::connect(address).map(drop)),
            ("listening", TcpListener::bind("127.0.0.1:0").map(drop)),
            ("udp", UdpSocket::bind("127.0.0.1:0").map(drop)),
            ("a daemon", UnixStream::connect("/run/x").map(drop)),
            ("a program", Command::new("/bin/true").status().map(drop)),
        ];
        fs::write("repo/new", "text").expect("a repository may be written");
        for (what, result) in denied {
            let kind = result.expect_err(what).kind();
            assert_eq!(kind, PermissionDenied, "{what}");
        }
        let out = fs::rename("repo/new", "new").expect_err("it leads out");
        let kinds = [PermissionDenied, CrossesDevices];
        assert!(kinds.contains(&out.kind()), "{out}");
        assert_eq!(fs::read("medium/x.airlock").expect("the bundle"), b"x");
        assert!(fs::read_dir("medium").is_ok());
        assert!(thread::available_parallelism().is_ok());
        let status = fs::read_to_string("/proc/thread-self/status");
        assert_eq!(status.expect_err("not granted").kind(), PermissionDenied);
    }
}
