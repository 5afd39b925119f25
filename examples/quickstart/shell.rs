//! Runs commands as a person would type them, and insists on how they end.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// A story that went wrong, and where.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A working directory, and the `airlock` that was built with this example.
pub struct Shell {
    /// Where everything happens.
    pub dir: PathBuf,
    airlock: PathBuf,
}

impl Shell {
    /// Builds `airlock` with the profile and features of this example, next to it.
    pub fn build(dir: &Path) -> Result<Shell> {
        // target/PROFILE/examples/quickstart → target/PROFILE/airlock
        let example = std::env::current_exe()?;
        let profile = example
            .parent()
            .and_then(Path::parent)
            .ok_or("no target directory")?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build
            // The example is named too so that cargo takes the features it was just built with, and
            // builds nothing twice.
            .args([
                "build",
                "--quiet",
                "--bin",
                "airlock",
                "--example",
                "quickstart",
            ])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        if !cfg!(feature = "crypto-rust") {
            let backend = if cfg!(feature = "crypto-nettle") {
                "cli,crypto-nettle"
            } else {
                "cli,crypto-openssl"
            };
            build.args(["--no-default-features", "--features", backend]);
        }
        if !build.status()?.success() {
            return Err("airlock does not build".into());
        }
        Ok(Shell {
            dir: dir.to_owned(),
            airlock: profile.join("airlock"),
        })
    }

    /// Runs a command line that must succeed, and shows those lines of its result that begin with one
    /// of the words; messages and progress appear as they are.
    pub fn run(&self, line: &str, words: &[&str]) -> Result<()> {
        prompt(line);
        let output = self.command(line)?.stderr(Stdio::inherit()).output()?;
        ended(line, output.status, 0)?;
        let result = String::from_utf8(output.stdout)?;
        let wanted = |line: &&str| words.iter().any(|word| line.trim_start().starts_with(word));
        result.lines().filter(wanted).for_each(say);
        Ok(())
    }

    /// Runs a command line that must end with exit code `code`, and shows what it says.
    pub fn expect(&self, line: &str, code: i32) -> Result<()> {
        prompt(line);
        let output = self.command(line)?.output()?;
        for said in String::from_utf8(output.stderr)?.lines() {
            say(&broken(said, 4, ""));
        }
        ended(line, output.status, code)
    }

    /// Runs a command line that must succeed, without showing it, and returns what it printed.
    pub fn quietly(&self, line: &str) -> Result<String> {
        let output = self.command(line)?.stderr(Stdio::piped()).output()?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("`{line}` ended with {}: {stderr}", output.status).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Splits at spaces: no argument of this story holds one, except between single quotes.
    fn command(&self, line: &str) -> Result<Command> {
        let mut words = Vec::new();
        for (n, piece) in line.split('\'').enumerate() {
            match n % 2 {
                0 => words.extend(piece.split_whitespace().map(str::to_owned)),
                _ => words.push(piece.to_owned()),
            }
        }
        let (program, args) = words.split_first().ok_or("an empty command line")?;
        let program = if program == "airlock" {
            self.airlock.as_path()
        } else {
            Path::new(program)
        };
        let mut command = Command::new(program);
        // Bars come and go on a terminal; as lines in a file they would drown the story.
        if program == self.airlock && !std::io::stderr().is_terminal() {
            command.arg("--progress=none");
        }
        // Nothing of the reader's own set-up leaks into the story.
        command
            .args(args)
            .current_dir(&self.dir)
            .stdin(Stdio::null());
        command
            .env_remove("OSTREE_REPO")
            .env_remove("AIRLOCK_CONFIG");
        Ok(command)
    }
}

/// Shows a command line, broken where a terminal would break it.
fn prompt(line: &str) {
    let shown = broken(&format!("$ {line}"), 6, " \\");
    say(&format!("\x1b[1m{shown}\x1b[0m"));
}

/// Breaks a line that is wider than a terminal; what follows is indented, what is broken marked.
fn broken(line: &str, indent: usize, mark: &str) -> String {
    let mut shown = String::new();
    let mut column = 0;
    for word in line.split_inclusive(' ') {
        if column + word.trim_end().len() + mark.len() > 80 {
            shown.truncate(shown.trim_end().len());
            shown += &format!("{mark}\n{:indent$}", "");
            column = indent;
        }
        shown += word;
        column += word.len();
    }
    shown
}

fn ended(line: &str, status: ExitStatus, code: i32) -> Result<()> {
    match status.code() {
        Some(ended) if ended == code => Ok(()),
        _ => Err(format!("expected exit code {code}, but `{line}` ended with {status}").into()),
    }
}

/// Prints a line; colours only where a person reads.
pub fn say(line: &str) {
    use std::io::Write;
    // A reader who has seen enough may leave.
    let _ = writeln!(anstream::stdout(), "{line}");
}

/// Finds a program on the search path.
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}
