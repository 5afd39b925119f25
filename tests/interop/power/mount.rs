//! Mounting what is served, as `fuseblk`.
//!
//! A plain FUSE mount answers `syncfs` in the kernel. One on a block device hands it on (Linux 6.18
//! and newer), so each stands on a loop device of its own, which is never read nor written.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};

use super::disk::{Disk, Faults};
use super::tree::{Op, Tree};
use super::wire::{MAX_WRITE, Reply, Request};

/// A file system that is served until this is dropped.
pub struct Mounted {
    path: PathBuf,
    disk: Arc<Mutex<Disk>>,
    server: Option<JoinHandle<()>>,
}

impl Mounted {
    /// Serves a tree at a directory that is there.
    pub fn new(path: &Path, tree: Tree, faults: Faults) -> Mounted {
        let backing = tempfile::NamedTempFile::new().unwrap();
        backing.as_file().set_len(1 << 16).unwrap();
        let device = losetup(&["--find", "--show", backing.path().to_str().unwrap()]);
        let fuse = File::options()
            .read(true)
            .write(true)
            .open("/dev/fuse")
            .unwrap();
        let options = format!(
            "fd={},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions,blksize=4096\0",
            fuse.as_raw_fd()
        );
        let options = std::ffi::CStr::from_bytes_with_nul(options.as_bytes()).unwrap();
        let mounted = mount(&device, path, "fuseblk", MountFlags::NOATIME, options);
        // From here on it goes with its last user.
        losetup(&["--detach", &device]);
        mounted.unwrap();
        let disk = Arc::new(Mutex::new(Disk::new(tree, faults)));
        let served = Arc::clone(&disk);
        Mounted {
            path: path.to_owned(),
            disk,
            server: Some(thread::spawn(move || serve(fuse, &served))),
        }
    }

    /// What it holds now.
    pub fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap()
    }

    /// Takes it away; returns what it held, and all that was done.
    pub fn unmount(mut self) -> (Tree, Vec<Op>) {
        self.stop();
        let mut disk = self.disk();
        (
            std::mem::take(&mut disk.tree),
            std::mem::take(&mut disk.log),
        )
    }

    fn stop(&mut self) {
        let Some(server) = self.server.take() else {
            return;
        };
        let _ = unmount(&self.path, UnmountFlags::DETACH);
        if let Err(panic) = server.join()
            && !thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Answers one request after the other, until there is nobody left to ask.
fn serve(mut fuse: File, disk: &Mutex<Disk>) {
    let mut buffer = vec![0; MAX_WRITE as usize + 4096];
    loop {
        let read = match fuse.read(&mut buffer) {
            Ok(read) => read,
            Err(error) if error.raw_os_error() == Some(ENODEV) => return,
            Err(error) if error.raw_os_error() == Some(ENOENT) => continue,
            Err(error) => panic!("/dev/fuse: {error}"),
        };
        let request = Request::parse(&buffer[..read]);
        let unique = request.unique;
        let answer = disk.lock().unwrap().answer(request);
        if let Some(answer) = answer {
            // Who asked may have been killed meanwhile.
            let _ = fuse.write(&Reply::encode(answer, unique));
        }
    }
}

/// The file system is gone.
const ENODEV: i32 = 19;
/// A request was taken back.
const ENOENT: i32 = 2;

fn losetup(args: &[&str]) -> String {
    let output = Command::new("losetup").args(args).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "losetup {args:?}: {said}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Tells whether one can be mounted here, and hears of `syncfs`.
pub fn works() -> bool {
    if !rustix::process::geteuid().is_root() || !Path::new("/dev/fuse").exists() {
        return false;
    }
    let found = Command::new("losetup").arg("--version").output();
    if !found.is_ok_and(|output| output.status.success()) {
        return false;
    }
    let dir = tempfile::TempDir::new().unwrap();
    let tree = super::tree::load(dir.path());
    let Ok(mounted) =
        std::panic::catch_unwind(|| Mounted::new(dir.path(), tree, Faults::default()))
    else {
        return false;
    };
    let synced = File::open(dir.path()).and_then(|root| Ok(rustix::fs::syncfs(root)?));
    let (_, log) = mounted.unmount();
    synced.is_ok() && log.iter().any(|op| matches!(op, Op::SyncAll))
}
