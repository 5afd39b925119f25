//! Runs a command under `ptrace`, counts the calls that change files, and lets one of them go wrong.
//!
//! `strace --inject` counts per thread, so of several workers it hits whoever comes first; here a call is
//! counted in the whole process, and what was hit is known.

use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;
use std::process::Command;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::call::{Call, Entering, entering};

/// What happens at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The process is killed at its entry: neither this call nor any later one happens.
    Kill,
    /// The call does nothing, and says that there is no space.
    NoSpace,
    /// The call does nothing, and says that the device failed.
    Io,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 3] = [Fault::Kill, Fault::NoSpace, Fault::Io];

    /// Its name in a table.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Kill => "kill",
            Fault::NoSpace => "ENOSPC",
            Fault::Io => "EIO",
        }
    }

    fn errno(self) -> Option<Errno> {
        match self {
            Fault::Kill => None,
            Fault::NoSpace => Some(Errno::ENOSPC),
            Fault::Io => Some(Errno::EIO),
        }
    }
}

/// The call that goes wrong: the n-th of its kind, from 0.
#[derive(Clone, Debug)]
pub struct Point {
    pub call: Call,
    pub nth: usize,
    pub fault: Fault,
}

/// How a traced command ended.
#[derive(Debug)]
pub struct Traced {
    /// The exit code; none after a kill.
    pub code: Option<i32>,
    /// What it printed, on both channels.
    pub said: String,
    /// The calls that changed files, in the order in which they were made.
    pub calls: Vec<Call>,
    /// Whether the point was reached.
    pub hit: bool,
    /// Numbers of calls that are not looked for.
    pub unseen: BTreeSet<i64>,
}

/// Runs a command in `place`, with a fault at `point`.
#[expect(
    clippy::zombie_processes,
    reason = "it is waited for together with its threads"
)]
pub fn run(place: &Path, words: &[&str], log: &Path, point: Option<&Point>) -> Traced {
    let output = File::create(log).unwrap();
    let child = Command::new("sh")
        .args(["-c", "kill -STOP $$; exec \"$0\" \"$@\""])
        .args(words)
        .current_dir(place)
        .env("HOME", place)
        .env("LC_ALL", "C.UTF-8")
        .stdin(std::process::Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let process = Pid::from_raw(i32::try_from(child.id()).unwrap());
    waitpid(process, Some(WaitPidFlag::WUNTRACED)).unwrap();
    let follow = Options::PTRACE_O_TRACECLONE
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACEEXEC
        | Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_EXITKILL;
    ptrace::seize(process, follow).unwrap();
    kill(process, Signal::SIGCONT).unwrap();
    let mut tracer = Tracer {
        place,
        process,
        point,
        failing: HashMap::new(),
        traced: Traced {
            code: None,
            said: String::new(),
            calls: Vec::new(),
            hit: false,
            unseen: BTreeSet::new(),
        },
    };
    tracer.follow();
    tracer.traced.said = String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned();
    tracer.traced
}

struct Tracer<'a> {
    place: &'a Path,
    process: Pid,
    point: Option<&'a Point>,
    /// The threads that are in a call that was made to fail.
    failing: HashMap<Pid, Errno>,
    traced: Traced,
}

impl Tracer<'_> {
    /// Follows all threads to their end.
    fn follow(&mut self) {
        // Other tests have children too, but in threads of their own.
        let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
        loop {
            let (thread, signal) = match waitpid(None, Some(flags)) {
                Ok(WaitStatus::Exited(pid, code)) => {
                    if pid == self.process {
                        self.traced.code = Some(code);
                    }
                    continue;
                }
                Ok(WaitStatus::Signaled(..)) => continue,
                Ok(WaitStatus::PtraceSyscall(thread)) => {
                    self.at_call(thread);
                    (thread, None)
                }
                Ok(WaitStatus::PtraceEvent(thread, ..)) => (thread, None),
                Ok(WaitStatus::Stopped(thread, signal)) => (thread, Some(signal)),
                Ok(_) => continue,
                Err(Errno::ECHILD) => return,
                Err(error) => panic!("waitpid: {error}"),
            };
            // A thread that was killed meanwhile is not there to be told.
            let _ = ptrace::syscall(thread, signal);
        }
    }

    /// A thread enters or leaves the kernel.
    fn at_call(&mut self, thread: Pid) {
        let (Ok(mut registers), Ok(about)) =
            (ptrace::getregs(thread), ptrace::syscall_info(thread))
        else {
            return; // killed
        };
        if let Some(errno) = self.failing.remove(&thread) {
            registers.rax = (-i64::from(errno as i32)) as u64;
            ptrace::setregs(thread, registers).unwrap();
            return;
        }
        if about.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            return;
        }
        match entering(thread, &registers, self.place) {
            Entering::Nothing => {}
            Entering::Unseen(number) => drop(self.traced.unseen.insert(number)),
            Entering::Changing(call) => {
                let earlier = self.traced.calls.iter().filter(|made| **made == call);
                let here = (&call, earlier.count());
                let point = self.point.filter(|point| (&point.call, point.nth) == here);
                self.traced.calls.push(call.clone());
                let Some(point) = point else { return };
                self.traced.hit = true;
                let Some(errno) = point.fault.errno() else {
                    kill(self.process, Signal::SIGKILL).unwrap();
                    return;
                };
                // No call has this number, so none is made.
                registers.orig_rax = u64::MAX;
                ptrace::setregs(thread, registers).unwrap();
                self.failing.insert(thread, errno);
            }
        }
    }
}
