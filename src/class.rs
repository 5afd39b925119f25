//! The classes of failure, sorted by what the operator does next.

use serde::Serialize;

/// What kind of failure an error is; the exit code follows from it and nothing else.
///
/// ```text
/// System 1 · Usage 2 · NotFound 3 · Untrusted 4 · Corrupt 5 · Refused 6 · Unsupported 7 · Busy 8
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The system failed: permission, I/O, no space. Mend the machine, run again.
    System,
    /// The command line or a configuration file is wrong. Mend it.
    Usage,
    /// A ref, commit, file or base commit does not exist. Name one that does.
    NotFound,
    /// A signature is missing, bad, expired, revoked, unknown, or too few signed.
    Untrusted,
    /// Bytes do not match their digest, are truncated, malformed, or over a limit.
    Corrupt,
    /// Policy says no: downgrade, expired, ref not allowed, gate failed.
    Refused,
    /// A newer format, or a repository mode that cannot do this.
    Unsupported,
    /// Somebody else holds the repository. Wait.
    Busy,
}

impl Class {
    /// Returns the process exit code of this class.
    pub fn exit_code(self) -> u8 {
        match self {
            Class::System => 1,
            Class::Usage => 2,
            Class::NotFound => 3,
            Class::Untrusted => 4,
            Class::Corrupt => 5,
            Class::Refused => 6,
            Class::Unsupported => 7,
            Class::Busy => 8,
        }
    }
}
