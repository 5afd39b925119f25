//! A place for one test: repositories, keys and a gpg home of its own.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::tools::{Ran, run_with};

/// A directory that goes when the test is over.
pub struct World {
    dir: tempfile::TempDir,
}

impl World {
    /// Makes an empty world that a web server may look into.
    pub fn new() -> World {
        World::below(&std::env::temp_dir())
    }

    /// Makes an empty world that waits for no disk, where there is memory to make it in.
    pub fn in_memory() -> World {
        let memory = Path::new("/dev/shm");
        match memory.is_dir() {
            true => World::below(memory),
            false => World::new(),
        }
    }

    fn below(parent: &Path) -> World {
        let dir = tempfile::Builder::new()
            .prefix("airlock-")
            .tempdir_in(parent)
            .unwrap();
        let world = World { dir };
        std::fs::set_permissions(world.path(""), PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::create_dir(world.path("gnupg")).unwrap();
        std::fs::set_permissions(world.path("gnupg"), PermissionsExt::from_mode(0o700)).unwrap();
        world
    }

    /// Returns a path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs `airlock` here; words are separated by blanks.
    pub fn airlock(&self, words: &str) -> Ran {
        self.run(env!("CARGO_BIN_EXE_airlock"), words)
    }

    /// Runs `ostree` here.
    pub fn ostree(&self, words: &str) -> Ran {
        self.run("ostree", words)
    }

    /// Runs any program here.
    pub fn run(&self, program: &str, words: &str) -> Ran {
        self.run_words(program, &words.split_whitespace().collect::<Vec<_>>())
    }

    /// Runs any program here, with words that hold blanks.
    pub fn run_words(&self, program: &str, words: &[&str]) -> Ran {
        let home = self.path("gnupg");
        let environment: [(&str, &OsStr); 2] = [
            ("GNUPGHOME", home.as_ref()),
            ("HOME", self.dir.path().as_ref()),
        ];
        run_with(self.dir.path(), program, words, &environment)
    }

    /// Runs lines of shell here, and expects success.
    #[track_caller]
    pub fn shell(&self, script: &str) -> String {
        self.run_words("bash", &["-euo", "pipefail", "-c", script])
            .ok()
    }

    /// Returns every path below a directory with its permissions, sorted; symlinks have none.
    pub fn listing(&self, name: &str) -> Vec<String> {
        let root = self.path(name);
        let mut found = Vec::new();
        let mut waiting = vec![root.clone()];
        while let Some(dir) = waiting.pop() {
            for entry in std::fs::read_dir(&dir).unwrap().map(Result::unwrap) {
                let (path, about) = (entry.path(), entry.metadata().unwrap());
                let below = path.strip_prefix(&root).unwrap().display().to_string();
                match about.is_symlink() {
                    true => found.push(format!(
                        "{below} -> {}",
                        std::fs::read_link(&path).unwrap().display()
                    )),
                    false => found.push(format!("{below} {:o}", about.permissions().mode())),
                }
                if about.is_dir() {
                    waiting.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if Path::new("/usr/bin/gpgconf").exists() {
            let _ = self.run("gpgconf", "--kill all");
        }
    }
}

/// Tells whether this runs as root, who alone may make bare repositories.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
