//! What a verb reports when it could not do its work.

use std::error::Error;
use std::io;
use std::path::Path;

use airlock::Class;
use airlock::openpgp::OpenPgpError;
use airlock::repo::RepoError;
use airlock::workflow::{self, Finding};
use serde::Serialize;
use serde_json::Value;

use crate::render::{clean, findings};

/// A failure in the three parts an operator needs, with the class that decides the exit code.
///
/// ```text
/// airlock: not trusted: the bundle carries no signature        what
///   why:  manifest.json.asc is empty                           why, one line per reason
///   next: get a signed bundle. Nothing was changed.            what to do next
/// ```
#[derive(Debug)]
pub struct CliError {
    class: Class,
    /// Absent in a refusal, whose first line is the verb and that it refused.
    what: Option<String>,
    why: Vec<String>,
    next: Option<String>,
    findings: Vec<Value>,
    untouched: bool,
    /// What was found out all the same: for stdout, and for `--json`.
    shown: Option<Box<(Value, String)>>,
}

impl CliError {
    /// Makes an error from its class and its first line.
    pub fn new(class: Class, what: impl Into<String>) -> CliError {
        CliError {
            what: Some(what.into()),
            ..CliError::refused(class)
        }
    }

    fn refused(class: Class) -> CliError {
        CliError {
            class,
            what: None,
            why: Vec::new(),
            next: None,
            findings: Vec::new(),
            untouched: true,
            shown: None,
        }
    }

    /// Makes an error from a room's error: its text is the first line, its sources are the reasons.
    pub fn from_error(class: Class, error: &dyn Error) -> CliError {
        let made = CliError::new(class, clean(&error.to_string()));
        match error.source() {
            Some(source) => made.because(source),
            None => made,
        }
    }

    /// Adds an error and its sources as reasons.
    pub fn because(mut self, error: &dyn Error) -> CliError {
        let mut reason = Some(error);
        while let Some(error) = reason {
            self.why.push(clean(&error.to_string()));
            reason = error.source();
        }
        self
    }

    /// Makes an error from a failed system call: `cannot DO PATH`, and why.
    pub fn io(cannot: &str, path: &Path, error: &io::Error) -> CliError {
        let class = match error.kind() {
            io::ErrorKind::NotFound => Class::NotFound,
            _ => Class::System,
        };
        let made = CliError::new(class, format!("cannot {cannot} {}", path.display()));
        match class {
            Class::NotFound => made
                .why("there is no such file")
                .next("name one that exists"),
            _ => made.why(error.to_string()),
        }
    }

    /// A usage error: the command line asks for something that makes no sense.
    pub fn usage(what: impl Into<String>) -> CliError {
        CliError::new(Class::Usage, what)
    }

    /// Adds a reason.
    pub fn why(mut self, why: impl Into<String>) -> CliError {
        self.why.push(why.into());
        self
    }

    /// Says what the operator does next, in place of the hint of the class.
    pub fn next(mut self, next: impl Into<String>) -> CliError {
        self.next = Some(next.into());
        self
    }

    /// Adds the findings behind a refusal; each becomes a reason and an entry of `--json`.
    pub fn findings(mut self, all: &[Finding]) -> CliError {
        for finding in all {
            self.why.push(clean(&finding.to_string()));
            self.why.extend(
                finding
                    .details()
                    .iter()
                    .map(|detail| format!("- {}", clean(detail))),
            );
        }
        self.findings.extend(findings(all));
        self
    }

    /// Adds what was found out all the same; it goes to stdout, as a result would.
    pub fn showing(mut self, result: &impl Serialize, text: String) -> CliError {
        let value = serde_json::to_value(result).expect("outcomes have string keys");
        self.shown = Some(Box::new((value, text)));
        self
    }

    /// Returns what was found out all the same: for `--json`, and as text.
    pub fn shown(&self) -> Option<&(Value, String)> {
        self.shown.as_deref()
    }

    /// Takes back the promise that nothing was changed.
    pub fn something_changed(mut self) -> CliError {
        self.untouched = false;
        self
    }

    /// Returns the class, which is the exit code.
    pub fn class(&self) -> Class {
        self.class
    }

    /// Returns the first line of the error of the verb `command`.
    pub fn what(&self, command: &str) -> String {
        self.what
            .clone()
            .unwrap_or_else(|| format!("{command} refused"))
    }

    /// Returns the reasons.
    pub fn reasons(&self) -> &[String] {
        &self.why
    }

    /// Returns what to do next.
    pub fn hint(&self) -> &str {
        self.next.as_deref().unwrap_or(match self.class {
            Class::System => "mend the machine and run the same command again",
            Class::Usage => "see --help",
            Class::NotFound => "name one that exists; `airlock refs` lists them",
            Class::Untrusted => "get a good signature, or the right trust directory",
            Class::Corrupt => "copy it again from its source",
            Class::Refused => "read the findings; the release side must settle them",
            Class::Unsupported => "use a newer airlock, or another repository mode",
            Class::Busy => "wait until the other command has ended, then run again",
        })
    }

    /// Returns the findings as they stand in a `--json` document.
    pub fn finding_values(&self) -> &[Value] {
        &self.findings
    }

    /// Tells whether the target is as it was before the command.
    pub fn is_untouched(&self) -> bool {
        self.untouched
    }
}

impl From<workflow::Error> for CliError {
    fn from(error: workflow::Error) -> CliError {
        let made = match error.findings() {
            [] => CliError::from_error(error.class(), &error),
            all => CliError::refused(error.class()).findings(all),
        };
        let made = made.next(error.hint());
        match error.is_unfinished() {
            true => made.something_changed(),
            false => made,
        }
    }
}

impl From<RepoError> for CliError {
    fn from(error: RepoError) -> CliError {
        match error.is_unfinished() {
            true => workflow::Error::from(error).into(),
            false => CliError::from_error(error.class(), &error),
        }
    }
}

impl From<OpenPgpError> for CliError {
    fn from(error: OpenPgpError) -> CliError {
        CliError::from_error(error.class(), &error)
    }
}
