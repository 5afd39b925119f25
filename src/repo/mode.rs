//! The ways a repository stores its files.
//!
//! | mode | a regular file is stored as | can be written |
//! |---|---|---|
//! | archive | `.filez`: header and deflated content | by anyone |
//! | bare | itself, with owner, mode and xattrs | as root |
//! | bare-user | a file; owner, mode and xattrs in `user.ostreemeta` | by anyone |
//! | bare-user-only | a file; uid 0, gid 0 and no xattrs are implied | by anyone, canonical files only |
//! | bare-split-xattrs | itself, xattrs in an object beside it | not at all |

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// How a repository stores its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Compressed objects that a web server can hand out.
    Archive,
    /// Real files with real owners; needs root.
    Bare,
    /// Files whose metadata stands in an extended attribute.
    BareUser,
    /// Files without owners or extended attributes.
    BareUserOnly,
    /// Like bare, with extended attributes as objects of their own; read only.
    BareSplitXattrs,
}

/// A word that names no repository mode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown repository mode {0:?}")]
pub struct UnknownMode(pub String);

impl Mode {
    /// Returns the word that `ostree init` writes into the configuration.
    pub fn config_value(self) -> &'static str {
        match self {
            Mode::Archive => "archive-z2",
            other => other.name(),
        }
    }

    /// Returns the word people use.
    pub fn name(self) -> &'static str {
        match self {
            Mode::Archive => "archive",
            Mode::Bare => "bare",
            Mode::BareUser => "bare-user",
            Mode::BareUserOnly => "bare-user-only",
            Mode::BareSplitXattrs => "bare-split-xattrs",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;

    fn from_str(word: &str) -> Result<Self, UnknownMode> {
        match word {
            "archive" | "archive-z2" => Ok(Mode::Archive),
            "bare" => Ok(Mode::Bare),
            "bare-user" => Ok(Mode::BareUser),
            "bare-user-only" => Ok(Mode::BareUserOnly),
            "bare-split-xattrs" => Ok(Mode::BareSplitXattrs),
            other => Err(UnknownMode(other.to_owned())),
        }
    }
}
