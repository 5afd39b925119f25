//! Paths that are left out of a commit, or get another mode: `--skip-list`, `--statoverride`.
//!
//! ```text
//! skip list      /usr/share/doc          this path and all beneath it
//! statoverride   =2541 /usr/bin/sudo     these permissions and no other (2541 is 04755)
//!                2048 /usr/bin/mount     these bits besides (2048 is setuid)
//! ```
//!
//! Numbers are decimal, or hexadecimal after `0x`, as `ostree commit` reads them. It reads `04755` as
//! decimal, too, which nobody who writes it means: that is refused here. A path that no tree has is an
//! error. `ostree` 2022.7 forgets the mode of a directory below the root; here it counts.

use std::collections::{BTreeMap, BTreeSet};

use crate::Class;

/// The permissions that a mode consists of.
const PERMISSIONS: u32 = 0o7777;

/// How one path's mode changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeChange {
    /// These bits are set besides.
    Add(u32),
    /// These permissions replace those it has.
    Set(u32),
}

impl ModeChange {
    /// Returns the mode after the change.
    pub fn apply(self, mode: u32) -> u32 {
        match self {
            ModeChange::Add(bits) => mode | bits,
            ModeChange::Set(bits) => mode & !PERMISSIONS | bits,
        }
    }
}

/// Which paths are left out, and which have another mode.
#[derive(Clone, Debug, Default)]
pub struct Exceptions {
    modes: BTreeMap<String, ModeChange>,
    skipped: BTreeSet<String>,
}

/// Why a list of paths cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A line that is none.
    #[error("line {line}: {fault}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// Paths that are in no tree.
    #[error("{path} is in no tree{}", others(*more))]
    Unmatched {
        /// The first.
        path: String,
        /// How many more there are.
        more: usize,
    },
}

impl ListError {
    /// Returns the class of this failure.
    pub fn class(&self) -> Class {
        Class::Usage
    }
}

fn others(more: usize) -> String {
    match more {
        0 => String::new(),
        more => format!(" (nor are {more} more)"),
    }
}

impl Exceptions {
    /// Leaves out the paths of a list, one per line.
    pub fn skip(&mut self, list: &str) -> Result<(), ListError> {
        for (at, path) in list.lines().enumerate() {
            if !path.is_empty() {
                self.skipped.insert(absolute(at, path)?);
            }
        }
        Ok(())
    }

    /// Changes the modes of the paths of a list: `[=]MODE PATH` on each line.
    pub fn override_modes(&mut self, list: &str) -> Result<(), ListError> {
        for (at, line) in list.lines().enumerate() {
            if line.is_empty() {
                continue;
            }
            let fault = |fault| ListError::Line {
                line: at + 1,
                fault,
            };
            let (mode, path) = line
                .split_once(' ')
                .ok_or_else(|| fault("a mode, a space and a path were expected"))?;
            let change = match mode.strip_prefix('=') {
                Some(mode) => bits(mode).map(ModeChange::Set),
                None => bits(mode.strip_prefix('+').unwrap_or(mode)).map(ModeChange::Add),
            };
            let change = change.map_err(fault)?;
            self.modes.insert(absolute(at, path)?, change);
        }
        Ok(())
    }

    /// Tells whether every path is as it is found.
    pub fn is_empty(&self) -> bool {
        self.modes.is_empty() && self.skipped.is_empty()
    }

    /// Tells whether a path is left out, the first time it is met.
    pub(super) fn take_skip(&mut self, path: &str) -> bool {
        self.skipped.remove(path)
    }

    /// Returns how a path's mode changes, the first time it is met.
    pub(super) fn take_mode(&mut self, path: &str) -> Option<ModeChange> {
        self.modes.remove(path)
    }

    /// Fails when there are paths that were not met.
    pub(super) fn finish(self) -> Result<(), ListError> {
        let mut left = self.modes.into_keys().chain(self.skipped);
        match left.next() {
            None => Ok(()),
            Some(path) => Err(ListError::Unmatched {
                path,
                more: left.count(),
            }),
        }
    }
}

/// Puts a path as a list has it: absolute, and the root a single slash.
fn absolute(at: usize, path: &str) -> Result<String, ListError> {
    let parts_are_names = |rest: &str| rest.split('/').all(|part| !["", ".", ".."].contains(&part));
    match path.strip_prefix('/') {
        Some(rest) if rest.is_empty() || parts_are_names(rest) => Ok(path.to_owned()),
        _ => Err(ListError::Line {
            line: at + 1,
            fault: "a path begins with a slash, and has no empty, `.` or `..` element",
        }),
    }
}

fn bits(text: &str) -> Result<u32, &'static str> {
    let value = match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => {
            return Err("a mode is decimal (04755 is 2541), or hexadecimal after 0x");
        }
        None => text.parse().ok().filter(|_| !text.starts_with('+')),
    };
    let value = value.filter(|bits| bits & !PERMISSIONS == 0);
    value.ok_or("a mode is a decimal number up to 4095, or hexadecimal after 0x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        for (line, change) in [
            ("=2541 /a", ModeChange::Set(0o4755)),
            ("2048 /a", ModeChange::Add(0o4000)),
            ("+2048 /a", ModeChange::Add(0o4000)),
            ("0x800 /a", ModeChange::Add(0o4000)),
            ("0 /a", ModeChange::Add(0)),
        ] {
            let mut exceptions = Exceptions::default();
            exceptions.override_modes(line).expect(line);
            assert_eq!(exceptions.take_mode("/a"), Some(change), "{line}");
            assert_eq!(exceptions.finish(), Ok(()), "{line}");
        }
        for line in [
            "2048",
            "04755 /a",
            "4096 /a",
            "x /a",
            "-1 /a",
            "++1 /a",
            "2048 a",
            "2048  /a",
            "2048 /a/",
            "2048 /a/../b",
            "# note",
            " /a",
        ] {
            let mut exceptions = Exceptions::default();
            assert!(exceptions.override_modes(line).is_err(), "{line}");
        }
        assert_eq!(ModeChange::Set(0o4755).apply(0o100_644), 0o104_755);
        assert_eq!(ModeChange::Add(0o4000).apply(0o100_644), 0o104_644);
    }

    #[test]
    fn what_was_not_met_is_told() {
        let mut exceptions = Exceptions::default();
        exceptions.skip("/a\n\n/b\n/c\n").unwrap();
        assert!(exceptions.take_skip("/b") && !exceptions.take_skip("/b"));
        let left = exceptions.finish().unwrap_err();
        assert_eq!(left.to_string(), "/a is in no tree (nor are 1 more)");
        assert!(Exceptions::default().skip("a").is_err());
    }
}
