//! What every verb is given: the time, an observer, the configuration, and stderr.

use std::io::{IsTerminal, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use airlock::bundle::Bundle;
use airlock::{Class, Observer};
use anstream::AutoStream;

use crate::args::OutputArgs;
use crate::config::Config;
use crate::confine::Confinement;
use crate::error::CliError;
use crate::progress::{self, Progress};
use crate::render::clean;

/// What a verb may know of the world besides its arguments.
pub struct Context {
    now: u64,
    progress: Box<dyn Progress>,
    config: Config,
    confinement: Option<Confinement>,
}

impl Context {
    /// Reads the clock and the configuration file, and chooses how progress is shown.
    pub fn new(output: &OutputArgs) -> Result<Context, CliError> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_| CliError::new(Class::System, "the clock stands before 1970"))?
            .as_secs();
        Ok(Context {
            now,
            progress: progress::choose(output),
            config: Config::load(output.config.as_deref())?,
            confinement: None,
        })
    }

    /// Returns the time at which the command began, in UNIX seconds.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Returns whoever shows progress.
    pub fn observer(&self) -> &dyn Observer {
        self.progress.observer()
    }

    /// Returns what stands in `airlock.toml`.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Notes how far this process is confined.
    pub fn confined(&mut self, confinement: Confinement) {
        self.confinement = Some(confinement);
    }

    /// Returns how far this process is confined; nothing for a verb that reads nothing foreign.
    pub fn confinement(&self) -> Option<&Confinement> {
        self.confinement.as_ref()
    }

    /// Names the bundle that is being worked on, and its id, in the progress lines of a log.
    pub fn about(&self, bundle: &[PathBuf]) {
        let Some(name) = bundle.first().and_then(|path| path.file_name()) else {
            return;
        };
        let name = clean(&name.to_string_lossy());
        // What cannot be opened is told by whoever opens it next.
        self.progress.about(&match Bundle::open(bundle) {
            Ok(bundle) => format!("{name} {:.12}", bundle.id().to_string()),
            Err(_) => name,
        });
    }

    /// Warns on stderr at once.
    pub fn warn(&self, text: &str) {
        let text = format!("{}: {text}", crate::render::yellow("warning"));
        self.progress
            .aside(&|| Stderr::detect().line(Priority::Warning, &text));
    }

    /// Clears what progress left on the terminal.
    pub fn finish(&self) {
        self.progress.finish();
    }
}

/// How urgent a line is, in syslog's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Something failed.
    Error = 3,
    /// Something to look at.
    Warning = 4,
    /// Something that happened.
    Info = 6,
}

/// The stream for everything that is not the result.
#[derive(Clone, Copy, Debug)]
pub struct Stderr {
    journal: bool,
}

impl Stderr {
    /// Looks at where stderr leads.
    pub fn detect() -> Stderr {
        Stderr {
            journal: leads_to_journal(),
        }
    }

    /// Writes a line; under journald with its priority (`<6>`), elsewhere with colours if wanted.
    pub fn line(self, priority: Priority, text: &str) {
        let mut stderr = AutoStream::auto(std::io::stderr().lock());
        let prefix = if self.journal {
            format!("<{}>", priority as u8)
        } else {
            String::new()
        };
        // There is nobody left to tell when stderr is closed.
        let _ = writeln!(stderr, "{prefix}{text}");
    }

    /// Tells whether a person may be watching.
    pub fn is_terminal(self) -> bool {
        !self.journal && std::io::stderr().is_terminal()
    }
}

/// `JOURNAL_STREAM` names the device and inode of the journal's socket (systemd.exec(5)).
fn leads_to_journal() -> bool {
    let Some(stream) = std::env::var("JOURNAL_STREAM").ok() else {
        return false;
    };
    std::fs::metadata("/dev/stderr")
        .is_ok_and(|stderr| stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}
