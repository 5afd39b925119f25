//! The gate: a command of the operator's that says whether a commit may be promoted.

use std::ffi::OsStr;
use std::io;
use std::process::{Command, Stdio};

use super::error::Error;
use super::finding::PromotionFinding;

/// Runs a shell command with these variables in its environment; any end but success refuses.
///
/// It gets nothing to read, writes to stderr only, and inherits no other descriptor: every file of
/// this program is opened close-on-exec.
pub fn run(command: &str, variables: &[(&str, &OsStr)]) -> Result<(), Error> {
    let refused = |outcome: String| {
        Error::refused(PromotionFinding::GateRefused {
            command: command.into(),
            outcome,
        })
    };
    let status = Command::new("/bin/sh")
        .args(["-c", command])
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::from(io::stderr()))
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(refused(status.to_string())),
        Err(error) => Err(refused(format!("it could not be run: {error}"))),
    }
}
