//! Runs the real binary in a directory of its own.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// A working directory in which commands run with nothing of the caller's environment.
pub struct Place {
    dir: TempDir,
}

/// What a command said, and how it ended.
pub struct Ended {
    /// Its exit code.
    pub code: i32,
    /// The result.
    pub stdout: String,
    /// Everything else.
    pub stderr: String,
}

impl Place {
    /// Makes an empty one.
    pub fn new() -> Place {
        Place {
            dir: TempDir::new().expect("a temporary directory"),
        }
    }

    /// Returns the path of a file in it.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Runs a command line; words are split at spaces.
    pub fn airlock(&self, line: &str) -> Ended {
        let output = self.command(line).output().expect("airlock runs");
        Ended::new(&output)
    }

    /// Prepares a command line.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_airlock"));
        command.args(line.split_whitespace()).current_dir(&self.dir);
        for name in [
            "OSTREE_REPO",
            "AIRLOCK_CONFIG",
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "JOURNAL_STREAM",
        ] {
            command.env_remove(name);
        }
        command
    }
}

impl Ended {
    fn new(output: &Output) -> Ended {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let code = output.status.code().expect("no signal");
        Ended {
            code,
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }
}
